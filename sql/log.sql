-- SPDX-License-Identifier: MIT
-- log.db, version 1. Written by the relay's one writer alone, read by all; WAL.
-- A rowid table: rows lie in the order of their coming, whatever their room (measured: five times faster than by key).

CREATE TABLE log (
    room   INTEGER NOT NULL,
    epoch  INTEGER NOT NULL, -- that of the room's row when it was appended
    seq    INTEGER NOT NULL, -- dense from 1 inside an epoch
    cid    TEXT NOT NULL,    -- a relay's own begin with "."
    at     INTEGER NOT NULL, -- ms since 1970
    kind   INTEGER NOT NULL, -- 1 send, 2 remove
    flags  INTEGER NOT NULL, -- 1 the name was a token's, 2 its text was taken back
    target INTEGER NOT NULL, -- of a removal: the seq taken back
    person BLOB NOT NULL,    -- sub of the author
    who    TEXT NOT NULL,
    name   TEXT NOT NULL,
    color  TEXT NOT NULL,
    msg    TEXT NOT NULL
);

-- These two are what the safety of a log rests on.
CREATE UNIQUE INDEX log_seq ON log (room, epoch, seq);
CREATE UNIQUE INDEX log_cid ON log (cid, room);

-- SPDX-License-Identifier: MIT
-- rooms.db, version 1. Read and written by globes.fcgi, globes-relay and globesctl; rollback journal.

CREATE TABLE rooms (
    n           INTEGER PRIMARY KEY AUTOINCREMENT, -- order of making; never used twice
    id          INTEGER NOT NULL UNIQUE,           -- n, or random bits where the room was made hidden
    version     INTEGER NOT NULL,                  -- one more with each change
    title       TEXT NOT NULL,                     -- NFC
    title_key   TEXT UNIQUE,                       -- folded; NULL: found by its id alone
    description TEXT NOT NULL,
    visibility  INTEGER NOT NULL,                  -- 0 public, 1 private, 2 hidden
    password    TEXT NOT NULL,                     -- crypt(3); '' is none
    key         BLOB NOT NULL,                     -- 16 bytes: replaced, all tokens of the room end
    owner       BLOB,                              -- SHA-256 of the owner token; NULL: nobody owns it
    epoch       INTEGER NOT NULL,                  -- the one its log is in; another one begins an empty log
    created     INTEGER NOT NULL,                  -- ms since 1970
    updated     INTEGER NOT NULL
);

/* SPDX-License-Identifier: MIT
 * The relay's control socket: JSON lines of at most CONTROL_LINE_MAX bytes, {"v":1,"id":N,"do":…} and
 * {"v":1,"id":N,"ok":true,…}. One codec for both ends, and the asking end itself; the answering end is the relay's.
 */
#ifndef COMMON_CONTROL_H
#define COMMON_CONTROL_H

#include "common/buf.h"
#include "common/json.h"
#include "common/rates.h"

enum { CONTROL_LINE_MAX = 65536, CONTROL_TIMEOUT_MS = 500 };

enum control_do {
    CONTROL_USERS,  /* room -> users (array), total */
    CONTROL_ROOM,   /* the row of `room` was changed or removed: the relay reads it again before it answers */
    CONTROL_CHARGE, /* what, address, room -> wait_ms (0: go on), field, trust */
    CONTROL_SETTINGS, /* -> settings: an object, the mark of each in hex (settings.h) */
    CONTROL_STATS,    /* -> sockets, rooms, people, pending, pid */
    CONTROL_DO_COUNT
};

struct control_request {
    int64_t id;
    enum control_do what;
    int64_t room_id;
    enum rate rate; /* of CONTROL_CHARGE, where room_id may be 0: */
    struct address address;
};

/* One line with its end. */
void control_write_request(struct buf *out, const struct control_request *r);
/* line is without its end. False: not one of ours. */
bool control_read_request(struct json_reader *reader, struct str line, struct control_request *r);

/* {"v":1,"id":N,"ok":true|false} with `members` put in before the brace where there are any: ",\"total\":3". */
void control_write_answer(struct buf *out, int64_t id, bool ok, struct str members);

/* ---- the asking end ---- */

struct control;

/* path of the socket, borrowed. No connection is made before the first question. NULL: no memory. */
struct control *control_new(const char *path);
void control_free(struct control *c);

/* Asks and waits, CONTROL_TIMEOUT_MS at most; connects where there is no
 * connection, once more where a kept one has gone. True: the answer says ok; answer then holds its line. The request's id
 * is set here. */
bool control_ask(struct control *c, struct control_request *r, struct buf *answer);

#endif

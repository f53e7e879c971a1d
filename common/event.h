/* SPDX-License-Identifier: MIT
 * WebSocket events as JSON (contract sections 3 and 4): what a client says, what it is told. No I/O, no room, no socket.
 */
#ifndef COMMON_EVENT_H
#define COMMON_EVENT_H

#include "common/entry.h"

/* What a client's frame says. Absent texts have p == NULL; color is "" where it is no CSS colour. */
struct event_in {
    struct str type; /* event_type, never absent */
    struct str name, color, msg;
};

/* ERR_CLIENT_JSON: no JSON object, or event_type missing or no text. ERR_ROOM_CONTENT with *field: a member we read is
 * of a wrong type. Lengths are the commands' business. The texts live as long as text and until the reader's next use. */
enum err event_read(struct event_in *ev, struct json_reader *r, struct str text, struct str *field);

/* "" unless it is a CSS colour name (any case), #rgb or #rrggbb. */
struct str event_color(struct str color);

/* What everyone in a room is told. */
struct event_out {
    const char *type; /* join, leave, send */
    struct str name, color, msg;
    int64_t room_id, time_ms;
    bool verified;
    const char *who; /* TOKEN_WHO_SIZE characters */
    uint64_t epoch;  /* of a send; seq 0: neither is written */
    int64_t seq;
};

/* {"event_type":…,"name":…,"color":…,"msg":…,"room_id":…,"time":…,"verified":…,"epoch":…,"seq":…,"who":…} */
void event_json(struct buf *out, const struct event_out *ev);

/* A stored send as everyone was told it; false for entries that v1 does not know (removals, removed ones). */
bool event_of_entry(struct event_out *ev, const struct entry *e);

/* {"event_type":"error","code":…,"error":"…","field":"…","retry_after_ms":…,"msg":"…"}; msg tells a person what to do.
 * wait_ms 0: no such member. */
void event_error_json(struct buf *out, enum err e, struct str field, int64_t wait_ms);

/* Puts one unmasked, final text frame (RFC 6455 section 5.2) around what was written to out since `from`, where
 * EVENT_FRAME_ROOM bytes were left free by event_frame_begin(). */
enum { EVENT_FRAME_ROOM = 10 };

/* Leaves room for a frame's head; returns where its payload begins, to be given to event_frame_end(). */
size_t event_frame_begin(struct buf *out);
/* Writes the head right before the payload; returns the frame: bytes of out, which may begin after those left free. */
struct str event_frame_end(struct buf *out, size_t payload);

/* The length of the server's frame that begins at p, head included; p holds a whole one. */
size_t event_frame_length(const uint8_t *p);

#endif

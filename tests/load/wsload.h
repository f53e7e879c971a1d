/* SPDX-License-Identifier: MIT
 * wsload, the load generator: what its files share. One thread, one epoll, no WebSocket library, so that what
 * is measured is the server. Reading order: wsload.c (the run), wsload_conn.c (sockets and frames),
 * wsload_check.c (is what came right?), wsload_text.c (templates), wsload_report.c (the figures).
 */
#ifndef TESTS_LOAD_WSLOAD_H
#define TESTS_LOAD_WSLOAD_H

#include <sys/socket.h>

#include "common/buf.h"

enum {
    LOAD_CONNS_MAX = 200000,
    LOAD_WINDOW_MAX = 4096,
    LOAD_SIZE_MAX = 16 * 1024,
    LOAD_SECONDS_MAX = 600,
    LOAD_FRAME_MAX = 1024 * 1024,
    LOAD_READ_SIZE = 256 * 1024
};

/* ---- templates (wsload_text.c) ---- */

enum { TEXT_PARTS_MAX = 16 };

struct text {
    size_t n;
    struct text_part {
        char what; /* a letter of text_values, 'p' for {pad}, 0 for the bytes themselves */
        struct str bytes;
    } part[TEXT_PARTS_MAX];
};

struct text_values {
    uint64_t conn, room, number, sent_at; /* {i} {r} and, with {i}, the mark {m} = ~i.number.sent_at~ */
};

/* source is borrowed. False: too many parts. */
bool text_parse(struct text *t, const char *source);
bool text_has_mark(const struct text *t);
/* Appends it, {pad} filled so that it has `size` bytes (none where it is longer by itself). */
void text_write(struct buf *out, const struct text *t, const struct text_values *v, size_t size);

/* ---- figures (wsload_report.c) ---- */

/* Times in ns, each kept to within 1/64 of itself. */
struct histogram {
    uint64_t n, most;
    uint64_t count[64 * 64];
};

void histogram_add(struct histogram *h, uint64_t ns);

/* What may be wrong; any of it makes the run worthless. */
enum wrong {
    WRONG_CONNECT,  /* no connection */
    WRONG_UPGRADE,  /* no 101, or no ready message */
    WRONG_LOST,     /* a connection ended during the run */
    WRONG_PROTOCOL, /* against RFC 6455 */
    WRONG_REFUSED,  /* an error event */
    WRONG_GAP,      /* a later message of a publisher came before an earlier one */
    WRONG_REPEAT,   /* a message came again, or after a later one */
    WRONG_ROOM,     /* a message of another room */
    WRONG_SEQ,      /* seq did not rise by exactly 1 */
    WRONG_MISSING,  /* had not come when the run gave up waiting */
    WRONG_COUNT
};

/* ---- the run ---- */

enum conn_state { CONN_NONE, CONN_CONNECTING, CONN_UPGRADING, CONN_JOINING, CONN_OPEN, CONN_GONE };

struct conn {
    int fd;
    enum conn_state state;
    bool blocked; /* the socket took less than all of out */
    uint32_t index, room;
    struct publisher *publisher; /* NULL: it only reads */
    uint64_t started_at, seq;    /* seq: the last one seen, 0: none yet */
    size_t out_sent;
    struct buf out, in; /* in: the beginning of a frame whose end has not come */
};

struct publisher {
    struct conn *conn;
    uint32_t sent, echoed;
    bool due; /* on the list of those that may send again */
};

enum seq_use { SEQ_IGNORE, SEQ_READ, SEQ_RISES };

struct options {
    long connections, rooms, publishers, window, size, opening, cpu;
    double settle, warm, seconds, drain;
    const char *message, *open, *ready, *seq, *header;
    bool hold;
};

struct load {
    struct options o;
    struct sockaddr_storage target;
    socklen_t target_len;
    enum seq_use seq_use;
    struct text path, message, open, ready;
    int epoll;
    bool publishing, measuring, input_ended;
    uint32_t opened, under_way; /* connections: ready; being opened */
    uint32_t share;             /* publishers of one room, rounded up */
    struct conn *conn;
    struct publisher *publisher;
    uint32_t *expected; /* the next number, [conn * share + publisher / rooms] */
    uint32_t *due;      /* publishers that may send again */
    size_t due_n, seq_from_end;
    struct histogram latency, open_time;
    uint64_t frames, frame_bytes, reads, deliveries; /* since the beginning */
    uint64_t wrong[WRONG_COUNT];
    char first_wrong[160];
    struct buf scratch;
    uint8_t read[LOAD_FRAME_MAX + LOAD_READ_SIZE + 16];
};

/* Counts it; the sentence of the first one is kept for the report. */
void load_wrong(struct load *l, enum wrong w, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Prints a sentence and ends the program with 2: it cannot work like this. */
_Noreturn void load_give_up(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- sockets and frames (wsload_conn.c) ---- */

/* ws://127.x.y.z:PORT/PATH or ws+unix:SOCKET:/PATH; gives up at anything else. */
void conn_target(struct load *l, const char *url);
void conn_start(struct load *l, struct conn *c);
/* What epoll says of it. */
void conn_event(struct load *l, struct conn *c, uint32_t events);
void conn_ready(struct load *l, struct conn *c);
/* Puts the publisher's next message into its connection's output. */
void conn_publish(struct load *l, struct publisher *p, uint64_t now);
void conn_flush(struct conn *c);

/* ---- is it right? (wsload_check.c) ---- */

/* One whole message that a connection got. */
void check_message(struct load *l, struct conn *c, struct str msg, uint64_t now);
/* Deliveries that all messages sent must make in the end. */
uint64_t check_expected(const struct load *l);

/* ---- the figures (wsload_report.c) ---- */

/* What the counters and clocks say at one moment. */
struct sample {
    uint64_t at, sent, deliveries, frames, frame_bytes, reads;
    double cpu; /* seconds used by this process */
};

struct sample sample_take(const struct load *l);
/* One JSON line. True: nothing was wrong. */
bool report(const struct load *l, const struct sample *from, const struct sample *to, double open_seconds);

#endif

/* SPDX-License-Identifier: MIT
 * Somebody at the door, for the two files of the accept stage: front.c has the sockets, admit.c the
 * questions.
 */
#ifndef RELAY_GUEST_H
#define RELAY_GUEST_H

#include "common/address.h"
#include "relay/front.h"
#include "relay/head.h"

enum guest_state { GUEST_READING, GUEST_WAITING, GUEST_LINGERING };

struct guest {
    struct guest *next, *prev;
    struct front *front;
    uv_poll_t poll;
    int fd; /* -1 once it is somebody else's */
    enum guest_state state;
    int64_t deadline_ms;
    struct buf bytes;
    size_t scanned, head_len;
    struct head head;      /* points into bytes */
    struct lookup *lookup; /* while it waits */
    int64_t wait_ms;       /* for Retry-After; 0: a second */
};

struct relay *guest_relay(struct guest *g);

/* Whose address it comes from (setting trusted_proxies). */
struct address guest_address(struct guest *g);

/* Answers with an error and ends it: what it still sends is read and dropped for a moment, so that the answer
 * arrives. */
void guest_refuse(struct guest *g, enum err e, struct str field);
/* 200 {"status":true} or 503, for /healthz and /readyz. */
void guest_health(struct guest *g, bool well);
/* Its socket, no longer watched here; the guest ends. Its bytes live until guest_end(). */
int guest_take_socket(struct guest *g);
void guest_end(struct guest *g);

/* Its head is complete: decides, or has looked up what is needed. */
void admit(struct guest *g);
/* The guest is going while it waits. */
void admit_forget(struct guest *g);

#endif

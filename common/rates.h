/* SPDX-License-Identifier: MIT
 * The limits by address and room (contract section 6: connect_rate, join_rate, create_rate, login_rate,
 * login_rate_room). The relay has the one table of a machine, which globes.fcgi asks by the control socket; a
 * globes.fcgi whose relay is away has one of its own. Bounded in memory; keeps no address, only keyed hashes.
 * One thread's at a time.
 */
#ifndef COMMON_RATES_H
#define COMMON_RATES_H

#include "common/address.h"
#include "common/bucket.h"

enum rate {
    RATE_CONNECT, /* a socket is opened */
    RATE_JOIN,    /* a join */
    RATE_CREATE,  /* a room is made */
    RATE_LOGIN,   /* a secret is about to be checked: asked only, nothing is charged */
    RATE_WRONG,   /* it was wrong: charged in any case, so that many at once gain nothing in the long run */
    RATE_ENTERED, /* it was right: the address is known to the room for 30 days */
    RATE_COUNT
};

struct rates_asked {
    enum rate what;
    uint64_t from;   /* rates_from(); 0: not known */
    int64_t room_id; /* of RATE_LOGIN, RATE_WRONG and RATE_ENTERED */
};

/* Who tries a secret, as far as can be told. */
enum rates_trust {
    TRUST_NONE, /* many guess at this room just now */
    TRUST_CALM, /* hardly anybody has guessed there lately */
    TRUST_KNOWN /* somebody from this address has entered the room in the last 30 days */
};

struct rates_answer {
    int64_t wait_ms;        /* 0: go on; else nothing was charged */
    const char *field;      /* the setting that says no */
    enum rates_trust trust; /* of RATE_LOGIN */
};

struct rates;

struct rates *rates_new(const struct settings *s); /* NULL: no memory */
void rates_free(struct rates *r);

/* An address as a number that nobody can guess or choose, the same as long as the table lives; 0: not known. */
uint64_t rates_from(const struct rates *r, const struct address *a);

struct rates_answer rates_charge(struct rates *r, const struct rates_asked *asked, int64_t now_ms);

/* The same name as a constant; NULL where it is none of them. */
const char *rates_field(struct str name);

/* One in so many microseconds: what a setting means. */
struct bucket_rate rates_of(struct setting_rate rate, int64_t burst);

#endif

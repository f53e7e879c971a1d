/* SPDX-License-Identifier: MIT
 * What is charged to whom, see rates.h. Each limit has a table of its own, so that who floods one pushes nothing out of
 * another. An address that is not known (a web server that says none) is not limited: that would be everyone at once.
 */
#include "common/rates.h"

#include <stdlib.h>

#include "common/key.h"

enum {
    PLACES = 1 << 15, /* half a megabyte a table, once it is full */
    CHANCE = 16,
    CALM_PART = 10 /* of what login_rate_room allows: so many wrong passwords are people's */
};

static const int64_t known_us = INT64_C(30) * 86400 * 1000000;

enum table { BY_CONNECT, BY_JOIN, BY_CREATE, BY_LOGIN, BY_ROOM, BY_KNOWN, TABLES };

struct rates {
    struct bucket_table *table[TABLES]; /* BY_KNOWN: "full again" is when somebody is forgotten */
    struct bucket_rate rate[TABLES];
    uint8_t chance[CHANCE];
};

struct bucket_rate rates_of(struct setting_rate rate, int64_t burst)
{
    if (rate.count == SETTING_NONE)
        return (struct bucket_rate){ 0 };
    return (struct bucket_rate){ rate.per_ms * 1000 / rate.count, burst };
}

struct rates *rates_new(const struct settings *s)
{
    struct rates *r = calloc(1, sizeof *r);
    const struct setting_rate settings[] = {
        [BY_CONNECT] = s->connect_rate, [BY_JOIN] = s->join_rate,       [BY_CREATE] = s->create_rate,
        [BY_LOGIN] = s->login_rate,     [BY_ROOM] = s->login_rate_room,
    };

    if (!r)
        return NULL;
    key_random(r->chance, sizeof r->chance);
    for (size_t i = 0; i < TABLES; i++) {
        r->table[i] = bucket_table_new(PLACES);
        if (!r->table[i]) {
            rates_free(r);
            return NULL;
        }
        if (i != BY_KNOWN)
            r->rate[i] = rates_of(settings[i], settings[i].count);
    }
    return r;
}

void rates_free(struct rates *r)
{
    for (size_t i = 0; r && i < TABLES; i++)
        bucket_table_free(r->table[i]);
    free(r);
}

static uint64_t hash(const struct rates *r, const void *p, size_t n)
{
    uint8_t mac[KEY_SIZE];
    uint64_t h;

    key_mac(mac, r->chance, sizeof r->chance, p, n);
    memcpy(&h, mac, sizeof h);
    return h ? h : 1;
}

uint64_t rates_from(const struct rates *r, const struct address *a)
{
    return address_known(a) ? hash(r, a, sizeof *a) : 0;
}

static int64_t *find(struct rates *r, enum table table, uint64_t key, int64_t now_us)
{
    return bucket_find(r->table[table], key, now_us);
}

/* Microseconds to wait, 0: taken. */
static int64_t take(struct rates *r, enum table table, uint64_t key, int64_t now_us)
{
    return key ? bucket_take(find(r, table, key, now_us), r->rate[table], now_us) : 0;
}

static const char *const fields[] = {
    [BY_CONNECT] = "connect_rate", [BY_JOIN] = "join_rate",       [BY_CREATE] = "create_rate",
    [BY_LOGIN] = "login_rate",     [BY_ROOM] = "login_rate_room",
};

const char *rates_field(struct str name)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (str_is(name, fields[i]))
            return fields[i];
    return NULL;
}

static struct rates_answer answer(int64_t wait_us, enum table table)
{
    if (!wait_us)
        return (struct rates_answer){ 0 };
    return (struct rates_answer){ .wait_ms = (wait_us + 999) / 1000, .field = fields[table] };
}

/* Keys of a login: by the address and the room, and by the room. */
struct login {
    uint64_t pair, room; /* pair is 0 where the address is not known */
};

static struct login login_of(const struct rates *r, const struct rates_asked *asked)
{
    uint64_t both[] = { asked->from, (uint64_t)asked->room_id };

    return (struct login){ asked->from ? hash(r, both, sizeof both) : 0, hash(r, &both[1], sizeof both[1]) };
}

static bool is_known(const struct rates *r, const struct login *l, int64_t now_us)
{
    return l->pair && bucket_peek(r->table[BY_KNOWN], l->pair) > now_us;
}

static struct rates_answer ask_login(const struct rates *r, const struct login *l, int64_t now_us)
{
    int64_t pair_us = l->pair ? bucket_peek(r->table[BY_LOGIN], l->pair) : 0;
    int64_t room_us = bucket_peek(r->table[BY_ROOM], l->room);
    struct bucket_rate rate = r->rate[BY_ROOM];
    int64_t wait = bucket_wait(pair_us, r->rate[BY_LOGIN], now_us);
    struct rates_answer said;

    if (wait)
        return answer(wait, BY_LOGIN);
    if (is_known(r, l, now_us))
        return (struct rates_answer){ .trust = TRUST_KNOWN };
    said = answer(bucket_wait(room_us, rate, now_us), BY_ROOM);
    if (room_us - now_us <= rate.interval_us * rate.burst / CALM_PART)
        said.trust = TRUST_CALM;
    return said;
}

static void charge_wrong(struct rates *r, const struct login *l, int64_t now_us)
{
    if (l->pair)
        bucket_charge(find(r, BY_LOGIN, l->pair, now_us), r->rate[BY_LOGIN], now_us);
    if (!is_known(r, l, now_us))
        bucket_charge(find(r, BY_ROOM, l->room, now_us), r->rate[BY_ROOM], now_us);
}

static void note_entered(struct rates *r, const struct login *l, int64_t now_us)
{
    if (l->pair)
        *find(r, BY_KNOWN, l->pair, now_us) = now_us + known_us;
}

static struct rates_answer charge_login(struct rates *r, const struct rates_asked *asked, int64_t now_us)
{
    struct login l = login_of(r, asked);

    if (asked->what == RATE_LOGIN)
        return ask_login(r, &l, now_us);
    if (asked->what == RATE_WRONG)
        charge_wrong(r, &l, now_us);
    else
        note_entered(r, &l, now_us);
    return (struct rates_answer){ 0 };
}

struct rates_answer rates_charge(struct rates *r, const struct rates_asked *asked, int64_t now_ms)
{
    int64_t now_us = now_ms * 1000;

    switch (asked->what) {
    case RATE_CONNECT:
        return answer(take(r, BY_CONNECT, asked->from, now_us), BY_CONNECT);
    case RATE_JOIN:
        return answer(take(r, BY_JOIN, asked->from, now_us), BY_JOIN);
    case RATE_CREATE:
        return answer(take(r, BY_CREATE, asked->from, now_us), BY_CREATE);
    case RATE_LOGIN:
    case RATE_WRONG:
    case RATE_ENTERED:
        return charge_login(r, asked, now_us);
    case RATE_COUNT:
        break;
    }
    return (struct rates_answer){ 0 };
}

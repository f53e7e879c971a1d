/* SPDX-License-Identifier: MIT
 * Is what came right? Each message that wsload publishes bears a mark ~publisher.number.sent_at~; of each
 * publisher each connection of its room must get each number once and in order, and where the server numbers
 * what it sends (--seq rises), seq must rise by exactly 1 on each connection. This runs for every delivery:
 * it is as short as it can be.
 */
#include "tests/load/wsload.h"

struct mark {
    uint64_t publisher, number, sent_at;
};

static const char *number_read(const char *p, const char *end, uint64_t *v)
{
    uint64_t x = 0;

    while (p < end && (unsigned)(*p - '0') < 10)
        x = x * 10 + (unsigned)(*p++ - '0');
    *v = x;
    return p;
}

static bool mark_find(struct str msg, struct mark *m)
{
    const char *end = msg.p + msg.n, *p = msg.p;

    while ((p = memchr(p, '~', (size_t)(end - p)))) {
        p = number_read(p + 1, end, &m->publisher);
        if (p == end || *p != '.')
            continue;
        p = number_read(p + 1, end, &m->number);
        if (p == end || *p != '.')
            continue;
        p = number_read(p + 1, end, &m->sent_at);
        if (p < end && *p == '~')
            return true;
    }
    return false;
}

/* The number whose digits end `from_end` bytes before the end, if it is one with "seq": before it. */
static bool seq_at(struct str msg, size_t from_end, uint64_t *seq)
{
    const char *end = msg.p + msg.n - from_end, *p = end;

    if (from_end >= msg.n)
        return false;
    while (p > msg.p && (unsigned)(p[-1] - '0') < 10)
        p--;
    if (p == end || p - msg.p < 6 || memcmp(p - 6, "\"seq\":", 6))
        return false;
    number_read(p, end, seq);
    return true;
}

static bool seq_find(struct load *l, struct str msg, uint64_t *seq)
{
    const char *p;

    if (seq_at(msg, l->seq_from_end, seq)) /* what follows it is nearly always of one length */
        return true;
    p = memmem(msg.p, msg.n, "\"seq\":", 6);
    if (!p)
        return false;
    p = number_read(p + 6, msg.p + msg.n, seq);
    l->seq_from_end = (size_t)(msg.p + msg.n - p);
    return true;
}

static void seq_check(struct load *l, struct conn *c, struct str msg)
{
    uint64_t seq;

    if (!seq_find(l, msg, &seq)) {
        load_wrong(l, WRONG_SEQ, "a message without seq");
        return;
    }
    if (l->seq_use == SEQ_RISES && c->seq && seq != c->seq + 1)
        load_wrong(l, WRONG_SEQ, "connection %u: seq %llu after %llu", c->index, (unsigned long long)seq,
                   (unsigned long long)c->seq);
    c->seq = seq;
}

static void number_check(struct load *l, struct conn *c, const struct mark *m)
{
    uint32_t *next = &l->expected[c->index * (size_t)l->share + m->publisher / (uint64_t)l->o.rooms];

    if (m->number > *next)
        load_wrong(l, WRONG_GAP, "connection %u: publisher %llu's %llu came, not its %u", c->index,
                   (unsigned long long)m->publisher, (unsigned long long)m->number, *next);
    if (m->number < *next)
        load_wrong(l, WRONG_REPEAT, "connection %u: publisher %llu's %llu came after its %u", c->index,
                   (unsigned long long)m->publisher, (unsigned long long)m->number, *next - 1);
    if (m->number >= *next)
        *next = (uint32_t)m->number + 1;
}

static void echo_count(struct load *l, struct publisher *p)
{
    p->echoed++;
    if (!p->due) {
        p->due = true;
        l->due[l->due_n++] = (uint32_t)(p - l->publisher);
    }
}

/* A message that is none of ours: the server's own. */
static void check_other(struct load *l, struct conn *c, struct str msg)
{
    struct text_values v = { .conn = c->index, .room = c->room };
    struct str ready;

    if (str_begins(msg, "{\"event_type\":\"error\"")) {
        load_wrong(l, WRONG_REFUSED, "%.*s", (int)msg.n, msg.p);
        return;
    }
    if (c->state != CONN_JOINING)
        return;
    buf_clear(&l->scratch);
    text_write(&l->scratch, &l->ready, &v, 0);
    ready = buf_all(&l->scratch);
    if (msg.n >= ready.n && !memcmp(msg.p, ready.p, ready.n))
        conn_ready(l, c);
}

void check_message(struct load *l, struct conn *c, struct str msg, uint64_t now)
{
    struct mark m;

    if (!mark_find(msg, &m)) {
        check_other(l, c, msg);
        return;
    }
    if (m.publisher >= (uint64_t)l->o.publishers || m.publisher % (uint64_t)l->o.rooms != c->room) {
        load_wrong(l, WRONG_ROOM, "connection %u of room %u got one of publisher %llu", c->index, c->room,
                   (unsigned long long)m.publisher);
        return;
    }
    l->deliveries++;
    l->frame_bytes += msg.n + (msg.n < 126 ? 2 : msg.n < 65536 ? 4 : 10);
    if (l->measuring)
        histogram_add(&l->latency, now > m.sent_at ? now - m.sent_at : 0);
    number_check(l, c, &m);
    if (l->seq_use != SEQ_IGNORE)
        seq_check(l, c, msg);
    if (c->publisher == &l->publisher[m.publisher])
        echo_count(l, c->publisher);
}

uint64_t check_expected(const struct load *l)
{
    uint64_t all = 0;

    for (long j = 0; j < l->o.publishers; j++) {
        long room = j % l->o.rooms;
        long members = l->o.connections / l->o.rooms + (room < l->o.connections % l->o.rooms);

        all += (uint64_t)l->publisher[j].sent * (uint64_t)members;
    }
    return all;
}

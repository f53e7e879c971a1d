/* SPDX-License-Identifier: MIT
 * Many short random lives of a room in a made-up world, each from a seed that is printed when it fails; with a
 * seed as argument that one alone is run. Whatever happens: frames are whole, seq rises by exactly 1, one author's
 * messages keep their order, nothing follows a close frame, and who stayed has everything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/world_fake.h"

enum { RUNS = 2000, RUNS_MS = 2000, SLOTS = 8, STEPS_MAX = 200, NAMES = 5, MESSAGES_MAX = 2000, EPOCHS = 8 };

/* What the test knows of a socket. */
struct slot {
    struct fake_socket *s;
    int64_t first;  /* seq of the first send that it is to get */
    uint64_t epoch; /* in which it came */
    unsigned sent;
};

struct run {
    struct fake_world *f;
    uint64_t seed, only; /* only: run this one alone; 0: all */
    struct slot slot[SLOTS];
    struct slot watcher; /* takes everything and says nothing */
    unsigned messages;
    const struct fake_socket *author[MESSAGES_MAX + 1];
    unsigned told[EPOCHS][MESSAGES_MAX + 1]; /* which message a seq is, as it was told first */
    bool unknown;                            /* some entry's outcome was */
    bool done;
};

/* ---- steps ---- */

static struct slot *some(struct run *r)
{
    return &r->slot[fake_random(r->f, SLOTS)];
}

/* Somebody who is still there and has not been told to go. */
static bool is_there(const struct slot *slot)
{
    return slot->s && slot->s->conn && !slot->s->conn->closing;
}

static void judge(struct run *r, const struct slot *slot, bool at_the_end);

static void go(struct run *r, struct slot *slot)
{
    if (!slot->s)
        return;
    fake_close(slot->s);
    judge(r, slot, false);
    *slot = (struct slot){ 0 };
}

static void come(struct run *r, struct slot *slot, const char *name)
{
    slot->s = fake_enter(r->f, name, name ? name[1] : 0);
    slot->epoch = r->f->row.epoch;
    slot->first = window_next(&fake_room(r->f)->window);
}

static void step_come(struct run *r)
{
    struct slot *slot = some(r);
    bool token = r->f->row.visibility != ROOM_PUBLIC || fake_random(r->f, 2);
    char name[] = "n0";

    go(r, slot);
    name[1] = (char)('0' + fake_random(r->f, NAMES));
    come(r, slot, token ? name : NULL);
    if (fake_random(r->f, 3) == 0)
        slot->s->room = fake_random(r->f, 2000);
    if (fake_random(r->f, 4))
        fake_join(slot->s, name);
}

static void step_join(struct run *r)
{
    struct slot *slot = some(r);
    char name[] = "N0";

    name[1] = (char)('0' + fake_random(r->f, NAMES));
    if (is_there(slot))
        fake_join(slot->s, name);
}

static void step_send(struct run *r)
{
    struct slot *slot = some(r);
    char text[700];
    int n;

    if (!is_there(slot) || !slot->s->conn->person || r->messages == MESSAGES_MAX)
        return;
    n = snprintf(text, sizeof text, "%u ", ++r->messages);
    r->author[r->messages] = slot->s;
    memset(text + n, '.', sizeof text - (size_t)n);
    text[(size_t)n + fake_random(r->f, 600)] = '\0';
    fake_send(slot->s, text);
    slot->sent++;
}

static void step_chatter(struct run *r)
{
    for (unsigned n = fake_random(r->f, 12); n--;)
        step_send(r);
}

static void step_leave(struct run *r)
{
    struct slot *slot = some(r);

    if (is_there(slot))
        fake_leave(slot->s);
}

static void step_nonsense(struct run *r)
{
    struct slot *slot = some(r);

    if (is_there(slot))
        fake_text(slot->s, "nonsense");
}

static void step_go(struct run *r)
{
    go(r, some(r));
}

static void step_hush(struct run *r)
{
    struct slot *slot = some(r);

    if (slot->s && slot->s->conn && fake_random(r->f, 3) == 0)
        conn_hushed(slot->s->conn);
}

static void step_end(struct run *r)
{
    struct slot *slot = some(r);

    if (is_there(slot) && fake_random(r->f, 3) == 0)
        conn_close_later(slot->s->conn, CLOSE_POLICY);
}

static void step_break(struct run *r)
{
    struct slot *slot = some(r);

    if (slot->s && fake_random(r->f, 4) == 0)
        slot->s->broken = true;
}

static void step_take(struct run *r)
{
    struct slot *slot = some(r);

    if (slot->s)
        fake_take(slot->s, fake_random(r->f, 4) ? fake_random(r->f, 3000) : FAKE_ALL);
}

static void step_trickle(struct run *r)
{
    struct slot *slot = some(r);

    for (unsigned n = fake_random(r->f, 5); slot->s && n--;)
        fake_take(slot->s, 1);
}

static void step_store(struct run *r)
{
    fake_store(r->f, fake_random(r->f, 8));
}

static void step_store_fails(struct run *r)
{
    const enum append_outcome outcomes[] = { APPEND_DOWN, APPEND_FULL, APPEND_UNKNOWN };
    enum append_outcome outcome = outcomes[fake_random(r->f, 3)];

    if (!r->f->waiting || r->f->appends->news.p)
        return;
    r->unknown = r->unknown || outcome == APPEND_UNKNOWN;
    fake_store_fails(r->f, outcome);
}

static void step_load(struct run *r)
{
    if (r->f->loading)
        fake_load_at(r->f, fake_random(r->f, (uint32_t)r->f->loading),
                     fake_random(r->f, 10) ? LOAD_WELL : (enum fake_load)fake_random(r->f, 5));
}

static void step_flush(struct run *r)
{
    hub_flush(r->f->hub, 1 + fake_random(r->f, 5));
}

static void step_pass(struct run *r)
{
    r->f->mono_ms += fake_random(r->f, 40000);
    r->f->wall_ms += fake_random(r->f, 40000);
    hub_tick(r->f->hub);
}

static void step_change(struct run *r)
{
    bool new_epoch = fake_random(r->f, 2);

    if (fake_random(r->f, 60) == 0)
        hub_room_gone(r->f->hub, FAKE_ROOM);
    if (fake_random(r->f, 6) || (new_epoch && r->f->row.epoch % EPOCHS == 0))
        return;
    fake_change(r->f, (enum visibility)fake_random(r->f, 3), new_epoch, fake_random(r->f, 2));
}

/* Those that come more than once are done more often. */
static void (*const steps[])(struct run *r) = {
    step_come,    step_come,    step_join,        step_send, step_send,    step_send,
    step_chatter, step_chatter, step_leave,       step_go,   step_hush,    step_end,
    step_break,   step_take,    step_take,        step_take, step_trickle, step_store,
    step_store,   step_store,   step_store_fails, step_load, step_load,    step_flush,
    step_flush,   step_flush,   step_flush,       step_pass, step_change,  step_nonsense,
};

/* ---- judging ---- */

/* What a socket got, read frame by frame. */
struct reading {
    int64_t next;  /* the seq that comes next; 0: none has come */
    uint64_t last; /* message */
    unsigned own, refused;
    bool here[NAMES];
    bool closed;
};

/* rest: "name: number dots" */
static void read_send(struct run *r, const struct slot *slot, struct reading *got, struct str rest)
{
    unsigned *told = &r->told[slot->epoch % EPOCHS][got->next];
    struct str number;
    uint64_t n;

    str_next(&rest, ' ', &number);
    str_next(&rest, ' ', &number);
    assert_true(str_to_u64(number, &n));
    if (!*told)
        *told = (unsigned)n;
    assert_int_equal(n, *told); /* one content for everyone */
    assert_true(n > got->last); /* in the order in which they were sent */
    got->last = n;
    got->own += r->author[n] == slot->s;
    got->next++;
}

/* The watcher misses nothing, so every leave is of somebody who came, and every join of somebody who was not here. */
static void read_news(const struct slot *slot, const struct run *r, struct reading *got, bool join,
                      struct str name)
{
    bool *here = &got->here[name.p[1] - '0'];

    if (slot != &r->watcher || r->unknown)
        return;
    assert_int_equal(*here, !join);
    *here = join;
}

static void read_frame(struct run *r, const struct slot *slot, struct reading *got, struct str frame)
{
    struct str word, rest = frame;
    uint64_t seq;

    str_next(&rest, ' ', &word);
    assert_false(got->closed);
    got->closed = str_is(word, "close");
    got->refused += str_begins(frame, "error 503");
    if (str_to_u64(word, &seq)) {
        assert_int_equal(seq, got->next ? got->next : slot->first);
        got->next = (int64_t)seq;
        read_send(r, slot, got, rest);
    } else if (str_is(word, "join") || str_is(word, "leave")) {
        read_news(slot, r, got, str_is(word, "join"), rest);
    }
}

/* at_the_end: all is settled, so that who stayed has everything. */
static void judge(struct run *r, const struct slot *slot, bool at_the_end)
{
    struct reading got = { 0 };
    struct str rest = str_of(fake_said(slot->s)), frame;
    int64_t next;

    while (rest.n && str_next(&rest, ';', &frame))
        read_frame(r, slot, &got, str_trim(frame));
    if (!at_the_end || !is_there(slot) || slot->s->broken)
        return;
    assert_false(got.closed);
    next = window_next(&fake_room(r->f)->window);
    assert_int_equal(got.next ? got.next : slot->first, next);
    if (!r->unknown)
        assert_int_equal(got.own + got.refused, slot->sent);
    assert_false(slot->s->deaf);
}

static void judge_nobody_is_left(struct run *r)
{
    struct reading got = { 0 };
    struct str rest = str_of(fake_said(r->watcher.s)), frame;

    while (rest.n && str_next(&rest, ';', &frame))
        read_frame(r, &r->watcher, &got, str_trim(frame));
    for (size_t i = 0; i < NAMES && is_there(&r->watcher); i++)
        assert_false(got.here[i]);
}

static void end_run(struct run *r)
{
    for (struct fake_socket *s = r->f->sockets; s; s = s->next)
        s->room = FAKE_ALL;
    fake_settle(r->f);
    for (size_t i = 0; i < SLOTS; i++)
        if (r->slot[i].s)
            judge(r, &r->slot[i], true);
    judge(r, &r->watcher, true);
    for (size_t i = 0; i < SLOTS; i++)
        go(r, &r->slot[i]);
    fake_settle(r->f);
    judge_nobody_is_left(r);
    fake_world_free(r->f);
}

static void run_one(struct run *r, uint64_t seed)
{
    struct hub_limits limits = fake_limits();
    struct run fresh = { .seed = seed, .only = r->only };
    uint64_t bits = seed * UINT64_C(0x9e3779b97f4a7c15);

    *r = fresh;
    limits.window_size = bits >> 63 ? 4096 : 16384;
    limits.pending_max = bits >> 62 & 1 ? 6000 : 1 << 20;
    limits.pending_per_socket = 1 + (int64_t)(bits >> 58 & 7);
    r->f = fake_world_new(&limits);
    r->f->chance = bits;
    come(r, &r->watcher, "nw");
    for (uint32_t n = fake_random(r->f, STEPS_MAX); n--;)
        steps[fake_random(r->f, sizeof steps / sizeof *steps)](r);
    end_run(r);
}

static void whatever_happens_the_promises_are_kept(void **state)
{
    struct run *r = *state;
    int64_t until = clock_mono_ms() + RUNS_MS;

    if (r->only)
        run_one(r, r->only);
    for (uint64_t seed = 1; !r->only && seed <= RUNS && clock_mono_ms() < until; seed++)
        run_one(r, seed);
    r->done = true;
}

static int say_seed(void **state)
{
    const struct run *r = *state;

    if (!r->done)
        fprintf(stderr, "it was the run with seed %llu: give it as the argument to run it alone\n",
                (unsigned long long)r->seed);
    return 0;
}

int main(int argc, char **argv)
{
    struct run *r = calloc(1, sizeof *r);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(whatever_happens_the_promises_are_kept, NULL, say_seed, r),
    };
    int failed;

    if (!r || (argc > 1 && !str_to_u64(str_of(argv[1]), &r->only)))
        return EXIT_FAILURE;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(r);
    return failed;
}

/* SPDX-License-Identifier: MIT
 * The window of a room, relay/window.h: it grows, it drops its oldest, positions and seqs stay true.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "relay/window.h"

enum { FRAME = 100 };

static struct window_budget roomy(void)
{
    return (struct window_budget){ .room_max = 1 << 20, .total_max = 1 << 30 };
}

/* Puts a frame of n bytes; drops what must be dropped. */
static void put(struct window *w, struct window_budget *budget, size_t n, int64_t seq)
{
    static char bytes[1 << 20];
    uint64_t before;

    memset(bytes, (int)('a' + seq % 26), n);
    while ((before = window_room(w, n, budget)) != 0) {
        assert_true(before != UINT64_MAX && before > w->base && before <= window_end(w));
        window_drop(w, before);
    }
    window_put(w, (struct str){ bytes, n }, seq);
}

static void a_window_begins_small_and_grows_with_what_is_put(void **state)
{
    struct window_budget budget = roomy();
    struct window w;

    (void)state;
    window_init(&w, 1);
    assert_int_equal(budget.total, 0);
    for (int64_t seq = 1; seq <= 1000; seq++) {
        put(&w, &budget, FRAME, seq);
        assert_int_equal(w.len, (size_t)seq * FRAME);
        assert_true(w.size >= w.len && w.size < 4 * w.len + 4096);
        assert_int_equal(budget.total, w.size);
    }
    assert_true(w.bytes[0] == 'b' && w.bytes[w.len - 1] == 'a' + 1000 % 26);
    window_free(&w, &budget);
    assert_int_equal(budget.total, 0);
}

static void a_seq_leads_to_its_frame_and_back(void **state)
{
    struct window_budget budget = roomy();
    struct window w;
    uint64_t start[200];

    (void)state;
    window_init(&w, 41);
    for (int64_t seq = 41; seq < 241; seq++) {
        put(&w, &budget, 10, 0); /* not a send: it has no seq */
        start[seq - 41] = window_end(&w);
        put(&w, &budget, FRAME, seq);
    }
    for (int64_t seq = 41; seq < 241; seq++) {
        assert_int_equal(window_find(&w, seq), start[seq - 41]);
        assert_int_equal(window_seq_at(&w, start[seq - 41]), seq);
        assert_int_equal(window_seq_at(&w, start[seq - 41] + 1), seq + 1);
    }
    assert_int_equal(window_find(&w, 40), 0);
    assert_int_equal(window_find(&w, 241), window_end(&w));
    assert_int_equal(window_seq_at(&w, 0), 41);
    window_free(&w, &budget);
}

static void the_oldest_goes_when_the_limit_is_reached(void **state)
{
    struct window_budget budget = { .room_max = 64 << 10, .total_max = 1 << 30 };
    struct window w;

    (void)state;
    window_init(&w, 1);
    for (int64_t seq = 1; seq <= 5000; seq++) {
        put(&w, &budget, FRAME, seq);
        assert_true(w.size <= budget.room_max);
        assert_int_equal(window_next(&w), seq + 1);
        assert_int_equal(window_end(&w), 1 + (uint64_t)seq * FRAME);
    }
    assert_int_equal(w.size, budget.room_max);
    assert_true(w.first > 4000 && w.first < 5000 - (int64_t)w.size / FRAME / 2); /* half is kept at least */
    for (int64_t seq = w.first; seq <= 5000; seq++)
        assert_int_equal(window_find(&w, seq), 1 + (uint64_t)(seq - 1) * FRAME);
    assert_int_equal(window_find(&w, w.first - 1), 0);
    window_free(&w, &budget);
}

/* A position in the middle of a frame: nobody reads from there, but that is where half of a window ends. */
static void what_is_dropped_is_gone_and_the_rest_stays_where_it_was(void **state)
{
    struct window_budget budget = roomy();
    struct window w;

    (void)state;
    window_init(&w, 1);
    for (int64_t seq = 1; seq <= 10; seq++)
        put(&w, &budget, FRAME, seq);
    window_drop(&w, 1 + 3 * FRAME + 7);
    assert_int_equal(window_find(&w, 4), 0);
    assert_int_equal(window_seq_at(&w, w.base), 5);
    for (int64_t seq = 5; seq <= 10; seq++) {
        uint64_t at = window_find(&w, seq);

        assert_int_equal(at, 1 + (uint64_t)(seq - 1) * FRAME);
        assert_int_equal(w.bytes[at - w.base], 'a' + seq);
        assert_int_equal(w.bytes[at - w.base + FRAME - 1], 'a' + seq);
    }
    assert_int_equal(window_next(&w), 11);
    window_drop(&w, 5); /* is gone already */
    assert_int_equal(w.base, 1 + 3 * FRAME + 7);
    assert_int_equal(w.len, 7 * FRAME - 7);
    window_drop(&w, UINT64_MAX);
    assert_int_equal(w.len, 0);
    assert_int_equal(w.base, 1 + 10 * FRAME);
    assert_int_equal(w.first, 11);
    assert_int_equal(window_find(&w, 11), window_end(&w));
    window_free(&w, &budget);
}

static void all_windows_together_have_a_limit(void **state)
{
    struct window_budget budget = { .room_max = 1 << 20, .total_max = 256 << 10 };
    struct window w[40];

    (void)state;
    for (size_t i = 0; i < 40; i++)
        window_init(&w[i], 1);
    for (int64_t seq = 1; seq <= 1000; seq++)
        for (size_t i = 0; i < 40; i++)
            put(&w[i], &budget, FRAME, seq);
    assert_true(budget.total <= budget.total_max + 40 * 4096); /* a small one is always allowed */
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(window_next(&w[i]), 1001);
        window_free(&w[i], &budget);
    }
    assert_int_equal(budget.total, 0);
}

static void an_empty_window_takes_a_frame_of_any_length(void **state)
{
    struct window_budget budget = { .room_max = 64 << 10, .total_max = 64 << 10 };
    struct window w;

    (void)state;
    window_init(&w, 1);
    put(&w, &budget, 200 << 10, 1);
    put(&w, &budget, 300 << 10, 2);
    assert_int_equal(w.len, 300 << 10);
    assert_int_equal(w.first, 2);
    window_free(&w, &budget);
}

static void a_seq_out_of_turn_begins_anew(void **state)
{
    struct window_budget budget = roomy();
    struct window w;

    (void)state;
    window_init(&w, 1);
    put(&w, &budget, FRAME, 1);
    put(&w, &budget, FRAME, 9);
    assert_int_equal(window_find(&w, 1), 0);
    assert_int_equal(window_find(&w, 9), 1 + FRAME);
    assert_int_equal(window_next(&w), 10);
    window_free(&w, &budget);
}

static void given_back_it_goes_on_at_the_same_place(void **state)
{
    struct window_budget budget = roomy();
    struct window w;

    (void)state;
    window_init(&w, 1);
    put(&w, &budget, FRAME, 1);
    window_free(&w, &budget);
    assert_int_equal(window_end(&w), 1 + FRAME);
    assert_int_equal(window_next(&w), 2);
    assert_int_equal(window_find(&w, 2), window_end(&w));
    assert_int_equal(window_find(&w, 1), 0);
    put(&w, &budget, FRAME, 2);
    assert_int_equal(window_find(&w, 2), 1 + FRAME);
    window_free(&w, &budget);
}

/* Marks are kept as half of a position: beyond 4 GB they must still be true. */
static void positions_go_beyond_four_gigabytes(void **state)
{
    struct window_budget budget = { .room_max = 64 << 10, .total_max = 1 << 30 };
    struct window w;

    (void)state;
    window_init(&w, 1);
    w.base = UINT32_MAX - 5 * FRAME;
    for (int64_t seq = 1; seq <= 2000; seq++) {
        put(&w, &budget, FRAME, seq);
        assert_int_equal(window_find(&w, seq), UINT32_MAX - 5 * FRAME + (uint64_t)(seq - 1) * FRAME);
        assert_int_equal(window_seq_at(&w, window_find(&w, w.first)), w.first);
    }
    window_free(&w, &budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_begins_small_and_grows_with_what_is_put),
        cmocka_unit_test(a_seq_leads_to_its_frame_and_back),
        cmocka_unit_test(the_oldest_goes_when_the_limit_is_reached),
        cmocka_unit_test(what_is_dropped_is_gone_and_the_rest_stays_where_it_was),
        cmocka_unit_test(all_windows_together_have_a_limit),
        cmocka_unit_test(an_empty_window_takes_a_frame_of_any_length),
        cmocka_unit_test(a_seq_out_of_turn_begins_anew),
        cmocka_unit_test(given_back_it_goes_on_at_the_same_place),
        cmocka_unit_test(positions_go_beyond_four_gigabytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

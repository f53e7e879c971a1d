/* SPDX-License-Identifier: MIT
 * Places for those who hash: a crowd waits, guessers do not.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "common/clock.h"
#include "fcgi/hashing.h"

enum { THREADS = 8, PLACES = 6, JOBS = 2, GUESSES = HASHING_WRONG_MAX + 2 };

static void fill(struct hashing *h, int n)
{
    for (int i = 0; i < n; i++)
        assert_true(hashing_enter(h, TRUST_NONE));
}

static void empty(struct hashing *h, int n)
{
    while (n--)
        hashing_leave(h, false);
}

static void a_quarter_of_the_threads_stays_free(void **state)
{
    struct hashing *h = hashing_new(THREADS, JOBS);
    int64_t begun = clock_mono_ms();

    (void)state;
    fill(h, PLACES);
    assert_false(hashing_enter(h, TRUST_KNOWN));
    assert_true(clock_mono_ms() - begun >= HASHING_PATIENCE_MS - 1);
    empty(h, PLACES);
    hashing_free(h);
}

static void after_that_nobody_waits(void **state)
{
    struct hashing *h = hashing_new(THREADS, JOBS);
    int64_t begun;

    (void)state;
    fill(h, PLACES);
    assert_false(hashing_enter(h, TRUST_NONE));
    begun = clock_mono_ms();
    for (int i = 0; i < 1000; i++)
        assert_false(hashing_enter(h, i % 2 ? TRUST_KNOWN : TRUST_CALM));
    assert_true(clock_mono_ms() - begun < HASHING_PATIENCE_MS);
    empty(h, 1);
    fill(h, 1); /* and it begins anew once one was free */
    empty(h, PLACES);
    hashing_free(h);
}

/* Wrong passwords, one after the other, with all places taken. */
static void guess(struct hashing *h, int n)
{
    while (n--) {
        hashing_leave(h, true);
        assert_true(hashing_enter(h, TRUST_KNOWN));
    }
}

static void who_may_be_guessing_does_not_wait(void **state)
{
    struct hashing *h = hashing_new(THREADS, JOBS);
    int64_t begun = clock_mono_ms();

    (void)state;
    fill(h, PLACES);
    guess(h, GUESSES);
    assert_false(hashing_enter(h, TRUST_NONE));
    assert_true(clock_mono_ms() - begun < HASHING_PATIENCE_MS);
    empty(h, PLACES);
    hashing_free(h);
}

static void and_leaves_slots_to_others(void **state)
{
    struct hashing *h = hashing_new(THREADS, JOBS);

    (void)state;
    fill(h, PLACES);
    guess(h, GUESSES);
    empty(h, PLACES - 1);
    assert_false(hashing_enter(h, TRUST_NONE));
    assert_true(hashing_enter(h, TRUST_CALM));
    assert_false(hashing_enter(h, TRUST_CALM));
    for (int i = JOBS; i < PLACES; i++)
        assert_true(hashing_enter(h, TRUST_KNOWN));
    empty(h, PLACES);
    assert_true(hashing_enter(h, TRUST_NONE));
    empty(h, 1);
    hashing_free(h);
}

static void who_is_known_waits_for_a_place(void **state)
{
    struct hashing *h = hashing_new(THREADS, JOBS);
    int64_t begun = clock_mono_ms();

    (void)state;
    fill(h, PLACES);
    guess(h, GUESSES);
    assert_false(hashing_enter(h, TRUST_KNOWN));
    assert_true(clock_mono_ms() - begun >= HASHING_PATIENCE_MS - 1);
    empty(h, PLACES);
    hashing_free(h);
}

/* One after the other, as somebody types. */
static void guesses_behind_whom_nobody_waits_keep_nobody_out(void **state)
{
    struct hashing *h = hashing_new(THREADS, JOBS);

    (void)state;
    for (int i = 0; i < 10 * GUESSES; i++) {
        assert_true(hashing_enter(h, TRUST_NONE));
        hashing_leave(h, true);
    }
    fill(h, PLACES);
    empty(h, PLACES);
    hashing_free(h);
}

static void a_few_mistakes_are_no_guessing(void **state)
{
    struct hashing *h = hashing_new(THREADS, JOBS);

    (void)state;
    fill(h, PLACES);
    guess(h, HASHING_WRONG_MAX);
    empty(h, 1);
    assert_true(hashing_enter(h, TRUST_NONE));
    empty(h, PLACES);
    hashing_free(h);
}

static void one_thread_has_the_one_place(void **state)
{
    (void)state;
    for (int64_t threads = 1; threads <= 2; threads++) {
        struct hashing *h = hashing_new(threads, JOBS);

        for (int i = 0; i < 100; i++) {
            assert_true(hashing_enter(h, TRUST_NONE));
            hashing_leave(h, false);
        }
        hashing_free(h);
    }
}

struct crowd {
    struct hashing *hashing;
    atomic_int inside, most, served;
};

static void *one_of_a_crowd(void *arg)
{
    struct crowd *c = arg;
    int inside, most = 0;

    if (!hashing_enter(c->hashing, TRUST_NONE))
        return NULL;
    inside = atomic_fetch_add(&c->inside, 1) + 1;
    while (inside > (most = atomic_load(&c->most)) && !atomic_compare_exchange_weak(&c->most, &most, inside))
        ;
    poll(NULL, 0, 5);
    atomic_fetch_sub(&c->inside, 1);
    hashing_leave(c->hashing, false);
    atomic_fetch_add(&c->served, 1);
    return NULL;
}

/* Thirty at once are served within the patience, never more than there are places at a time. */
static void a_crowd_waits_and_is_served(void **state)
{
    enum { CROWD = 30 };
    struct crowd c = { .hashing = hashing_new(THREADS, JOBS) };
    pthread_t thread[CROWD];

    (void)state;
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, one_of_a_crowd, &c), 0);
    for (int i = 0; i < CROWD; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(c.served, CROWD);
    assert_true(c.most <= PLACES);
    hashing_free(c.hashing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_of_the_threads_stays_free),
        cmocka_unit_test(after_that_nobody_waits),
        cmocka_unit_test(who_may_be_guessing_does_not_wait),
        cmocka_unit_test(and_leaves_slots_to_others),
        cmocka_unit_test(who_is_known_waits_for_a_place),
        cmocka_unit_test(guesses_behind_whom_nobody_waits_keep_nobody_out),
        cmocka_unit_test(a_few_mistakes_are_no_guessing),
        cmocka_unit_test(one_thread_has_the_one_place),
        cmocka_unit_test(a_crowd_waits_and_is_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

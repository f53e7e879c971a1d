/* SPDX-License-Identifier: MIT
 * Slots for hashing passwords (fcgi/slots.h): between handles of one process, which the kernel keeps apart as
 * it does processes, and between processes.
 */
#include "fcgi/slots.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"

struct place {
    char folder[32], beside[64], file[64];
};

static int begin(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    assert_true(str_copy(p->folder, sizeof p->folder, STR("/tmp/globes-XXXXXX")));
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->beside, sizeof p->beside, "%s/control.sock", p->folder);
    snprintf(p->file, sizeof p->file, "%s/hash.lock", p->folder);
    *state = p;
    return 0;
}

static int end(void **state)
{
    struct place *p = *state;

    unlink(p->file);
    rmdir(p->folder);
    free(p);
    return 0;
}

static void there_are_as_many_as_were_asked_for(void **state)
{
    const struct place *p = *state;
    struct slots *s[4];

    for (size_t i = 0; i < 4; i++) {
        s[i] = slots_new(p->beside, 3);
        assert_int_equal(slots_take(s[i], 0), i < 3);
    }
    slots_give(s[1]);
    assert_true(slots_take(s[3], 0));
    assert_false(slots_take(s[1], 0));
    for (size_t i = 0; i < 4; i++)
        slots_free(s[i]);
}

static void waiting_ends_with_its_time(void **state)
{
    const struct place *p = *state;
    struct slots *holder = slots_new(p->beside, 1), *waiter = slots_new(p->beside, 1);
    int64_t before;

    assert_true(slots_take(holder, 0));
    before = clock_mono_ms();
    assert_false(slots_take(waiter, 100));
    assert_true(clock_mono_ms() - before >= 100);
    slots_free(holder);
    assert_true(slots_take(waiter, 0));
    slots_free(waiter);
}

static void giving_none_back_is_nothing(void **state)
{
    const struct place *p = *state;
    struct slots *holder = slots_new(p->beside, 1), *other = slots_new(p->beside, 1);

    assert_true(slots_take(holder, 0));
    assert_false(slots_take(other, 0));
    slots_give(other);
    assert_false(slots_take(other, 0));
    slots_free(holder);
    slots_free(other);
}

static void a_killed_process_gives_its_slot_back(void **state)
{
    const struct place *p = *state;
    struct slots *s = slots_new(p->beside, 1);
    int ready[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct slots *mine = slots_new(p->beside, 1);

        byte = slots_take(mine, 0) ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_false(slots_take(s, 0));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(slots_take(s, 0));
    slots_free(s);
    close(ready[0]);
    close(ready[1]);
}

static void a_folder_that_is_not_there_gives_no_slot(void **state)
{
    struct slots *s = slots_new("/nonexistent/globes/control.sock", 1);

    (void)state;
    assert_false(slots_take(s, 0));
    slots_give(s);
    slots_free(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(there_are_as_many_as_were_asked_for),
        TEST(waiting_ends_with_its_time),
        TEST(giving_none_back_is_nothing),
        TEST(a_killed_process_gives_its_slot_back),
        TEST(a_folder_that_is_not_there_gives_no_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

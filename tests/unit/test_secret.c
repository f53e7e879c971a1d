/* SPDX-License-Identifier: MIT
 * The file of master secrets (common/secret.h): what is taken, what is refused and said, and how one is made.
 * Each test has a folder of its own and the path of a secret file in it.
 */
#include "common/secret.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char folder[64], path[80];
};

static int begin(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    if (!place)
        return -1;
    *state = place;
    snprintf(place->folder, sizeof place->folder, "/tmp/globes-secret-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->path, sizeof place->path, "%s/secret", place->folder);
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;

    unlink(place->path);
    rmdir(place->path);
    if (rmdir(place->folder))
        return -1; /* something was left behind */
    free(place);
    return 0;
}

static void put(const struct place *place, struct str text, mode_t mode)
{
    int fd;

    unlink(place->path); /* one that was left with 0400 cannot be opened for writing, but by root */
    fd = open(place->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.p, text.n), text.n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void check_refused(const struct place *place, const char *sentence)
{
    struct secrets s;
    struct buf why = { 0 };

    assert_false(secrets_read(&s, place->path, &why));
    assert_int_equal(s.n, 0);
    assert_non_null(strstr(why.data, place->path));
    if (!strstr(why.data, sentence))
        fail_msg("it says: %s", why.data);
    buf_free(&why);
}

static void check_taken(const struct place *place, size_t n)
{
    struct secrets s;
    struct buf why = { 0 };

    if (!secrets_read(&s, place->path, &why))
        fail_msg("%s", why.data);
    assert_int_equal(s.n, n);
    assert_int_equal(why.len, 0);
    buf_free(&why);
    secrets_wipe(&s);
}

#define CHARS32 "0123456789abcdef0123456789ABCDEF"

static void secrets_come_in_their_order_without_empty_lines(void **state)
{
    struct place *place = *state;
    struct secrets s;
    struct buf why = { 0 };

    put(place, STR("\n" CHARS32 "first\n\n\r\n" CHARS32 " second \r\n" CHARS32), 0600);
    assert_true(secrets_read(&s, place->path, &why));
    assert_int_equal(s.n, 3);
    assert_true(str_is((struct str){ s.list[0].bytes, s.list[0].len }, CHARS32 "first"));
    assert_true(str_is((struct str){ s.list[1].bytes, s.list[1].len }, CHARS32 " second "));
    assert_true(str_is((struct str){ s.list[2].bytes, s.list[2].len }, CHARS32));
    secrets_wipe(&s);
    buf_free(&why);
}

static void put_lines(const struct place *place, size_t lines, size_t length)
{
    struct buf b = { 0 };

    for (size_t i = 0; i < lines; i++) {
        for (size_t n = 0; n < length; n++)
            buf_char(&b, (char)('a' + i));
        buf_char(&b, '\n');
    }
    put(place, buf_all(&b), 0600);
    buf_free(&b);
}

static void lengths_and_number_end_at_their_limits(void **state)
{
    struct place *place = *state;

    put_lines(place, 1, SECRET_MIN);
    check_taken(place, 1);
    put_lines(place, 1, SECRET_MIN - 1);
    check_refused(place, "less than 32 bytes");
    put_lines(place, SECRETS_MAX, SECRET_MAX);
    check_taken(place, SECRETS_MAX);
    put_lines(place, 1, SECRET_MAX + 1);
    check_refused(place, "more than 512 bytes");
    put_lines(place, SECRETS_MAX + 1, SECRET_MIN);
    check_refused(place, "more than 8 secrets");
    put_lines(place, 100000, 0);
    check_refused(place, "too large");
}

static void a_file_without_a_secret_is_refused(void **state)
{
    put(*state, STR(""), 0600);
    check_refused(*state, "has no secret");
    put(*state, STR("\n\r\n\n"), 0600);
    check_refused(*state, "has no secret");
}

static void a_file_that_everyone_may_use_is_refused(void **state)
{
    static const mode_t open_modes[] = { 0604, 0602, 0601, 0644, 0666, 0777 };
    static const mode_t closed_modes[] = { 0600, 0400, 0640, 0660 };

    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        put(*state, STR(CHARS32), open_modes[i]);
        check_refused(*state, "open to everyone");
    }
    for (size_t i = 0; i < sizeof closed_modes / sizeof *closed_modes; i++) {
        put(*state, STR(CHARS32), closed_modes[i]);
        check_taken(*state, 1);
    }
}

static void what_is_no_regular_file_is_refused(void **state)
{
    struct place *place = *state;

    check_refused(place, "No such file");
    assert_int_equal(mkdir(place->path, 0700), 0);
    check_refused(place, "no regular file");
    assert_int_equal(rmdir(place->path), 0);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    check_refused(place, "no regular file");
}

static void no_sentence_shows_a_secret(void **state)
{
    struct secrets s;
    struct buf why = { 0 };
    struct place *place = *state;

    put(place, STR("topsecret\n"), 0600);
    assert_false(secrets_read(&s, place->path, &why));
    assert_null(strstr(why.data, "topsecret"));
    buf_free(&why);
}

static void wiping_leaves_nothing(void **state)
{
    static const struct secrets empty;
    struct secrets s;

    (void)state;
    memset(&s, 'x', sizeof s);
    secrets_wipe(&s);
    assert_memory_equal(&s, &empty, sizeof s);
}

static void a_made_secret_can_be_read_and_is_its_owners_alone(void **state)
{
    struct place *place = *state;
    struct buf why = { 0 };
    struct secrets s, again;
    struct stat st;
    mode_t old = umask(0);

    assert_true(secrets_make(place->path, &why));
    umask(old);
    assert_int_equal(stat(place->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true(secrets_read(&s, place->path, &why));
    assert_int_equal(s.n, 1);
    assert_int_equal(s.list[0].len, 64);
    assert_int_equal(unlink(place->path), 0);
    assert_true(secrets_make(place->path, &why));
    assert_true(secrets_read(&again, place->path, &why));
    assert_memory_not_equal(s.list[0].bytes, again.list[0].bytes, 64);
    assert_int_equal(why.len, 0);
    buf_free(&why);
}

static void a_secret_that_is_there_stays(void **state)
{
    struct place *place = *state;
    struct buf why = { 0 };
    struct secrets s;

    put(place, STR(CHARS32 "mine\n"), 0600);
    assert_true(secrets_make(place->path, &why));
    assert_true(secrets_read(&s, place->path, &why));
    assert_true(str_is((struct str){ s.list[0].bytes, s.list[0].len }, CHARS32 "mine"));
    buf_free(&why);
}

static void a_folder_that_is_missing_is_said(void **state)
{
    struct buf why = { 0 };

    (void)state;
    assert_false(secrets_make("/nonexistent-folder/secret", &why));
    assert_non_null(strstr(why.data, "/nonexistent-folder/secret"));
    assert_non_null(strstr(why.data, "No such file"));
    buf_free(&why);
}

/* Waits until all stand at the line (the other end of the pipe is closed), makes, and tells the first bytes.
 */
static int race(const struct place *place, int start, int tell)
{
    struct buf why = { 0 };
    struct secrets s;
    char c;

    if (read(start, &c, 1))
        return 1;
    if (!secrets_make(place->path, &why) || !secrets_read(&s, place->path, &why))
        return 1;
    return write(tell, s.list[0].bytes, 64) != 64;
}

static void run_race(const struct place *place)
{
    enum { RACERS = 4 };
    char first[64], other[64];
    int start[2], tell[2], status;

    assert_int_equal(pipe(start), 0);
    assert_int_equal(pipe(tell), 0);
    for (int i = 0; i < RACERS; i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (!pid) {
            close(start[1]);
            _exit(race(place, start[0], tell[1]));
        }
    }
    close(start[0]);
    close(start[1]);
    for (int i = 0; i < RACERS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        assert_int_equal(read(tell[0], i ? other : first, 64), 64);
        if (i)
            assert_memory_equal(first, other, 64);
    }
    close(tell[0]);
    close(tell[1]);
    unlink(place->path);
}

static void makers_that_race_agree_on_one_secret(void **state)
{
    for (int i = 0; i < 50; i++)
        run_race(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secrets_come_in_their_order_without_empty_lines, begin, end),
        cmocka_unit_test_setup_teardown(lengths_and_number_end_at_their_limits, begin, end),
        cmocka_unit_test_setup_teardown(a_file_without_a_secret_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_everyone_may_use_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_regular_file_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(no_sentence_shows_a_secret, begin, end),
        cmocka_unit_test(wiping_leaves_nothing),
        cmocka_unit_test_setup_teardown(a_made_secret_can_be_read_and_is_its_owners_alone, begin, end),
        cmocka_unit_test_setup_teardown(a_secret_that_is_there_stays, begin, end),
        cmocka_unit_test(a_folder_that_is_missing_is_said),
        cmocka_unit_test_setup_teardown(makers_that_race_agree_on_one_secret, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 * Log lines (common/logline.h): one line each, whatever is in the text. Standard error is a file meanwhile.
 */
#include "common/logline.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/json.h"

struct caught {
    FILE *file;
    int stderr_fd;
    char text[8192];
};

static int begin(void **state)
{
    struct caught *caught = calloc(1, sizeof *caught);

    if (!caught)
        return -1;
    *state = caught;
    caught->file = tmpfile();
    caught->stderr_fd = dup(STDERR_FILENO);
    return caught->file && caught->stderr_fd >= 0 && dup2(fileno(caught->file), STDERR_FILENO) >= 0 ? 0 : -1;
}

/* What was logged; from then on standard error is again what it was. */
static const char *caught_text(struct caught *caught)
{
    ssize_t n = pread(fileno(caught->file), caught->text, sizeof caught->text - 1, 0);

    dup2(caught->stderr_fd, STDERR_FILENO);
    assert_true(n >= 0);
    caught->text[n] = '\0';
    return caught->text;
}

static int end(void **state)
{
    struct caught *caught = *state;

    dup2(caught->stderr_fd, STDERR_FILENO);
    close(caught->stderr_fd);
    fclose(caught->file);
    free(caught);
    log_open(NULL, LEVEL_INFO, false);
    return 0;
}

static void lines_have_level_program_and_text(void **state)
{
    log_info("before %d", 1);
    log_open("globes", LEVEL_DEBUG, false);
    log_debug("one");
    log_info("two");
    log_warn("three");
    log_error("four");
    assert_string_equal(caught_text(*state), "INFO: before 1\nDEBUG globes: one\nINFO globes: two\n"
                                             "WARN globes: three\nERROR globes: four\n");
}

static void lesser_lines_are_left_out(void **state)
{
    log_open("globes", LEVEL_WARN, false);
    log_debug("one");
    log_info("two");
    log_warn("three");
    log_open("globes", LEVEL_ERROR, false);
    log_warn("four");
    log_error("five");
    assert_string_equal(caught_text(*state), "WARN globes: three\nERROR globes: five\n");
}

static void the_text_of_errno_is_added_and_errno_stays(void **state)
{
    errno = ENOENT;
    log_errno("open %s", "x");
    assert_int_equal(errno, ENOENT);
    errno = EACCES;
    log_info("y");
    assert_int_equal(errno, EACCES);
    assert_string_equal(caught_text(*state), "ERROR: open x: No such file or directory\nINFO: y\n");
}

static void errno_stays_when_nobody_hears_it(void **state)
{
    (void)state;
    close(STDERR_FILENO);
    errno = ENOENT;
    log_errno("open x");
    assert_int_equal(errno, ENOENT);
}

static void nothing_in_a_text_can_forge_a_line(void **state)
{
    log_info(
        "%s",
        "a\nERROR: b\r\x1b[2J\t\x7f\x80\xff\xc3 \xc2\x85|\xe2\x80\xa8|\xe2\x80\xae|\xc3\xa9\xf0\x9f\x98\x80");
    assert_string_equal(caught_text(*state),
                        "INFO: a?ERROR: b??[2J????? \?\?|\?\?\?|\?\?\?|\xc3\xa9\xf0\x9f\x98\x80\n");
}

static void long_lines_are_cut(void **state)
{
    struct caught *caught = *state;
    char text[5000];
    size_t n;

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_info("%s", text);
    log_info("next");
    caught_text(caught);
    n = strcspn(caught->text, "\n");
    assert_in_range(n, 500, 1023);
    assert_memory_equal(caught->text + n - 4, "x...", 4);
    assert_string_equal(caught->text + n, "\nINFO: next\n");
}

/* Reads the line as JSON; text gets what it says. */
static void check_json(struct str line, const char *level, const char *begin_of_text)
{
    struct json_member m[] = {
        { .name = "time" }, { .name = "level" }, { .name = "program" }, { .name = "text" }
    };
    struct json_reader *r = json_reader_new();

    assert_non_null(r);
    assert_true(json_read(r, line, m, 4));
    assert_int_equal(m[0].text.n, 24);
    assert_true(str_is(m[1].text, level));
    assert_true(str_is(m[2].text, "globes"));
    assert_true(str_begins(m[3].text, begin_of_text));
    json_reader_free(r);
}

static void json_lines_are_json_even_when_cut(void **state)
{
    struct str rest, line;
    char text[2000];

    log_open("globes", LEVEL_INFO, true);
    log_warn("say \"%s\" \\", "a\nb\xff");
    for (size_t n = 300; n < 1000; n += 100) {
        memset(text, '"', n);
        text[n] = '\0';
        log_info("%s", text);
    }
    rest = str_of(caught_text(*state));
    assert_true(str_next(&rest, '\n', &line));
    check_json(line, "warn", "say \"a?b?\" \\");
    for (size_t n = 300; n < 1000; n += 100) {
        assert_true(str_next(&rest, '\n', &line));
        assert_in_range(line.n, 300, 1023);
        check_json(line, "info", "\"\"\"");
    }
    assert_int_equal(rest.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_have_level_program_and_text, begin, end),
        cmocka_unit_test_setup_teardown(lesser_lines_are_left_out, begin, end),
        cmocka_unit_test_setup_teardown(the_text_of_errno_is_added_and_errno_stays, begin, end),
        cmocka_unit_test_setup_teardown(errno_stays_when_nobody_hears_it, begin, end),
        cmocka_unit_test_setup_teardown(nothing_in_a_text_can_forge_a_line, begin, end),
        cmocka_unit_test_setup_teardown(long_lines_are_cut, begin, end),
        cmocka_unit_test_setup_teardown(json_lines_are_json_even_when_cut, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

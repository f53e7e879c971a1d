/* SPDX-License-Identifier: MIT
 * The control socket's lines, and the end that asks: against a server in a thread that does what each test
 * tells it, one step for each question that reaches it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/control.h"
#include "common/room.h"

/* ---- lines ---- */

static bool read_line(const char *text, struct control_request *r)
{
    struct json_reader *reader = json_reader_new();
    bool good = control_read_request(reader, str_of(text), r);

    json_reader_free(reader);
    return good;
}

static void a_request_is_read_as_it_was_written(void **state)
{
    static const struct control_request all[] = {
        { .id = 1, .what = CONTROL_USERS, .room_id = 1 },
        { .id = INT64_MAX, .what = CONTROL_ROOM, .room_id = ROOM_ID_MAX },
        { .id = 0, .what = CONTROL_ROOM, .room_id = 42 },
        { .id = 3, .what = CONTROL_STATS },
        { .id = 4, .what = CONTROL_SETTINGS },
        { .id = 5, .what = CONTROL_CHARGE, .rate = RATE_CREATE },
        { .id = 6, .what = CONTROL_CHARGE, .rate = RATE_WRONG, .room_id = 9, .address = { "address" } },
        { .id = 7,
          .what = CONTROL_CHARGE,
          .rate = RATE_ENTERED,
          .room_id = 9,
          .address = { { 255, 0, 255 } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct control_request r = { 0 };
        struct buf line = { 0 };

        control_write_request(&line, &all[i]);
        assert_int_equal(line.data[line.len - 1], '\n');
        line.data[line.len - 1] = '\0';
        assert_true(read_line(line.data, &r));
        assert_int_equal(r.id, all[i].id);
        assert_int_equal(r.what, all[i].what);
        assert_int_equal(r.room_id, all[i].room_id);
        assert_int_equal(r.rate, all[i].rate);
        assert_memory_equal(&r.address, &all[i].address, sizeof r.address);
        buf_free(&line);
    }
}

static void members_of_later_versions_are_passed_over(void **state)
{
    struct control_request r;

    (void)state;
    assert_true(read_line("{\"v\":1,\"id\":1,\"do\":\"users\",\"room\":5,\"more\":[1,{}]}", &r));
    assert_int_equal(r.room_id, 5);
}

static void a_line_that_is_not_ours_is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "{}",
        "[]",
        "nonsense",
        "{\"v\":1,\"id\":1}",
        "{\"v\":2,\"id\":1,\"do\":\"stats\"}",
        "{\"v\":\"1\",\"id\":1,\"do\":\"stats\"}",
        "{\"v\":1,\"do\":\"stats\"}",
        "{\"v\":1,\"id\":-1,\"do\":\"stats\"}",
        "{\"v\":1,\"id\":1.5,\"do\":\"stats\"}",
        "{\"v\":1,\"id\":99999999999999999999,\"do\":\"stats\"}",
        "{\"v\":1,\"id\":1,\"do\":\"Stats\"}",
        "{\"v\":1,\"id\":1,\"do\":\"erase\"}",
        "{\"v\":1,\"id\":1,\"do\":4}",
        "{\"v\":1,\"id\":1,\"do\":\"users\"}",
        "{\"v\":1,\"id\":1,\"do\":\"users\",\"room\":0}",
        "{\"v\":1,\"id\":1,\"do\":\"users\",\"room\":-3}",
        "{\"v\":1,\"id\":1,\"do\":\"users\",\"room\":9007199254740992}",
        "{\"v\":1,\"id\":1,\"do\":\"users\",\"room\":\"5\"}",
        "{\"v\":1,\"id\":1,\"do\":\"room\"}",
        "{\"v\":1,\"id\":1,\"do\":\"room\",\"room\":null}",
        "{\"v\":1,\"id\":1,\"do\":\"room\",\"room\":5.5}",
        "{\"v\":1,\"id\":1,\"do\":\"cut\",\"room\":5,\"epoch\":\"0000000000000001\"}",
        "{\"v\":1,\"id\":1,\"do\":\"charge\",\"room\":0,\"what\":\"create\"}",
        "{\"v\":1,\"id\":1,\"do\":\"charge\",\"room\":0,\"what\":\"create\",\"address\":\"00\"}",
        "{\"v\":1,\"id\":1,\"do\":\"charge\",\"room\":0,\"what\":\"all\",\"address\":"
        "\"00000000000000000000000000000000\"}",
        "{\"v\":1,\"id\":1,\"do\":\"charge\",\"room\":-1,\"what\":\"login\",\"address\":"
        "\"00000000000000000000000000000000\"}",
        "{\"v\":1,\"id\":1,\"do\":\"stats\"} {}",
        "{\"v\":1,\"v\":1,\"id\":1,\"do\":\"stats\"}",
    };
    struct control_request r = { .id = 77 };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (read_line(lines[i], &r))
            fail_msg("taken: %s", lines[i]);
    assert_int_equal(r.id, 77);
}

static void a_request_over_the_limit_is_refused(void **state)
{
    struct control_request r;
    struct buf line = { 0 };

    (void)state;
    buf_text(&line, "{\"v\":1,\"id\":1,\"do\":\"stats\"}");
    while (line.len < CONTROL_LINE_MAX)
        buf_char(&line, ' ');
    assert_true(read_line(line.data, &r));
    buf_char(&line, ' ');
    assert_false(read_line(line.data, &r));
    buf_free(&line);
}

static void an_answer_holds_the_members_it_is_given(void **state)
{
    struct buf out = { 0 };

    (void)state;
    control_write_answer(&out, 5, true, STR(",\"total\":3"));
    assert_string_equal(out.data, "{\"v\":1,\"id\":5,\"ok\":true,\"total\":3}\n");
    buf_clear(&out);
    control_write_answer(&out, 6, false, (struct str){ 0 });
    assert_string_equal(out.data, "{\"v\":1,\"id\":6,\"ok\":false}\n");
    buf_free(&out);
}

/* ---- asking ---- */

enum step {
    END, /* all that follows is closed at once */
    ANSWER,
    ANSWER_IN_PIECES,
    ANSWER_AND_CLOSE,
    REFUSE,
    CLOSE,
    SILENT,
    OTHER_ID,
    GARBAGE,
    LONGEST,
    TOO_LONG,
    TWO_LINES,
    HALF_AND_CLOSE
};

struct server {
    char folder[32], path[64];
    int fd;
    pthread_t thread;
    const enum step *steps;
    int step;        /* the thread's until it is joined */
    int connections; /* likewise */
    struct control_request last;
};

static void say(int fd, const char *text, size_t n)
{
    while (n) {
        ssize_t done = send(fd, text, n, MSG_NOSIGNAL);

        if (done <= 0)
            return;
        text += done;
        n -= (size_t)done;
    }
}

static void say_long(int fd, int64_t id, size_t n)
{
    struct buf line = { 0 };

    control_write_answer(&line, id, true, (struct str){ 0 });
    line.len--;
    while (line.len < n)
        buf_char(&line, ' ');
    buf_char(&line, '\n');
    say(fd, line.data, line.len);
    buf_free(&line);
}

/* False: the connection ends. */
static bool do_step(int fd, enum step step, int64_t id)
{
    struct buf out = { 0 };
    char byte;

    control_write_answer(&out, step == OTHER_ID ? id + 1 : id, step != REFUSE, STR(",\"total\":3"));
    switch (step) {
    case ANSWER_IN_PIECES:
        for (size_t i = 0; i < out.len; i++)
            say(fd, out.data + i, 1);
        break;
    case SILENT: /* until the other end hangs up */
        while (recv(fd, &byte, 1, 0) > 0)
            ;
        break;
    case GARBAGE:
        say(fd, "what?\n", 6);
        break;
    case LONGEST:
        say_long(fd, id, CONTROL_LINE_MAX);
        break;
    case TOO_LONG:
        say_long(fd, id, CONTROL_LINE_MAX + 1);
        break;
    case TWO_LINES:
        buf_str(&out, STR("{}\n"));
        say(fd, out.data, out.len);
        break;
    case HALF_AND_CLOSE:
        say(fd, out.data, out.len / 2);
        break;
    case END:
    case CLOSE:
        break;
    default:
        say(fd, out.data, out.len);
    }
    buf_free(&out);
    return step == ANSWER || step == ANSWER_IN_PIECES || step == REFUSE || step == LONGEST ||
           step == OTHER_ID || step == GARBAGE || step == TWO_LINES;
}

static bool read_request(int fd, struct control_request *r)
{
    struct json_reader *reader = json_reader_new();
    struct buf line = { 0 };
    bool good = false;
    char c;

    while (recv(fd, &c, 1, 0) == 1 && c != '\n')
        buf_char(&line, c);
    good = line.len && control_read_request(reader, buf_all(&line), r);
    buf_free(&line);
    json_reader_free(reader);
    return good;
}

/* Ends when the listening socket is shut down. */
static void *serve(void *arg)
{
    struct server *s = arg;
    int fd;

    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        s->connections++;
        while (read_request(fd, &s->last)) {
            enum step step = s->steps[s->step];

            s->step += step != END;
            if (!do_step(fd, step, s->last.id))
                break;
        }
        close(fd);
    }
    return NULL;
}

static void start(struct server *s, const enum step *steps)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    *s = (struct server){ .folder = "/tmp/globes-XXXXXX", .steps = steps };
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof s->path, "%s/control", s->folder);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(str_copy(address.sun_path, sizeof address.sun_path, str_of(s->path)));
    assert_int_equal(bind(s->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

/* The asking end must be free by now: the server reads until it hangs up. */
static void stop(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    unlink(s->path);
    rmdir(s->folder);
}

/* Asks n times one after another; the answers' ok come back as bits, the first one lowest. */
static unsigned ask(struct server *s, const enum step *steps, int n)
{
    struct buf answer = { 0 };
    struct control *c;
    unsigned good = 0;

    start(s, steps);
    c = control_new(s->path);
    for (int i = 0; i < n; i++) {
        struct control_request r = { .what = CONTROL_USERS, .room_id = 9 };

        good |= (unsigned)control_ask(c, &r, &answer) << i;
        assert_int_equal(r.id, i + 1);
    }
    control_free(c);
    buf_free(&answer);
    stop(s);
    return good;
}

static void a_question_gets_its_answer(void **state)
{
    static const enum step steps[] = { ANSWER, END };
    struct control_request r = { .what = CONTROL_ROOM, .room_id = 9 };
    struct buf answer = { 0 };
    struct server s;
    struct control *c;

    (void)state;
    start(&s, steps);
    c = control_new(s.path);
    assert_true(control_ask(c, &r, &answer));
    assert_string_equal(answer.data, "{\"v\":1,\"id\":1,\"ok\":true,\"total\":3}");
    control_free(c);
    buf_free(&answer);
    stop(&s);
    assert_int_equal(s.last.what, CONTROL_ROOM);
    assert_int_equal(s.last.room_id, 9);
}

static void one_connection_serves_many_questions(void **state)
{
    static const enum step steps[] = { ANSWER, ANSWER_IN_PIECES, LONGEST, ANSWER, END };
    struct server s;

    (void)state;
    assert_int_equal(ask(&s, steps, 4), 0xf);
    assert_int_equal(s.connections, 1);
}

static void a_refusal_is_false_and_keeps_the_connection(void **state)
{
    static const enum step steps[] = { REFUSE, ANSWER, END };
    struct server s;

    (void)state;
    assert_int_equal(ask(&s, steps, 2), 2);
    assert_int_equal(s.connections, 1);
}

static void a_kept_connection_that_has_gone_is_made_anew(void **state)
{
    static const enum step steps[] = { ANSWER_AND_CLOSE, ANSWER, CLOSE, ANSWER, END };
    struct server s;

    (void)state;
    assert_int_equal(ask(&s, steps, 3), 7);
    assert_int_equal(s.connections, 3);
    assert_int_equal(s.step, 4);
}

static void it_is_made_anew_only_once(void **state)
{
    static const enum step steps[] = { ANSWER, CLOSE, CLOSE, END };
    struct server s;

    (void)state;
    assert_int_equal(ask(&s, steps, 2), 1);
    assert_int_equal(s.connections, 2);
}

static void a_new_connection_that_closes_is_not_tried_again(void **state)
{
    static const enum step steps[] = { CLOSE, END };
    struct server s;

    (void)state;
    assert_int_equal(ask(&s, steps, 1), 0);
    assert_int_equal(s.connections, 1);
}

static void a_silent_relay_costs_the_time_limit_and_no_more(void **state)
{
    static const enum step steps[] = { SILENT, ANSWER, END };
    int64_t before = clock_mono_ms(), took;
    struct server s;

    (void)state;
    assert_int_equal(ask(&s, steps, 2), 2);
    took = clock_mono_ms() - before;
    assert_true(took >= CONTROL_TIMEOUT_MS);
    assert_true(took < 10 * CONTROL_TIMEOUT_MS);
    assert_int_equal(s.connections, 2);
}

/* After each of these nothing on the connection can be trusted: the next question takes a new one. */
static void a_wrong_answer_is_false_and_ends_the_connection(void **state)
{
    static const enum step wrong[] = { OTHER_ID, GARBAGE, TOO_LONG, TWO_LINES, HALF_AND_CLOSE };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        enum step steps[] = { wrong[i], ANSWER, END };
        struct server s;

        if (ask(&s, steps, 2) != 2)
            fail_msg("step %d", wrong[i]);
        assert_int_equal(s.connections, 2);
    }
}

static void a_relay_that_is_away_is_false_at_once(void **state)
{
    struct control_request r = { .what = CONTROL_STATS };
    struct control *c = control_new("/nonexistent/globes/control");
    int64_t before = clock_mono_ms();
    struct buf answer = { 0 };

    (void)state;
    assert_false(control_ask(c, &r, &answer));
    assert_false(control_ask(c, &r, &answer));
    assert_true(clock_mono_ms() - before < CONTROL_TIMEOUT_MS);
    control_free(c);
    buf_free(&answer);
}

static void a_path_too_long_for_a_socket_is_false(void **state)
{
    struct control_request r = { .what = CONTROL_STATS };
    struct buf answer = { 0 };
    struct control *c;
    char path[200];

    (void)state;
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = '\0';
    c = control_new(path);
    assert_false(control_ask(c, &r, &answer));
    control_free(c);
    buf_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_as_it_was_written),
        cmocka_unit_test(members_of_later_versions_are_passed_over),
        cmocka_unit_test(a_line_that_is_not_ours_is_refused),
        cmocka_unit_test(a_request_over_the_limit_is_refused),
        cmocka_unit_test(an_answer_holds_the_members_it_is_given),
        cmocka_unit_test(a_question_gets_its_answer),
        cmocka_unit_test(one_connection_serves_many_questions),
        cmocka_unit_test(a_refusal_is_false_and_keeps_the_connection),
        cmocka_unit_test(a_kept_connection_that_has_gone_is_made_anew),
        cmocka_unit_test(it_is_made_anew_only_once),
        cmocka_unit_test(a_new_connection_that_closes_is_not_tried_again),
        cmocka_unit_test(a_silent_relay_costs_the_time_limit_and_no_more),
        cmocka_unit_test(a_wrong_answer_is_false_and_ends_the_connection),
        cmocka_unit_test(a_relay_that_is_away_is_false_at_once),
        cmocka_unit_test(a_path_too_long_for_a_socket_is_false),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 * common/settings: the table's rows: defaults, units, bounds, words and formats.
 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/settings_given.h"

/* ---- defaults ---- */

static void without_anything_the_defaults_hold(void **state)
{
    struct given g;

    (void)state;
    load(&g, "", NULL);
    assert_good(&g);
    assert_string_equal(g.s.store, "sqlite:/var/lib/globes");
    assert_null(g.s.bus);
    assert_int_equal(g.s.remote_user, 0);
    assert_int_equal(g.s.site.n, 0);
    assert_int_equal(g.s.fcgi_threads, 8);
    assert_int_equal(g.s.trusted_proxies.n, 2);
    assert_string_equal(g.s.trusted_proxies.item[0], "127.0.0.1");
    assert_string_equal(g.s.trusted_proxies.item[1], "::1");
    assert_int_equal(g.s.hidden_rooms, HIDDEN_UNLISTED);
    assert_int_equal(g.s.unowned_rooms, UNOWNED_OPEN);
    assert_int_equal(g.s.create_rooms, CREATE_ANYONE);
    assert_int_equal(g.s.token_lifetime, 3600000);
    assert_int_equal(g.s.token_max_age, 12 * 3600000);
    assert_int_equal(g.s.body_max, 16384);
    assert_int_equal(g.s.pending_max, 16 << 20);
    assert_int_equal(g.s.tick, SETTING_NONE);
    assert_int_equal(g.s.send_rate.count, 10);
    assert_int_equal(g.s.send_rate.per_ms, 1000);
    assert_int_equal(g.s.login_rate.per_ms, 60000);
    assert_int_equal(g.s.create_rate.per_ms, 3600000);
    assert_int_equal(g.s.room.n, 0);
    done(&g);
}

static void every_row_says_its_default(void **state)
{
    struct given g;

    (void)state;
    load(&g, "", NULL);
    assert_good(&g);
    for (size_t i = 0; i < settings_count(); i++) {
        struct setting_row row = settings_row(&g.s, i);

        assert_string_equal(row.value, row.preset);
        assert_string_equal(row.origin, "default");
        assert_true(*row.what && *row.kind && row.least && row.most);
    }
    done(&g);
}

/* A number's bounds are taken themselves, and what lies right beyond is not. */
static void every_number_is_taken_from_its_least_to_its_most(void **state)
{
    static const char *const apart[] = { "hangup",    "ping_interval", "message_max",
                                         "frame_max", "token_max_age", "token_lifetime" };
    struct given defaults;

    (void)state;
    load(&defaults, "", NULL);
    assert_good(&defaults);
    for (size_t i = 0; i < settings_count(); i++) {
        struct setting_row row = settings_row(&defaults.s, i);
        bool together = true;
        char line[200];

        if (strcmp(row.kind, "COUNT") && strcmp(row.kind, "SIZE") && strcmp(row.kind, "TIME") &&
            strcmp(row.kind, "RATE"))
            continue;
        for (size_t k = 0; k < sizeof apart / sizeof *apart; k++)
            together = together && strcmp(row.name, apart[k]);
        for (size_t k = 0; together && k < 2; k++) {
            snprintf(line, sizeof line, "%s = %s", row.name, k ? row.most : row.least);
            assert_line_taken(line);
        }
        snprintf(line, sizeof line, "%s = 9%s", row.name, row.most);
        assert_line_refused(line, row.most);
        snprintf(line, sizeof line, "%s = -1", row.name);
        assert_line_refused(line, row.least);
        snprintf(line, sizeof line, "%s = none", row.name);
        if (row.may_be_none)
            assert_line_taken(line);
        else
            assert_line_refused(line, "cannot be none");
    }
    done(&defaults);
}

/* ---- units ---- */

static int64_t number_of(const char *line, size_t at)
{
    struct given g;
    int64_t n;

    load(&g, line, NULL);
    assert_good(&g);
    memcpy(&n, (char *)&g.s + at, sizeof n);
    done(&g);
    return n;
}

static void sizes_take_k_and_m(void **state)
{
    size_t at = offsetof(struct settings, pending_max);

    (void)state;
    assert_int_equal(number_of("pending_max = 65536", at), 65536);
    assert_int_equal(number_of("pending_max = 65k", at), 65 * 1024);
    assert_int_equal(number_of("pending_max = 1024m", at), 1024 << 20);
}

static void times_take_ms_s_m_h_and_d(void **state)
{
    size_t at = offsetof(struct settings, token_max_age);

    (void)state;
    assert_int_equal(number_of("token_max_age = 3600001ms", at), 3600001);
    assert_int_equal(number_of("token_max_age = 3601s", at), 3601000);
    assert_int_equal(number_of("token_max_age = 61m", at), 61 * 60000);
    assert_int_equal(number_of("token_max_age = 2h", at), 7200000);
    assert_int_equal(number_of("token_max_age = 365d", at), INT64_C(365) * 86400000);
    assert_int_equal(number_of("leave_grace = 0s", offsetof(struct settings, leave_grace)), 0);
}

static void rates_take_s_min_and_h(void **state)
{
    static const struct {
        const char *line;
        int64_t count, per_ms;
    } rates[] = {
        { "send_rate = 7/s", 7, 1000 },
        { "send_rate = 7/min", 7, 60000 },
        { "send_rate = 7/h", 7, 3600000 },
        { "send_rate = 3600000000/h", 3600000000, 3600000 }, /* 1000000/s, the most */
        { "send_rate = none", SETTING_NONE, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct given g;

        load(&g, rates[i].line, NULL);
        assert_good(&g);
        assert_int_equal(g.s.send_rate.count, rates[i].count);
        assert_int_equal(g.s.send_rate.per_ms, rates[i].per_ms);
        done(&g);
    }
    assert_line_refused("send_rate = 3600000001/h", "1000000/s");
    assert_line_refused("send_rate = 0/h", "1/h");
}

static void bad_numbers_and_units_are_refused(void **state)
{
    static const char *const lines[] = {
        "fcgi_threads = 0",
        "fcgi_threads = 257",
        "fcgi_threads = 8k",
        "fcgi_threads = eight",
        "fcgi_threads = 8.0",
        "fcgi_threads = +8",
        "fcgi_threads = 8 8",
        "fcgi_threads = 0x8",
        "fcgi_threads = 18446744073709551617",
        "fcgi_threads = 99999999999999999999999",
        "fcgi_threads = 1e1",
        "body_max = 16K",
        "body_max = 16 k",
        "body_max = k",
        "body_max = 16kb",
        "body_max = 1g",
        "body_max = 1023",
        "body_max = 1025k",
        "body_max = 16m",
        "hangup = 90",
        "hangup = 90 s",
        "hangup = 90S",
        "hangup = s",
        "hangup = 90sec",
        "hangup = 1w",
        "hangup = 1.5m",
        "hangup = -90s",
        "hangup = 999999999999d",
        "token_max_age = 366d",
        "send_rate = 10",
        "send_rate = 10/d",
        "send_rate = /s",
        "send_rate = 10 /s",
        "send_rate = 10/m",
        "send_rate = 10/",
        "send_rate = 1000000000000000/h",
        "send_rate = 10000000000000000/h",
        "send_rate = 5000000000001/h",
        "send_rate = 9223372036854775807/h",
        "send_rate = 18446744073709551615/h",
        "tick = 0",
        "tick = 0ms",
        "members_max = 0",
        "sockets_max = unlimited",
        "members_max = None",
        "members_max = none none",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_line_refused(lines[i], "must be a");
}

static void words_are_those_of_the_table(void **state)
{
    struct given g;

    (void)state;
    load(&g,
         "hidden_rooms = secret\nunowned_rooms = locked\ncreate_rooms = remote_user\nlog_level = "
         "error\nlog_format=json\n",
         NULL);
    assert_good(&g);
    assert_int_equal(g.s.hidden_rooms, HIDDEN_SECRET);
    assert_int_equal(g.s.unowned_rooms, UNOWNED_LOCKED);
    assert_int_equal(g.s.create_rooms, CREATE_REMOTE_USER);
    assert_int_equal(g.s.log_level, 3);
    assert_int_equal(g.s.log_format, 1);
    done(&g);
    assert_line_refused("hidden_rooms = Secret", "unlisted secret");
    assert_line_refused("hidden_rooms = unlisted secret", "unlisted secret");
    assert_line_refused("hidden_rooms = secre", "unlisted secret");
    assert_line_refused("hidden_rooms = none", "cannot be none");
    assert_line_refused("remote_user = true", "off on");
}

/* ---- formats ---- */

static void assert_all_taken(const char *name, const char *const *values)
{
    for (; *values; values++) {
        char line[300];

        snprintf(line, sizeof line, "%s = %s", name, *values);
        assert_line_taken(line);
    }
}

static void assert_all_refused(const char *name, const char *const *values)
{
    for (; *values; values++) {
        char line[300];

        snprintf(line, sizeof line, "%s = %s", name, *values);
        assert_line_refused(line, name);
    }
}

#define VALUES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* What this program cannot open is refused before anything runs. */
static void stores_are_sqlite(void **state)
{
    (void)state;
    assert_all_taken("store", VALUES("sqlite:/var/lib/globes", "sqlite:data", "sqlite:./a b"));
    assert_all_refused("store", VALUES("none", "sqlite", "sqlite:", "/var/lib/globes", "mongodb://a,b/x?y=z",
                                       "mongodb+srv://u:p@h/db", "SQLITE:/x", "postgres://x", "file:x"));
}

static void a_store_s_password_is_never_repeated(void **state)
{
    struct given g;

    (void)state;
    load(&g, "store = mongo://user:hunter2@host/\n", NULL);
    assert_false(g.good);
    assert_null(strstr(g.why.data, "hunter2"));
    done(&g);
}

static void the_bus_is_nats_or_none(void **state)
{
    (void)state;
    assert_all_taken("bus", VALUES("none", "nats://127.0.0.1:4222"));
    assert_all_refused("bus", VALUES("nats", "nats://", "redis://x", "127.0.0.1:4222"));
}

static void the_relay_listens_on_a_unix_socket_or_an_ipv4_port(void **state)
{
    (void)state;
    assert_all_taken("relay_listen", VALUES("unix:/a", "127.0.0.1:1", "0.0.0.0:65535"));
    assert_all_refused("relay_listen",
                       VALUES("none", "unix:", "unix:a", "/a", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",
                              "127.0.0.1:65536", "127.0.0.1:80x", "127.0.1:80", "localhost:80", "[::1]:80",
                              ":80", "80", "127.0.0.1:80:80", "256.0.0.1:80"));
    assert_all_taken("control_socket", VALUES("unix:/run/x.sock"));
    assert_all_refused("control_socket", VALUES("none", "/run/x.sock", "127.0.0.1:80", "unix:x"));
}

static void a_socket_s_path_has_at_most_107_bytes(void **state)
{
    char line[200] = "control_socket = unix:/";
    size_t begin = strlen(line);

    (void)state;
    memset(line + begin, 'p', 106);
    assert_line_taken(line);
    line[begin + 106] = 'p';
    assert_line_refused(line, "107 bytes");
}

static void the_base_path_is_a_plain_path(void **state)
{
    (void)state;
    assert_all_taken("base_path", VALUES("/", "/community", "/a/b-c/d_e.~1"));
    assert_all_refused("base_path", VALUES("none", "community", "/a/", "//", "//a", "/a//b", "/./a", "/a/..",
                                           "/a b", "/a?b", "/a%20b", "/\xc3\xa9", "/a#b", "http://x/a"));
}

static void sites_and_allowed_origins_are_origins(void **state)
{
    static const char *const good[] = {
        "none",          "https://example.org",       "http://localhost:8080", "https://a.example b://c:1",
        "https://[::1]", "https://[2001:db8::1]:443", "app+x://host",          NULL
    };
    static const char *const bad[] = { "example.org",
                                       "https://",
                                       "https://example.org/",
                                       "https://example.org/x",
                                       "https://example.org:",
                                       "https://example.org:0",
                                       "https://example.org:65536",
                                       "https://example.org:80:80",
                                       "https:/example.org",
                                       "://example.org",
                                       "https://u@example.org",
                                       "https://[::1",
                                       "https://[::1]x",
                                       "https://[x]",
                                       "null",
                                       "https://*.example.org",
                                       "https://a.example none",
                                       NULL };

    (void)state;
    assert_all_taken("site", good);
    assert_all_taken("allowed_origins", good);
    assert_all_refused("site", bad);
    assert_all_refused("allowed_origins", bad);
    assert_line_taken("allowed_origins = *");
    assert_line_refused("site = *", "origins");
}

static void trusted_proxies_are_addresses(void **state)
{
    struct given g;

    (void)state;
    assert_all_taken("trusted_proxies",
                     VALUES("none", "unix", "10.0.0.1", "::1 10.0.0.1   unix", "2001:db8::5"));
    assert_all_refused("trusted_proxies",
                       VALUES("localhost", "10.0.0", "10.0.0.1:80", "10.0.0.0/8", "::1 x", "[::1]"));
    load(&g, "trusted_proxies =  ::1   10.0.0.1 unix ", NULL);
    assert_good(&g);
    assert_int_equal(g.s.trusted_proxies.n, 3);
    assert_string_equal(g.s.trusted_proxies.item[0], "::1");
    assert_string_equal(g.s.trusted_proxies.item[2], "unix");
    done(&g);
}

static void rooms_are_public_and_obey_their_rules(void **state)
{
    (void)state;
    assert_all_taken("room", VALUES("none", "Lobby|public|Come in", "Lobby|PUBLIC|", "A b|public|x y"));
    assert_all_refused("room", VALUES("Lobby", "Lobby|public", "Lobby|public|a|b", "|public|", "5|public|",
                                      "a|public|x", "all|public|", "Lobby |public|x", "Lobby| public|x",
                                      "Lobby||", "Lobby|open|"));
    assert_line_refused("room = Lobby|private|x", "need a password");
    assert_line_refused("room = Lobby|hidden|x", "need a password");
    assert_line_refused("room = 123|public|x", "title");
    assert_line_refused(
        "room = Lobby|public|0123456789012345678901234567890123456789012345678901234567890123456789x",
        "description");
}

static void unix_paths_are_taken_out_of_settings(void **state)
{
    (void)state;
    assert_string_equal(settings_unix_path("unix:/run/x"), "/run/x");
    assert_null(settings_unix_path("127.0.0.1:80"));
    assert_null(settings_unix_path("unix:"));
    assert_null(settings_unix_path("unix:x"));
    assert_null(settings_unix_path(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_anything_the_defaults_hold),
        cmocka_unit_test(every_row_says_its_default),
        cmocka_unit_test(every_number_is_taken_from_its_least_to_its_most),
        cmocka_unit_test(sizes_take_k_and_m),
        cmocka_unit_test(times_take_ms_s_m_h_and_d),
        cmocka_unit_test(rates_take_s_min_and_h),
        cmocka_unit_test(bad_numbers_and_units_are_refused),
        cmocka_unit_test(words_are_those_of_the_table),
        cmocka_unit_test(stores_are_sqlite),
        cmocka_unit_test(a_store_s_password_is_never_repeated),
        cmocka_unit_test(the_bus_is_nats_or_none),
        cmocka_unit_test(the_relay_listens_on_a_unix_socket_or_an_ipv4_port),
        cmocka_unit_test(a_socket_s_path_has_at_most_107_bytes),
        cmocka_unit_test(the_base_path_is_a_plain_path),
        cmocka_unit_test(sites_and_allowed_origins_are_origins),
        cmocka_unit_test(trusted_proxies_are_addresses),
        cmocka_unit_test(rooms_are_public_and_obey_their_rules),
        cmocka_unit_test(unix_paths_are_taken_out_of_settings),
    };

    return cmocka_run_group_tests_name("settings_values", tests, given_open, given_close);
}

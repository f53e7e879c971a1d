/* SPDX-License-Identifier: MIT
 * common/settings: files, snippets and the environment become settings, or one sentence says where they do
 * not. The files are written to a folder of the test's own.
 */
#include "common/settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/globes-settings-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* ---- loading ---- */

enum { FILES_MAX = 3 };

struct given {
    struct settings s;
    struct buf why;
    char path[FILES_MAX][sizeof folder + 16];
    bool good;
};

static void write_file(const char *path, struct str text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
}

/* NULL-ended texts of files: each is written to a file of its own. */
static void load_texts(struct given *g, const struct str *text, char *const *environment)
{
    char *paths[FILES_MAX + 1] = { NULL };

    *g = (struct given){ 0 };
    for (size_t i = 0; text[i].p; i++) {
        assert_true(i < FILES_MAX);
        snprintf(g->path[i], sizeof g->path[i], "%s/%zu.conf", folder, i);
        write_file(g->path[i], text[i]);
        paths[i] = g->path[i];
    }
    g->good = settings_load(&g->s, paths, environment, &g->why);
    for (size_t i = 0; paths[i]; i++)
        unlink(paths[i]);
}

static void load(struct given *g, const char *text, char *const *environment)
{
    load_texts(g, (struct str[]){ str_of(text ? text : ""), { 0 } }, environment);
}

static void done(struct given *g)
{
    settings_free(&g->s);
    buf_free(&g->why);
}

static void assert_good(const struct given *g)
{
    if (!g->good)
        fail_msg("refused: %s", g->why.data);
    assert_int_equal(g->why.len, 0);
}

/* The sentence is prefix (the first file's path before it where it begins with " line") and has word in it.
 */
static void assert_says(const struct given *g, const char *prefix, const char *word)
{
    const char *says = g->why.data ? g->why.data : "";
    size_t path = prefix[0] == ' ' ? strlen(g->path[0]) : 0;

    if (g->good)
        fail_msg("taken, but should say: %s … %s", prefix, word);
    if (strncmp(says, g->path[0], path) || strncmp(says + path, prefix, strlen(prefix)) ||
        !strstr(says, word))
        fail_msg("\"%s\" is not \"%s … %s\"", says, prefix, word);
    assert_null(strchr(says, '\n'));
}

static void assert_line_taken(const char *line)
{
    struct given g;

    load(&g, line, NULL);
    if (!g.good)
        fail_msg("refused: %s: %s", line, g.why.data);
    done(&g);
}

static void assert_line_refused(const char *line, const char *word)
{
    struct given g;

    load(&g, line, NULL);
    if (g.good)
        fail_msg("taken: %s", line);
    assert_says(&g, " line 1: ", word);
    done(&g);
}

static struct setting_row row_of(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < settings_count(); i++)
        if (!strcmp(settings_row(s, i).name, name))
            return settings_row(s, i);
    fail_msg("no row %s", name);
    return (struct setting_row){ 0 };
}

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

static void stores_are_sqlite_or_mongodb(void **state)
{
    (void)state;
    assert_all_taken("store", VALUES("sqlite:/var/lib/globes", "sqlite:data", "sqlite:./a b",
                                     "mongodb://a,b/x?y=z", "mongodb+srv://u:p@h/db"));
    assert_all_refused("store",
                       VALUES("none", "sqlite", "sqlite:", "/var/lib/globes", "mongodb://", "mongodb+srv://",
                              "mongodb:/x", "SQLITE:/x", "postgres://x", "file:x"));
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

/* ---- files ---- */

static void files_have_remarks_empty_lines_and_any_spacing(void **state)
{
    struct given g;

    (void)state;
    load(&g, "# a remark\n\n   \t\n  # another = one\nfcgi_threads=3\n\thash_jobs   =  4  \r\nname_max = 5",
         NULL);
    assert_good(&g);
    assert_int_equal(g.s.fcgi_threads, 3);
    assert_int_equal(g.s.hash_jobs, 4);
    assert_int_equal(g.s.name_max, 5);
    assert_string_equal(row_of(&g.s, "name_max").value, "5");
    done(&g);
}

static void a_value_may_have_an_equals_sign_and_a_hash(void **state)
{
    struct given g;

    (void)state;
    load(&g, "store = mongodb://h/?a=b # c", NULL);
    assert_good(&g);
    assert_string_equal(g.s.store, "mongodb://h/?a=b # c");
    done(&g);
}

static void what_is_wrong_is_said_with_file_and_line(void **state)
{
    struct given g;
    char path[sizeof g.path[0] + 50];

    (void)state;
    load(&g, "# x\n\nstroe = sqlite:/x\n", NULL);
    snprintf(path, sizeof path, "%s line 3: unknown setting `stroe`", g.path[0]);
    assert_false(g.good);
    assert_string_equal(g.why.data, path);
    done(&g);
}

static void names_are_exact(void **state)
{
    (void)state;
    assert_line_refused("Store = sqlite:/x", "unknown setting `Store`");
    assert_line_refused("stor = sqlite:/x", "unknown setting");
    assert_line_refused("stores = sqlite:/x", "unknown setting");
    assert_line_refused("GLOBES_STORE = sqlite:/x", "unknown setting");
    assert_line_refused("= sqlite:/x", "unknown setting");
    assert_line_refused("store", "name = value");
    assert_line_refused("store: sqlite:/x", "name = value");
    assert_line_refused("[globes]", "name = value");
}

static void empty_values_are_refused(void **state)
{
    (void)state;
    assert_line_refused("store =", "needs a value");
    assert_line_refused("room = ", "needs a value");
    assert_line_refused("site = \t ", "needs a value");
}

static void control_characters_and_bad_utf8_are_refused(void **state)
{
    struct given g;

    (void)state;
    assert_line_refused("store = sqlite:/a\x01", "control characters");
    assert_line_refused("store = sqlite:/a\tb", "control characters");
    assert_line_refused("store = sqlite:/a\x7f", "control characters");
    assert_line_refused("store = sqlite:/\xff", "UTF-8");
    assert_line_taken("store = sqlite:/\xc3\xa9");
    load_texts(&g, (struct str[]){ STR("store = sqlite:/a\0b"), { 0 } }, NULL);
    assert_says(&g, " line 1: ", "control characters");
    done(&g);
    load_texts(&g, (struct str[]){ STR("store\0 = sqlite:/a"), { 0 } }, NULL);
    assert_says(&g, " line 1: ", "unknown setting");
    done(&g);
}

static void a_name_twice_in_one_file_is_refused(void **state)
{
    struct given g;

    (void)state;
    load(&g, "hash_jobs = 3\nname_max = 9\nhash_jobs = 3\n", NULL);
    assert_says(&g, " line 3: ", "hash_jobs is set twice");
    done(&g);
}

static void later_files_win_and_the_environment_over_all(void **state)
{
    char *environment[] = { "PATH=/bin", "GLOBES_NAME_MAX= 30 ", "GLOBE_X=1", "globes_name_max=1", NULL };
    struct given g;
    char origin[sizeof g.path[0] + 10];

    (void)state;
    load_texts(&g,
               (struct str[]){ STR("fcgi_threads = 10\nhash_jobs = 10\nname_max = 10\n"),
                               STR("\nhash_jobs = 20\nname_max = 20\n"),
                               { 0 } },
               environment);
    assert_good(&g);
    assert_int_equal(g.s.fcgi_threads, 10);
    assert_int_equal(g.s.hash_jobs, 20);
    assert_int_equal(g.s.name_max, 30);
    assert_string_equal(row_of(&g.s, "name_max").origin, "environment");
    assert_string_equal(row_of(&g.s, "name_max").value, "30");
    snprintf(origin, sizeof origin, "%s:2", g.path[1]);
    assert_string_equal(row_of(&g.s, "hash_jobs").origin, origin);
    assert_string_equal(row_of(&g.s, "log_level").origin, "default");
    done(&g);
}

static void a_bad_value_is_refused_even_where_another_wins(void **state)
{
    char *environment[] = { "GLOBES_HASH_JOBS=3", NULL };
    struct given g;

    (void)state;
    load(&g, "hash_jobs = many", environment);
    assert_says(&g, " line 1: ", "hash_jobs must be a number from 1 to 64");
    done(&g);
}

static void rooms_of_one_file_add_up_and_later_ones_replace_them(void **state)
{
    char *environment[] = { "GLOBES_ROOM=C3|public|x\n\n D4|public| \nE5|public|y\n", NULL };
    static const char first[] = "room = A1|public|x\nroom = B2|public|y\n";
    struct given g;

    (void)state;
    load(&g, first, NULL);
    assert_good(&g);
    assert_int_equal(g.s.room.n, 2);
    assert_string_equal(g.s.room.item[0], "A1|public|x");
    assert_string_equal(g.s.room.item[1], "B2|public|y");
    assert_string_equal(row_of(&g.s, "room").value, "A1|public|x\nB2|public|y");
    done(&g);
    load_texts(&g, (struct str[]){ STR(first), STR("room = Z9|public|z\n"), { 0 } }, NULL);
    assert_good(&g);
    assert_int_equal(g.s.room.n, 1);
    done(&g);
    load(&g, first, environment);
    assert_good(&g);
    assert_int_equal(g.s.room.n, 3);
    assert_string_equal(g.s.room.item[0], "C3|public|x");
    assert_string_equal(g.s.room.item[1], "D4|public|");
    assert_string_equal(g.s.room.item[2], "E5|public|y");
    done(&g);
}

static void none_does_not_stand_among_rooms(void **state)
{
    struct given g;

    (void)state;
    load(&g, "room = A1|public|x\nroom = none\n", NULL);
    assert_says(&g, " line 2: ", "room");
    done(&g);
    load(&g, "room = none\nroom = A1|public|x\n", NULL);
    assert_says(&g, " line 2: ", "room");
    done(&g);
}

static void lines_have_at_most_4096_bytes(void **state)
{
    struct buf text = { 0 };
    struct given g;

    (void)state;
    buf_text(&text, "\n#");
    for (size_t i = 1; i < 4096; i++)
        buf_char(&text, 'x');
    load(&g, text.data, NULL);
    assert_good(&g);
    done(&g);
    buf_char(&text, 'x');
    load(&g, text.data, NULL);
    assert_says(&g, " line 2: ", "4096 bytes");
    done(&g);
    buf_free(&text);
}

static void a_file_has_at_most_1_mb(void **state)
{
    struct buf text = { 0 };
    struct given g;

    (void)state;
    buf_text(&text, "hash_jobs = 7");
    while (text.len < 1024 * 1024)
        buf_char(&text, '\n');
    load(&g, text.data, NULL);
    assert_good(&g);
    assert_int_equal(g.s.hash_jobs, 7);
    done(&g);
    buf_char(&text, '\n');
    load(&g, text.data, NULL);
    assert_says(&g, g.path[0], "1 MB");
    done(&g);
    buf_free(&text);
}

static void a_file_that_cannot_be_read_is_said(void **state)
{
    char *missing[] = { "/nonexistent/globes.conf", NULL }, *directory[] = { folder, NULL };
    struct given g = { 0 };

    (void)state;
    g.good = settings_load(&g.s, missing, NULL, &g.why);
    assert_says(&g, "/nonexistent/globes.conf: cannot be read", strerror(ENOENT));
    done(&g);
    g = (struct given){ 0 };
    g.good = settings_load(&g.s, directory, NULL, &g.why);
    assert_says(&g, folder, strerror(EISDIR));
    done(&g);
}

static void after_a_refusal_nothing_is_left_and_all_may_be_freed(void **state)
{
    struct given g;

    (void)state;
    load(&g, "site = https://a.example\nroom = A1|public|x\nx = y\n", NULL);
    assert_false(g.good);
    assert_null(g.s.store);
    assert_int_equal(g.s.room.n, 0);
    settings_free(&g.s);
    settings_free(&g.s);
    done(&g);
}

/* ---- the environment ---- */

static void assert_variable_refused(char *variable, const char *prefix, const char *word)
{
    char *environment[] = { "HOME=/", variable, NULL };
    struct given g;

    load(&g, "", environment);
    assert_says(&g, prefix, word);
    done(&g);
}

static void unknown_and_bad_variables_are_refused(void **state)
{
    (void)state;
    assert_variable_refused("GLOBES_STROE=x", "GLOBES_STROE in the environment: ", "unknown setting");
    assert_variable_refused("GLOBES_=x", "GLOBES_ in the environment: ", "unknown setting");
    assert_variable_refused("GLOBES_store=sqlite:/x", "GLOBES_store in the environment: ", "unknown setting");
    assert_variable_refused("GLOBES_STORE=", "GLOBES_STORE in the environment: ", "needs a value");
    assert_variable_refused("GLOBES_STORE", "GLOBES_STORE in the environment: ", "needs a value");
    assert_variable_refused("GLOBES_HASH_JOBS=0", "GLOBES_HASH_JOBS in the environment: ", "from 1 to 64");
    assert_variable_refused("GLOBES_SITE=https://a.example\nhttps://b.example",
                            "GLOBES_SITE in the environment: ", "control characters");
    assert_variable_refused("GLOBES_ROOM=A1|public|x\nnone",
                            "GLOBES_ROOM in the environment: ", "three parts");
}

/* ---- snippets ---- */

static void web_servers_snippets_are_read(void **state)
{
    struct given g;

    (void)state;
    load(&g,
         "# SetEnv GLOBES_NOTHING x\n<Location /chats>\n"
         "  SetEnv GLOBES_HASH_JOBS 3\n"
         "\tFcgidInitialEnv\tGLOBES_NAME_MAX   \"4\"  \n"
         "SetEnv GLOBES_ROOM \"The Lobby|public|Come in\"\r\n"
         "  SetEnv OTHER_THING x y\n</Location>\n",
         NULL);
    assert_good(&g);
    assert_int_equal(g.s.hash_jobs, 3);
    assert_int_equal(g.s.name_max, 4);
    assert_string_equal(g.s.room.item[0], "The Lobby|public|Come in");
    done(&g);
    load(&g,
         "fastcgi.server = ( \"/chats\" => ((\n  \"bin-environment\" => (\n"
         "    \"GLOBES_STORE\" => \"sqlite:/a b/$x\\'\",\n    \"GLOBES_HASH_JOBS\"=>\"3\" ,\n"
         "  # \"GLOBES_X\" => y\n  ))))\n",
         NULL);
    assert_good(&g);
    assert_string_equal(g.s.store, "sqlite:/a b/$x\\'");
    assert_int_equal(g.s.hash_jobs, 3);
    done(&g);
}

static void other_lines_with_globes_in_a_snippet_are_refused(void **state)
{
    static const char *const lines[] = {
        "SetEnv GLOBES_STORE",
        "SetEnv GLOBES_STORE sqlite:/a b",
        "SetEnv GLOBES_STORE \"sqlite:/a",
        "SetEnv GLOBES_STORE sqlite:/a\"",
        "SetEnv GLOBES_STORE 'sqlite:/a'",
        "SetEnv GLOBES_STORE \"sqlite:/a\" x",
        "SetEnv GLOBES_STORE \"a\\\"b\"",
        "SetEnv GLOBES_STORE sqlite:${DIR}",
        "SetEnv GLOBES_STORE sqlite:/a \\",
        "setenv GLOBES_STORE sqlite:/a",
        "SetEnvIf GLOBES_STORE sqlite:/a",
        "SetEnvGLOBES_STORE sqlite:/a",
        "PassEnv GLOBES_STORE",
        "SetEnv \"GLOBES_STORE\" sqlite:/a",
        "\"GLOBES_STORE\" => \"sqlite:/a\"",
        "\"GLOBES_STORE\" => sqlite:/a,",
        "\"GLOBES_STORE\" = \"sqlite:/a\",",
        "\"GLOBES_STORE\" => \"sqlite:/a\"b\",",
        "\"GLOBES_STORE\" => \"a\", # x",
        "\"GLOBES_STORE\",",
        "\"GLOBES_STORE => \"a\",",
        "( \"GLOBES_STORE\" => \"a\" )",
        "x GLOBES_STORE",
        "store = env.GLOBES_STORE",
        "\"GLOBES_\",",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[300];
        struct given g;

        snprintf(text, sizeof text, "Listen 80\nSetEnv GLOBES_HASH_JOBS 3\n  %s\n", lines[i]);
        load(&g, text, NULL);
        assert_says(&g, " line 3: ", "a line with GLOBES_ in it must be one of");
        done(&g);
    }
}

static void unknown_names_and_bad_values_in_a_snippet_are_refused(void **state)
{
    static const struct {
        const char *line, *word;
    } bad[] = {
        { "SetEnv GLOBES_STROE x", "unknown setting `GLOBES_STROE`" },
        { "SetEnv GLOBES_store sqlite:/x", "unknown setting" },
        { "SetEnv GLOBES_ x", "unknown setting" },
        { "\"GLOBES_STROE\" => \"x\",", "unknown setting `GLOBES_STROE`" },
        { "SetEnv GLOBES_HASH_JOBS 0", "from 1 to 64" },
        { "SetEnv GLOBES_HASH_JOBS \"\"", "needs a value" },
        { "\"GLOBES_HASH_JOBS\" => \" \",", "needs a value" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_line_refused(bad[i].line, bad[i].word);
}

/* ---- settings that cannot go together ---- */

static void settings_that_cannot_go_together_are_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        { "hangup = 25s", "hangup (25s, " },
        { "ping_interval = 90s", "hangup (90s, default) must be longer than ping_interval (90s, " },
        { "frame_max = 1k", "message_max (4k, default) must not be above frame_max (1k, " },
        { "token_lifetime = 13h", "token_max_age (12h, default) must not be below token_lifetime (13h, " },
        { "relay_listen = unix:/x\ncontrol_socket = unix:/x", "relay_listen (unix:/x, " },
        { "remote_user = on", "remote_user (on, " },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct given g;

        load(&g, bad[i].text, NULL);
        assert_says(&g, bad[i].says, ".conf:1");
        done(&g);
    }
    assert_line_taken("hangup = 25001ms");
    assert_line_taken("frame_max = 4k");
    assert_line_taken("message_max = 16k");
    assert_line_taken("token_lifetime = 12h");
    assert_line_taken("remote_user = on\nsite = https://example.org");
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
        cmocka_unit_test(stores_are_sqlite_or_mongodb),
        cmocka_unit_test(a_store_s_password_is_never_repeated),
        cmocka_unit_test(the_bus_is_nats_or_none),
        cmocka_unit_test(the_relay_listens_on_a_unix_socket_or_an_ipv4_port),
        cmocka_unit_test(a_socket_s_path_has_at_most_107_bytes),
        cmocka_unit_test(the_base_path_is_a_plain_path),
        cmocka_unit_test(sites_and_allowed_origins_are_origins),
        cmocka_unit_test(trusted_proxies_are_addresses),
        cmocka_unit_test(rooms_are_public_and_obey_their_rules),
        cmocka_unit_test(unix_paths_are_taken_out_of_settings),
        cmocka_unit_test(files_have_remarks_empty_lines_and_any_spacing),
        cmocka_unit_test(a_value_may_have_an_equals_sign_and_a_hash),
        cmocka_unit_test(what_is_wrong_is_said_with_file_and_line),
        cmocka_unit_test(names_are_exact),
        cmocka_unit_test(empty_values_are_refused),
        cmocka_unit_test(control_characters_and_bad_utf8_are_refused),
        cmocka_unit_test(a_name_twice_in_one_file_is_refused),
        cmocka_unit_test(later_files_win_and_the_environment_over_all),
        cmocka_unit_test(a_bad_value_is_refused_even_where_another_wins),
        cmocka_unit_test(rooms_of_one_file_add_up_and_later_ones_replace_them),
        cmocka_unit_test(none_does_not_stand_among_rooms),
        cmocka_unit_test(lines_have_at_most_4096_bytes),
        cmocka_unit_test(a_file_has_at_most_1_mb),
        cmocka_unit_test(a_file_that_cannot_be_read_is_said),
        cmocka_unit_test(after_a_refusal_nothing_is_left_and_all_may_be_freed),
        cmocka_unit_test(unknown_and_bad_variables_are_refused),
        cmocka_unit_test(web_servers_snippets_are_read),
        cmocka_unit_test(other_lines_with_globes_in_a_snippet_are_refused),
        cmocka_unit_test(unknown_names_and_bad_values_in_a_snippet_are_refused),
        cmocka_unit_test(settings_that_cannot_go_together_are_refused),
    };

    return cmocka_run_group_tests_name("settings", tests, make_folder, remove_folder);
}

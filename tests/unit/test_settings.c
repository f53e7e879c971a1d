/* SPDX-License-Identifier: MIT
 * common/settings: who sets what: defaults, files, snippets and the environment, and the sentences that
 * refuse them. What values may look like is in test_settings_values.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/settings_given.h"

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
    load(&g, "store = sqlite:/h/?a=b # c", NULL);
    assert_good(&g);
    assert_string_equal(g.s.store, "sqlite:/h/?a=b # c");
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
    static const char *const environment[] = { "PATH=/bin", "GLOBES_NAME_MAX= 30 ", "GLOBE_X=1",
                                               "globes_name_max=1", NULL };
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
    static const char *const environment[] = { "GLOBES_HASH_JOBS=3", NULL };
    struct given g;

    (void)state;
    load(&g, "hash_jobs = many", environment);
    assert_says(&g, " line 1: ", "hash_jobs must be a number from 1 to 64");
    done(&g);
}

static void rooms_of_one_file_add_up_and_later_ones_replace_them(void **state)
{
    static const char *const environment[] = { "GLOBES_ROOM=C3|public|x\n\n D4|public| \nE5|public|y\n",
                                               NULL };
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
    const char *const missing[] = { "/nonexistent/globes.conf", NULL };
    const char *const directory[] = { given_folder, NULL };
    struct given g = { 0 };

    (void)state;
    given_load(&g, missing, NULL);
    assert_says(&g, "/nonexistent/globes.conf: cannot be read", strerror(ENOENT));
    done(&g);
    g = (struct given){ 0 };
    given_load(&g, directory, NULL);
    assert_says(&g, given_folder, strerror(EISDIR));
    done(&g);
}

static void without_a_file_given_the_installed_one_is_read_if_it_is_there(void **state)
{
    static const char *const environment[] = { "GLOBES_HASH_JOBS=3", NULL };
    struct given g = { 0 };

    (void)state;
    given_load(&g, NULL, environment);
    if (access(SETTINGS_FILE, F_OK) && errno == ENOENT) {
        assert_good(&g);
        assert_int_equal(g.s.hash_jobs, 3);
    } else if (!g.good) {
        assert_says(&g, SETTINGS_FILE, "");
    }
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

static void assert_variable_refused(const char *variable, const char *prefix, const char *word)
{
    const char *const environment[] = { "HOME=/", variable, NULL };
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
        cmocka_unit_test(without_a_file_given_the_installed_one_is_read_if_it_is_there),
        cmocka_unit_test(after_a_refusal_nothing_is_left_and_all_may_be_freed),
        cmocka_unit_test(unknown_and_bad_variables_are_refused),
        cmocka_unit_test(web_servers_snippets_are_read),
        cmocka_unit_test(other_lines_with_globes_in_a_snippet_are_refused),
        cmocka_unit_test(unknown_names_and_bad_values_in_a_snippet_are_refused),
        cmocka_unit_test(settings_that_cannot_go_together_are_refused),
    };

    return cmocka_run_group_tests_name("settings", tests, given_open, given_close);
}

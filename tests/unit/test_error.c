/* SPDX-License-Identifier: MIT
 * The table of errors (common/error.h) against the API's own list, written down here a second time on
 * purpose.
 */
#include "common/error.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/json.h"

static const struct {
    enum err e;
    int code, http;
    const char *text;
} promised[] = {
    { ERR_ROOM_NOT_FOUND, 101, 404, "Room error: Room not found" },
    { ERR_ROOM_DUPLICATE, 102, 400, "Room error: Duplicate room" },
    { ERR_ROOM_JSON, 103, 400, "Room error: Invalid JSON" },
    { ERR_ROOM_UNAUTHORIZED, 104, 401, "Room error: Unauthorized operation" },
    { ERR_ROOM_ORIGIN, 104, 403, "Room error: Unauthorized operation" },
    { ERR_ROOM_CONTENT, 105, 400, "Room error: Invalid content" },
    { ERR_CLIENT_NOT_FOUND, 201, 404, "Client error: User not found" },
    { ERR_CLIENT_DUPLICATE, 202, 400, "Client error: Duplicate username" },
    { ERR_CLIENT_JSON, 203, 400, "Client error: Invalid JSON" },
    { ERR_CLIENT_UNAUTHORIZED, 204, 401, "Client error: Unauthorized operation" },
    { ERR_SESSION, 301, 400, "Could not establish session" },
    { ERR_SESSION_VERSION, 301, 426, "Could not establish session" },
    { ERR_LOGIN_JSON, 303, 400, "Invalid JSON" },
    { ERR_LOGIN_UNAUTHORIZED, 304, 401, "Unauthorized operation" },
    { ERR_CLIENT_DEVICE, 305, 400, "Unsupported client device" },
    { ERR_TOKEN_SIGNATURE, 401, 401, "Token error: Invalid signature" },
    { ERR_TOKEN_METHOD, 402, 401, "Token error: Unauthorized signing method" },
    { ERR_TOKEN_INVALID, 403, 403, "Token error: Invalid token" },
    { ERR_NOT_FOUND, 404, 404, "Not found" },
    { ERR_METHOD, 405, 405, "Method not allowed" },
    { ERR_TOO_LARGE, 413, 413, "Request too large" },
    { ERR_TOO_MANY, 429, 429, "Too many requests" },
    { ERR_HEAD_TOO_LARGE, 431, 431, "Request head too large" },
    { ERR_INTERNAL, 500, 500, "Internal error" },
    { ERR_UNAVAILABLE, 503, 503, "Service unavailable" },
};

static void every_error_has_the_code_status_and_text_that_the_api_promises(void **state)
{
    (void)state;
    assert_int_equal(sizeof promised / sizeof *promised, ERR_COUNT - 1);
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++) {
        const struct error_info *info = error_info(promised[i].e);

        assert_int_equal(promised[i].e, i + 1);
        assert_int_equal(info->code, promised[i].code);
        assert_int_equal(info->http, promised[i].http);
        assert_string_equal(info->text, promised[i].text);
    }
}

static void no_error_is_all_zero(void **state)
{
    const struct error_info *info = error_info(ERR_OK);

    (void)state;
    assert_int_equal(info->code, 0);
    assert_int_equal(info->http, 0);
    assert_string_equal(info->name, "");
    assert_string_equal(info->text, "");
}

static void names_are_those_of_the_table(void **state)
{
    (void)state;
    assert_string_equal(error_info(ERR_ROOM_NOT_FOUND)->name, "ROOM_NOT_FOUND");
    assert_string_equal(error_info(ERR_UNAVAILABLE)->name, "UNAVAILABLE");
}

static void the_json_has_its_members_in_order(void **state)
{
    struct buf b = { 0 };

    (void)state;
    error_json(&b, ERR_ROOM_NOT_FOUND, STR("a \"b\""));
    assert_string_equal(b.data,
                        "{\"status\":false,\"error\":{\"code\":101,\"error\":\"Room error: Room not found\","
                        "\"field\":\"a \\\"b\\\"\"}}");
    buf_clear(&b);
    error_json(&b, ERR_METHOD, (struct str){ 0 });
    assert_string_equal(b.data,
                        "{\"status\":false,\"error\":{\"code\":405,\"error\":\"Method not allowed\"}}");
    buf_clear(&b);
    error_json(&b, ERR_METHOD, STR(""));
    assert_string_equal(
        b.data,
        "{\"status\":false,\"error\":{\"code\":405,\"error\":\"Method not allowed\",\"field\":\"\"}}");
    buf_free(&b);
}

static void check_json(struct json_reader *r, enum err e)
{
    struct json_member outer[] = { { .name = "status" }, { .name = "error" } };
    struct json_member inner[] = { { .name = "code" }, { .name = "error" }, { .name = "field" } };
    struct buf b = { 0 };
    int64_t code;

    error_json(&b, e, STR("title"));
    assert_true(json_read(r, buf_all(&b), outer, 2));
    assert_true(str_is(outer[0].text, "false"));
    assert_true(json_read(r, outer[1].text, inner, 3));
    assert_true(json_int(&inner[0], &code));
    assert_int_equal(code, error_info(e)->code);
    assert_true(str_is(inner[1].text, error_info(e)->text));
    assert_true(str_is(inner[2].text, "title"));
    buf_free(&b);
}

static void every_error_is_good_json(void **state)
{
    struct json_reader *r = json_reader_new();

    (void)state;
    assert_non_null(r);
    for (int e = ERR_OK + 1; e < ERR_COUNT; e++)
        check_json(r, (enum err)e);
    json_reader_free(r);
}

static void every_status_has_words_of_its_own(void **state)
{
    (void)state;
    assert_string_equal(error_status_text(200), "OK");
    assert_string_equal(error_status_text(404), "Not Found");
    for (int e = ERR_OK + 1; e < ERR_COUNT; e++) {
        int http = error_info((enum err)e)->http;

        assert_true(http == 500 || strcmp(error_status_text(http), error_status_text(500)) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_the_code_status_and_text_that_the_api_promises),
        cmocka_unit_test(no_error_is_all_zero),
        cmocka_unit_test(names_are_those_of_the_table),
        cmocka_unit_test(the_json_has_its_members_in_order),
        cmocka_unit_test(every_error_is_good_json),
        cmocka_unit_test(every_status_has_words_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 * Heads of handshakes, relay/head.h: what is one, where it ends, and what is in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "relay/head.h"

#define KEY  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define HEAD "GET /chats/tea/ws HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define V13  "Sec-WebSocket-Version: 13\r\n"
#define END  "\r\n"

/* The text in memory of exactly its length, so that a sanitizer sees every step beyond. */
static struct str exactly(struct str s)
{
    char *p = malloc(s.n ? s.n : 1);

    assert_non_null(p);
    memcpy(p, s.p, s.n);
    return (struct str){ p, s.n };
}

static void release(struct str s)
{
    free((void *)(uintptr_t)s.p);
}

static size_t end_of(struct str text)
{
    struct str s = exactly(text);
    size_t scanned = 0, end = head_end(s, &scanned);

    release(s);
    return end;
}

static void a_head_ends_behind_its_empty_line(void **state)
{
    struct str whole = STR(HEAD KEY V13 END "\x81\x80....");

    (void)state;
    assert_int_equal(end_of(whole), whole.n - 6);
    for (size_t n = 0; n < whole.n - 6; n++)
        assert_int_equal(end_of((struct str){ whole.p, n }), 0);
}

static void it_ends_at_the_same_place_however_it_comes(void **state)
{
    struct str whole = STR(HEAD KEY V13 END "more\n\0more");

    (void)state;
    for (size_t step = 1; step < whole.n; step++) {
        size_t scanned = 0, end = 0, n = 0;

        while (!end) {
            n = n + step < whole.n ? n + step : whole.n;
            end = head_end((struct str){ whole.p, n }, &scanned);
            assert_true(end || scanned == n); /* nothing is looked at twice */
        }
        assert_int_equal(end, strlen(HEAD KEY V13 END));
    }
}

static void other_line_ends_and_nul_are_no_head(void **state)
{
    (void)state;
    assert_int_equal(end_of(STR("GET / HTTP/1.1\nHost: a\n\n")), SIZE_MAX);
    assert_int_equal(end_of(STR("\n")), SIZE_MAX);
    assert_int_equal(end_of(STR("GET / HTTP/1.1\rHost")), SIZE_MAX);
    assert_int_equal(end_of(STR("GET / HTTP/1.1\r\r\n")), SIZE_MAX);
    assert_int_equal(end_of(STR("GET /\0 HTTP/1.1\r\n\r\n")), SIZE_MAX);
    assert_int_equal(end_of(STR("\r\n\r\n")), 4); /* an end, which head_read() refuses */
}

static void fields_are_found_whatever_their_case(void **state)
{
    struct head h;

    (void)state;
    assert_true(head_read(
        &h, STR("GET /x?y HTTP/1.1\r\nhOST:a\r\nORIGIN: \thttps://b \r\nsec-websocket-protocol: t.o.k\r\n"
                "authorization: Bearer x\r\nX-Forwarded-For: 1\r\nX-Forwarded-For: 2\r\n\r\n")));
    assert_true(str_is(h.method, "GET") && str_is(h.target, "/x?y") && str_is(h.host, "a"));
    assert_true(str_is(h.origin, "https://b") && str_is(h.protocol, "t.o.k") &&
                str_is(h.authorization, "Bearer x"));
    assert_true(str_is(h.forwarded_for, "2"));
    assert_true(!h.upgrade && !h.repeated && !h.origins && !h.protocols && !h.key.p && !h.version.p);
}

static void what_is_no_request_is_refused(void **state)
{
    static const char *const bad[] = {
        "\r\n",
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        " / HTTP/1.1\r\n\r\n",
        "GET / HTTP/2\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "GET / x HTTP/1.1\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\n: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n",
        "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHo\x01st: a\r\n\r\n",
        "GET / HTTP/1.1\r\nH\xc3\xb6st: a\r\n\r\n",
    };
    struct head h;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct str s = exactly(str_of(bad[i]));

        assert_false(head_read(&h, s));
        release(s);
    }
}

/* Not for WebSockets; but whoever asks for health may. */
static void the_older_version_is_told_apart(void **state)
{
    struct head h;

    (void)state;
    assert_true(head_read(&h, STR("GET / HTTP/1.0\r\nA: b\r\n\r\n")) && h.old);
    assert_true(head_read(&h, STR("GET / HTTP/1.1\r\nA: b\r\n\r\n")) && !h.old);
}

static bool handshake(const char *text)
{
    struct str s = exactly(str_of(text));
    struct head h;
    bool good = head_read(&h, s) && head_is_handshake(&h);

    release(s);
    return good;
}

static void a_handshake_needs_all_its_parts(void **state)
{
    (void)state;
    assert_true(handshake(HEAD KEY V13 END));
    assert_true(handshake(HEAD KEY "Sec-WebSocket-Version: 8\r\n" END)); /* the number is looked at later */
    assert_true(handshake(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c, WebSocket\r\nConnection: keep-alive, UPGRADE\r\n" KEY V13
            END));
    assert_false(handshake(HEAD KEY END));
    assert_false(handshake(HEAD V13 END));
    assert_false(
        handshake("POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY V13 END));
    assert_false(
        handshake("GET / HTTP/1.0\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY V13 END));
    assert_false(handshake("GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY V13 END));
    assert_false(handshake("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n" KEY V13 END));
    assert_false(handshake("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n" KEY V13 END));
    assert_false(
        handshake("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websockets\r\nConnection: Upgrade\r\n" KEY V13 END));
    assert_false(
        handshake("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: close\r\n" KEY V13 END));
}

static void what_may_stand_there_once_may_not_stand_there_twice(void **state)
{
    struct head h;

    (void)state;
    assert_false(handshake(HEAD KEY KEY V13 END));
    assert_false(handshake(HEAD KEY V13 V13 END));
    assert_false(handshake(HEAD "Host: b\r\n" KEY V13 END));
    assert_false(handshake(HEAD "Authorization: a\r\nAuthorization: a\r\n" KEY V13 END));
    assert_true(head_read(&h, STR(HEAD "Origin: a\r\nOrigin: a\r\n" END)) && h.origins && !h.repeated);
    assert_true(head_read(&h, STR(HEAD "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n" END)) &&
                h.protocols);
}

static void a_key_is_sixteen_bytes_in_base64(void **state)
{
    static const char *const bad[] = { "",
                                       "dGhlIHNhbXBsZSBub25jZQ=",
                                       "dGhlIHNhbXBsZSBub25jZQ===",
                                       "dGhlIHNhbXBsZSBub25jZQAA",
                                       "dGhlIHNhbXBsZSBub25j=Q==",
                                       "dGhlIHNhbXBsZSBub25j*Q==",
                                       "*GhlIHNhbXBsZSBub25jZQ==",
                                       "dGhlIHNhbXBsZSBub25j-Q==" };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, HEAD V13 "Sec-WebSocket-Key: %s\r\n\r\n", bad[i]);
        assert_false(handshake(text));
    }
    snprintf(text, sizeof text, HEAD V13 "Sec-WebSocket-Key: %s\r\n\r\n", "+/hlIHNhbXBsZSBub25jZQ==");
    assert_true(handshake(text));
}

static void a_bearer_is_a_scheme_and_a_token(void **state)
{
    (void)state;
    assert_true(str_is(head_bearer(STR("Bearer a.b-c_D9")), "a.b-c_D9"));
    assert_true(str_is(head_bearer(STR("bEARER   x")), "x"));
    assert_null(head_bearer(STR("Basic x")).p);
    assert_null(head_bearer(STR("Bearer")).p);
    assert_null(head_bearer(STR("Bearer ")).p);
    assert_null(head_bearer(STR("Bearer a, Bearer b")).p);
    assert_null(head_bearer(STR("Bearer a b")).p);
    assert_null(head_bearer((struct str){ 0 }).p);
    assert_false(head_token_shaped(STR("")));
    assert_false(head_token_shaped(STR("a\r\nX: y")));
    assert_false(head_token_shaped(STR("a=")));
    assert_false(head_token_shaped(STR("=a")));
}

/* Good heads with a few bytes changed: nothing beyond the text is read, and a handshake keeps what makes it one. */
static void changed_heads_do_no_harm(void **state)
{
    struct str good = STR(HEAD KEY V13 "Origin: https://a.example\r\nSec-WebSocket-Protocol: a.b.c\r\n" END);
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct str s = exactly(good);
        char *p = (char *)(uintptr_t)s.p;
        struct head h;

        for (int i = rand_r(&seed) % 3; i >= 0; i--)
            p[rand_r(&seed) % (int)s.n] = (char)rand_r(&seed);
        if (end_of(s) == s.n && head_read(&h, s) && head_is_handshake(&h)) {
            assert_memory_equal(s.p, "GET ", 4);
            assert_true(h.key.n == 24 && h.host.p && h.version.p);
            assert_true(h.target.p >= s.p && h.target.p + h.target.n <= s.p + s.n);
        }
        release(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_ends_behind_its_empty_line),
        cmocka_unit_test(it_ends_at_the_same_place_however_it_comes),
        cmocka_unit_test(other_line_ends_and_nul_are_no_head),
        cmocka_unit_test(fields_are_found_whatever_their_case),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(the_older_version_is_told_apart),
        cmocka_unit_test(a_handshake_needs_all_its_parts),
        cmocka_unit_test(what_may_stand_there_once_may_not_stand_there_twice),
        cmocka_unit_test(a_key_is_sixteen_bytes_in_base64),
        cmocka_unit_test(a_bearer_is_a_scheme_and_a_token),
        cmocka_unit_test(changed_heads_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

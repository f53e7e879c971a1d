# SPDX-License-Identifier: MIT
"""Paths and methods: what is there, what is not, and that no way of writing a path leads around a rule."""
import pytest
from expect import (ANY_FIELD, JSON_ONLY, created, enter, fresh, history, is_gone, make, private, refused, rooms,
                    show, shown)

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
ALLOWED = {
    "/chats": {"GET", "POST"},
    "/chats/all": {"GET"},
    "/chats/events/{}": {"GET"},
    "/chats/{}": {"GET", "PUT", "DELETE"},
    "/chats/{}/entrance": {"GET"},
    "/chats/{}/token": {"POST"},
    "/chats/{}/token/renew": {"GET"},
}
WRONG = [(path, method) for path, allowed in ALLOWED.items() for method in METHODS if method not in allowed]
HANDS_OFF = (400, 404)


def raw_get(site, target, *lines, method="GET", version="HTTP/1.1"):
    """One request whose target is sent as it stands; returns status and the whole answer."""
    head = [f"{method} {target} {version}", f"Host: 127.0.0.1:{site.port}", "Accept: application/json",
            "Connection: close", *lines, "", ""]
    raw = site.raw_http("\r\n".join(head).encode("latin-1"))
    assert raw.startswith(b"HTTP/1."), raw[:200]
    return int(raw.split(None, 2)[1]), raw


@pytest.mark.parametrize("path", [
    "/chats/{}/x", "/chats/{}/tokens", "/chats/{}/token/x", "/chats/{}/token/renew/x", "/chats/{}/entrance/x",
    "/chats/x/y/z", "/chats/events/{}/x", "/chats/all/x", "/chats/a/b/c/d/e/f/g/h",
    "/chats/{}/Token", "/chats/{}/ENTRANCE", "/chats/{}/token/Renew", "/chats/{}/messages/1/2"])
def test_an_unknown_path_is_not_found(site, path):
    refused(site.http("GET", path.format(site.room()), headers=JSON_ONLY), 404)


def test_events_of_nothing_are_not_found(site):
    answer = site.http("GET", "/chats/events", headers=JSON_ONLY)
    refused(answer, answer.json()["error"]["code"], field=(None, "events"), http=404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_an_unknown_path_is_not_found_by_any_method(site, method):
    refused(site.http(method, f"/chats/{site.room()}/x/y"), 404)


@pytest.mark.parametrize("path", [
    "/chatsfoo", "/chats.php", "/chat", "/Chats", "/chats2/all", "/rooms", "/CHATS/all"])
def test_a_path_that_is_not_ours_is_not_answered_as_one(site, path):
    answer = site.http("GET", path, headers=JSON_ONLY)
    assert answer.status in (403, 404), answer
    assert '"rooms"' not in answer.text and '"data"' not in answer.text


def test_the_front_page_leads_to_the_rooms(site):
    answer = site.http("GET", "/")
    assert (answer.status, answer.headers["Location"]) == (302, "/chats")


@pytest.mark.parametrize("target", [
    "/chats/{}/", "/chats//{}", "//chats/{}", "/chats/", "/chats//", "/chats/all/", "/chats/{}/token//renew",
    "/chats/{}/entrance/"])
def test_empty_parts_of_a_path_lead_nowhere(site, target):
    status, raw = raw_get(site, target.format(site.room()))
    assert status in HANDS_OFF, raw
    assert b'"title"' not in raw and b'"rooms"' not in raw


@pytest.mark.parametrize("target", [
    "/chats/..", "/chats/.", "/chats/../chats/..", "/chats/%2e%2e", "/chats/%2E",
    "/chats/%2e%2e/%2e%2e/etc/passwd", "/chats/../../../etc/passwd", "/chats/{}/..%2f..",
    "/chats/{}/%2e%2e/%2e%2e", "/chats/..;/", "/chats/..%5c..", "/chats/..%00"])
def test_dots_lead_nowhere(site, target):
    status, raw = raw_get(site, target.format(site.room()))
    assert status in (302, 400, 403, 404), raw  # 302: tidied up to /, from which globesctl run leads to the rooms
    assert b'"title"' not in raw and b"root:" not in raw


@pytest.mark.parametrize("target", [
    "/chats/a/../{}", "/chats/./{}", "/chats/{}/.", "/chats/x/%2e%2e/{}", "/chats//../chats/{}"])
def test_a_path_with_dots_is_at_most_the_path_without(site, target):
    """A web server may tidy a path up; what it then means must not depend on who does so."""
    room = private(site, "hidden")
    status, raw = raw_get(site, target.format(room))
    assert status in (200, 400, 404), raw
    assert status != 200 or b'"users":[]' in raw


@pytest.mark.parametrize("target", [
    "/chats/%00", "/chats/{}%00", "/chats/a%00b", "/chats/%ff", "/chats/a%ffb", "/chats/%c0%af",
    "/chats/%c0%ae%c0%ae", "/chats/%ed%a0%80", "/chats/%f5%80%80%80", "/chats/%e4%b8", "/chats/events/%00",
    "/chats/%00/token/renew"])
def test_what_decodes_to_no_text_leads_nowhere(site, target):
    status, raw = raw_get(site, target.format(site.room()))
    assert status in HANDS_OFF, raw
    assert b'"title"' not in raw


@pytest.mark.parametrize("target", [
    "/chats/%", "/chats/%1", "/chats/%zz", "/chats/%%", "/chats/a%2", "/chats/%u0041", "/chats/{}%"])
def test_bad_escapes_lead_nowhere(site, target):
    status, raw = raw_get(site, target.format(site.room()))
    assert status in HANDS_OFF, raw
    assert b'"title"' not in raw


@pytest.mark.parametrize("target", [
    "/chats/{}%2Ftoken", "/chats%2F{}", "/chats/{}%2fentrance", "/chats/events%2F{}", "/chats%2Fall",
    "/%63hats%2f{}"])
def test_an_encoded_slash_separates_nothing(site, target):
    room = private(site)
    status, raw = raw_get(site, target.format(room))
    assert status in (400, 403, 404), raw
    assert b'"title"' not in raw and b'"data"' not in raw


def test_decoding_happens_once(site):
    title = fresh("100%")
    room = site.room(title)
    once = "".join(f"%{byte:02X}" for byte in title.encode())
    shown(show(site, once), id=room)
    assert show(site, once.replace("%", "%25")).status == 404
    assert show(site, f"%25{ord(str(room)[0]):02x}{str(room)[1:]}").status == 404


def test_letters_of_a_path_may_be_encoded(site):
    room = site.room()
    encoded = "".join(f"%{ord(digit):02x}" for digit in str(room))
    shown(site.http("GET", f"/%63hats/{encoded}", headers=JSON_ONLY), id=room)
    assert site.http("GET", f"/chats/{encoded}/%65ntrance").status == 303


@pytest.mark.parametrize("length", [71, 281, 1023, 1025, 3000])
def test_a_long_name_finds_nothing(site, length):
    """The refusal may name as much of it as a title could have."""
    answer = show(site, "n" * length)
    refused(answer, answer.json()["error"]["code"], field=ANY_FIELD, http=404)
    assert ("n" * length).startswith(answer.json()["error"].get("field", ""))
    assert length > 1024 or answer.json()["error"]["code"] == 101


@pytest.mark.parametrize("length", [4000, 5000, 7000, 20000, 100000])
def test_an_overlong_path_is_refused_and_does_no_harm(site, length):
    status, _ = raw_get(site, "/chats/" + "n" * length)
    assert status in (400, 404, 414, 431)
    created(make(site))


def test_an_overlong_head_is_refused_and_does_no_harm(site):
    for size in (20000, 200000):
        status, _ = raw_get(site, "/chats", "X-Filler: " + "x" * size)
        assert status in (400, 431)
    status, _ = raw_get(site, "/chats", *[f"X-{i}: {'x' * 100}" for i in range(500)])
    assert status in (400, 431)
    created(make(site))


@pytest.mark.parametrize("path, method", WRONG)
def test_another_method_is_refused_and_those_allowed_are_named(site, path, method):
    room = site.room()
    answer = site.http(method, path.format(room))
    refused(answer, 405)
    allow = {word.strip() for word in answer.headers["Allow"].split(",")}
    assert ALLOWED[path] <= allow and method not in allow
    assert allow <= ALLOWED[path] | {"HEAD", "OPTIONS"}
    assert ("HEAD" in allow) == ("GET" in allow)
    shown(show(site, room), id=room)


@pytest.mark.parametrize("method", [
    "get", "Post", "FOO", "DELETE_", "PROPFIND", "SEARCH", "CONNECT", "TRACE", "GETT", "G" * 40])
def test_no_other_word_is_a_method(site, method):
    room = site.room()
    status, raw = raw_get(site, f"/chats/{room}", method=method)
    assert status in (400, 405, 501), raw
    assert b'"title"' not in raw
    shown(show(site, room), id=room)


@pytest.mark.parametrize("name, value", [("X-HTTP-Method-Override", "DELETE"), ("X-HTTP-Method", "DELETE"),
                                         ("X-Method-Override", "DELETE"), ("X-Original-URL", "/chats/all"),
                                         ("X-Rewrite-URL", "/chats/all")])
def test_no_header_changes_method_or_path(site, name, value):
    room = site.room()
    shown(site.http("GET", f"/chats/{room}", headers={name: value, **JSON_ONLY}), id=room)
    refused(site.http("POST", f"/chats/{room}?_method=DELETE", headers={name: value}), 405)
    shown(show(site, room), id=room)


@pytest.mark.parametrize("path", [
    "/chats", "/chats/all", "/chats/{}", "/chats/events/{}", "/chats/{}/token/renew", "/chats/{}/entrance",
    "/chats/nosuchroom", "/healthz"])
def test_head_is_get_without_the_body(site, path):
    path = path.format(site.room())
    get, head = (site.http(method, path, headers=JSON_ONLY) for method in ("GET", "HEAD"))
    assert head.status == get.status and head.body == b""
    for name in ("Content-Type", "Vary", "X-Content-Type-Options", "Location", "Allow", "Cache-Control"):
        assert head.headers.get(name) == get.headers.get(name), name
    assert "X-Request-Id" in head.headers


def test_head_of_a_page_with_a_token_gives_no_token(site):
    room = private(site)
    token = enter(site, room)
    head = site.http("HEAD", f"/chats/{room}/token/renew", token=token)
    assert head.status == 201 and head.body == b""
    assert not [value for _, value in head.headers.pairs if value.startswith("eyJ")]


def test_head_changes_nothing(site):
    room = site.room()
    assert site.http("HEAD", f"/chats/{room}").status == 200
    shown(show(site, room), id=room)
    assert history(site, room) == []


def test_a_target_may_be_a_whole_address(site):
    room = site.room()
    status, raw = raw_get(site, f"http://127.0.0.1:{site.port}/chats/{room}")
    assert status == 200 and b'"id":%d' % room in raw


@pytest.mark.parametrize("target", [
    "chats", "*", "?", "/chats /all", "/chats/\xff", "/chats/a\tb", "http://", "\\chats", "/chats/#x"])
def test_a_target_that_is_none_does_no_harm(site, target):
    status, raw = raw_get(site, target)
    assert 400 <= status < 600 and b'"title"' not in raw
    assert rooms(site)["rooms"]


def test_http_1_0_is_answered(site):
    room = site.room()
    status, raw = raw_get(site, f"/chats/{room}", version="HTTP/1.0")
    assert status == 200 and b'"id":%d' % room in raw


def test_many_requests_on_one_connection_are_each_answered(site):
    one, other = site.room(), site.room()
    def ask(room, close):
        return (f"GET /chats/{room} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n"
                f"Connection: {close}\r\n\r\n").encode()
    raw = site.raw_http(ask(one, "keep-alive") + ask(other, "keep-alive") + ask("nosuchroom", "close"))
    assert raw.count(b"HTTP/1.1 200") == 2 and raw.count(b"HTTP/1.1 404") == 1
    assert raw.index(b'"id":%d,' % one) < raw.index(b'"id":%d,' % other)


def test_the_words_of_the_api_are_no_rooms(site):
    for word in ("all", "events", "ALL", "Events"):
        refused(make(site, word), 105, field="title")
    answer = site.http("GET", "/chats/ALL", headers=JSON_ONLY)
    assert answer.status in (200, 404) and (answer.status == 404 or "data" in answer.json())
    for method in ("PUT", "DELETE"):
        assert site.http(method, "/chats/all", "").status == 405
    is_gone(site, "no such room")

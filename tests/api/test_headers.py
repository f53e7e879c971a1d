# SPDX-License-Identifier: MIT
"""What every answer carries, and that nothing a client sends gets into an answer's head."""
from urllib.parse import quote

import pytest
from expect import (JSON_ONLY, PASSWORD, assert_headers, created, done, enter, fresh, make, private,
                    refused, show, shown)


def every_call(site):
    """One answer of each kind, by name."""
    room, closed = site.room(), private(site)
    token = enter(site, closed)
    return {
        "list": site.http("GET", "/chats", headers=JSON_ONLY),
        "all": site.http("GET", "/chats/all"),
        "create": make(site),
        "show": show(site, room),
        "change": site.http("PUT", f"/chats/{room}", {"description": "x"}),
        "events": site.http("GET", f"/chats/events/{room}"),
        "events of a closed room": site.http("GET", f"/chats/events/{closed}", token=token),
        "token": site.http("POST", f"/chats/{closed}/token", {"secret": PASSWORD, "name": "ann"}),
        "renew": site.http("GET", f"/chats/{closed}/token/renew", token=token),
        "delete": site.http("DELETE", f"/chats/{room}"),
        "no room": show(site, room),
        "no path": site.http("GET", "/chats/a/b/c"),
        "no method": site.http("PATCH", "/chats"),
        "no json": site.http("POST", "/chats", "{"),
        "no right": site.http("DELETE", f"/chats/{closed}"),
        "no secret": site.http("POST", f"/chats/{closed}/token", {"name": "ann"}),
        "too large": site.http("POST", "/chats", "x" * 20000),
    }


@pytest.fixture(scope="module")
def answers(site):
    return every_call(site)


def test_every_answer_has_the_headers_of_the_contract(answers):
    for name, answer in answers.items():
        try:
            assert_headers(answer)
        except (AssertionError, KeyError) as failure:
            raise AssertionError(f"{name}: {answer}") from failure


def test_a_redirection_has_them_too(site):
    answer = site.http("GET", f"/chats/{site.room()}/entrance")
    assert answer.status == 303
    assert answer.headers["X-Request-Id"] and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_header_comes_twice(answers):
    for name, answer in answers.items():
        names = [key.lower() for key, _ in answer.headers.pairs]
        assert len(names) == len(set(names)), (name, names)


def test_every_answer_says_how_long_it_is(answers):
    for name, answer in answers.items():
        assert int(answer.headers["Content-Length"]) == len(answer.body), name


def test_success_has_no_member_named_error(answers):
    for name, answer in answers.items():
        if answer.status < 300:
            assert "error" not in answer.json(), name


def test_every_refusal_has_the_status_false_and_no_data(answers):
    refusals = [answer for answer in answers.values() if answer.status >= 400]
    assert len(refusals) >= 7
    for answer in refusals:
        assert list(answer.json()) == ["status", "error"] and answer.json()["status"] is False


def test_answers_with_tokens_are_kept_by_nobody(answers):
    for name in ("token", "renew"):
        assert answers[name].status == 201
        assert "no-store" in answers[name].headers["Cache-Control"]


def test_request_ids_are_never_the_same(site, answers):
    ids = [answer.headers["X-Request-Id"] for answer in answers.values()]
    ids += [show(site, "nosuchroom").headers["X-Request-Id"] for _ in range(20)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["X-Request-Id", "x-request-id", "X-Correlation-Id", "Request-Id"])
def test_request_ids_are_ours(site, name):
    theirs = "ffffffffffffffff"
    answer = site.http("GET", "/chats", headers={name: theirs, **JSON_ONLY})
    assert theirs not in answer.headers["X-Request-Id"]
    assert len(answer.headers.all("X-Request-Id")) == 1


@pytest.mark.parametrize("title", ["a\r\nX-Evil: yes", "a\nX-Evil: yes", "a\rX-Evil: yes", "a\u0085X-Evil: yes",
                                   "a\u2028X-Evil: yes", "a\0X-Evil: yes"], ids=ascii)
def test_no_title_writes_a_header(site, title):
    refused(make(site, title), 105, field="title")
    answer = site.http("GET", f"/chats/{quote(title)}/entrance")
    assert answer.status in (400, 404)
    assert "X-Evil" not in answer.headers
    room = site.room()
    refused(site.http("PUT", f"/chats/{room}", {"title": title}), 105, field="title")


@pytest.mark.parametrize("title", [
    "<script>alert(1)</script>", "//evil.example/", "\\\\evil.example", "javascript:alert(1)",
    "http://evil.example/", "\u010d\u010a\u560d\u560a"], ids=ascii)
def test_no_title_leads_elsewhere(site, title):
    title = fresh(title)
    room = created(make(site, title))["id"]
    for name in (room, quote(title, safe="")):
        answer = site.http("GET", f"/chats/{name}/entrance")
        if answer.status == 404 and "/" in title:
            continue  # a title with a slash is reached by id
        assert answer.status == 303
        target = answer.headers["Location"]
        assert target.startswith((f"/chats/{room}", f"http://127.0.0.1:{site.port}/chats/", "/chats/"))
        assert target.isascii() and "<" not in target and "\\" not in target


def test_what_is_asked_for_is_named_safely(site):
    name = '"<b>\\\u2028\U0001f600'
    answer = show(site, quote(name))
    refused(answer, 101, field=name)
    assert "\u2028" not in answer.text


def test_a_host_of_any_kind_does_no_harm(site):
    room = site.room()
    for host in ("evil.example", "127.0.0.1", "[::1]:80", "a" * 200):
        headers = {"X-Forwarded-Host": host, "Forwarded": f"host={host}"}
        answer = site.http("GET", f"/chats/{room}/entrance", headers=headers)
        assert answer.status == 303 and host not in answer.headers["Location"].replace(f"127.0.0.1:{site.port}", "")
    shown(show(site, room), id=room)
    done(site.http("DELETE", f"/chats/{room}"))

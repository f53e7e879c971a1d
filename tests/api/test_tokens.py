# SPDX-License-Identifier: MIT
"""POST /chats/{room}/token: who gets one and what is in it. Renewal: test_renew.py; forgeries: test_forged.py."""
import base64
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from expect import (PASSWORD, assert_headers, created, done, enter, fresh, history, make, private,
                    refused)
from stored import rooms_db


def ask(site, room, **body):
    return site.http("POST", f"/chats/{room}/token", body)


def given(answer, name, room):
    """The answer is a token; returns its text."""
    assert answer.status == 201, f"{answer.status}: {answer.text[:300]}"
    assert_headers(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    body = answer.json()
    assert list(body) == ["status", "name", "room_id", "token"]
    assert body["status"] is True and body["name"] == name
    assert type(body["room_id"]) is int and body["room_id"] == room
    return body["token"]


def rewrite_password(site, room, stored):
    rooms_db(site, "UPDATE rooms SET password = ?, version = version + 1 WHERE id = ?", stored, room)


def stored_password(site, room):
    return rooms_db(site, "SELECT password FROM rooms WHERE id = ?", room)[0][0]


def parts(token):
    assert re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}", token)
    head, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims))


@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_the_password_gives_a_token_that_opens_the_room(site, visibility):
    room = private(site, visibility)
    token = given(ask(site, room, secret=PASSWORD, name="Ann"), "Ann", room)
    assert history(site, room, token) == []


def test_a_token_says_who_where_and_until_when(site):
    room = private(site)
    before = int(time.time())
    head, claims = parts(given(ask(site, room, secret=PASSWORD, name="Ann \u00c9"), "Ann \u00c9", room))
    assert head["alg"] == "HS256"
    assert claims["username"] == "Ann \u00c9" and claims["room_id"] == room and claims["role"] == "member"
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] - claims["iat"] == 3600
    assert re.fullmatch(r"[0-9a-f]{32}", claims["sub"])


def test_a_token_says_nothing_else(site):
    room = private(site)
    head, claims = parts(enter(site, room))
    assert set(head) <= {"alg", "typ"}
    assert set(claims) == {"username", "room_id", "exp", "iat", "role", "sub"}


def test_every_entry_makes_another_person_even_of_the_same_name(site):
    room = private(site)
    persons = {parts(enter(site, room, name))[1]["sub"] for name in ("ann", "ann", "Ann", "bob")}
    assert len(persons) == 4


def test_a_room_is_entered_by_its_title_too(site):
    title = fresh("\u00dcber")
    room = private(site, title=title)
    given(ask(site, quote(title.upper()), secret=PASSWORD, name="ann"), "ann", room)


@pytest.mark.parametrize("secret", ["", "x", PASSWORD[:-1], PASSWORD + " ", " " + PASSWORD, PASSWORD.upper(), "p" * 511,
                                    "p" * 512, "p" * 5000, PASSWORD + "\0", PASSWORD + "\0x", "\0", "*", "%",
                                    "' OR '1'='1"], ids=lambda s: ascii(s[:20]))
def test_another_secret_gives_none(site, closed_room, secret):
    refused(ask(site, closed_room, secret=secret, name="ann"), 304, field="secret")


@pytest.fixture(scope="module")
def closed_room(site):
    return private(site)


@pytest.mark.parametrize("secret", [None, 12345678, True, [PASSWORD], {"secret": PASSWORD}], ids=repr)
def test_a_secret_that_is_no_text_gives_none(site, closed_room, secret):
    refused(ask(site, closed_room, secret=secret, name="ann"), 304, field="secret")


def test_no_secret_gives_none(site, closed_room):
    refused(ask(site, closed_room, name="ann"), 304, field="secret")
    refused(ask(site, closed_room, password=PASSWORD, name="ann"), 304, field="secret")
    refused(ask(site, closed_room, Secret=PASSWORD, name="ann"), 304, field="secret")


def test_a_refusal_gives_no_token_away(site, closed_room):
    answer = ask(site, closed_room, secret="not the password", name="ann")
    refused(answer, 304, field="secret")
    assert "token" not in answer.text


def test_a_name_is_needed(site, closed_room):
    refused(ask(site, closed_room, secret=PASSWORD), 303, field="name")


@pytest.mark.parametrize("name", [None, 7, True, ["ann"], {"first": "ann"}], ids=repr)
def test_a_name_is_a_text(site, closed_room, name):
    refused(ask(site, closed_room, secret=PASSWORD, name=name), 303, field=(None, "name"))


@pytest.mark.parametrize("name", [
    "", "n" * 65, "\u00e9" * 33, "\U0001f600" * 17, " ann", "ann ", "ann\u3000", "\u00a0ann", " ", "an\nn",
    "an\0n", "a\u202en", "a\u2028n", "a\u200en", "a\x85n", "\x7f"], ids=ascii)
def test_not_every_name_is_one(site, closed_room, name):
    refused(ask(site, closed_room, secret=PASSWORD, name=name), 105, field="name")


@pytest.mark.parametrize("name", [
    "a", "n" * 64, "\u00e9" * 32, "\U0001f600" * 16, "Ann Smith", "12", "\u4e16\u754c", "<b>&\"'\\",
    "\U0001f469\u200d\U0001f467", "."], ids=ascii)
def test_but_most_are_and_come_back_as_they_were(site, closed_room, name):
    token = given(ask(site, closed_room, secret=PASSWORD, name=name), name, closed_room)
    assert parts(token)[1]["username"] == name


def test_a_set_name_max_holds(make_site):
    own = make_site(name_max="255")
    room = private(own)
    given(ask(own, room, secret=PASSWORD, name="n" * 255), "n" * 255, room)
    refused(ask(own, room, secret=PASSWORD, name="n" * 256), 105, field="name")
    token = enter(own, room, "\u00e9" * 127)
    assert history(own, room, token) == []


def test_a_public_room_gives_no_token_and_needs_none(site):
    room = site.room()
    for body in ({"name": "ann"}, {"name": "ann", "secret": ""}, {"name": "ann", "secret": "anything"},
                 {"name": "ann", "room_id": room}):
        done(ask(site, room, **body))


def test_a_name_taken_at_the_moment_gets_a_token_all_the_same(site, closed_room):
    ws = site.joined(closed_room, "taken", enter(site, closed_room, "taken"))
    enter(site, closed_room, "taken")
    ws.send({"event_type": "leave"})


def test_what_else_is_in_the_body_does_not_matter(site, closed_room):
    answer = ask(site, closed_room, secret=PASSWORD, name="ann", room_id=1, role="owner", sub="0" * 32,
                 exp=2 ** 40, username="eve")
    head, claims = parts(given(answer, "ann", closed_room))
    assert (claims["role"], claims["username"], claims["room_id"]) == ("member", "ann", closed_room)
    assert claims["sub"] != "0" * 32 and claims["exp"] < time.time() + 3700


def test_no_room_no_token(site):
    refused(ask(site, "nosuchroom", secret=PASSWORD, name="ann"), 101, field="nosuchroom")
    refused(ask(site, "999999999", secret=PASSWORD, name="ann"), 101, field="999999999")


def test_a_stored_password_that_is_no_hash_opens_nothing(make_site):
    own = make_site()
    room = private(own)
    for stored in ("", "plain", "ab", "*", "$1$abcdefgh$x", "$y$", "$2b$31$" + "a" * 53, PASSWORD):
        rewrite_password(own, room, stored)
        for secret in (PASSWORD, "plain", "", stored):
            answer = ask(own, room, secret=secret, name="ann")
            assert answer.status == 401, (stored, secret, answer.text)
            refused(answer, 304, field="secret")


def test_a_bcrypt_hash_of_the_originals_opens_its_room_again_and_again(make_site):
    own = make_site()
    room = private(own)
    # crypt(3) of "a very old password", cost 10.
    rewrite_password(own, room, "$2b$10$abcdefghijklmnopqrstuuCRPU4k1799MNpp0tVpM128fw3rXuS6G")
    for _ in range(2):
        enter(own, room, secret="a very old password")
    refused(ask(own, room, secret=PASSWORD, name="ann"), 304, field="secret")
    assert stored_password(own, room).startswith("$y$")


def test_a_password_is_stored_as_yescrypt_and_each_time_otherwise(site):
    hashes = [stored_password(site, private(site)) for _ in range(2)]
    assert all(one.startswith("$y$") for one in hashes) and hashes[0] != hashes[1]


def test_many_entries_at_once_all_succeed(site, closed_room):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda i: ask(site, closed_room, secret=PASSWORD, name=f"p{i}"), range(24)))
    tokens = {given(answer, f"p{i}", closed_room) for i, answer in enumerate(answers)}
    assert len(tokens) == 24


def test_a_token_in_place_of_the_secret_gives_none(site, closed_room):
    refused(ask(site, closed_room, secret=enter(site, closed_room), name="ann"), 304, field="secret")
    created(make(site))

# SPDX-License-Identifier: MIT
"""Guests: visitors of a public room who ask for a token, so that a reload is the same person. What a guest is on the
WebSocket: tests/relay/test_owners_and_guests.py.
"""
import re
import time
from urllib.parse import quote

import pytest
from expect import (PASSWORD, done, enter, fresh, history, private, refused, say, show, shown)
from lib import tokens
from rights import CLOSED, ask, delete, given, guest, owned, owner, put, renew

closed = pytest.mark.parametrize("visibility", CLOSED)
STRANGER = "go_" + "A" * 43


# ---- asking for it ----

def test_a_guest_gets_a_token_in_a_public_room(site):
    room = site.room()
    before = int(time.time())
    token = given(ask(site, room, guest=True, name="Ann \u00c9"), "guest", "Ann \u00c9")
    head, claims = tokens.read(token)
    assert head["alg"] == "HS256" and set(head) <= {"alg", "typ"}
    assert set(claims) == {"username", "room_id", "exp", "iat", "role", "sub"}
    assert claims["room_id"] == room and before <= claims["iat"] <= time.time()
    assert claims["exp"] - claims["iat"] == 3600
    assert re.fullmatch(r"[0-9a-f]{32}", claims["sub"])


def test_a_guest_gets_a_token_in_a_public_room_that_somebody_owns(site):
    guest(site, owned(site)[0])


def test_a_guest_may_name_the_room_by_its_title(site):
    title = fresh("\u00dcber uns")
    site.room(title)
    guest(site, quote(title.upper()))


def test_who_does_not_ask_to_be_a_guest_gets_none(site):
    room = site.room()
    for body in ({"name": "ann"}, {"name": "ann", "guest": False}, {"name": "ann", "Guest": True},
                 {"name": "ann", "guest": False, "secret": "anything"}):
        done(ask(site, room, **body))


@pytest.mark.parametrize("value", [None, "true", "", 1, 0, [], {}, [True]], ids=repr)
def test_guest_is_true_or_false(site, value):
    refused(ask(site, site.room(), guest=value, name="ann"), 303, field="guest")


@pytest.mark.parametrize("name", ["", "a\nb", "a\0b", "n" * 65, "\u202eevil", "\u2028", " "], ids=ascii)
def test_a_guest_needs_a_name_that_can_be_one(site, name):
    refused(ask(site, site.room(), guest=True, name=name), 105, field="name")


@pytest.mark.parametrize("name", [None, 7, True, [], {}], ids=repr)
def test_a_guest_needs_a_name_that_is_text(site, name):
    refused(ask(site, site.room(), guest=True, name=name), 303, field="name")


def test_a_guest_needs_a_name(site):
    refused(ask(site, site.room(), guest=True), 303, field="name")


@pytest.mark.parametrize("name", ["n" * 64, "\u4e16\u754c \U0001f600", "<script>alert(1)</script>", "null"], ids=ascii)
def test_a_guest_may_have_any_other_name(site, name):
    given(ask(site, site.room(), guest=True, name=name), "guest", name)


def test_a_body_that_is_no_json_makes_no_guest(site):
    room = site.room()
    for body in ("", "{", "[]", "guest=true&name=ann", '{"guest":true,"guest":true,"name":"ann"}'):
        answer = site.http("POST", f"/chats/{room}/token", body)
        assert answer.error() == (400, 303), body


@closed
def test_there_are_no_guests_in_a_closed_room(site, visibility):
    for room in (private(site, visibility), owned(site, visibility)[0]):
        refused(ask(site, room, guest=True, name="ann"), 304, field="secret")
        refused(ask(site, room, guest=True, name="ann", secret=""), 304, field="secret")
        refused(ask(site, room, guest=True, name="ann", secret="not the password"), 304, field="secret")


@closed
def test_the_password_makes_a_member_of_who_asks_to_be_a_guest(site, visibility):
    room = private(site, visibility)
    given(ask(site, room, guest=True, name="ann", secret=PASSWORD), "member")


def test_a_guest_may_send_any_secret_but_a_wrong_owner_token(site):
    room, owner_token = owned(site)
    _, theirs = owned(site)
    for secret in ("", "anything", PASSWORD, "go_short"):
        given(ask(site, room, guest=True, name="ann", secret=secret), "guest")
    for secret in (STRANGER, theirs):
        refused(ask(site, room, guest=True, name="ann", secret=secret), 304, field="secret")
    given(ask(site, room, guest=True, name="ann", secret=owner_token), "owner")


def test_what_else_a_guest_says_of_itself_does_not_matter(site):
    room = site.room()
    answer = ask(site, room, guest=True, name="ann", role="owner", sub="0" * 32, exp=2 ** 40, room_id=1, verified=True)
    claims = tokens.read(given(answer, "guest"))[1]
    assert claims["sub"] != "0" * 32 and claims["exp"] < time.time() + 3700 and claims["room_id"] == room


def test_no_guest_is_where_there_is_no_room(site):
    refused(ask(site, "nosuchroom", guest=True, name="ann"), 101, field="nosuchroom")


# ---- being one ----

def test_every_guest_is_another_person_even_of_the_same_name(site):
    room = site.room()
    subs = {tokens.read(guest(site, room, name))[1]["sub"] for name in ("ann", "ann", "Ann", "bob")}
    assert len(subs) == 4


def test_a_renewed_guest_is_the_same_person(site):
    room = site.room()
    now = int(time.time())
    old = tokens.forge(site, room, "Ann \u00c9", role="guest", iat=now - 600, exp=now + 5)
    new = given(renew(site, room, old), "guest", "Ann \u00c9")
    was, is_now = tokens.read(old)[1], tokens.read(new)[1]
    assert all(was[name] == is_now[name] for name in ("sub", "iat", "username", "room_id", "role"))
    assert is_now["exp"] >= now + 3600


def test_a_guest_is_renewed_again_and_again(site):
    room = site.room()
    token = guest(site, room)
    sub = tokens.read(token)[1]["sub"]
    for _ in range(3):
        token = given(renew(site, room, token), "guest", "gus")
        assert tokens.read(token)[1]["sub"] == sub


@pytest.mark.parametrize("age", [12 * 3600 + 1, 40 * 3600])
def test_a_guest_that_is_too_old_is_not_renewed(site, age):
    now = int(time.time())
    room = site.room()
    token = tokens.forge(site, room, "ann", role="guest", iat=now - age, exp=now + 600)
    refused(renew(site, room, token), 403, field="token")


def test_a_guest_that_has_expired_is_nobody(site):
    room = site.room()
    now = int(time.time())
    token = tokens.forge(site, room, "ann", role="guest", iat=now - 600, exp=now - 1)
    done(renew(site, room, token))
    shown(put(site, room, token, description="by anyone"), description="by anyone")


def test_a_guest_does_in_everyones_room_what_everyone_may(site):
    room = site.room()
    token = guest(site, room)
    shown(put(site, room, token, description="by a guest"), description="by a guest")
    refused(put(site, room, token, visibility="private", password=PASSWORD), 104)
    done(delete(site, room, token))


def test_a_guest_changes_no_room_that_somebody_owns(site):
    room, owner_token = owned(site)
    token = guest(site, room)
    for answer in (put(site, room, token, description="no"), put(site, room, token), delete(site, room, token),
                   put(site, room, token, visibility="private", password=PASSWORD)):
        refused(answer, 104)
    new = given(renew(site, room, token), "guest", "gus")
    refused(delete(site, room, new), 104)
    shown(show(site, room, owner_token), description="")


def test_a_guest_of_one_room_is_nobody_in_another(site):
    token = guest(site, site.room())
    closed_room, (open_room, _) = private(site), owned(site)
    refused(put(site, closed_room, token, description="no"), 403, field="token")
    refused(site.http("GET", f"/chats/events/{closed_room}", token=token), 403, field="token")
    refused(put(site, open_room, token, description="no"), 403, field="token")
    refused(renew(site, closed_room, token), 403, field="token")
    done(renew(site, open_room, token))


def test_a_guest_token_outlives_renaming_and_restart(make_site):
    own = make_site()
    room = own.room()
    token = guest(own, room)
    shown(put(own, room, title=fresh()))
    own.kill_and_wait("globes.fcgi")
    token = given(renew(own, room, token), "guest", "gus")
    own.stop()
    own.start()
    given(renew(own, room, token), "guest", "gus")


def test_an_owner_does_not_turn_a_guest_into_more(site):
    room, owner_token = owned(site)
    token = guest(site, room)
    owner(site, room, owner_token, "gus")
    refused(put(site, room, token, description="no"), 104)


# ---- when the room changes ----

@closed
def test_closing_ends_the_guests(site, visibility):
    room, owner_token = owned(site)
    token = guest(site, room)
    shown(put(site, room, owner_token, visibility=visibility, password=PASSWORD), visibility=visibility)
    refused(renew(site, room, token), 403, field="token")
    refused(put(site, room, token, description="no"), 403, field="token")
    refused(site.http("GET", f"/chats/events/{room}", token=token), 403, field="token")
    assert shown(show(site, room, token))["users"] == []
    refused(ask(site, room, guest=True, name="ann"), 304, field="secret")


@closed
def test_an_opened_room_has_guests_and_its_old_members_are_none(site, visibility):
    room = private(site, visibility)
    token = enter(site, room)
    shown(put(site, room, token, visibility="public"))
    done(renew(site, room, token))
    guest(site, room)


def test_a_guest_of_before_is_none_after_closing_and_opening(site):
    room, owner_token = owned(site)
    token = guest(site, room)
    shown(put(site, room, owner_token, visibility="private", password=PASSWORD))
    shown(put(site, room, owner_token, visibility="public"), visibility="public")
    done(renew(site, room, token))
    refused(put(site, room, token, description="no"), 403, field="token")


def test_a_token_of_a_guest_opens_nothing_once_its_room_is_gone(site):
    room = site.room()
    token = guest(site, room)
    done(delete(site, room))
    refused(renew(site, room, token), 101, field=str(room))


# ---- as the room sees it ----

def test_a_guest_is_not_verified_and_has_its_name_by_its_token(site):
    room = site.room()
    ws = site.joined(room, "somebody else", guest(site, room, "ann"))
    say(ws, "who am I")
    user = shown(show(site, room))["users"][0]
    assert (user["username"], user["verified"]) == ("ann", False)
    event = history(site, room)[0]
    assert (event["name"], event["verified"]) == ("ann", False)


def test_a_guest_shows_no_token_of_a_person(site):
    room = site.room()
    token = guest(site, room)
    say(site.joined(room, None, token), "hello")
    sub = tokens.read(token)[1]["sub"]
    for answer in (show(site, room), show(site, room, token), site.http("GET", f"/chats/events/{room}")):
        assert sub not in answer.text and token not in answer.text

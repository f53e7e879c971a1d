# SPDX-License-Identifier: MIT
"""GET /chats/{room}/token/renew: a token lives on, its person too, but not for ever."""
import hmac
import time
from urllib.parse import quote

import pytest
from expect import (assert_headers, done, enter, fresh, history, private, refused, rooms)
from lib import tokens
from lib.globes import wait

HOUR = 3600
KEPT = ("username", "room_id", "role", "sub", "iat")


def renew(site, room, token=None):
    return site.http("GET", f"/chats/{room}/token/renew", token=token)


def renewed(answer, name, room):
    """The answer is a token; returns its text."""
    assert answer.status == 201, f"{answer.status}: {answer.text[:300]}"
    assert_headers(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    body = answer.json()
    assert list(body) == ["status", "name", "room_id", "token"]
    assert (body["status"], body["name"], body["room_id"]) == (True, name, room)
    return body["token"]


@pytest.fixture(scope="module")
def room(site):
    return private(site)


def test_a_renewed_token_is_the_same_person_for_longer(site, room):
    now = int(time.time())
    old = tokens.forge(site, room, "Ann \u00c9", iat=now - 600, exp=now + 5)
    new = renewed(renew(site, room, old), "Ann \u00c9", room)
    before, after = tokens.read(old)[1], tokens.read(new)[1]
    assert {name: after[name] for name in KEPT} == {name: before[name] for name in KEPT}
    assert now + HOUR <= after["exp"] <= time.time() + HOUR
    assert history(site, room, new) == []


def test_a_token_can_be_renewed_again_and_again(site, room):
    token = enter(site, room)
    person = tokens.read(token)[1]
    for _ in range(3):
        token = renewed(renew(site, room, token), "ann", room)
        claims = tokens.read(token)[1]
        assert [claims[name] for name in KEPT] == [person[name] for name in KEPT]


def test_renewing_ends_no_token(site, room):
    old = enter(site, room)
    renewed(renew(site, room, old), "ann", room)
    assert history(site, room, old) == []


@pytest.mark.parametrize("role", ["guest", "member", "moderator", "owner"])
def test_a_role_is_kept(site, room, role):
    token = tokens.forge(site, room, "ann", role=role)
    new = renewed(renew(site, room, token), "ann", room)
    assert tokens.read(new)[1]["role"] == role


def test_a_token_is_renewed_by_the_rooms_title_too(site):
    title = fresh("\u00dcber")
    room = private(site, title=title)
    renewed(renew(site, quote(title.upper()), enter(site, room)), "ann", room)


def test_a_token_grows_no_older_than_token_max_age(site, room):
    now = int(time.time())
    first = now - 12 * HOUR + 60
    token = tokens.forge(site, room, "ann", iat=first, exp=now + 30)
    new = tokens.read(renewed(renew(site, room, token), "ann", room))[1]
    assert new["iat"] == first
    assert new["exp"] == first + 12 * HOUR


@pytest.mark.parametrize("age", [12 * HOUR + 1, 13 * HOUR, 365 * 24 * HOUR])
def test_a_token_that_is_too_old_is_not_renewed(site, room, age):
    now = int(time.time())
    token = tokens.forge(site, room, "ann", iat=now - age, exp=now + 600)
    refused(renew(site, room, token), 403, field="token")


@pytest.mark.parametrize("ago", [0, 1, 60, HOUR])
def test_an_expired_token_is_not_renewed(site, room, ago):
    now = int(time.time())
    token = tokens.forge(site, room, "ann", iat=now - 2 * HOUR, exp=now - ago)
    refused(renew(site, room, token), 403, field="token")


def test_a_closed_room_renews_no_token_that_is_none(site, room):
    foreign = enter(site, private(site))
    for wrong in (None, foreign, "garbage", ""):
        refused(renew(site, room, wrong), 403, field="token")


def test_a_public_room_has_nothing_to_renew(site):
    room = site.room()
    for stale in (None, enter(site, private(site)), "garbage"):
        done(renew(site, room, stale))


def test_a_room_that_is_not_there_renews_nothing(site, room):
    token = enter(site, room)
    refused(renew(site, "nosuchroom", token), 101, field="nosuchroom")


def test_set_times_hold_to_the_end(make_site):
    short = make_site(token_lifetime="10s", token_max_age="12s")
    room = private(short)
    token = enter(short, room)
    claims = tokens.read(token)[1]
    assert claims["exp"] == claims["iat"] + 10
    late = tokens.read(renewed(renew(short, room, token), "ann", room))[1]
    assert claims["exp"] <= late["exp"] <= claims["iat"] + 12
    now = int(time.time())
    nearly = tokens.forge(short, room, "ann", iat=now - 11, exp=now + 2)
    last = tokens.read(renewed(renew(short, room, nearly), "ann", room))[1]
    assert last["exp"] == now - 11 + 12


def test_a_token_works_until_it_expires_and_then_no_more(site, room):
    token = tokens.forge(site, room, "ann", exp=int(time.time()) + 2)
    assert history(site, room, token) == []
    answer = wait(lambda: expired(site, room, token), what="the end of a token")
    assert time.time() >= tokens.read(token)[1]["exp"]
    refused(answer, 403, field="token")
    refused(renew(site, room, token), 403, field="token")


def expired(site, room, token):
    """The refusal, as soon as there is one."""
    answer = site.http("GET", f"/chats/events/{room}", token=token)
    return answer if answer.status != 200 else None


def test_tokens_outlive_a_restart(make_site):
    own = make_site()
    room = private(own)
    token = enter(own, room)
    own.stop()
    own.start()
    assert history(own, room, token) == []
    renewed(renew(own, room, token), "ann", room)
    assert rooms(own)["rooms"]


def test_another_secret_ends_every_token(make_site):
    own = make_site()
    room = private(own)
    token = enter(own, room)
    own.stop()
    with open(f"{own.data}/secret", "w", encoding="ascii") as file:
        file.write("another secret of more than 32 bytes\n")
    own.start()
    refused(renew(own, room, token), 403, field="token")
    assert history(own, room, enter(own, room)) == []


def test_a_secret_that_is_no_longer_the_first_still_verifies(make_site):
    own = make_site()
    room = private(own)
    token = enter(own, room)
    own.stop()
    with open(f"{own.data}/secret", "r+", encoding="ascii") as file:
        old = file.read()
        file.seek(0)
        file.write("a new secret of more than 32 bytes!!\n" + old)
    own.start()
    assert history(own, room, token) == []
    new = renewed(renew(own, room, token), "ann", room)
    signed, _, signature = new.rpartition(".")
    digest = hmac.new(tokens.signing_key(own, room), signed.encode(), "sha256").digest()
    assert tokens.b64url(digest) == signature

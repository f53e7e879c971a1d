# SPDX-License-Identifier: MIT
"""Tokens that the site did not make, or made for something else: refused by every call that needs one, ignored by
every call that needs none. Each differs in one thing from a good one, which is tried as well.
"""
import pytest
from expect import done, enter, history, private, refused, show, shown
from lib import tokens
from lib.forgeries import FORGED
from lib.tokens import forge


@pytest.fixture(scope="module", params=["private", "hidden"])
def room(site, request):
    return private(site, request.param, description="untouched")


def test_what_the_tests_forge_is_good_where_nothing_is_wrong(site, room):
    token = forge(site, room, "ann")
    assert history(site, room, token) == []
    shown(site.http("PUT", f"/chats/{room}", {"description": "untouched"}, token=token), description="untouched")
    assert site.http("GET", f"/chats/{room}/token/renew", token=token).status == 201


@pytest.mark.parametrize("how", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_refused_wherever_one_is_needed(site, room, how):
    token = how(site, room)
    refused(site.http("GET", f"/chats/events/{room}", token=token), 403, field="token")
    refused(site.http("GET", f"/chats/{room}/token/renew", token=token), 403, field="token")
    refused(site.http("PUT", f"/chats/{room}", {"description": "forged"}, token=token), 403, field="token")
    refused(site.http("DELETE", f"/chats/{room}", token=token), 403, field="token")
    shown(show(site, room, token), description="untouched", users=[])


@pytest.mark.parametrize("how", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_ignored_where_none_is_needed(site, how):
    room = site.room()
    token = how(site, room)
    shown(show(site, room, token), id=room)
    assert history(site, room, token) == []
    done(site.http("GET", f"/chats/{room}/token/renew", token=token))
    done(site.http("DELETE", f"/chats/{room}", token=token))


def test_forgeries_have_no_effect_on_who_is_there(site, room):
    good = enter(site, room)
    ws = site.joined(room, "ann", good)
    for how in (FORGED["swapped claims"], FORGED["expired"], FORGED["HS512"]):
        assert shown(show(site, room, how(site, room)))["users"] == []
    assert [user["username"] for user in shown(show(site, room, good))["users"]] == ["ann"]
    ws.send({"event_type": "leave"})


def test_a_token_of_another_site_is_refused(site, make_site):
    other = make_site(room="none")
    room = private(site)
    theirs = [private(other) for _ in range(2)]
    for token in [enter(other, one) for one in theirs]:
        claims = tokens.read(token)[1]
        refused(site.http("GET", f"/chats/events/{room}", token=token), 403, field="token")
        assert claims["room_id"] in theirs

# SPDX-License-Identifier: MIT
"""Rooms that nobody owns, both ways of the setting unowned_rooms: everybody may rename, describe and delete a public
one, or nobody; never is one closed. test_change.py, test_delete.py and test_policies.py begin with it.
"""
import pytest
from expect import (PASSWORD, created, done, enter, fresh, history, is_gone, make, private, refused, say, show,
                    shown)
from lib import tokens
from lib.globes import Site
from owner import ctl
from rights import CLOSED, OWNER_TOKEN, ask, delete, guest, owned, owner, put

closed = pytest.mark.parametrize("visibility", CLOSED)
STRANGER = "go_" + "A" * 43


@pytest.fixture(scope="module", name="locked")
def locked_site():
    """A site of the other way; `site` is of the default one."""
    with Site(unowned_rooms="locked") as made:
        yield made


@pytest.fixture(params=["open", "locked"], name="either")
def either_site(request, site, locked):
    return site if request.param == "open" else locked


def everybody(site, room):
    """All that may stand behind a request to a public room that nobody owns."""
    return [None, "garbage", "", STRANGER, enter(site, private(site)), guest(site, created(make(site))["id"]),
            guest(site, room), owned(site)[1]] + [
                tokens.forge(site, room, "ann", role=role) for role in ("member", "moderator")]


# ---- either way ----

@closed
def test_no_public_room_that_nobody_owns_is_closed_by_anybody(either, visibility):
    room = created(make(either, description="as it was"))["id"]
    ws = either.joined(room, "ann")
    for token in everybody(either, room):
        refused(put(either, room, token, visibility=visibility, password=PASSWORD, description="mine"), 104)
        refused(put(either, room, token, visibility=visibility.upper()), 104)
    shown(show(either, room), visibility="public", description="as it was")
    say(ws, "still open")


@closed
@pytest.mark.parametrize("role", ["member", "moderator"])
def test_any_token_of_a_closed_room_that_nobody_owns_changes_and_deletes_it(either, visibility, role):
    room = private(either, visibility)
    token = tokens.forge(either, room, "ann", role=role)
    shown(put(either, room, token, description="by one of us"), description="by one of us")
    other = "private" if visibility == "hidden" else "hidden"
    shown(put(either, room, token, visibility=other), visibility=other)
    done(delete(either, room, enter(either, room, "bob")))
    is_gone(either, room)


@closed
def test_nobody_else_changes_a_closed_room_that_nobody_owns(either, visibility):
    room = private(either, visibility)
    for token in (None, "garbage", STRANGER, owned(either, visibility)[1], enter(either, private(either))):
        refused(put(either, room, token, description="no"), 403, field="token")
        refused(delete(either, room, token), 403, field="token")
    shown(show(either, room), description="")


@closed
def test_any_member_sets_a_new_password_where_nobody_owns(either, visibility):
    room = private(either, visibility)
    token = enter(either, room)
    shown(put(either, room, token, password="another password"))
    refused(put(either, room, token, description="no"), 403, field="token")
    enter(either, room, secret="another password")


def test_a_room_that_somebody_owns_does_not_mind_the_setting(either):
    room, owner_token = owned(either)
    refused(put(either, room, description="no"), 403, field="token")
    refused(put(either, room, guest(either, room), description="no"), 104)
    shown(put(either, room, owner_token, description="mine"), description="mine")
    shown(put(either, room, owner_token, visibility="private", password=PASSWORD), visibility="private")
    shown(put(either, room, owner_token, visibility="public"), visibility="public")
    done(delete(either, room, owner_token))


def test_rooms_are_made_entered_and_talked_in_either_way(either):
    room = created(make(either))["id"]
    done(ask(either, room, name="ann"))
    say(either.joined(room, "ann"), "hello")
    assert [event["msg"] for event in history(either, room)] == ["hello"]


# ---- open ----

def test_whoever_asks_renames_and_describes(site):
    room = site.room()
    for i, token in enumerate(everybody(site, room)):
        title = fresh(f"renamed {i}")
        shown(put(site, room, token, title=title, description=f"by {i}"), title=title, description=f"by {i}")
        shown(put(site, room, token, visibility="public"), visibility="public")


@pytest.mark.parametrize("who", range(10))
def test_whoever_asks_deletes(site, who):
    room = site.room()
    done(delete(site, room, everybody(site, room)[who]))
    is_gone(site, room)


@closed
def test_a_closed_room_that_nobody_owns_is_everyones_once_it_is_open(site, visibility):
    room = private(site, visibility)
    shown(put(site, room, enter(site, room), visibility="public"), visibility="public")
    shown(put(site, room, description="by anyone"), description="by anyone")
    refused(put(site, room, visibility=visibility, password=PASSWORD), 104)
    done(delete(site, room))


# ---- locked ----

def test_nobody_renames_describes_or_deletes_where_that_is_locked(locked):
    title = fresh()
    room = created(make(locked, title))["id"]
    was = shown(show(locked, room))
    for token in everybody(locked, room):
        for members in ({"title": fresh()}, {"description": "no"}, {"visibility": "public"}, {}, {"password": PASSWORD},
                        {"title": title, "owned": True}):
            refused(put(locked, room, token, **members), 104)
        refused(delete(locked, room, token), 104)
    assert shown(show(locked, room)) == was


def test_where_it_is_locked_nobody_gets_so_far_as_the_body(locked):
    room = created(make(locked))["id"]
    for body in ("{", "", "[]", '{"title":7}', '{"title":""}'):
        refused(locked.http("PUT", f"/chats/{room}", body), 104)


def test_a_room_that_is_not_there_is_not_there_where_it_is_locked(locked):
    refused(put(locked, "nosuchroom", description="x"), 101, field="nosuchroom")
    refused(delete(locked, "nosuchroom"), 101, field="nosuchroom")


@closed
def test_a_closed_room_that_is_opened_is_then_nobodys_where_it_is_locked(locked, visibility):
    room = private(locked, visibility)
    token = enter(locked, room)
    shown(put(locked, room, token, visibility="public"), visibility="public")
    for bearer in (None, token):
        refused(put(locked, room, bearer, description="no"), 104)
        refused(delete(locked, room, bearer), 104)
    say(locked.joined(room, "ann"), "open all the same")


def test_the_lobby_is_locked_too(locked):
    lobby = shown(show(locked, "lobby"))["id"]
    refused(put(locked, lobby, title=fresh()), 104)
    refused(delete(locked, lobby), 104)
    shown(show(locked, lobby), title="Lobby")


def test_a_locked_room_that_is_given_to_somebody_is_theirs(locked):
    room = created(make(locked))["id"]
    answer = ctl("rooms", "owner", room, "--data", locked.data)
    owner_token = answer.stdout.strip()
    assert OWNER_TOKEN.fullmatch(owner_token), answer
    locked.secrets.add(owner_token)
    refused(put(locked, room, description="no"), 403, field="token")
    refused(put(locked, room, guest(locked, room), description="no"), 104)
    shown(put(locked, room, owner_token, description="mine"), description="mine")
    done(delete(locked, room, owner(locked, room, owner_token)))


def test_the_site_s_owner_removes_a_locked_room(locked):
    room = created(make(locked))["id"]
    answer = ctl("rooms", "remove", room, "--data", locked.data)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", ""), answer
    is_gone(locked, room)

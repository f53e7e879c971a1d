# SPDX-License-Identifier: MIT
"""Settings that change who may do what: hidden_rooms=secret, unowned_rooms=locked, create_rooms."""
from urllib.parse import quote

import pytest
from expect import (HIDDEN_IDS, PASSWORD, created, done, enter, fresh, history, is_gone, make, private,
                    refused, rooms, show, shown)

SETTINGS = {"hidden_rooms": "secret"}


def put(site, room, token=None, **members):
    return site.http("PUT", f"/chats/{room}", members, token=token)


def test_a_secret_room_is_found_by_its_id_alone(site):
    title = fresh("secret")
    room = private(site, "hidden", title=title)
    assert room in HIDDEN_IDS
    shown(show(site, room), id=room, title=title, visibility="hidden")
    is_gone(site, title)
    is_gone(site, title.upper())
    assert history(site, room, enter(site, room)) == []
    for method, path in (("DELETE", ""), ("PUT", ""), ("POST", "/token"), ("GET", "/token/renew"), ("GET", "/entrance")):
        answer = site.http(method, f"/chats/{quote(title)}{path}", token=enter(site, room))
        refused(answer, 101, field=title)


def test_a_secret_rooms_title_is_in_nobodys_way(site):
    title = fresh("shared")
    secret = private(site, "hidden", title=title)
    another = private(site, "hidden", title=title.upper())
    room = created(make(site, title))["id"]
    third = site.room()
    refused(put(site, third, title=title), 102, field="title")
    shown(show(site, quote(title)), id=room)
    for one in (secret, another):
        shown(put(site, one, enter(site, one), description="still there"), id=one)
    assert [one["id"] for one in rooms(site, "?q=" + quote(title))["rooms"]] == [room]


def test_a_secret_room_may_be_renamed_to_what_others_are_called(site):
    title = fresh("taken")
    site.room(title)
    secret = private(site, "hidden")
    shown(put(site, secret, enter(site, secret), title=title), title=title)


def test_nobody_learns_by_renaming_what_secret_rooms_are_called(site):
    title = fresh("unknown")
    private(site, "hidden", title=title)
    room = site.room()
    shown(put(site, room, title=title), title=title)


def test_no_room_becomes_a_secret_one_later(site):
    room = private(site)
    token = enter(site, room)
    refused(put(site, room, token, visibility="hidden"), 105, field="visibility")
    refused(put(site, room, token, visibility="Hidden", password="another password"), 105, field="visibility")
    shown(show(site, room), visibility="private")
    enter(site, room)


def test_a_secret_room_that_stays_one_may_be_told_so(site):
    room = private(site, "hidden")
    shown(put(site, room, enter(site, room), visibility="hidden", description="x"), visibility="hidden")


def test_nobody_owns_and_nobody_changes_where_that_is_locked(make_site):
    own = make_site(unowned_rooms="locked")
    title = fresh()
    room, closed = own.room(title), private(own)
    foreign = enter(own, closed)
    for token in (None, foreign, "garbage"):
        refused(put(own, room, token, title=fresh()), 104)
        refused(put(own, room, token, visibility="private", password=PASSWORD), 104)
        refused(own.http("DELETE", f"/chats/{room}", token=token), 104)
    shown(show(own, room), title=title)
    shown(put(own, closed, foreign, description="mine"), description="mine")
    done(own.http("DELETE", f"/chats/{closed}", token=foreign))


@pytest.mark.parametrize("who", ["owner_tool", "remote_user"])
def test_rooms_are_not_everyones_to_make_where_that_is_so(make_site, who):
    own = make_site(create_rooms=who)
    title = fresh()
    refused(make(own, title), 104)
    refused(make(own, title, "private"), 104)
    is_gone(own, title)
    shown(show(own, "lobby"), title="Lobby")

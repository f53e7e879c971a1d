# SPDX-License-Identifier: MIT
"""PUT /chats/{room}: who may change what, and that what is not given stays. Opening and closing: test_opening.py;
titles and passwords: test_titles.py, test_passwords.py.
"""
import time
from urllib.parse import quote

import pytest
from expect import (PASSWORD, created, done, enter, fresh, history, instant, is_gone, make, private,
                    refused, show, shown)


def put(site, room, token=None, **members):
    return site.http("PUT", f"/chats/{room}", members, token=token)


def test_anyone_renames_and_describes_a_public_room_nobody_owns(site):
    room = site.room()
    title = fresh("renamed")
    shown(put(site, room, title=title), title=title, id=room)
    shown(put(site, room, description="described"), title=title, description="described")
    shown(show(site, room), title=title, description="described", visibility="public")


def test_what_is_not_given_stays(site):
    title = fresh()
    room = site.room(title, description="first")
    for members in ({"description": "second"}, {"title": title + "!"}, {"visibility": "public"}, {}):
        before = shown(show(site, room))
        after = shown(put(site, room, **members))
        assert {**before, **members, "updatedAt": after["updatedAt"]} == after
        assert shown(show(site, room)) == after


def test_a_room_can_be_changed_by_its_title(site):
    title = fresh("\u00fcber uns")
    room = site.room(title)
    shown(put(site, quote(title.upper()), description="found"), id=room, description="found")


def test_a_description_can_be_emptied(site):
    room = site.room(description="something")
    shown(put(site, room, description=""), description="")


def test_a_change_dates_the_room_and_leaves_its_birth(site):
    room = site.room()
    before = shown(show(site, room))
    time.sleep(0.01)
    after = shown(put(site, room, description="new"))
    assert after["createdAt"] == before["createdAt"]
    assert instant(after["updatedAt"]) > instant(before["updatedAt"])


def test_a_renamed_room_is_found_by_its_new_title_alone(site):
    old, new = fresh("old"), fresh("new")
    room = site.room(old)
    shown(put(site, room, title=new))
    shown(show(site, quote(new)), id=room)
    refused(show(site, quote(old)), 101, field=old)
    created(make(site, old))


def test_a_room_keeps_its_title_in_another_case(site):
    title = fresh("Stra\u00dfe")
    room = site.room(title)
    shown(put(site, room, title=title.upper()), title=title.upper())
    shown(put(site, room, title=title), title=title)
    refused(make(site, title.lower()), 102, field="title")


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_a_room_does_not_get_another_ones_title(site, visibility):
    taken, own = fresh("Taken"), fresh("own")
    created(make(site, taken, visibility))
    room = site.room(own)
    for title in (taken, taken.upper(), taken.lower()):
        refused(put(site, room, title=title, description="no"), 102, field="title")
    shown(show(site, room), title=own, description="")


def test_of_a_refused_change_nothing_is_done(site):
    title = fresh()
    room = site.room(title, description="as it was")
    refused(put(site, room, title=fresh(), description="d" * 71), 105, field="description")
    refused(put(site, room, description="new", title="x"), 105, field="title")
    refused(put(site, room, description="new", visibility="open"), 105, field="visibility")
    shown(show(site, room), title=title, description="as it was")


@pytest.mark.parametrize("member", ["title", "description", "visibility", "password"])
@pytest.mark.parametrize("value", [None, 7, True, [], {}], ids=repr)
def test_a_member_of_a_wrong_type_changes_nothing(site, member, value):
    room = private(site, description="as it was")
    token = enter(site, room)
    refused(put(site, room, token, **{member: value}), 103, field=(None, member))
    shown(show(site, room), description="as it was")


def test_id_times_and_the_unknown_are_not_changed(site):
    room = site.room()
    before = shown(show(site, room))
    after = shown(put(site, room, id=1, createdAt="2000-01-01T00:00:00.0Z", users=[{}], nonsense=1))
    assert (after["id"], after["createdAt"], after["users"]) == (room, before["createdAt"], [])


@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_a_closed_room_is_changed_by_its_tokens_alone(site, visibility):
    title = fresh()
    room = private(site, visibility, title=title)
    foreign = enter(site, private(site))
    for wrong in (None, foreign, "garbage"):
        refused(put(site, room, wrong, description="no"), 403, field="token")
    shown(show(site, room), description="", title=title)
    token = enter(site, room)
    shown(put(site, room, token, description="yes"), description="yes", visibility=visibility)


def test_a_change_shows_people_to_who_may_see_them(site):
    room = site.room()
    ws = site.joined(room, "ann")
    users = shown(put(site, room, description="busy"))["users"]
    assert [user["username"] for user in users] == ["ann"]
    ws.send({"event_type": "leave"})


@pytest.mark.parametrize("word, other", [("private", "hidden"), ("hidden", "private")])
def test_a_closed_room_may_be_closed_the_other_way_and_keep_its_password(site, word, other):
    room = private(site, word)
    token = enter(site, room)
    shown(put(site, room, token, visibility=other.upper()), visibility=other, id=room)
    shown(put(site, room, token, description="the token lives on"))
    enter(site, room)


def test_a_new_password_is_the_only_one(site):
    room = private(site)
    token = enter(site, room)
    shown(put(site, room, token, password="another password"))
    answer = site.http("POST", f"/chats/{room}/token", {"secret": PASSWORD, "name": "ann"})
    refused(answer, 304, field="secret")
    enter(site, room, secret="another password")


def test_a_new_password_ends_every_token(site):
    room = private(site)
    ann, bob = enter(site, room, "ann"), enter(site, room, "bob")
    assert history(site, room, ann) == []
    shown(put(site, room, ann, password="another password"))
    for token in (ann, bob):
        refused(put(site, room, token, description="no"), 403, field="token")
        refused(site.http("DELETE", f"/chats/{room}", token=token), 403, field="token")
        refused(site.http("GET", f"/chats/{room}/token/renew", token=token), 403, field="token")
        refused(site.http("GET", f"/chats/events/{room}", token=token), 403, field="token")
    new = enter(site, room, secret="another password")
    shown(put(site, room, new, description="yes"), description="yes")


def test_the_same_password_again_ends_every_token_too(site):
    room = private(site)
    token = enter(site, room)
    shown(put(site, room, token, password=PASSWORD))
    refused(put(site, room, token, description="no"), 403, field="token")
    enter(site, room)


@pytest.mark.parametrize("members", [{}, {"password": ""}, {"visibility": "private"}, {"description": "x"}], ids=repr)
def test_other_changes_end_no_token(site, members):
    room = private(site)
    token = enter(site, room)
    shown(put(site, room, token, **members))
    shown(put(site, room, token, description="still here"))
    enter(site, room)


def test_a_room_that_is_not_there_is_not_made(site):
    title = fresh("nowhere")
    refused(put(site, quote(title), title=title, visibility="public"), 101, field=title)
    is_gone(site, "999999999")


def test_a_foreign_token_does_not_keep_anyone_from_an_open_room(site):
    room = site.room()
    foreign = enter(site, private(site))
    for token in (foreign, "garbage", foreign + "x"):
        shown(put(site, room, token, description="fine"), description="fine")
    done(site.http("DELETE", f"/chats/{room}", token=foreign))

# SPDX-License-Identifier: MIT
"""DELETE /chats/{room}: who may, and that nothing of the room is left."""
from urllib.parse import quote

import pytest
from expect import (created, done, enter, fresh, history, is_gone, make, private, refused, rooms, say,
                    show, shown)


def delete(site, room, token=None):
    return site.http("DELETE", f"/chats/{room}", token=token)


def test_anyone_deletes_a_public_room_nobody_owns(site):
    room = site.room()
    done(delete(site, room))
    is_gone(site, room)


def test_a_room_is_deleted_by_its_title_in_any_case(site):
    title = fresh("\u00c9t\u00e9")
    room = site.room(title)
    done(delete(site, quote(title.upper())))
    is_gone(site, room)


@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_a_closed_room_is_deleted_by_its_tokens_alone(site, visibility):
    room = private(site, visibility)
    foreign = enter(site, private(site))
    for wrong in (None, foreign, "garbage"):
        refused(delete(site, room, wrong), 403, field="token")
    shown(show(site, room), id=room)
    done(delete(site, room, enter(site, room)))
    is_gone(site, room)


def test_a_room_is_deleted_once(site):
    room = site.room()
    done(delete(site, room))
    refused(delete(site, room), 101, field=str(room))


def test_a_deleted_room_is_nowhere(site):
    title = fresh("gone")
    room = private(site, title=title)
    token = enter(site, room)
    done(delete(site, room, token))
    for name, field in ((room, str(room)), (quote(title), title)):
        refused(show(site, name, token), 101, field=field)
        refused(site.http("PUT", f"/chats/{name}", {"description": "x"}, token=token), 101, field=field)
        refused(delete(site, name, token), 101, field=field)
        refused(site.http("POST", f"/chats/{name}/token", {"name": "ann", "secret": "x"}), 101, field=field)
        refused(site.http("GET", f"/chats/{name}/token/renew", token=token), 101, field=field)
        refused(site.http("GET", f"/chats/{name}/entrance"), 101, field=field)
    refused(site.http("GET", f"/chats/events/{room}", token=token), 101, field=str(room))


def test_a_deleted_room_is_in_no_list(site):
    title = fresh("listed")
    room = site.room(title)
    found = rooms(site, "?q=" + quote(title))["rooms"]
    assert [one["id"] for one in found] == [room]
    done(delete(site, room))
    assert rooms(site, "?q=" + quote(title))["rooms"] == []
    newest = site.http("GET", "/chats/all").json()["data"]
    assert room not in [one["id"] for one in newest]


def test_the_title_of_a_deleted_room_is_free_again(site):
    title = fresh("again")
    first = site.room(title)
    refused(make(site, title), 102, field="title")
    done(delete(site, first))
    second = created(make(site, title.upper()))["id"]
    assert second != first
    shown(show(site, quote(title)), id=second)
    is_gone(site, first)


def test_a_room_of_the_same_title_begins_empty(site):
    title = fresh("ghosts")
    first = site.room(title)
    say(site.joined(first, "ann"), "remember me")
    done(delete(site, first))
    second = site.room(title)
    assert history(site, second) == []
    assert shown(show(site, second))["users"] == []
    site.joined(second, "ann")


def test_a_token_of_a_deleted_room_does_not_open_one_of_the_same_title(site):
    title = fresh("same door")
    first = private(site, title=title)
    token = enter(site, first)
    done(delete(site, first, token))
    second = private(site, title=title)
    refused(delete(site, second, token), 403, field="token")
    refused(site.http("GET", f"/chats/events/{second}", token=token), 403, field="token")


def test_the_newest_id_is_not_given_again_after_a_restart(make_site):
    own = make_site()
    room = own.room()
    done(delete(own, room))
    own.stop()
    own.start()
    assert own.room() not in (room, 0)
    is_gone(own, room)


def test_other_rooms_are_left_alone(site):
    one, other = site.room(), site.room()
    say(site.joined(other, "ann"), "still here")
    done(delete(site, one))
    shown(show(site, other), id=other)
    assert [event["msg"] for event in history(site, other)] == ["still here"]

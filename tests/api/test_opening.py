# SPDX-License-Identifier: MIT
"""What becomes of a room that is opened to the public, and that nobody closes one that belongs to nobody."""
import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from expect import (PASSWORD, done, enter, history, private, refused, rooms, say, show, shown)
from stored import path


def put(site, room, token=None, **members):
    return site.http("PUT", f"/chats/{room}", members, token=token)


@pytest.fixture(params=["private", "hidden"])
def closed(site, request):
    """A closed room and a token of it."""
    room = private(site, request.param)
    return room, enter(site, room)


def test_opening_needs_a_token(site, closed):
    room, token = closed
    for wrong in (None, enter(site, private(site)), token[:-2]):
        refused(put(site, room, wrong, visibility="public"), 403, field="token")
    assert shown(show(site, room))["visibility"] != "public"
    shown(put(site, room, token, visibility="Public"), visibility="public", id=room)


def test_an_open_room_is_everyones(site, closed):
    room, token = closed
    shown(put(site, room, token, visibility="public"))
    shown(put(site, room, description="by anyone"), description="by anyone")
    done(site.http("POST", f"/chats/{room}/token", {"name": "ann"}))
    ws = site.joined(room, "ann")
    assert [user["username"] for user in shown(show(site, room))["users"]] == ["ann"]
    ws.send({"event_type": "leave"})


def test_an_open_room_is_listed(site, closed):
    room, token = closed
    shown(put(site, room, token, visibility="public"))
    assert room in [one["id"] for one in rooms(site, "?limit=200")["rooms"]]


def test_opening_ends_the_tokens(site, closed):
    room, token = closed
    other = enter(site, room, "bob")
    shown(put(site, room, token, visibility="public"))
    for stale in (token, other):
        done(site.http("GET", f"/chats/{room}/token/renew", token=stale))


def test_opening_drops_the_password(site, closed):
    room, token = closed
    shown(put(site, room, token, visibility="public"))
    refused(put(site, room, visibility="public", password=PASSWORD), 105, field="visibility")
    refused(put(site, room, token, visibility="private"), 104)
    done(site.http("POST", f"/chats/{room}/token", {"name": "ann", "secret": "not the password"}))


def test_a_room_is_not_opened_and_given_a_password_at_once(site, closed):
    room, token = closed
    refused(put(site, room, token, visibility="public", password="a new password"), 105, field="visibility")
    assert shown(show(site, room))["visibility"] != "public"
    enter(site, room)


def test_what_was_said_before_opening_is_served_no_more(site, closed):
    room, token = closed
    ws = site.joined(room, "ann", token)
    before = say(ws, "between us", "and only us")
    assert [event["msg"] for event in history(site, room, token)] == ["between us", "and only us"]
    shown(put(site, room, token, visibility="public"))
    assert history(site, room) == []
    after = say(site.joined(room, "bob"), "hello everyone")
    assert after[0]["epoch"] != before[0]["epoch"]
    assert [event["msg"] for event in history(site, room)] == ["hello everyone"]


def test_nor_is_it_after_a_restart(make_site):
    own = make_site()
    room = private(own)
    token = enter(own, room)
    say(own.joined(room, "ann", token), "between us")
    shown(put(own, room, token, visibility="public"))
    say(own.joined(room, "bob"), "hello everyone")
    own.stop()
    own.start()
    assert [event["msg"] for event in history(own, room)] == ["hello everyone"]


def test_nobody_is_kept_out_of_a_room_by_a_change_that_leaves_it_closed(site, closed):
    room, token = closed
    ws = site.joined(room, "ann", token)
    first = say(ws, "one")[0]
    shown(put(site, room, token, description="changed"))
    second = say(ws, "two")[0]
    assert (second["epoch"], second["seq"]) == (first["epoch"], first["seq"] + 1)
    assert [event["msg"] for event in history(site, room, token)] == ["one", "two"]


@contextmanager
def reserved(site):
    """Somebody else's transaction: rooms can be read, but not changed."""
    with closing(sqlite3.connect(path(site, "rooms.db"), timeout=10, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


def test_what_is_said_while_a_room_is_being_opened_is_not_for_the_public(site, closed):
    """The row of the room waits for somebody else's transaction; it is closed until that has ended."""
    room, token = closed
    visibility = shown(show(site, room))["visibility"]
    ws = site.joined(room, "ann", token)
    before = say(ws, "between us")[0]
    with ThreadPoolExecutor(1) as pool:
        with reserved(site):
            opening = pool.submit(put, site, room, token, visibility="public")
            during = say(ws, "and only us", "still")
            shown(show(site, room), visibility=visibility)
            assert len(history(site, room, token)) == 3
            assert not opening.done()
        shown(opening.result(), visibility="public")
    assert {event["epoch"] for event in during} == {before["epoch"]}
    assert history(site, room) == []


def test_an_opening_that_fails_leaves_the_room_closed_with_its_history(site, closed):
    """Somebody else's transaction lasts longer than anybody waits."""
    room, token = closed
    was = shown(show(site, room))
    ws = site.joined(room, "ann", token)
    say(ws, "between us")
    with reserved(site):
        answer = put(site, room, token, visibility="public")
        refused(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
        assert shown(show(site, room), visibility=was["visibility"])["updatedAt"] == was["updatedAt"]
    assert shown(show(site, room), visibility=was["visibility"])["updatedAt"] == was["updatedAt"]
    say(ws, "and only us")
    assert [event["msg"] for event in history(site, room, token)] == ["between us", "and only us"]
    refused(site.http("GET", f"/chats/events/{room}"), 403, field="token")
    shown(put(site, room, token, visibility="public"), visibility="public")
    assert history(site, room) == []


@pytest.fixture
def absent_relay(make_site):
    """A site whose relay is stopped, not dead: it takes connections and does not answer. And a private room of it,
    a token, a member, and what that has said."""
    own = make_site()
    room = private(own)
    token = enter(own, room)
    ws = own.joined(room, "ann", token)
    first = say(ws, "between us")[0]
    pid = own.pid("globes-relay")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield own, room, token, ws, first
    finally:
        if own.pid("globes-relay") == pid:
            os.kill(pid, signal.SIGCONT)


def assert_begun_anew(site, room, first):
    assert history(site, room) == []
    after = say(site.joined(room, "bob"), "hello everyone")[0]
    assert after["epoch"] != first["epoch"] and after["seq"] == 1
    assert [event["msg"] for event in history(site, room)] == ["hello everyone"]


def test_a_room_is_opened_while_the_relay_does_not_answer(absent_relay):
    site, room, token, ws, first = absent_relay
    ws.send({"event_type": "send", "msg": "not for the public"})
    shown(put(site, room, token, visibility="public"), visibility="public")
    assert history(site, room) == []
    os.kill(site.pid("globes-relay"), signal.SIGCONT)
    assert ws.wait_closed()[0] == 1008
    assert_begun_anew(site, room, first)


def test_a_relay_killed_before_it_hears_of_the_opening_has_the_new_log_when_it_is_back(absent_relay):
    site, room, token, ws, first = absent_relay
    shown(put(site, room, token, visibility="public"), visibility="public")
    site.kill_and_wait("globes-relay")
    ws.wait_closed()
    assert_begun_anew(site, room, first)


@pytest.mark.parametrize("visibility", ["private", "hidden", "PRIVATE"])
def test_a_room_that_nobody_owns_is_never_closed(site, visibility):
    room = site.room()
    ws = site.joined(room, "ann")
    foreign = enter(site, private(site))
    for token in (None, foreign):
        answer = put(site, room, token, visibility=visibility, password=PASSWORD, description="mine")
        refused(answer, 104)
    shown(show(site, room), visibility="public", description="")
    say(ws, "still open")


def test_saying_that_a_public_room_is_public_is_no_change(site):
    room = site.room()
    say(site.joined(room, "ann"), "keep this")
    shown(put(site, room, visibility="public"), visibility="public")
    assert [event["msg"] for event in history(site, room)] == ["keep this"]

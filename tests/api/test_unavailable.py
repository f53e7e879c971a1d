# SPDX-License-Identifier: MIT
"""The store or the relay is away: 503 with Retry-After, nothing lost, and all well again once it is back."""
import os
import sqlite3
import time
from contextlib import closing, contextmanager

import pytest
from expect import (JSON_ONLY, created, done, enter, fresh, history, is_gone, make, private, refused,
                    rooms, say, show, shown)
from lib.globes import wait
from stored import path


def unavailable(answer):
    refused(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


@contextmanager
def replaced_by_a_folder(site, name):
    """The file is away and a folder stands in its place, for programs started meanwhile."""
    file = path(site, name)
    os.rename(file, file + ".away")
    os.mkdir(file)
    try:
        site.kill_and_wait("globes.fcgi")
        yield
    finally:
        os.rmdir(file)
        os.rename(file + ".away", file)


@contextmanager
def locked(site):
    """Somebody holds the database of rooms and does not let go."""
    with closing(sqlite3.connect(path(site, "rooms.db"), timeout=10, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield


def test_a_broken_store_is_503_and_its_repair_brings_everything_back(make_site):
    own = make_site()
    title = fresh()
    room, closed = own.room(title), private(own)
    token = enter(own, closed)
    with replaced_by_a_folder(own, "rooms.db"):
        answer = wait(lambda: not_ok(show(own, room)), what="a refusal")
        unavailable(answer)
        unavailable(make(own))
        unavailable(own.http("PUT", f"/chats/{room}", {"title": fresh()}))
        unavailable(own.http("DELETE", f"/chats/{room}"))
        unavailable(own.http("GET", "/chats", headers=JSON_ONLY))
        unavailable(own.http("GET", "/chats/all"))
        unavailable(own.http("GET", f"/chats/events/{room}"))
        unavailable(own.http("POST", f"/chats/{closed}/token", {"name": "ann", "secret": "x" * 8}))
        unavailable(own.http("GET", f"/chats/{closed}/token/renew", token=token))
        refused(own.http("GET", "/chats/a/b/c"), 404)
        refused(own.http("PATCH", "/chats"), 405)
    wait(lambda: show(own, room).status == 200, timeout=20, what="the store's return")
    shown(show(own, room), title=title)
    created(make(own))
    assert history(own, closed, token) == []


def not_ok(answer):
    return answer if answer.status != 200 else None


def test_a_locked_store_is_503_in_time_and_nothing_is_done(make_site):
    own = make_site()
    room, title = own.room(), fresh()
    with locked(own):
        begun = time.monotonic()
        unavailable(make(own, title))
        unavailable(own.http("DELETE", f"/chats/{room}"))
        assert time.monotonic() - begun < 15
    wait(lambda: show(own, room).status == 200, what="the store's return")
    is_gone(own, title)
    created(make(own, title))


def test_a_store_locked_for_a_moment_is_waited_for(site):
    with locked(site):
        pass
    room = site.room()
    with closing(sqlite3.connect(path(site, "rooms.db"), isolation_level=None)) as db:
        for _ in range(20):
            db.execute("BEGIN EXCLUSIVE")
            db.execute("COMMIT")
            shown(site.http("PUT", f"/chats/{room}", {"description": "through"}), description="through")


@pytest.fixture
def without_relay(make_site):
    """A site whose relay is stopped, not dead: it takes connections and does not answer."""
    own = make_site()
    room = own.room()
    say(own.joined(room, "ann"), "before")
    closed = private(own)
    pid = own.pid("globes-relay")
    os.kill(pid, 19)
    yield own, room, closed
    os.kill(pid, 18)


def test_without_the_relay_rooms_go_on_and_nobody_is_seen(without_relay):
    own, room, closed = without_relay
    assert shown(show(own, room))["users"] == []
    assert room in [one["id"] for one in rooms(own)["rooms"]]
    assert [event["msg"] for event in history(own, room)] == ["before"]
    shown(own.http("PUT", f"/chats/{room}", {"description": "changed"}), description="changed")
    created(make(own))
    enter(own, closed)


def test_a_relay_killed_and_back_shows_people_again(make_site):
    own = make_site()
    room = own.room()
    ann = own.joined(room, "ann")
    own.kill_and_wait("globes-relay")
    ann.wait_closed()
    bob = own.joined(room, "bob")
    names = wait(lambda: [user["username"] for user in shown(show(own, room))["users"]], what="people")
    assert names == ["bob"]
    say(bob, "hello again")
    done(own.http("DELETE", f"/chats/{room}"))

# SPDX-License-Identifier: MIT
"""The owner closes a public room: who may, what it needs, and that those without a token are soon outside. What nobody
owns is never closed: test_opening.py, test_unowned_rooms.py.
"""
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from expect import (PASSWORD, created, done, enter, fresh, history, make, refused, rooms, say, show, shown)
from lib.globes import wait
from lib.ws import Refused
from rights import CLOSED, ask, delete, guest, owned, owner, put, renew

closed = pytest.mark.parametrize("visibility", CLOSED)
SOON = 2.0  # seconds within which who has no token is outside


def close(site, room, owner_token, visibility="private", **members):
    return shown(put(site, room, owner_token, visibility=visibility, password=PASSWORD, **members),
                 visibility=visibility, id=room)


def outside(sockets, since):
    """All of these have been closed with 1008 in time."""
    for ws in sockets:
        assert ws.wait_closed(timeout=max(since + SOON - time.monotonic(), 0.01))[0] == 1008


# ---- who may, and with what ----

@closed
@pytest.mark.parametrize("word", [str.upper, str.capitalize])
def test_the_owner_closes_a_room(site, visibility, word):
    room, owner_token = owned(site)
    shown(put(site, room, owner_token, visibility=word(visibility), password=PASSWORD), visibility=visibility)
    shown(show(site, room), visibility=visibility)
    enter(site, room)


def test_a_token_of_the_owner_closes_a_room_and_ends_by_that(site):
    room, owner_token = owned(site)
    token = owner(site, room, owner_token)
    close(site, room, token)
    refused(put(site, room, token, description="no"), 403, field="token")
    shown(put(site, room, owner_token, description="yes"), description="yes")


@closed
def test_nobody_else_closes_it(site, visibility):
    room, _ = owned(site)
    _, theirs = owned(site)
    body = {"visibility": visibility, "password": PASSWORD}
    for token in (None, theirs, "garbage"):
        refused(put(site, room, token, **body), 403, field="token")
    refused(put(site, room, guest(site, room), **body), 104)
    shown(show(site, room), visibility="public")
    say(site.joined(room, "ann"), "still open")


@closed
@pytest.mark.parametrize("more", [{}, {"password": ""}, {"password": "short"}, {"password": "p" * 512},
                                  {"password": "a password\0 with NUL"}], ids=repr)
def test_closing_needs_a_password(site, visibility, more):
    room, owner_token = owned(site)
    ws = site.joined(room, "ann")
    refused(put(site, room, owner_token, visibility=visibility, description="no", **more), 105, field="password")
    shown(show(site, room), visibility="public", description="")
    say(ws, "still open")


@closed
def test_the_password_of_before_the_opening_is_not_there_for_closing_again(site, visibility):
    room, owner_token = owned(site, visibility)
    shown(put(site, room, owner_token, visibility="public", password=""), visibility="public")
    refused(put(site, room, owner_token, visibility=visibility), 105, field="password")
    shown(show(site, room), visibility="public")


def test_a_password_alone_closes_nothing(site):
    room, owner_token = owned(site)
    refused(put(site, room, owner_token, password=PASSWORD), 105, field="visibility")
    shown(show(site, room), visibility="public")


# ---- those who were inside ----

@closed
def test_closing_puts_everyone_without_a_token_of_the_new_key_outside(site, visibility):
    room, owner_token = owned(site)
    looking = site.ws(room)
    sockets = [site.joined(room, "ann"), site.joined(room, "bob", "no.good.token"), looking,
               site.joined(room, None, guest(site, room)), site.joined(room, None, owner(site, room, owner_token)),
               site.joined(room, "dan", direct=True)]
    close(site, room, owner_token, visibility)
    outside(sockets, time.monotonic())
    wait(lambda: not shown(show(site, room, owner_token))["users"], timeout=SOON, what="an empty room")


def test_two_hundred_are_outside_in_time(site):
    room, owner_token = owned(site)
    sockets = [site.ws(room, direct=True) for _ in range(200)]
    close(site, room, owner_token)
    outside(sockets, time.monotonic())


def test_nothing_is_said_to_the_room_after_it_is_closed(site):
    """One goes on talking while it happens, and does not stop for being told to."""
    room, owner_token = owned(site)
    ann = site.joined(room, "ann")
    stop = threading.Event()

    def talk():
        while not stop.is_set():
            ann.say("and another thing")
            stop.wait(0.001)

    with ThreadPoolExecutor(1) as pool:
        talker = pool.submit(talk)
        wait(lambda: site.log_rows(room), what="something said")
        close(site, room, owner_token)
        mia = site.joined(room, "mia", enter(site, room, "mia"))
        said = say(mia, *[f"alone {i}" for i in range(30)])
        stop.set()
        talker.result()
    assert [row[2] for row in site.log_rows(room)[said[0]["seq"] - 1:]] == [event["msg"] for event in said]


def test_who_is_told_to_go_and_does_not_is_gone_in_time_too(site):
    """Its machine sleeps: nothing is read there, and no Close is answered."""
    room, owner_token = owned(site)
    site.joined(room, "ann")
    close(site, room, owner_token)
    wait(lambda: not shown(show(site, room, owner_token))["users"], timeout=SOON, what="an empty room")


def test_those_of_other_rooms_stay(site):
    room, owner_token = owned(site)
    other, _ = owned(site)
    ws, stranger = site.joined(room, "ann"), site.joined(other, "ann")
    close(site, room, owner_token)
    outside([ws], time.monotonic())
    say(stranger, "still here")


@closed
def test_changes_that_leave_a_room_public_put_nobody_out(site, visibility):
    room, owner_token = owned(site)
    sockets = [site.joined(room, "ann"), site.joined(room, None, guest(site, room))]
    shown(put(site, room, owner_token, title=fresh(), description="new", visibility="public"))
    refused(put(site, room, owner_token, visibility=visibility), 105, field="password")
    for ws in sockets:
        say(ws, "still here")


# ---- what is then ----

@closed
def test_a_closed_room_is_entered_by_its_password_alone(site, visibility):
    room, owner_token = owned(site)
    close(site, room, owner_token, visibility)
    for token in (None, "no.good.token"):
        with pytest.raises(Refused) as caught:
            site.ws(room, token)
        assert caught.value.error() == (403, 403)
    refused(ask(site, room, name="ann"), 304, field="secret")
    refused(ask(site, room, name="ann", secret="not the password"), 304, field="secret")
    refused(renew(site, room), 403, field="token")
    ws = site.joined(room, "mia", enter(site, room, "mia"))
    assert ws.joined["verified"] is True


@closed
def test_people_and_words_of_a_closed_room_are_not_for_strangers(site, visibility):
    room, owner_token = owned(site)
    ann = site.joined(room, "ann")
    say(ann, "said in the open")
    close(site, room, owner_token, visibility)
    outside([ann], time.monotonic())
    answer = site.http("GET", f"/chats/events/{room}")
    refused(answer, 403, field="token")
    assert "said in the open" not in answer.text
    mia = site.joined(room, "mia", enter(site, room, "mia"))
    assert shown(show(site, room))["users"] == []
    wait(lambda: [user["username"] for user in shown(show(site, room, owner_token))["users"]] == ["mia"], timeout=SOON,
         what="a room in which only mia is")
    say(mia, "said behind the door")
    refused(site.http("GET", f"/chats/events/{room}"), 403, field="token")


@closed
def test_members_see_what_was_said_before_closing(site, visibility):
    room, owner_token = owned(site)
    before = say(site.joined(room, "ann"), "said in the open")[0]
    close(site, room, owner_token, visibility)
    token = enter(site, room, "mia")
    after = say(site.joined(room, "mia", token), "behind the door")[0]
    assert history(site, room, token) == [before, after]
    assert (after["epoch"], after["seq"]) == (before["epoch"], before["seq"] + 1)


def test_a_room_closed_to_private_is_listed_and_one_closed_to_hidden_is_not(site):
    for visibility, listed in (("private", True), ("hidden", False)):
        title = fresh("closing")
        room, owner_token = owned(site, title=title)
        close(site, room, owner_token, visibility)
        assert [one["id"] for one in rooms(site, "?q=" + quote(title))["rooms"]] == ([room] if listed else [])
        newest = [one["id"] for one in site.http("GET", "/chats/all").json()["data"]]
        assert (room in newest) is listed
        shown(show(site, quote(title)), id=room)


@closed
def test_what_was_said_behind_the_door_is_not_for_who_comes_after_opening(site, visibility):
    room, owner_token = owned(site)
    ann = site.joined(room, "ann")
    say(ann, "said in the open")
    close(site, room, owner_token, visibility)
    outside([ann], time.monotonic())
    mia = site.joined(room, "mia", enter(site, room, "mia"))
    say(mia, "behind the door")
    shown(put(site, room, owner_token, visibility="public"), visibility="public")
    outside([mia], time.monotonic())
    assert history(site, room) == []
    say(site.joined(room, "bob"), "hello again")
    assert [event["msg"] for event in history(site, room)] == ["hello again"]


def test_a_room_is_closed_and_opened_again_and_again(site):
    room, owner_token = owned(site)
    for turn in range(5):
        ann = site.joined(room, f"ann {turn}")
        say(ann, f"open {turn}")
        close(site, room, owner_token, CLOSED[turn % 2])
        outside([ann], time.monotonic())
        mia = site.joined(room, None, enter(site, room, f"mia {turn}"))
        say(mia, f"closed {turn}")
        shown(put(site, room, owner_token, visibility="public"))
        outside([mia], time.monotonic())
        assert history(site, room) == []
    done(delete(site, room, owner_token))


def test_a_closed_room_stays_closed_over_a_restart(make_site):
    own = make_site()
    room, owner_token = owned(own)
    close(own, room, owner_token)
    own.stop()
    own.start()
    refused(own.http("GET", f"/chats/events/{room}"), 403, field="token")
    own.joined(room, "mia", enter(own, room, "mia"))


# ---- when the relay does not hear of it ----

def test_a_relay_that_does_not_answer_puts_people_out_when_it_is_back(make_site):
    own = make_site()
    room, owner_token = owned(own)
    ann = own.joined(room, "ann")
    pid = own.pid("globes-relay")
    os.kill(pid, signal.SIGSTOP)
    try:
        close(own, room, owner_token)
        ann.say("nobody shall hear this")
    finally:
        os.kill(pid, signal.SIGCONT)
    outside([ann], time.monotonic())
    refused(own.http("GET", f"/chats/events/{room}"), 403, field="token")
    with pytest.raises(Refused):
        own.ws(room)


def test_a_relay_killed_before_it_hears_of_it_lets_nobody_in(make_site):
    own = make_site()
    room, owner_token = owned(own)
    ann = own.joined(room, "ann")
    pid = own.pid("globes-relay")
    os.kill(pid, signal.SIGSTOP)
    close(own, room, owner_token)
    own.kill_and_wait("globes-relay")
    ann.wait_closed()
    wait(lambda: refusal(own, room) == (403, 403), what="a relay that refuses")
    own.joined(room, "mia", enter(own, room, "mia"))


def refusal(site, room):
    """How a socket without a token is refused; while the relay is away the web server says so in its own words."""
    with pytest.raises(Refused) as caught:
        site.ws(room)
    try:
        return caught.value.error()
    except ValueError:
        return caught.value.status, None


def test_a_room_with_rooms_made_secret_is_closed_to_private_alone(make_site):
    own = make_site(hidden_rooms="secret")
    room, owner_token = owned(own)
    ws = own.joined(room, "ann")
    refused(put(own, room, owner_token, visibility="hidden", password=PASSWORD), 105, field="visibility")
    say(ws, "still open")
    close(own, room, owner_token)
    outside([ws], time.monotonic())
    created(make(own))

# SPDX-License-Identifier: MIT
"""The relay's limits on sockets and on what waits: each is met beyond, says so, and lets go again."""

import sqlite3
import time

import pytest

from lib.globes import wait
from lib.ws import Refused, hear_only, sends, text_frame


def error_of(refusal):
    return refusal.json()["error"]


def open_or_refused(site, room, **more):
    try:
        return site.ws(room, **more)
    except Refused:
        return None


@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_beyond_sockets_max_the_handshake_is_503(make_site, direct):
    site = make_site(sockets_max="3")
    room = site.room()
    sockets = [site.joined(room, f"P{n}", direct=direct) for n in range(3)]
    with pytest.raises(Refused) as caught:
        site.ws(site.room(), direct=direct)
    assert caught.value.error() == (503, 503)
    assert int(caught.value.headers["Retry-After"]) > 0
    sockets[0].recv_until("join", name="P2")
    sockets[1].recv_until("join", name="P2")
    hear_only(*sockets)
    sockets[0].close()
    wait(lambda: open_or_refused(site, room, direct=direct), what="a place for another socket")


def test_none_is_no_limit(make_site):
    site = make_site(sockets_max="none", members_max="none", rooms_max="none", tick="none", send_rate="none")
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    hear_only(ann, bob)


def test_sockets_max_is_looked_at_after_the_token(make_site):
    site = make_site(sockets_max="1")
    private = site.room(visibility="private")
    ann = site.joined(site.room(), "Ann")
    with pytest.raises(Refused) as caught:
        site.ws(private, token="no.good.token")
    assert caught.value.error() == (403, 403)
    hear_only(ann)


def enter_full(site, room, name):
    """What somebody is told who comes to a full room: at the handshake, or at the join."""
    try:
        ws = site.ws(room)
    except Refused as refusal:
        assert refusal.status == 429
        assert int(refusal.headers["Retry-After"]) > 0
        return error_of(refusal)
    ws.send({"event_type": "join", "name": name})
    return ws.recv()


def test_beyond_members_max_a_room_is_full(make_site):
    site = make_site(members_max="2")
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    error = enter_full(site, room, "Carla")
    assert (error["code"], error["field"]) == (429, "members_max")
    hear_only(ann, bob)
    site.joined(site.room(), "Carla")
    bob.close()
    ann.recv_until("leave", name="Bob")
    wait(lambda: "code" not in enter_full(site, room, "Carla"), what="a place in the room")


def test_more_sends_than_pending_per_socket_are_stored_in_order(make_site):
    site = make_site(pending_per_socket="1")
    room = site.room()
    ann = site.joined(room, "Ann")
    ann.send_raw(sends(str(n) for n in range(300)))
    assert [event["msg"] for event in ann.recv_many(300)] == [str(n) for n in range(300)]
    assert [row[2] for row in site.log_rows(room)] == [str(n) for n in range(300)]


class LockedStore:
    """Holds the write lock of a site's log.db, so that nothing can be stored meanwhile."""

    def __init__(self, site):
        self.database = sqlite3.connect(f"{site.data}/log.db", timeout=10, isolation_level=None)

    def __enter__(self):
        self.database.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_):
        self.database.execute("ROLLBACK")
        self.database.close()


def test_nothing_is_echoed_before_it_is_stored(make_site):
    """Either it waits for the store, or it is refused with 503; then the history has just what was echoed."""
    site = make_site()
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    ann.echo("before")
    bob.recv()
    with LockedStore(site):
        for n in range(10):
            ann.say(f"waits {n}")
        bob.expect_nothing()
        time.sleep(0.5)  # nothing can be waited for: what is tested is that nothing happens
        bob.expect_nothing()
        assert [event["msg"] for event in site.events(room)] == ["before"]
    outcomes = ann.recv_many(10, timeout=20)
    echoed = [event["msg"] for event in outcomes if event["event_type"] == "send"]
    refused = [event["code"] for event in outcomes if event["event_type"] == "error"]
    assert set(refused) <= {503} and len(echoed) + len(refused) == 10
    assert [event["msg"] for event in site.events(room)] == ["before"] + echoed
    wait(lambda: stores_again(ann), what="a message stored")


def stores_again(ws):
    ws.say("after")
    return ws.recv()["event_type"] == "send"


def test_a_store_that_is_locked_for_long_refuses_and_loses_nothing(make_site):
    site = make_site(store_timeout="500ms")
    room = site.room()
    ann = site.joined(room, "Ann")
    ann.echo("before")
    with LockedStore(site):
        ann.say("cannot be stored")
        time.sleep(1.5)  # longer than store_timeout
    outcome = ann.recv(timeout=20)
    stored = [event["msg"] for event in site.events(room)]
    if outcome["event_type"] == "error":
        assert outcome["code"] == 503
        assert stored == ["before"]
    else:
        assert stored == ["before", "cannot be stored"]
    wait(lambda: stores_again(ann), what="a message stored")


def test_beyond_pending_max_sends_are_503_and_the_rest_is_stored(make_site):
    site = make_site(pending_max="64k", pending_per_socket="4096")
    room = site.room()
    ann = site.joined(room, "Ann")
    texts = [f"{n} " + "x" * 4000 for n in range(200)]
    with LockedStore(site):
        ann.send_raw(sends(texts))
        error = ann.recv_error(503)
        assert error["error"] == "Service unavailable"
    outcomes = [error] + ann.recv_many(199, timeout=20)
    echoed = [event["msg"] for event in outcomes if event["event_type"] == "send"]
    assert all(event["code"] == 503 for event in outcomes if event["event_type"] == "error")
    assert echoed == [text for text in texts if text in set(echoed)]
    wait(lambda: stores_again(ann), what="a message stored")
    assert [row[2] for row in site.log_rows(room)][:len(echoed)] == echoed


def test_who_comes_and_goes_while_the_store_is_busy_takes_nothing_from_others(make_site):
    """Joins and leaves wait behind a send that waits for the store; they have a limit of their own."""
    site = make_site(pending_max="64k")
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(site.room(), "Bob")
    come_and_go = text_frame({"event_type": "leave"}) + text_frame({"event_type": "join", "name": "Ann"})
    with LockedStore(site):
        ann.say("waits")
        ann.send_raw(come_and_go * 2000)
        bob.say("waits too")
        time.sleep(0.5)  # nothing can be waited for: what is tested is that nothing is refused
    assert bob.recv(timeout=20)["msg"] == "waits too"
    events = ann.recv_many(4001, timeout=20)
    assert events[0]["msg"] == "waits"
    assert [event["event_type"] for event in events[1:]] == ["leave", "join"] * 2000


def test_a_lock_on_the_rooms_does_not_hold_up_what_is_said(make_site):
    site = make_site()
    ann = site.joined(site.room(), "Ann")
    database = sqlite3.connect(f"{site.data}/rooms.db", timeout=10, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    try:
        until = time.monotonic() + 3  # longer than it takes the relay to look whether rows have changed
        while time.monotonic() < until:
            ann.say("hello")
            assert ann.recv(timeout=3)["msg"] == "hello"
    finally:
        database.execute("ROLLBACK")
        database.close()


def test_a_socket_that_talks_for_long_is_not_cut(make_site):
    """A web server may count the bytes of a socket's whole life as one request's."""
    site = make_site(body_max="1k")
    ann = site.joined(site.room(), "Ann")
    for n in range(64):
        ann.send_raw(sends([f"{n} " + "x" * 4000] * 16))
        ann.recv_many(16)
    assert ann.echo("still here")["seq"] == 64 * 16 + 1

# SPDX-License-Identifier: MIT
"""Stopping, killing and starting again: sockets are told, and rooms and messages are there afterwards."""

import re
import signal
import threading
import time

import pytest

from lib.globes import wait
from lib.ws import Closed, Refused


def enter_again(site, room, name, token=None):
    """A member, as soon as the relay is back."""
    def attempt():
        try:
            return site.joined(room, name, token)
        except (Refused, Closed, OSError):
            return None
    return wait(attempt, timeout=15, what="a way into the room")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_when_the_site_stops_every_socket_is_told_1012(make_site, how):
    site = make_site()
    rooms = [site.room() for _ in range(3)]
    sockets = [site.joined(room, f"P{n}") for room in rooms for n in range(4)] + [site.ws(rooms[0])]
    site.terminate(how)
    ends = [ws.wait_closed() for ws in sockets]
    assert {code for code, _ in ends} == {1012}
    assert all(re.search(r"\d+", reason) for _, reason in ends), ends
    site.stop()


def test_a_busy_site_stops_with_1012_and_has_all_that_was_echoed(make_site):
    site = make_site()
    room = site.room()
    writers = [Writer(site.joined(room, f"P{n}")) for n in range(4)]
    wait(lambda: all(len(writer.echoed) > 20 for writer in writers), what="talk")
    site.terminate()
    for writer in writers:
        writer.thread.join(20)
        assert writer.end == 1012
    site.stop()
    site.start()
    site.joined(room, "Ann").echo("after")
    rows = site.log_rows(room)
    assert [row[1] for row in rows] == list(range(1, len(rows) + 1))
    assert len({row[2] for row in rows}) == len(rows)
    places = {msg: (epoch, seq) for epoch, seq, msg in rows}
    for writer in writers:
        for event in writer.echoed:
            assert places[event["msg"]] == (event["epoch"], event["seq"])


class Writer:
    """Talks until its socket ends."""

    def __init__(self, ws):
        self.ws = ws
        self.echoed = []
        self.end = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            for n in range(1_000_000):
                text = f"{self.ws.name} says {n}"
                self.ws.say(text)
                self.echoed.append(self.ws.recv_until("send", msg=text))
        except Closed as closed:
            self.end = closed.code


def test_rooms_and_messages_are_there_after_a_stop_and_a_start(make_site):
    site = make_site(drain_time="200ms")
    room, private = site.room("A public room"), site.room("A private room", visibility="private")
    token = site.token(private, "Ann")
    ann, guest = site.joined(private, None, token), site.joined(room, "Guest")
    said = [ann.echo(f"message {n}") for n in range(10)]
    open_said = [guest.echo("among all")]
    before = [site.http("GET", f"/chats/{r}").json() for r in (room, private)]
    site.stop()
    site.start()
    after = [site.http("GET", f"/chats/{r}").json() for r in (room, private)]
    for one in before + after:
        one["users"] = []
    assert after == before
    assert site.events(private, token) == said
    assert site.events(room) == open_said
    again = site.joined(private, None, token)
    event = again.echo("one more")
    assert (event["epoch"], event["seq"], event["who"]) == (said[0]["epoch"], 11, said[0]["who"])


def test_names_are_free_after_a_stop_and_a_start(make_site):
    site = make_site(drain_time="200ms")
    room = site.room()
    site.joined(room, "Ann")
    site.stop()
    site.start()
    assert site.http("GET", f"/chats/{room}").json()["users"] == []
    site.joined(room, "Ann")


def test_a_stop_and_a_start_three_times_lose_nothing(make_site):
    site = make_site(drain_time="200ms")
    room = site.room()
    said = []
    for n in range(3):
        said.append(site.joined(room, "Ann").echo(f"run {n}"))
        site.stop()
        site.start()
    assert site.events(room) == said
    assert [event["seq"] for event in said] == [1, 2, 3]


def test_a_killed_relay_comes_back_with_the_whole_history(make_site):
    site = make_site()
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    said = [ann.echo(f"message {n}") for n in range(20)]
    site.kill_and_wait("globes-relay")
    assert ann.wait_closed()[0] == 1006
    assert bob.wait_closed()[0] == 1006
    ann, bob = enter_again(site, room, "Ann"), enter_again(site, room, "Bob")
    assert ann.recv()["msg"] == "Bob entered the room."
    assert site.events(room) == said
    event = ann.echo("I am back")
    assert (event["epoch"], event["seq"]) == (said[0]["epoch"], 21)
    assert bob.recv() == event


def test_no_connect_is_refused_while_the_relay_restarts(make_site):
    """The supervisor keeps the listening socket: who comes meanwhile waits in its queue."""
    site = make_site()
    room = site.room()
    for n in range(3):
        site.kill("globes-relay")
        time.sleep(0.05)
        with site.ws(room, direct=True) as ws:
            ws.join(f"P{n}")
            ws.echo("here")
            wait(lambda: site.pid("globes-relay"))


def test_a_killed_fcgi_comes_back_and_sockets_do_not_notice(make_site):
    site = make_site()
    room = site.room()
    ann = site.joined(room, "Ann")
    site.kill_and_wait("globes.fcgi")
    ann.echo("I noticed nothing")
    answer = wait(lambda: answered(site, room), what="an answer")
    assert [user["username"] for user in answer.json()["users"]] == ["Ann"]


def answered(site, room):
    answer = site.http("GET", f"/chats/{room}")
    return answer if answer.status == 200 else None


def test_a_killed_lighttpd_comes_back(make_site):
    site = make_site()
    room = site.room()
    said = site.joined(room, "Ann").echo("before")
    site.kill_and_wait("lighttpd")
    bob = enter_again(site, room, "Bob")
    assert bob.echo("after")["seq"] == 2
    assert site.events(room)[0] == said


def test_a_relay_that_is_terminated_alone_tells_1012_and_comes_back(make_site):
    site = make_site()
    room = site.room()
    ann = site.joined(room, "Ann")
    said = ann.echo("before")
    site.kill_and_wait("globes-relay", signal.SIGTERM)
    assert ann.wait_closed()[0] == 1012
    assert enter_again(site, room, "Ann").echo("after")["seq"] == 2
    assert site.events(room)[0] == said


def test_a_token_outlives_a_restart(make_site):
    site = make_site()
    room = site.room(visibility="private")
    token = site.token(room, "Ann")
    site.kill_and_wait("globes-relay")
    assert enter_again(site, room, None, token).name == "Ann"

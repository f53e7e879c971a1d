# SPDX-License-Identifier: MIT
"""Pings: who answers stays, who does not is closed."""

import time

import pytest

from lib.ws import Closed, PONG, hear_only

SETTINGS = {"ping_interval": "1s", "hangup": "2s"}
BOTH = pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])


@BOTH
def test_who_never_pongs_is_closed_and_leaves_once(site, direct):
    room = site.room()
    bob = site.joined(room, "Bob")
    ann = site.joined(room, "Ann", direct=direct, answer_pings=False)
    bob.recv_until("join", name="Ann")
    began = time.monotonic()
    event = bob.recv_until("leave", timeout=15)
    assert event["name"] == "Ann"
    assert time.monotonic() - began > 1.5
    ann.wait_closed()
    hear_only(bob)


def test_who_never_joined_and_never_pongs_is_closed_too(site):
    ann = site.ws(site.room(), answer_pings=False)
    ann.wait_closed(timeout=15)
    assert ann.pings >= 1


@BOTH
def test_who_pongs_stays(site, direct):
    ann = site.joined(site.room(), "Ann", direct=direct)
    deadline = time.monotonic() + 20
    while ann.pings < 4:
        with pytest.raises(TimeoutError):
            ann.recv(timeout=0.5)
        assert time.monotonic() < deadline, "no pings"
    ann.echo("still here")


def test_who_talks_without_ponging_is_not_dead_at_once(site):
    """Only silence is: a hang-up between two messages would be a surprise."""
    ann = site.joined(site.room(), "Ann", answer_pings=False)
    said = 0
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        ann.echo(f"message {said}")
        said += 1
        time.sleep(0.05)
    assert said > 5


def test_pongs_without_a_ping_keep_a_socket(site):
    """Some clients send them by themselves as a heartbeat (RFC 6455 5.5.3)."""
    ann = site.joined(site.room(), "Ann")
    for _ in range(20):
        ann.send_frame(PONG)
        try:
            ann.recv(timeout=0.2)
        except TimeoutError:
            continue
        except Closed as closed:
            pytest.fail(f"closed: {closed}")
    ann.echo("still here")

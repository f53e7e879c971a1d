# SPDX-License-Identifier: MIT
"""With the setting tick frames wait a little for each other; nothing else is different."""

import pytest

from lib.ws import sends


@pytest.mark.parametrize("tick", ["1ms", "100ms"])
def test_everyone_hears_everything_in_order(make_site, tick):
    site = make_site(tick=tick)
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    texts = [str(n) for n in range(200)]
    ann.send_raw(sends(texts))
    for ws in (ann, bob):
        assert [event["msg"] for event in ws.recv_many(200)] == texts
    bob.close()
    assert ann.recv_until("leave")["name"] == "Bob"


def test_a_refusal_is_heard_too(make_site):
    site = make_site(tick="100ms")
    ann = site.joined(site.room(), "Ann")
    ann.say("")
    assert ann.recv_error(105)["field"] == "msg"
    assert ann.echo("hello")["seq"] == 1

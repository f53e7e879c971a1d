# SPDX-License-Identifier: MIT
"""GET /chats/events/{id}: what was said in a room, for those who may know."""
import pytest
from expect import enter, history, instant, private, refused, say


def test_a_room_in_which_nobody_spoke_has_no_events(site):
    assert history(site, site.room()) == []
    site.joined(site.room(), "ann")


def test_who_only_comes_and_goes_leaves_no_events(site):
    room = site.room()
    ws = site.joined(room, "ann")
    ws.send({"event_type": "leave"})
    ws.recv_until(event_type="leave")
    assert [event for event in history(site, room) if event["event_type"] == "send"] == []


def test_an_event_is_shown_as_everyone_was_told_it(site):
    room = site.room()
    ws = site.ws(room)
    ws.send({"event_type": "join", "name": "Ann", "color": "teal"})
    ws.recv_until(event_type="join")
    echo = say(ws, "hello \u4e16\u754c \U0001f600 \"'<b>&\\ \u2028 end")[0]
    events = history(site, room)
    assert events == [echo]
    assert (echo["event_type"], echo["name"], echo["color"], echo["room_id"]) == ("send", "Ann", "teal", room)
    instant(echo["time"])


def test_events_come_oldest_first(site):
    room = site.room()
    ann, bob = site.joined(room, "ann"), site.joined(room, "bob")
    say(ann, "one")
    bob.recv_until(event_type="send")
    say(bob, "two")
    ann.recv_until(event_type="send")
    say(ann, "three")
    events = history(site, room)
    assert [(e["name"], e["msg"]) for e in events] == [("ann", "one"), ("bob", "two"), ("ann", "three")]
    assert [e["seq"] for e in events] == [1, 2, 3]


def test_events_are_the_newest_50(site):
    room = site.room()
    messages = [f"message {i}" for i in range(53)]
    echoes = say(site.joined(room, "ann"), *messages[:50])
    assert history(site, room) == echoes
    echoes += say(site.joined(room, "bob"), *messages[50:])
    assert history(site, room) == echoes[-50:]


def test_events_of_one_room_are_not_in_another(site):
    ours, theirs = site.room(), site.room()
    say(site.joined(ours, "ann"), "ours")
    say(site.joined(theirs, "ann"), "theirs")
    assert [event["msg"] for event in history(site, ours)] == ["ours"]
    assert [event["msg"] for event in history(site, theirs)] == ["theirs"]


@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_events_of_a_closed_room_are_for_its_tokens_alone(site, visibility):
    room = private(site, visibility)
    token = enter(site, room)
    say(site.joined(room, "ann", token), "between us")
    foreign = enter(site, private(site))
    for wrong in (None, foreign, token[:-1], "garbage"):
        answer = site.http("GET", f"/chats/events/{room}", token=wrong)
        refused(answer, 403, field="token")
        assert "between us" not in answer.text
    assert [event["msg"] for event in history(site, room, token)] == ["between us"]


def test_events_of_an_empty_closed_room_are_refused_all_the_same(site):
    room = private(site)
    refused(site.http("GET", f"/chats/events/{room}"), 403, field="token")
    assert history(site, room, enter(site, room)) == []


def test_events_of_a_public_room_need_no_token_and_mind_no_foreign_one(site):
    room = site.room()
    say(site.joined(room, "ann"), "for all")
    foreign = enter(site, private(site))
    for token in (None, foreign, "garbage"):
        assert [event["msg"] for event in history(site, room, token)] == ["for all"]


@pytest.mark.parametrize("room", ["999999999", "9" * 30, "0"])
def test_events_of_no_room_are_not_there(site, room):
    refused(site.http("GET", f"/chats/events/{room}"), 101, field=room)


def test_names_in_events_are_those_of_the_tokens(site):
    room = private(site)
    ws = site.joined(room, "ann", enter(site, room, "ann"))
    ws.send({"event_type": "send", "msg": "who am I", "name": "bob"})
    ws.recv_until(event_type="send")
    event = history(site, room, enter(site, room, "reader"))[0]
    assert (event["name"], event["verified"]) == ("ann", True)


def test_what_was_said_survives_a_restart(make_site):
    own = make_site()
    room = own.room()
    say(own.joined(room, "ann"), "one", "two")
    before = history(own, room)
    own.stop()
    own.start()
    assert history(own, room) == before
    say(own.joined(room, "bob"), "three")
    events = history(own, room)
    assert [(event["seq"], event["msg"]) for event in events] == [(1, "one"), (2, "two"), (3, "three")]
    assert len({event["epoch"] for event in events}) == 1

# SPDX-License-Identifier: MIT
"""Leaving: told once, whatever way somebody goes, and only by themselves."""

import pytest

from lib.ws import Closed, close_frame, hear_only, sends, text_frame

# lighttpd 1.4.69 does not pass on an end that comes together with data; the relay's next ping finds it.
SETTINGS = {"leave_grace": "0s", "ping_interval": "1s", "hangup": "5s"}

WAYS = {
    "a leave": lambda ws: ws.send({"event_type": "leave"}),
    "a Close frame": lambda ws: ws.close(),
    "a Close frame without a code": lambda ws: ws.send_frame(0x8),
    "a leave and a Close frame": lambda ws: ws.send_raw(text_frame({"event_type": "leave"}) + close_frame()),
    "a leave and a reset": lambda ws: (ws.send({"event_type": "leave"}), ws.reset()),
    "a Close frame and a reset": lambda ws: (ws.close(), ws.reset()),
    "the end of TCP": lambda ws: ws.drop(),
    "a reset": lambda ws: ws.reset(),
    "half a frame": lambda ws: (ws.send_raw(text_frame({"event_type": "leave"})[:9]), ws.drop()),
    "a broken frame": lambda ws: (ws.send_frame(0x3, b"x"), ws.wait_closed()),
    "a binary frame": lambda ws: (ws.send_frame(0x2, b"x"), ws.wait_closed()),
}


def two(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann", color="red"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    return room, ann, bob


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_a_leave_is_told_exactly_once(site, way, direct):
    room = site.room()
    bob = site.joined(room, "Bob")
    ann = site.joined(room, "Ann", direct=direct)
    bob.recv_until("join", name="Ann")
    way(ann)
    event = bob.recv()
    assert (event["event_type"], event["name"]) == ("leave", "Ann")
    assert event["msg"] == "Ann has left the room."
    assert event["room_id"] == room
    ann.drop()
    site.joined(room, "Carla")
    assert bob.recv()["msg"] == "Carla entered the room."
    hear_only(bob)


def test_a_leave_has_the_members_color_and_no_new_name(site):
    _, ann, bob = two(site)
    ann.send({"event_type": "leave", "name": "Ann", "color": "red"})
    event = bob.recv_until("leave")
    assert (event["name"], event["color"], event["verified"]) == ("Ann", "red", False)


@pytest.mark.parametrize("name", ["Bob", "bob", "Nobody", "", None, 7])
def test_a_leave_that_names_another_is_at_most_ones_own(site, name):
    room, ann, bob = two(site)
    ann.send({"event_type": "leave", "name": name})
    ann.send_text("not an event")
    ann.recv_until("error", code=203)
    ann.drop()
    event = bob.recv()
    assert (event["event_type"], event["name"]) == ("leave", "Ann")
    hear_only(bob)
    assert [user["username"] for user in site.http("GET", f"/chats/{room}").json()["users"]] == ["Bob"]


def test_a_leave_before_the_join_is_told_to_nobody(site):
    room = site.room()
    bob = site.joined(room, "Bob")
    ann = site.ws(room)
    ann.send({"event_type": "leave", "name": "Bob"})
    ann.recv_error(201)
    ann.close()
    ann.wait_closed()
    hear_only(bob)


@pytest.mark.parametrize("way", [lambda ws: ws.close(), lambda ws: ws.reset()], ids=["close", "reset"])
def test_who_never_joined_leaves_unseen(site, way):
    room = site.room()
    bob = site.joined(room, "Bob")
    stranger = site.ws(room)
    stranger.send({"event_type": "join", "name": "Bob"})
    stranger.recv_error(202)
    way(stranger)
    site.joined(room, "Carla")
    assert bob.recv()["msg"] == "Carla entered the room."
    hear_only(bob)


def test_after_a_leave_one_speaks_no_more(site):
    room, ann, bob = two(site)
    ann.send_raw(text_frame({"event_type": "leave"}) + text_frame({"event_type": "send", "msg": "I am gone"}))
    bob.recv_until("leave", name="Ann")
    try:
        ann.recv_until("error", code=201)
    except Closed:
        pass
    hear_only(bob)
    assert "I am gone" not in [event["msg"] for event in site.events(room)]


def test_after_a_leave_one_can_join_again(site):
    room, ann, bob = two(site)
    ann.send({"event_type": "leave"})
    bob.recv_until("leave", name="Ann")
    ann.send({"event_type": "join", "name": "Ann"})
    assert bob.recv()["msg"] == "Ann entered the room."
    ann.recv_until("join", name="Ann")
    ann.say("I am back")
    assert bob.recv() == ann.recv_until("send")


def test_sends_before_a_leave_are_heard_before_it(site):
    room, ann, bob = two(site)
    ann.send_raw(sends(str(n) for n in range(20)) + text_frame({"event_type": "leave"}))
    events = bob.recv_many(21)
    assert [event["msg"] for event in events] == [str(n) for n in range(20)] + ["Ann has left the room."]


def test_sends_before_a_close_frame_are_stored_and_heard(site):
    room, ann, bob = two(site)
    ann.send_raw(sends(str(n) for n in range(20)) + close_frame())
    heard = []
    while len(heard) < 20:
        event = bob.recv()
        heard += [event["msg"]] if event["event_type"] == "send" else []
    assert heard == [str(n) for n in range(20)]


@pytest.mark.parametrize("way", [lambda ws: (ws.close(), ws.wait_closed()), lambda ws: ws.reset()],
                         ids=["close", "reset"])
def test_a_person_leaves_with_the_last_connection(site, way):
    room = site.room(visibility="private")
    bob = site.joined(room, None, site.token(room, "Bob"))
    token = site.token(room, "Ann")
    first, second = site.joined(room, None, token), site.joined(room, None, token)
    bob.recv_until("join", name="Ann")
    way(first)
    hear_only(second, bob)
    assert second.echo("still here") == bob.recv()
    second.close()
    event = bob.recv()
    assert (event["event_type"], event["name"], event["verified"]) == ("leave", "Ann", True)
    hear_only(bob)


def test_a_person_who_left_is_no_longer_listed(site):
    room, ann, bob = two(site)
    ann.close()
    bob.recv_until("leave", name="Ann")
    assert [user["username"] for user in site.http("GET", f"/chats/{room}").json()["users"]] == ["Bob"]


def test_many_leave_at_once_and_each_is_told(site):
    room = site.room()
    bob = site.joined(room, "Bob")
    others = [site.joined(room, f"P{n}") for n in range(40)]
    for n in range(40):
        bob.recv_until("join", name=f"P{n}")
    for ws in others:
        ws.reset()
    left = [bob.recv() for _ in range(40)]
    assert {event["event_type"] for event in left} == {"leave"}
    assert sorted(event["name"] for event in left) == sorted(f"P{n}" for n in range(40))
    hear_only(bob)

# SPDX-License-Identifier: MIT
"""Joining a room: what everyone is told, and what a person with several connections is."""

import datetime
import unicodedata

import pytest

from lib.ws import hear_only

GOOD_NAMES = ["x" * 64, "é" * 32, "💬" * 16, "O'Neil <b>", "123", "名前", 'Ann "the" \\ Best']
DECEIVING = ["Ann\nBob", "Ann\u0000", "\u202eAnn", "Ann\u2028", " Ann", "Ann ", " ", "\t"]


def test_a_join_is_told_to_the_one_who_joins(site):
    room = site.room()
    ann = site.ws(room)
    ann.send({"event_type": "join", "name": "Ann", "color": "red"})
    event = ann.recv()
    assert event["event_type"] == "join"
    assert event["name"] == "Ann"
    assert event["color"] == "red"
    assert event["msg"] == "Ann entered the room."
    assert event["room_id"] == room
    assert event["verified"] is False


def test_a_join_is_told_to_those_who_are_there(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    bob = site.joined(room, "Bob", color="#0a0")
    assert ann.recv() == bob.joined
    assert bob.joined["msg"] == "Bob entered the room."
    hear_only(ann, bob)


def test_a_join_is_not_told_in_other_rooms(site):
    ann = site.joined(site.room(), "Ann")
    site.joined(site.room(), "Bob")
    ann.expect_nothing()


def test_the_time_of_a_join_is_now(site):
    ann = site.joined(site.room(), "Ann")
    then = datetime.datetime.fromisoformat(ann.joined["time"].replace("Z", "+00:00"))
    assert abs(datetime.datetime.now(datetime.timezone.utc) - then) < datetime.timedelta(seconds=30)


def test_a_join_as_the_original_page_sends_it_is_good(site):
    room = site.room()
    ann = site.ws(room)
    event = ann.join("ann", room_id=room, color="blue", msg="", verified=True)
    assert event["color"] == "blue"
    assert event["verified"] is False
    assert event["msg"] == "ann entered the room."


def test_a_join_for_another_room_in_the_frame_is_for_this_one(site):
    room, other = site.room(), site.room()
    stranger = site.joined(other, "Ann")
    ann = site.ws(room)
    assert ann.join("Ann", room_id=other)["room_id"] == room
    stranger.expect_nothing()


@pytest.mark.parametrize("event", [{"event_type": "send", "msg": "hello"}, {"event_type": "leave"}])
def test_without_a_join_nothing_else_is_allowed(site, event):
    room = site.room()
    ann = site.joined(room, "Ann")
    bob = site.ws(room)
    bob.send(event)
    bob.recv_error(201)
    hear_only(ann)
    assert [e["msg"] for e in site.events(room)][:-1] == []


def test_after_an_early_send_one_can_still_join(site):
    ann = site.ws(site.room())
    ann.say("too early")
    ann.recv_error(201)
    ann.join("Ann")
    ann.echo("now")


@pytest.mark.parametrize("name", ["Ann", "Another"])
def test_a_second_join_is_not_allowed_and_changes_nothing(site, name):
    room = site.room()
    ann = site.joined(room, "Ann")
    bob = site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    ann.send({"event_type": "join", "name": name})
    ann.recv_error(204)
    hear_only(bob, ann)
    assert ann.echo("still me")["name"] == "Ann"


@pytest.mark.parametrize("event, field", [
    ({"event_type": "join"}, "name"),
    ({"event_type": "join", "name": ""}, "name"),
    ({"event_type": "join", "name": None}, "name"),
    ({"event_type": "join", "name": 7}, "name"),
    ({"event_type": "join", "name": ["Ann"]}, "name"),
    ({"event_type": "join", "name": {"Ann": 1}}, "name"),
    ({"event_type": "join", "name": True}, "name"),
    ({"event_type": "join", "name": "Ann", "color": 7}, "color"),
    ({"event_type": "join", "name": "Ann", "color": None}, "color"),
])
def test_a_join_without_a_good_name_or_color_is_refused(site, event, field):
    room = site.room()
    ann = site.ws(room)
    ann.send(event)
    ann.recv_error(105, field)
    ann.join("Ann")


@pytest.mark.parametrize("name", DECEIVING)
def test_a_name_that_would_deceive_the_eye_is_refused(site, name):
    ann = site.ws(site.room())
    ann.send({"event_type": "join", "name": name})
    ann.recv_error(105, "name")
    ann.join("Ann")


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_name_of_up_to_64_bytes_is_good(site, name):
    ann = site.joined(site.room(), name)
    assert ann.name == name
    assert ann.joined["msg"] == f"{name} entered the room."


@pytest.mark.parametrize("name", ["x" * 65, "é" * 33, "x" + "💬" * 16, "y" * 5000])
def test_a_name_of_more_than_64_bytes_is_refused(site, name):
    ann = site.ws(site.room())
    ann.send({"event_type": "join", "name": name})
    ann.recv_error(105, "name")


def test_name_max_is_a_setting(make_site):
    site = make_site(name_max="4")
    ann = site.ws(site.room())
    ann.send({"event_type": "join", "name": "Annie"})
    ann.recv_error(105, "name")
    ann.join("Anni")


@pytest.mark.parametrize("first, second", [
    ("Ann", "Ann"),
    ("Ann", "aNN"),
    ("Änne", "äNNE"),
    ("STRASSE", "straße"),
    ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ("Ren\u00e9e", "Rene\u0301e"),
    ("Rene\u0301e", "REN\u00c9E"),
])
def test_a_name_that_is_taken_is_refused_without_regard_to_case_or_composition(site, first, second):
    room = site.room()
    ann = site.joined(room, first)
    bob = site.ws(room)
    bob.send({"event_type": "join", "name": second})
    error = bob.recv_error(202)
    assert error["error"] == "Client error: Duplicate username"
    assert unicodedata.normalize("NFC", error["field"]) == unicodedata.normalize("NFC", second)
    hear_only(ann)


def test_after_a_taken_name_the_socket_takes_another(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    bob = site.ws(room)
    bob.send({"event_type": "join", "name": "ann"})
    bob.recv_error(202)
    bob.say("am I in?")
    bob.recv_until("error", code=201)
    bob.join("Bob")
    assert ann.recv()["name"] == "Bob"
    assert bob.echo("I am")["name"] == "Bob"


def test_names_that_only_look_alike_are_free(site):
    room = site.room()
    site.joined(room, "Ann")
    site.joined(room, "Anne")
    site.joined(room, "Аnn")  # a Cyrillic А


def test_the_same_name_is_free_in_another_room(site):
    site.joined(site.room(), "Ann")
    site.joined(site.room(), "Ann")


def test_a_name_is_free_again_when_its_member_has_gone(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    bob = site.joined(room, "Bob")
    ann.close()
    bob.recv_until("leave", name="Ann")
    site.joined(room, "Ann")


def test_two_tokens_of_one_name_are_two_persons(site):
    room = site.room(visibility="private")
    first, second = site.token(room, "Ann"), site.token(room, "Ann")
    site.joined(room, None, first)
    other = site.ws(room, second)
    other.send({"event_type": "join"})
    other.recv_error(202)


def test_the_name_is_the_tokens_and_verified(site):
    room = site.room(visibility="private")
    ann = site.ws(room, site.token(room, "Ann"))
    event = ann.join("Mallory", verified=False)
    assert (event["name"], event["verified"]) == ("Ann", True)
    assert event["msg"] == "Ann entered the room."


def test_with_a_token_a_join_needs_no_name(site):
    room = site.room(visibility="private")
    assert site.joined(room, None, site.token(room, "Ann")).name == "Ann"


@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_members_of_closed_rooms_hear_each_other(site, visibility):
    room = site.room(visibility=visibility)
    ann = site.joined(room, None, site.token(room, "Ann"))
    bob = site.joined(room, None, site.token(room, "Bob"))
    assert ann.recv() == bob.joined
    assert ann.echo("hello") == bob.recv()


def test_a_second_connection_of_a_person_alone_gets_its_join(site):
    room = site.room(visibility="private")
    bob = site.joined(room, None, site.token(room, "Bob"))
    token = site.token(room, "Ann")
    first = site.joined(room, None, token)
    assert bob.recv()["name"] == "Ann"
    second = site.joined(room, None, token)
    assert second.joined["msg"] == "Ann entered the room."
    hear_only(bob, first, second)


def test_both_connections_of_a_person_hear_and_speak(site):
    room = site.room(visibility="private")
    token = site.token(room, "Ann")
    first = site.joined(room, None, token)
    second = site.joined(room, None, token)
    assert first.echo("from the first") == second.recv()
    assert second.echo("from the second") == first.recv()


def test_a_person_with_two_connections_is_listed_once(site):
    room = site.room(visibility="private")
    token = site.token(room, "Ann")
    first, second = site.joined(room, None, token), site.joined(room, None, token)
    users = site.http("GET", f"/chats/{room}", token=token).json()["users"]
    assert [user["username"] for user in users] == ["Ann"]
    hear_only(first, second)


def test_connections_without_a_token_are_persons_of_their_own(site):
    room = site.room()
    site.joined(room, "Ann")
    other = site.ws(room)
    other.send({"event_type": "join", "name": "Ann"})
    other.recv_error(202)


def test_those_who_joined_are_in_the_rooms_users(site):
    room = site.room()
    sockets = [site.joined(room, "Ann", color="red"), site.joined(room, "Bob"), site.ws(room)]
    users = {user["username"]: user for user in site.http("GET", f"/chats/{room}").json()["users"]}
    assert set(users) == {"Ann", "Bob"}
    assert users["Ann"]["color"] == "red"
    assert users["Ann"]["verified"] is False
    hear_only(sockets[1])

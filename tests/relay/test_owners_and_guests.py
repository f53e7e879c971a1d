# SPDX-License-Identifier: MIT
"""Owners and guests on the WebSocket: who they are to the room, and when their sockets end."""

import os
import signal
import time

import pytest

from lib import tokens
from lib.globes import PASSWORD, wait
from lib.ws import Refused, hear_only

BOTH = pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
EVERY = pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
CLOSED = pytest.mark.parametrize("visibility", ["private", "hidden"])
NEW = "another battery staple"
SOON = 2


def owned(site, visibility="public"):
    """A room that belongs to somebody, and its owner token."""
    body = {"title": site.title(), "visibility": visibility, "owned": True}
    if visibility != "public":
        body["password"] = PASSWORD
    answer = site.http("POST", "/chats", body)
    assert answer.status == 201, answer
    made = answer.json()
    site.remember(made["id"], body.get("password"))
    site.secrets.add(made["owner_token"])
    return made["id"], made["owner_token"]


def token_of(site, room, name, **more):
    answer = site.http("POST", f"/chats/{room}/token", {"name": name, **more})
    assert answer.status == 201, answer
    site.secrets.add(answer.json()["token"])
    return answer.json()["token"]


def guest(site, room, name):
    return token_of(site, room, name, guest=True)


def member(site, room, name, visibility):
    return guest(site, room, name) if visibility == "public" else site.token(room, name)


def put(site, room, token, **members):
    answer = site.http("PUT", f"/chats/{room}", members, token=token)
    assert answer.status == 200, answer


def refusal(site, room, **more):
    with pytest.raises(Refused) as caught:
        site.ws(room, **more)
    return caught.value


def users(site, room, token=None):
    """{name: verified} of those who are there."""
    listed = site.http("GET", f"/chats/{room}", token=token, headers={"Accept": "application/json"}).json()["users"]
    return {user["username"]: user["verified"] for user in listed}


# ---- guests ----

@BOTH
def test_a_guest_joins_under_its_own_name_and_is_not_verified(site, direct):
    room = site.room()
    ann = site.joined(room, "Ann")
    gus = site.ws(room, guest(site, room, "Gus"), direct=direct)
    event = gus.join("Mallory", color="teal", verified=True)
    assert (event["name"], event["verified"], event["color"]) == ("Gus", False, "teal")
    assert event["msg"] == "Gus entered the room."
    assert ann.recv() == event
    said = gus.echo("hello", name="Mallory", verified=True)
    assert (said["name"], said["verified"]) == ("Gus", False)
    assert ann.recv() == said
    assert users(site, room) == {"Ann": False, "Gus": False}


@BOTH
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_guest_comes_by_a_bearer_header_too(site, scheme, direct):
    room = site.room()
    gus = site.ws(room, direct=direct, fields={"Authorization": f"{scheme} {guest(site, room, 'Gus')}"})
    event = gus.join("Mallory")
    assert (event["name"], event["verified"]) == ("Gus", False)


def test_a_second_connection_of_a_guest_is_the_same_person(site):
    room = site.room()
    token = guest(site, room, "Gus")
    ann, first = site.joined(room, "Ann"), site.joined(room, None, token)
    ann.recv_until("join", name="Gus")
    second = site.joined(room, None, token)
    assert second.joined["name"] == "Gus"
    hear_only(ann, first, second)
    assert list(users(site, room)) == ["Ann", "Gus"]
    first.close()
    first.wait_closed()
    hear_only(ann, second)
    second.send({"event_type": "leave"})
    assert ann.recv_until("leave")["name"] == "Gus"


def test_a_renewed_guest_is_the_same_person_on_another_connection(site):
    room = site.room()
    token = guest(site, room, "Gus")
    first = site.joined(room, None, token)
    answer = site.http("GET", f"/chats/{room}/token/renew", token=token)
    site.secrets.add(answer.json()["token"])
    second = site.joined(room, None, answer.json()["token"])
    assert second.joined["who"] == first.joined["who"]
    assert users(site, room) == {"Gus": False}
    hear_only(first, second)


def test_two_guests_of_one_name_are_two_persons(site):
    room = site.room()
    first = site.joined(room, None, guest(site, room, "Gus"))
    other = site.ws(room, guest(site, room, "gus"))
    other.send({"event_type": "join"})
    other.recv_error(202, "gus")
    other.say("may I?")
    other.recv_error(201)
    hear_only(first)


def test_a_guest_does_not_get_the_name_of_somebody_without_a_token(site):
    room = site.room()
    site.joined(room, "Ann")
    other = site.ws(room, guest(site, room, "ANN"))
    other.send({"event_type": "join", "name": "Bob"})
    other.recv_error(202, "ANN")


def test_a_guest_of_another_room_is_nobody_in_a_public_one(site):
    room, other = site.room(), site.room()
    ws = site.ws(room, guest(site, other, "Gus"))
    event = ws.join("Ann")
    assert (event["name"], event["verified"]) == ("Ann", False)


@CLOSED
def test_a_guest_of_another_room_is_refused_by_a_closed_one(site, visibility):
    token = guest(site, site.room(), "Gus")
    assert refusal(site, site.room(visibility=visibility), token=token).error() == (403, 403)


def test_a_guest_leaves_like_everyone(site):
    room = site.room()
    ann, gus = site.joined(room, "Ann"), site.joined(room, None, guest(site, room, "Gus"))
    ann.recv_until("join", name="Gus")
    gus.send({"event_type": "leave"})
    event = ann.recv()
    assert (event["event_type"], event["name"], event["verified"]) == ("leave", "Gus", False)
    assert event["msg"] == "Gus has left the room."


# ---- owners ----

@EVERY
def test_an_owner_joins_as_a_verified_person(site, visibility):
    room, owner_token = owned(site, visibility)
    olga = site.ws(room, token_of(site, room, "Olga", secret=owner_token))
    event = olga.join("Mallory")
    assert (event["name"], event["verified"]) == ("Olga", True)
    assert olga.echo("hello")["verified"] is True
    assert users(site, room, owner_token) == {"Olga": True}


@CLOSED
@BOTH
def test_an_owner_token_itself_opens_no_socket(site, visibility, direct):
    room, owner_token = owned(site, visibility)
    assert refusal(site, room, token=owner_token, direct=direct).error() == (403, 403)
    fields = {"Authorization": f"Bearer {owner_token}"}
    assert refusal(site, room, fields=fields, direct=direct).error() == (403, 403)


def test_an_owner_token_in_a_public_room_makes_nobody_verified(site):
    room, owner_token = owned(site)
    ws = site.ws(room, fields={"Authorization": f"Bearer {owner_token}"})
    assert ws.join("Ann")["verified"] is False


@EVERY
def test_a_rename_by_the_owner_closes_nothing(site, visibility):
    room, owner_token = owned(site, visibility)
    ann = site.joined(room, None, member(site, room, "Ann", visibility))
    put(site, room, owner_token, title=site.title(), description="new")
    hear_only(ann)


@EVERY
def test_deletion_by_the_owner_closes_all_with_1001_and_leaves_no_row(site, visibility):
    room, owner_token = owned(site, visibility)
    ann = site.joined(room, None, member(site, room, "Ann", visibility))
    olga = site.joined(room, None, token_of(site, room, "Olga", secret=owner_token))
    ann.recv_until("join", name="Olga")
    ann.echo("soon gone")
    assert len(site.log_rows(room)) == 1
    assert site.http("DELETE", f"/chats/{room}", token=owner_token).status == 200
    assert ann.wait_closed()[0] == 1001
    assert olga.wait_closed()[0] == 1001
    wait(lambda: not site.log_rows(room), what="the end of its messages")
    assert refusal(site, room).error() == (404, 101)


def test_only_the_messages_of_a_deleted_room_go_away(site):
    room, owner_token = owned(site)
    other, _ = owned(site)
    site.joined(room, "Ann").echo("goes")
    site.joined(other, "Ann").echo("stays")
    assert site.http("DELETE", f"/chats/{room}", token=owner_token).status == 200
    wait(lambda: not site.log_rows(room), what="the end of its messages")
    assert [row[2] for row in site.log_rows(other)] == ["stays"]


def test_messages_of_a_room_deleted_while_the_relay_was_away_go_at_its_start(make_site):
    site = make_site()
    room, owner_token = owned(site)
    site.joined(room, "Ann").echo("soon gone")
    os.kill(site.pid("globes-relay"), signal.SIGSTOP)
    assert site.http("DELETE", f"/chats/{room}", token=owner_token).status == 200
    site.kill_and_wait("globes-relay")
    wait(lambda: not site.log_rows(room), what="the end of its messages")


@CLOSED
def test_a_new_password_by_the_owner_closes_all_with_1008(site, visibility):
    room, owner_token = owned(site, visibility)
    sockets = [site.joined(room, None, site.token(room, "Ann")),
               site.joined(room, None, token_of(site, room, "Olga", secret=owner_token))]
    put(site, room, owner_token, password=NEW)
    site.remember(room, NEW)
    for ws in sockets:
        assert ws.wait_closed()[0] == 1008
    site.joined(room, None, token_of(site, room, "Olga", secret=owner_token)).echo("back")


# ---- closing ----

@CLOSED
@BOTH
def test_closing_ends_all_sockets_of_the_open_room_within_two_seconds(site, visibility, direct):
    room, owner_token = owned(site)
    sockets = [site.joined(room, "Ann", direct=direct), site.ws(room, direct=direct),
               site.joined(room, "Bob", "no.good.token", direct=direct),
               site.joined(room, None, guest(site, room, "Gus"), direct=direct)]
    put(site, room, owner_token, visibility=visibility, password=PASSWORD)
    until = time.monotonic() + SOON
    for ws in sockets:
        assert ws.wait_closed(timeout=max(until - time.monotonic(), 0.01))[0] == 1008
    wait(lambda: not users(site, room, owner_token), timeout=SOON, what="an empty room")


def test_who_comes_while_a_room_is_being_closed_is_not_left_inside(site):
    """Every socket that got in without a token is out again two seconds after the answer."""
    room, owner_token = owned(site)
    sockets = []
    put(site, room, owner_token, visibility="private", password=PASSWORD)
    put(site, room, owner_token, visibility="public")
    for turn in range(10):
        sockets += [site.ws(room, direct=True) for _ in range(3)]
        put(site, room, owner_token, visibility="private", password=PASSWORD)
        assert refusal(site, room, direct=True).error() == (403, 403)
        if turn < 9:
            put(site, room, owner_token, visibility="public")
    until = time.monotonic() + SOON
    for ws in sockets:
        assert ws.wait_closed(timeout=max(until - time.monotonic(), 0.01))[0] == 1008


def test_a_guest_of_before_the_closing_is_let_in_no_more(site):
    room, owner_token = owned(site)
    token = guest(site, room, "Gus")
    put(site, room, owner_token, visibility="private", password=PASSWORD)
    assert refusal(site, room, token=token).error() == (403, 403)
    put(site, room, owner_token, visibility="public")
    assert site.ws(room, token).join("Ann")["name"] == "Ann"


def test_a_forged_role_of_the_right_key_is_what_decides_verified(site):
    """Shows that verified goes by the role alone."""
    room = site.room()
    for role, verified in (("guest", False), ("member", True), ("moderator", True), ("owner", True)):
        ws = site.ws(room, tokens.forge(site, room, f"A {role}", role=role))
        assert ws.join()["verified"] is verified

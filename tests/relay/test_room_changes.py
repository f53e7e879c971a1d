# SPDX-License-Identifier: MIT
"""A room is changed or deleted while people are in it."""

import time

import pytest

from lib import tokens
from lib.globes import wait
from lib.ws import Refused, hear_only

NEW = "another battery staple"


def private_pair(site):
    room = site.room(visibility="private")
    token = site.token(room, "Ann")
    ann = site.joined(room, None, token)
    bob = site.joined(room, None, site.token(room, "Bob"))
    ann.recv_until("join", name="Bob")
    return room, token, ann, bob


def changed(site, room, token=None, **members):
    answer = site.http("PUT", f"/chats/{room}", members, token=token)
    assert answer.status == 200, answer
    return answer.json()


def test_deleting_a_public_room_closes_its_sockets_with_1001(site):
    room, other = site.room(), site.room()
    ann, bob, stranger = site.joined(room, "Ann"), site.ws(room), site.joined(other, "Ann")
    assert site.http("DELETE", f"/chats/{room}").status == 200
    assert ann.wait_closed()[0] == 1001
    assert bob.wait_closed()[0] == 1001
    hear_only(stranger)
    with pytest.raises(Refused) as caught:
        site.ws(room)
    assert caught.value.error() == (404, 101)


def test_deleting_a_private_room_closes_its_sockets_with_1001(site):
    room, token, ann, bob = private_pair(site)
    assert site.http("DELETE", f"/chats/{room}", token=token).status == 200
    assert ann.wait_closed()[0] == 1001
    assert bob.wait_closed()[0] == 1001
    with pytest.raises(Refused) as caught:
        site.ws(room, token)
    assert caught.value.error() == (404, 101)


def test_the_messages_of_a_deleted_room_go_away(site):
    room = site.room("Short lived")
    site.joined(room, "Ann").echo("what was said")
    assert len(site.log_rows(room)) == 1
    assert site.http("DELETE", f"/chats/{room}").status == 200
    wait(lambda: not site.log_rows(room), what="the end of its messages")
    again = site.room("Short lived")
    assert again != room
    assert site.events(again) == []
    assert site.joined(again, "Ann").echo("new")["seq"] == 1


def test_a_refused_delete_closes_nothing(site):
    room, _, ann, bob = private_pair(site)
    assert site.http("DELETE", f"/chats/{room}").status in (401, 403)
    assert site.http("DELETE", f"/chats/{room}", token="no.good.token").status in (401, 403)
    hear_only(ann, bob)


def test_a_new_password_closes_its_sockets_with_1008(site):
    room, token, ann, bob = private_pair(site)
    said = ann.echo("before")
    changed(site, room, token, password=NEW)
    site.remember(room, NEW)
    assert ann.wait_closed()[0] == 1008
    assert bob.wait_closed()[0] == 1008
    with pytest.raises(Refused) as caught:
        site.ws(room, token)
    assert caught.value.error() == (403, 403)
    new = site.token(room, "Ann")
    assert site.events(room, new) == [said]
    assert site.joined(room, None, new).echo("after")["seq"] == 2


def test_a_new_password_of_another_room_closes_nothing(site):
    room, token, ann, bob = private_pair(site)
    other, other_token, *_ = private_pair(site)
    changed(site, other, other_token, password=NEW)
    hear_only(ann, bob)


def test_renaming_a_room_closes_nothing_and_is_not_told_to_v1(site):
    room = site.room("Old name of it")
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    changed(site, room, title="New name of it", description="described")
    hear_only(ann, bob)
    assert site.joined("New%20name%20of%20it", "Carla").joined["room_id"] == room
    with pytest.raises(Refused) as caught:
        site.ws("Old%20name%20of%20it")
    assert caught.value.error() == (404, 101)


def test_a_join_after_a_rename_is_heard_by_those_before_it(site):
    """In the original a PUT made another room of it for those who came later."""
    room = site.room()
    ann = site.joined(room, "Ann")
    changed(site, room, title=site.title())
    bob = site.joined(room, "Bob")
    assert ann.recv() == bob.joined
    assert ann.echo("hello") == bob.recv()


def test_opening_a_room_ends_its_tokens_and_its_log(site):
    room, token, ann, bob = private_pair(site)
    before = ann.echo("among us")
    changed(site, room, token, visibility="public")
    assert ann.wait_closed()[0] == 1008
    assert bob.wait_closed()[0] == 1008
    assert site.events(room) == []
    carla = site.ws(room, token)
    assert carla.join("Carla")["verified"] is False
    after = carla.echo("to all")
    assert after["epoch"] != before["epoch"]
    assert after["seq"] == 1
    assert site.events(room) == [after]


def test_what_nobody_owns_is_never_closed(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    answer = site.http("PUT", f"/chats/{room}", {"visibility": "private", "password": NEW})
    assert answer.error() == (401, 104)
    hear_only(ann)
    site.joined(room, "Bob")


def test_a_socket_ends_with_the_age_of_its_token(make_site):
    site = make_site(token_lifetime="10s", token_max_age="10s")
    room = site.room(visibility="private")
    now = int(time.time())
    ann = site.ws(room, tokens.forge(site, room, "Ann", iat=now - 7, exp=now + 3))
    ann.join()
    assert ann.wait_closed(timeout=15)[0] == 1008
    assert time.time() > now + 2

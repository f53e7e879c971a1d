# SPDX-License-Identifier: MIT
"""Passwords of rooms: 8 to 511 bytes without NUL where a room is private or hidden, none where it is public. That
they open the right door and no other is here too; what comes out of the door is in test_tokens.py.
"""
import pytest
from expect import PASSWORD, created, enter, fresh, make, private, refused, show, shown

GOOD = {
    "8 bytes": "12345678",
    "511 bytes": "p" * 511,
    "4 characters of 2 bytes": "\u00e9" * 4,
    "2 characters of 4 bytes": "\U0001f600" * 2,
    "spaces": " " * 8,
    "controls": "\x01\t\n\r\x1b\x7f\u2028\u202e",
    "looks like a hash": "$y$j9T$abcdefgh$" + "a" * 43,
    "quotes": "\"'\\{}[]:,",
}
BAD = {
    "1 byte": "p",
    "7 bytes": "1234567",
    "3 characters of 2 bytes": "\u00e9" * 3,
    "512 bytes": "p" * 512,
    "512 bytes in fewer characters": "\u00e9" * 256,
    "5000 bytes": "p" * 5000,
    "NUL inside": "abcd\0efgh",
    "NUL behind": "abcdefgh\0",
    "NUL alone": "\0" * 8,
}


def login(site, room, secret):
    return site.http("POST", f"/chats/{room}/token", {"secret": secret, "name": "ann"})


@pytest.mark.parametrize("visibility", ["private", "hidden"])
@pytest.mark.parametrize("members", [{}, {"password": ""}], ids=["none", "empty"])
def test_a_closed_room_needs_a_password(site, visibility, members):
    body = {"title": fresh(), "visibility": visibility, **members}
    refused(site.http("POST", "/chats", body), 105, field="password")


@pytest.mark.parametrize("password", GOOD.values(), ids=GOOD.keys())
def test_a_password_of_8_to_511_bytes_opens_its_room(site, password):
    room = private(site, password=password)
    enter(site, room, secret=password)
    refused(login(site, room, password[:-1] + "x"), 304, field="secret")


@pytest.mark.parametrize("password", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_no_other_password_is_taken(site, visibility, password):
    refused(make(site, visibility=visibility, password=password), 105, field="password")


@pytest.mark.parametrize("password", BAD.values(), ids=BAD.keys())
def test_nor_is_it_for_a_room_that_is_there(site, password):
    room = private(site)
    token = enter(site, room)
    answer = site.http("PUT", f"/chats/{room}", {"password": password}, token=token)
    refused(answer, 105, field="password")
    enter(site, room)


def test_a_public_room_has_no_password(site):
    title = fresh()
    refused(make(site, title, password=PASSWORD), 105, field="visibility")
    created(make(site, title, password=""))


def test_a_public_room_gets_no_password(site):
    room = site.room()
    refused(site.http("PUT", f"/chats/{room}", {"password": PASSWORD}), 105, field="visibility")
    shown(show(site, room), visibility="public")


def test_every_byte_of_a_long_password_counts(site):
    password = "p" * 510
    room = private(site, password=password + "a")
    refused(login(site, room, password + "b"), 304, field="secret")
    refused(login(site, room, password), 304, field="secret")
    refused(login(site, room, password + "aa"), 304, field="secret")
    enter(site, room, secret=password + "a")


def test_a_password_is_bytes_not_what_they_look_like(site):
    room = private(site, password="caf\u00e9 caf\u00e9")
    refused(login(site, room, "cafe\u0301 cafe\u0301"), 304, field="secret")
    refused(login(site, room, "CAF\u00c9 CAF\u00c9"), 304, field="secret")
    enter(site, room, secret="caf\u00e9 caf\u00e9")


def test_the_password_of_one_room_opens_no_other(site):
    ours, theirs = private(site), private(site, password="something else")
    refused(login(site, theirs, PASSWORD), 304, field="secret")
    refused(login(site, ours, "something else"), 304, field="secret")
    enter(site, ours)

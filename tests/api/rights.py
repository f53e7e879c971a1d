# SPDX-License-Identifier: MIT
"""Owners and guests, as tests need them: rooms that belong to somebody, and tokens of every role."""
import re

from expect import PASSWORD, ROOM_MEMBERS, assert_headers, assert_room, enter, make
from lib import tokens

OWNER_TOKEN = re.compile(r"go_[A-Za-z0-9_-]{43}")
CLOSED = ("private", "hidden")
EVERY = ("public", "private", "hidden")


def owned(site, visibility="public", **members):
    """The id of a new room that belongs to somebody, and its owner token, which no log may have."""
    answer = make(site, visibility=visibility, owned=True, **members)
    assert answer.status == 201, answer
    assert_headers(answer)
    room = assert_room(answer.json(), users=[], more=("owner_token", "status", "data"))
    assert answer.text.rstrip().endswith('"status":true,"data":{"id":%d}}' % room["id"])
    assert OWNER_TOKEN.fullmatch(room["owner_token"]), room
    assert "no-store" in answer.headers["Cache-Control"]
    site.secrets.add(room["owner_token"])
    return room["id"], room["owner_token"]


def ask(site, room, **body):
    return site.http("POST", f"/chats/{room}/token", body)


def given(answer, role, name="ann"):
    """The answer is a token of this role and name; returns its text."""
    assert answer.status == 201, answer
    assert_headers(answer)
    assert "no-store" in answer.headers["Cache-Control"]
    body = answer.json()
    assert list(body) == ["status", "name", "room_id", "token"]
    claims = tokens.read(body["token"])[1]
    assert (body["status"], body["name"], body["room_id"]) == (True, name, claims["room_id"])
    assert (claims["role"], claims["username"]) == (role, name)
    return body["token"]


def kept(site, answer, role, name):
    """As given(), and the log of the site may not have it."""
    token = given(answer, role, name)
    site.secrets.add(token)
    return token


def owner(site, room, owner_token, name="olga"):
    return kept(site, ask(site, room, secret=owner_token, name=name), "owner", name)


def guest(site, room, name="gus"):
    return kept(site, ask(site, room, guest=True, name=name), "guest", name)


def member(site, room, visibility, name="mia"):
    """A token of somebody who has no more rights than others: by password, or a guest's where there is none."""
    return guest(site, room, name) if visibility == "public" else enter(site, room, name, PASSWORD)


def put(site, room, token=None, **members):
    return site.http("PUT", f"/chats/{room}", members, token=token)


def delete(site, room, token=None):
    return site.http("DELETE", f"/chats/{room}", token=token)


def renew(site, room, token=None):
    return site.http("GET", f"/chats/{room}/token/renew", token=token)


def is_bare(room):
    """Nothing in it but what everybody sees."""
    return list(room) == ROOM_MEMBERS

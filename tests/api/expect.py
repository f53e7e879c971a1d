# SPDX-License-Identifier: MIT
"""What the REST API promises, said once: the shapes of its answers and the words of its errors.

The tests of this folder know Globes only by its contract with its clients. Nothing here asks a server; the tests do,
through tests/lib/globes.py, and hand the answers in.
"""
import re
import uuid
from datetime import datetime
from urllib.parse import quote

ROOM_MEMBERS = ["title", "description", "visibility", "createdAt", "updatedAt", "id", "users"]
USER_MEMBERS = ["username", "color", "last_activity", "verified"]
HIDDEN_IDS = range(2 ** 40, 2 ** 53)
PASSWORD = "open sesame, please"
JSON_ONLY = {"Accept": "application/json"}

TEXTS = {
    101: (404, "Room error: Room not found"),
    102: (400, "Room error: Duplicate room"),
    103: (400, "Room error: Invalid JSON"),
    104: (401, "Room error: Unauthorized operation"),
    105: (400, "Room error: Invalid content"),
    303: (400, "Invalid JSON"),
    304: (401, "Unauthorized operation"),
    403: (403, "Token error: Invalid token"),
    404: (404, "Not found"),
    405: (405, "Method not allowed"),
    413: (413, "Request too large"),
    429: (429, "Too many requests"),
    503: (503, "Service unavailable"),
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)")
ANY_FIELD = object()


def fresh(begin="room"):
    """A title that nobody else has."""
    return f"{begin} {uuid.uuid4().hex[:12]}"


def instant(text):
    """The moment that a time of the API names; fails where it is not RFC 3339 with fraction and zone."""
    assert isinstance(text, str) and TIME.fullmatch(text), f"no time: {text!r}"
    return datetime.fromisoformat(text)


def refused(answer, code, field=None, http=None):
    """The answer is this error of the contract, whole. field: the one it names, or several it may name."""
    status, text = TEXTS[code]
    assert answer.status == (http or status), f"{answer.status}: {answer.text[:300]}"
    body = answer.json()
    assert list(body) == ["status", "error"] and body["status"] is False
    error = body["error"]
    assert (error["code"], error["error"]) == (code, text)
    check_field(error, field)
    assert_headers(answer)


def check_field(error, field):
    if field is ANY_FIELD:
        assert set(error) <= {"code", "error", "field"}
    elif isinstance(field, tuple):
        assert error.get("field") in field
    elif field is None:
        assert list(error) == ["code", "error"]
    else:
        assert list(error) == ["code", "error", "field"] and error["field"] == field


def assert_headers(answer):
    """What every answer made by Globes carries."""
    assert re.fullmatch(r"[\x21-\x7e]{8,}", answer.headers["X-Request-Id"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    vary = [word.strip().lower() for word in answer.headers["Vary"].split(",")]
    assert vary == ["origin", "accept", "authorization"]
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"


def assert_room(room, users=None, more=()):
    """A bare room: names, order, types. more: members that may follow at the end."""
    assert list(room) == ROOM_MEMBERS + list(more)
    assert all(type(room[name]) is str for name in ("title", "description", "visibility"))
    assert room["visibility"] in ("public", "private", "hidden")
    assert type(room["id"]) is int and 0 < room["id"] < 2 ** 53
    assert instant(room["createdAt"]) <= instant(room["updatedAt"])
    assert type(room["users"]) is list
    if users is not None:
        assert room["users"] == users
    return room


def shown(answer, **members):
    """The answer is 200 with a bare room that has these members."""
    assert answer.status == 200, f"{answer.status}: {answer.text[:300]}"
    assert_headers(answer)
    room = assert_room(answer.json())
    for name, value in members.items():
        assert room[name] == value, name
    return room


def created(answer, **members):
    """The answer is 201 of POST /chats: the bare room, ending as the original page wants it."""
    assert answer.status == 201, f"{answer.status}: {answer.text[:300]}"
    assert_headers(answer)
    room = assert_room(answer.json(), users=[], more=("status", "data"))
    assert answer.text.rstrip().endswith('"status":true,"data":{"id":%d}}' % room["id"])
    for name, value in members.items():
        assert room[name] == value, name
    return room


def done(answer):
    """The answer is 200 {"status":true} and nothing else."""
    assert answer.status == 200, f"{answer.status}: {answer.text[:300]}"
    assert_headers(answer)
    assert answer.json() == {"status": True}


def make(site, title=None, visibility="public", **members):
    """Creates a room and returns the server's answer, whatever it is."""
    body = {"title": fresh() if title is None else title, "visibility": visibility, **members}
    if visibility.lower() != "public":
        body.setdefault("password", PASSWORD)
    return site.http("POST", "/chats", body)


def private(site, visibility="private", **members):
    """The id of a new room with PASSWORD."""
    return created(make(site, visibility=visibility, **members))["id"]


def enter(site, room, name="ann", secret=PASSWORD):
    """A token of the room, asked for with its password; neither may then be in the site's log."""
    answer = site.http("POST", f"/chats/{room}/token", {"secret": secret, "name": name})
    assert answer.status == 201, f"{answer.status}: {answer.text[:300]}"
    token = answer.json()["token"]
    site.secrets |= {token, secret}
    return token


def show(site, room, token=None):
    return site.http("GET", f"/chats/{room}", token=token, headers=JSON_ONLY)


def rooms(site, query="", token=None):
    """One page of the list."""
    answer = site.http("GET", "/chats" + query, token=token, headers=JSON_ONLY)
    assert answer.status == 200, f"{answer.status}: {answer.text[:300]}"
    assert_headers(answer)
    return answer.json()


def is_gone(site, name):
    """There is no room of this id or title."""
    refused(show(site, quote(str(name), safe="")), 101, field=str(name))


def say(ws, *messages):
    """Sends these and waits for the echo of each, which is its receipt; returns the echoes."""
    echoes = []
    for msg in messages:
        ws.send({"event_type": "send", "msg": msg})
        echoes.append(ws.recv_until("send", msg=msg))
    return echoes


def history(site, room, token=None):
    """What GET /chats/events/{id} shows."""
    answer = site.http("GET", f"/chats/events/{room}", token=token)
    assert answer.status == 200, f"{answer.status}: {answer.text[:300]}"
    assert_headers(answer)
    body = answer.json()
    assert list(body) == ["status", "data"] and body["status"] is True
    assert type(body["data"]) is list
    return body["data"]

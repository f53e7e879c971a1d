# SPDX-License-Identifier: MIT
"""How each answer of docs/openapi.yaml comes about: one function for each, or for those that all calls have in common.
For test_openapi.py alone.
"""
import concurrent.futures
import contextlib
import fcntl
import os
import signal
import sqlite3

from direct import fcgi, relay
from expect import JSON_ONLY, PASSWORD, fresh
from lib.globes import Site, wait
from lib.openapi import book
from lib.ws import Refused
from stored import path

FRIEND = "https://friend.example"
EVIL = "https://evil.example"
WRONG = "no such secret"
SETTINGS = {
    "plain": {},
    "friends": {"allowed_origins": FRIEND, "unowned_rooms": "locked", "login_rate": "1/h", "members_max": 1},
    "guessed": {"login_rate_room": "1/h", "sockets_per_address": 1},
    "fast": {"create_rate": "1/h", "connect_rate": "1/h"},
    "small": {"rooms_max": 1, "sockets_max": 1},
    "closed": {"create_rooms": "owner_tool"},
    "busy": {"fcgi_threads": 2, "hash_jobs": 1},
    "poor": {},
    "locked": {},
    "without its relay": {},
    "without its store": {},
}
class World:
    """Sites by the names above, started when they are first asked for; and the last answer, as the document names it."""

    def __init__(self):
        self.sites = {}
        self.closing = contextlib.ExitStack()
        self.last = None
        self.away = None  # the file of rooms that is not in its place

    def site(self, name="plain"):
        if name not in self.sites:
            self.sites[name] = self.closing.enter_context(Site(**SETTINGS[name]))
        return self.sites[name]

    def close(self):
        if self.away:
            os.rmdir(self.away)
            os.rename(self.away + ".away", self.away)
        self.closing.close()

    def without_store(self):
        """The name of a site where a folder stands in the place of the rooms' database, for good."""
        name = "without its store"
        site = self.site(name)
        if not self.away:
            self.away = path(site, "rooms.db")
            os.rename(self.away, self.away + ".away")
            os.mkdir(self.away)
            site.kill_and_wait("globes.fcgi")
            wait(lambda: site.http("GET", "/healthz").status == 200, what="another globes.fcgi")
        return name

    @contextlib.contextmanager
    def busy(self):
        """A private room and its token, while of two who log in there one has the only place to hash, where it waits
        for a slot, and the other was sent away: now nobody waits for that place any more."""
        site = self.site("busy")
        room, token, _ = self.private("busy")
        body = {"secret": PASSWORD, "name": "ben"}
        with open(os.path.join(site.data, "run", "hash.lock"), "r+b") as slots, concurrent.futures.ThreadPoolExecutor(2) as pool:
            fcntl.lockf(slots, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
            both = [pool.submit(site.http, "POST", f"/chats/{room}/token", body) for _ in range(2)]
            concurrent.futures.wait(both, return_when=concurrent.futures.FIRST_COMPLETED)
            yield room, token
            fcntl.lockf(slots, fcntl.LOCK_UN, 1)
        assert sorted(login.result().status for login in both) == [201, 429]

    def ask(self, method, target, body=None, site="plain", **more):
        """Through the web server."""
        answer = self.site(site).http(method, target, body, **more)
        self.last = book.check(method, target, answer)
        return answer

    def fcgi(self, method, target, body=b"", site="plain", **more):
        answer = fcgi(self.site(site), method, target, body, **more)
        self.last = book.check(method, target, answer)
        return answer

    def relay(self, method, target, *lines, site="plain"):
        answer = relay(self.site(site), method, target, *lines)
        self.last = book.check(method, target, answer)
        return answer

    def ws(self, room, site="plain", **more):
        """A handshake by the web server."""
        try:
            answer = self.site(site).ws(room, **more).answer
        except Refused as refusal:
            answer = refusal.answer
        self.last = book.check("GET", f"/chats/{room}/ws", answer)
        return answer

    # ---- rooms ----

    def private(self, site="plain", **members):
        """A new private room's id, a member's token, and the owner token if `owned` is given."""
        site = self.site(site)
        made = site.http("POST", "/chats", {"title": fresh(), "visibility": "private", "password": PASSWORD, **members})
        room = made.json()["id"]
        site.remember(room, PASSWORD)
        site.secrets.add(made.json().get("owner_token", PASSWORD))
        return room, site.token(room, "ann"), made.json().get("owner_token")


# ---- how each answer comes about ----

ways = {}


def way(method, at, status, schema=None, *fields):
    """The function makes this answer come true; where there are several fields, it is told which."""
    def take(function):
        for field in fields or (None,):
            told = (field,) if len(fields) > 1 else ()
            ways[method, at, status, schema, field] = lambda world, told=told: function(world, *told)
    return take


def room_json(**members):
    return {"title": fresh(), "visibility": "public", **members}


@way("GET", "/chats", "200", "RoomPage")
def _(world):
    world.site().room()
    world.ask("GET", "/chats", headers=JSON_ONLY)


@way("GET", "/chats", "200", "text/html")
def _(world):
    world.ask("GET", "/chats", headers={"Accept": "text/html"})


@way("GET", "/chats", "400", "ErrorListContent", "limit", "after", "q")
def _(world, field):
    world.fcgi("GET", f"/chats?{field}=%FF", headers=JSON_ONLY)


@way("POST", "/chats", "201", "RoomMade")
def _(world):
    world.ask("POST", "/chats", room_json(owned=True))


@way("POST", "/chats", "400", "ErrorRoomDuplicate", "title")
def _(world):
    title = fresh()
    world.site().room(title)
    world.ask("POST", "/chats", room_json(title=title))


# A value against the rules for each member of a room.
AGAINST = {"title": "x", "description": "x" * 71, "visibility": "secret", "password": "short"}


@way("POST", "/chats", "400", "ErrorRoomJson", None, "title", "description", "visibility", "password", "owned")
def _(world, field):
    world.ask("POST", "/chats", room_json(**{field: 1}) if field else "{")


@way("POST", "/chats", "400", "ErrorRoomContent", *AGAINST)
def _(world, field):
    world.ask("POST", "/chats", {**room_json(visibility="private", password=PASSWORD), field: AGAINST[field]})


@way("POST", "/chats", "401", "ErrorRoomUnauthorized")
def _(world):
    world.ask("POST", "/chats", room_json(), site="closed")


@way("POST", "/chats", "429", "ErrorTooManyRooms", "rooms_max", "create_rate")
def _(world, field):
    site = "small" if field == "rooms_max" else "fast"
    for _ in range(2):
        world.ask("POST", "/chats", room_json(), site=site)


@way("POST", "/chats", "429", "ErrorTooManyRooms", "hash_jobs")
def _(world):
    with world.busy():
        world.ask("POST", "/chats", room_json(visibility="private", password=PASSWORD), site="busy")


@way("PUT", "/chats/{room}", "429", "ErrorTooManyHashes", "hash_jobs")
def _(world):
    with world.busy() as (room, token):
        world.ask("PUT", f"/chats/{room}", {"password": PASSWORD}, token=token, site="busy")


@way("POST", "/chats/{room}/token", "429", "ErrorTooManyLogins", "hash_jobs")
def _(world):
    with world.busy() as (room, _):
        world.ask("POST", f"/chats/{room}/token", {"secret": PASSWORD, "name": "ann"}, site="busy")


@way("GET", "/chats/all", "200", "AllRooms")
def _(world):
    world.ask("GET", "/chats/all")


@way("GET", "/chats/events/{room}", "200", "Events")
def _(world):
    room = world.site().room()
    world.site().joined(room, "Ann", color="#aBc").echo("hello")
    assert world.ask("GET", f"/chats/events/{room}").json()["data"]


@way("GET", "/chats/events/{room}", "403", "ErrorToken", "token")
def _(world):
    world.ask("GET", f"/chats/events/{world.private()[0]}")


@way("GET", "/chats/{room}", "200", "Room")
def _(world):
    room, token, _ = world.private()
    world.site().joined(room, None, token)
    assert world.ask("GET", f"/chats/{room}", token=token, headers=JSON_ONLY).json()["users"]


@way("GET", "/chats/{room}", "200", "text/html")
def _(world):
    world.ask("GET", f"/chats/{world.site().room()}", headers={"Accept": "text/html"})


@way("PUT", "/chats/{room}", "200", "Room")
def _(world):
    world.ask("PUT", f"/chats/{world.site().room()}", {"description": "changed"})


@way("PUT", "/chats/{room}", "400", "ErrorRoomDuplicate", "title")
def _(world):
    title = fresh()
    world.site().room(title)
    world.ask("PUT", f"/chats/{world.site().room()}", {"title": title})


@way("PUT", "/chats/{room}", "400", "ErrorRoomJson", None, "title", "description", "visibility", "password", "owned")
def _(world, field):
    world.ask("PUT", f"/chats/{world.site().room()}", {field: 1} if field else "[]")


@way("PUT", "/chats/{room}", "400", "ErrorRoomContent", *AGAINST)
def _(world, field):
    room, token, _ = world.private()
    world.ask("PUT", f"/chats/{room}", {field: AGAINST[field]}, token=token)


@way("PUT", "/chats/{room}", "401", "ErrorRoomUnauthorized")
def _(world):
    room, token, _ = world.private(owned=True)
    world.ask("PUT", f"/chats/{room}", {"description": "mine"}, token=token)


@way("PUT", "/chats/{room}", "403", "ErrorToken", "token")
def _(world):
    world.ask("PUT", f"/chats/{world.private()[0]}", {"description": "mine"})


@way("DELETE", "/chats/{room}", "200", "Done")
def _(world):
    room, _, owner_token = world.private(owned=True)
    world.ask("DELETE", f"/chats/{room}", token=owner_token)


@way("DELETE", "/chats/{room}", "400", "ErrorBody")
def _(world):
    world.fcgi("DELETE", f"/chats/{world.site().room()}", CONTENT_LENGTH="10")


@way("DELETE", "/chats/{room}", "401", "ErrorRoomUnauthorized")
def _(world):
    world.ask("DELETE", f"/chats/{world.site('friends').room()}", site="friends")


@way("DELETE", "/chats/{room}", "403", "ErrorToken", "token")
def _(world):
    world.ask("DELETE", f"/chats/{world.private()[0]}")


@way("GET", "/chats/{room}/entrance", "303")
def _(world):
    world.ask("GET", f"/chats/{world.site().room()}/entrance")


@way("POST", "/chats/{room}/token", "200", "Done")
def _(world):
    world.ask("POST", f"/chats/{world.site().room()}/token", {"name": "ann"})


@way("POST", "/chats/{room}/token", "201", "TokenGiven")
def _(world):
    world.ask("POST", f"/chats/{world.site().room()}/token", {"name": "ann", "guest": True})


@way("POST", "/chats/{room}/token", "400", "ErrorLoginJson", None, "name", "guest")
def _(world, field):
    body = {None: "", "name": {"secret": PASSWORD}, "guest": {"name": "ann", "guest": 1}}[field]
    world.ask("POST", f"/chats/{world.private()[0]}/token", body or "{")


@way("POST", "/chats/{room}/token", "400", "ErrorName", "name")
def _(world):
    world.ask("POST", f"/chats/{world.private()[0]}/token", {"secret": PASSWORD, "name": "x" * 65})


@way("POST", "/chats/{room}/token", "401", "ErrorSecret", "secret")
def _(world):
    world.ask("POST", f"/chats/{world.private()[0]}/token", {"secret": WRONG, "name": "ann"})


@way("POST", "/chats/{room}/token", "429", "ErrorTooManyLogins", "login_rate", "login_rate_room")
def _(world, field):
    site = "friends" if field == "login_rate" else "guessed"
    room = world.site(site).room(visibility="private")
    for _ in range(2):
        world.ask("POST", f"/chats/{room}/token", {"secret": WRONG, "name": "ann"}, site=site)


@way("GET", "/chats/{room}/token/renew", "200", "Done")
def _(world):
    world.ask("GET", f"/chats/{world.site().room()}/token/renew")


@way("GET", "/chats/{room}/token/renew", "201", "TokenGiven")
def _(world):
    room, token, _ = world.private()
    answer = world.ask("GET", f"/chats/{room}/token/renew", token=token)
    world.site().secrets.add(answer.json()["token"])


@way("GET", "/chats/{room}/token/renew", "403", "ErrorToken", "token")
def _(world):
    world.ask("GET", f"/chats/{world.private()[0]}/token/renew")


@way("GET", "/chats/{room}/ws", "101")
def _(world):
    room, token, _ = world.private()
    world.ws(room, token=token)


@way("GET", "/chats/{room}/ws", "400", "ErrorSession")
def _(world):
    world.ask("GET", f"/chats/{world.site().room()}/ws")


@way("GET", "/chats/{room}/ws", "403", "ErrorToken", "token")
def _(world):
    world.ws(world.private()[0])


@way("GET", "/chats/{room}/ws", "403", "ErrorOrigin", "origin")
def _(world):
    world.ws(world.site().room(), fields={"Origin": EVIL})


@way("GET", "/chats/{room}/ws", "404", "ErrorRoomNotFound")
def _(world):
    world.ws("nosuchroom")


@way("GET", "/chats/{room}/ws", "404", "ErrorNotFound")
def _(world):
    world.ws("x" * 6000, direct=True)


@way("GET", "/chats/{room}/ws", "426", "ErrorSession")
def _(world):
    world.ws(world.site().room(), fields={"Sec-WebSocket-Version": "8"})


@way("GET", "/chats/{room}/ws", "429", "ErrorTooManySockets", "members_max", "sockets_per_address", "connect_rate")
def _(world, field):
    site = {"members_max": "friends", "sockets_per_address": "guessed", "connect_rate": "fast"}[field]
    room = rooms_of(world, site)
    for _ in range(2):
        world.ws(room, site=site)


@way("GET", "/chats/{room}/ws", "431", "ErrorHeadTooLarge")
def _(world):
    world.ws(world.site().room(), direct=True, fields={"X-Long": "x" * 17000})


@way("GET", "/chats/{room}/ws", "503", "ErrorNoSocket", "sockets_max")
def _(world):
    room = rooms_of(world, "small")
    for _ in range(2):
        world.ws(room, site="small")


@way("GET", "/chats/{room}/ws", "503", "ErrorNoSocket")
def _(world):
    room = world.site("locked").room()
    database = sqlite3.connect(path(world.site("locked"), "rooms.db"), timeout=10, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    try:
        world.ws(room, site="locked")
    finally:
        database.close()


@way("GET", "/healthz", "200", "Done")
def _(world):
    world.ask("GET", "/healthz")


@way("GET", "/readyz", "200", "Ready")
def _(world):
    world.fcgi("GET", "/readyz")


@way("GET", "/readyz", "200", "Done")
def _(world):
    world.relay("GET", "/readyz")


@way("GET", "/readyz", "503", "NotReady", "store", "relay")
def _(world, field):
    if field == "store":
        world.fcgi("GET", "/readyz", site=world.without_store())
        return
    pid = world.site("without its relay").pid("globes-relay")
    os.kill(pid, signal.SIGSTOP)
    try:
        world.fcgi("GET", "/readyz", site="without its relay")
    finally:
        os.kill(pid, signal.SIGCONT)


def rooms_of(world, site):
    """A room of a site where one more could not be made."""
    listed = world.site(site).http("GET", "/chats/all").json()["data"]
    return listed[0]["id"] if listed else world.site(site).room()


# ---- what all calls have in common ----

def target_of(world, at, site="plain"):
    return at.replace("{room}", str(rooms_of(world, site)))


def too_large(world, method, at):
    world.fcgi(method, target_of(world, at), b"x" * 17000)


def head_too_large(world, method, at):
    world.fcgi(method, target_of(world, at), headers={"X-Long": "x" * 17000})


def unavailable(world, method, at):
    body = {} if method in ("POST", "PUT") else None
    world.ask(method, at.replace("{room}", "1"), body, site=world.without_store(), headers=JSON_ONLY)


def no_room(world, method, at):
    world.ask(method, at.replace("{room}", "nosuchroom"), {} if method in ("POST", "PUT") else None)


def can_be_no_room(world, method, at):
    world.fcgi(method, at.replace("{room}", "x" * 6000))


def foreign(world, method, at):
    world.ask(method, target_of(world, at), headers={"Origin": EVIL})


def preflight(world, method, at):
    headers = {"Origin": FRIEND, "Access-Control-Request-Method": "GET"}
    fcgi_or_ask(world, at)(method, target_of(world, at, "friends"), site="friends", headers=headers)


def no_preflight(world, method, at):
    fcgi_or_ask(world, at)(method, target_of(world, at), headers={"Origin": EVIL})


def fcgi_or_ask(world, at):
    return world.fcgi if at == "/readyz" else world.ask


COMMON = {
    ("413", "ErrorTooLarge"): too_large,
    ("431", "ErrorHeadTooLarge"): head_too_large,
    ("503", "ErrorUnavailable"): unavailable,
    ("404", "ErrorRoomNotFound"): no_room,
    ("404", "ErrorNotFound"): can_be_no_room,
    ("403", "ErrorOrigin"): foreign,
    ("204", None): preflight,
    ("405", "ErrorMethod"): no_preflight,
}


def come_true(world, answer):
    """Asks for this answer; what comes is world.last."""
    method, at, status, schema, _ = answer
    special = ways.get(answer)
    if special:
        special(world)
    else:
        COMMON[status, schema](world, method, at)

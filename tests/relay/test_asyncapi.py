# SPDX-License-Identifier: MIT
"""docs/asyncapi.yaml against the running relay: each event, error and close that stands there comes true here, and what a
client says is taken or refused as it says. That nothing else is ever sent, all other tests see, since lib.ws asks
lib.asyncapi about every event that it gets.
"""
import contextlib
import copy
import os
import re
import signal
import sqlite3
from contextlib import closing

import pytest
from lib import openapi
from lib.asyncapi import book
from lib.globes import ROOT, Site
from lib.schemas import load
from lib.ws import BINARY, TEXT, sends

PASSWORD = "a password to be changed"
SETTINGS = {
    "plain": {},
    "slow": {"send_rate": "1/h", "send_burst": 3},
    "few": {"join_rate": "1/h"},
    "narrow": {"pending_max": "64k", "pending_per_socket": 4096, "store_timeout": "500ms"},
    "impatient": {"stall_max": "1s"},
    "ending": {},
}


class World:
    """Sites by the names above, started when they are first asked for."""

    def __init__(self):
        self.sites = {}
        self.closing = contextlib.ExitStack()

    def site(self, name="plain"):
        if name not in self.sites:
            self.sites[name] = self.closing.enter_context(Site(**SETTINGS[name]))
        return self.sites[name]

    def socket(self, name="plain", room=None, token=None):
        return self.site(name).ws(room or self.site(name).room(), token)

    def member(self, name="plain", who="Ann", room=None):
        return self.site(name).joined(room or self.site(name).room(), who)

    def two(self):
        """Ann and Bob, who know of each other."""
        room = self.site().room()
        ann, bob = self.member(room=room), self.member(room=room, who="Bob")
        ann.recv_until("join", name="Bob")
        return ann, bob


@pytest.fixture(scope="module")
def world():
    made = World()
    yield made
    made.closing.close()


def locked(site):
    """Nothing can be stored while the database that this gives is open."""
    database = sqlite3.connect(f"{site.data}/log.db", timeout=10, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    return closing(database)


# ---- events ----

def test_each_event_comes_true(world):
    ann, bob = world.two()
    kinds = {ann.joined["event_type"], bob.echo("hello")["event_type"], ann.recv()["event_type"]}
    bob.send({"event_type": "leave"})
    kinds.add(ann.recv()["event_type"])
    bob.send({"event_type": "leave"})
    kinds.add(bob.recv_until("error")["event_type"])
    assert kinds == set(book.out)


def test_a_stored_message_is_the_same_by_http(world):
    ann = world.member()
    event = ann.echo("hello", color="#123")
    assert world.site().events(event["room_id"]) == [event]


def said_wrong(text):
    def way(world):
        ws = world.member()
        ws.send(text)
        return ws
    return way


def not_joined(world):
    ws = world.socket()
    ws.say("hello")
    return ws


def nameless(world):
    ws = world.socket()
    ws.send({"event_type": "join"})
    return ws


def name_taken(world):
    room = world.site().room()
    world.member(room=room)
    ws = world.socket(room=room)
    ws.send({"event_type": "join", "name": "aNN"})
    return ws


def too_fast(world):
    ws = world.member("slow")
    ws.send_raw(sends("abc"))
    return ws


def too_many_joins(world):
    room = world.site("few").room()
    for name in ("Ann", "Bob"):
        ws = world.socket("few", room)
        ws.send({"event_type": "join", "name": name})
    return ws


def waits_in_vain(world):
    ws = world.member("narrow")
    with locked(world.site("narrow")):
        ws.say("hello")
        ws.events.append(ws.recv_until("error"))
    return ws


def pending_full(world):
    ws = world.member("narrow")
    with locked(world.site("narrow")):
        ws.send_raw(sends(f"{n} " + "x" * 4000 for n in range(100)))
        ws.events.append(ws.recv_until("error"))
    return ws


ERRORS = {
    ("ErrorContent", "name"): nameless,
    ("ErrorContent", "color"): said_wrong({"event_type": "send", "msg": "hello", "color": 1}),
    ("ErrorContent", "msg"): said_wrong({"event_type": "send"}),
    ("ErrorNotJoined", None): not_joined,
    ("ErrorNameTaken", None): name_taken,
    ("ErrorJson", None): said_wrong("hello"),
    ("ErrorJson", "event_type"): said_wrong({"event_type": "dance"}),
    ("ErrorUnauthorized", None): said_wrong({"event_type": "join", "name": "Ann"}),
    ("ErrorTooFast", "send_rate"): too_fast,
    ("ErrorTooFast", "join_rate"): too_many_joins,
    ("ErrorUnavailable", "pending_max"): pending_full,
    ("ErrorUnavailable", None): waits_in_vain,
}


@pytest.mark.parametrize("error", sorted(set(book.documented_errors()), key=str), ids=str)
def test_each_error_comes_true(world, error):
    event = ERRORS[error](world).recv_until("error")
    assert book.error(event) == error


def test_no_way_leads_to_an_error_that_is_not_documented():
    assert set(ERRORS) == set(book.documented_errors())


# ---- closes ----

def closed_by_client(world):
    ws = world.socket()
    ws.close(1000)
    return ws


def removed(world):
    room = world.site().room()
    ws = world.socket(room=room)
    assert world.site().http("DELETE", f"/chats/{room}").status == 200
    return ws


def raw(opcode, payload, **how):
    def way(world):
        ws = world.socket()
        ws.send_frame(opcode, payload, **how)
        return ws
    return way


def key_changed(world):
    site = world.site()
    room = site.room(visibility="private")
    token = site.token(room, "Ann")
    ws = world.socket(room=room, token=token)
    assert site.http("PUT", f"/chats/{room}", {"password": PASSWORD}, token=token).status == 200
    site.secrets.add(PASSWORD)
    return ws


def relay_ends(world):
    ws = world.socket("ending")
    world.site("ending").kill("globes-relay", signal.SIGTERM)
    return ws


def never_reads(world):
    """Until it is told; much later it would be cut off instead."""
    site = world.site("impatient")
    room = site.room()
    slow = site.ws(room, direct=True, receive_buffer=4096)
    ann = site.joined(room, "Ann")
    for _ in range(20):  # more than the kernel holds of a unix socket
        ann.send_raw(sends(["x" * 4000] * 25))
        for _ in range(25):
            ann.recv_until("send")
    with pytest.raises(TimeoutError):
        ann.recv(timeout=2.5)
    return slow


CLOSES = {
    1000: closed_by_client,
    1001: removed,
    1002: raw(TEXT, b"hello", rsv=1),
    1003: raw(BINARY, b"hello"),
    1007: raw(TEXT, b"\xff"),
    1008: key_changed,
    1009: raw(TEXT, b"x" * 20000),
    1012: relay_ends,
    1013: never_reads,
}


@pytest.mark.parametrize("code", sorted(book.close_codes))
def test_each_close_comes_true(world, code):
    closed, reason = CLOSES[code](world).wait_closed(timeout=30)
    assert closed == code
    book.check_close(closed, reason)


# ---- what clients say ----

GOOD = [
    ("join", {"event_type": "join", "name": "Ann"}),
    ("join", {"event_type": "join", "name": "Ann", "color": "no colour", "msg": "", "room_id": 7, "verified": True}),
    ("send", {"event_type": "send", "msg": "hello"}),
    ("send", {"event_type": "send", "msg": "hello", "name": "Bob", "color": "#fff", "secret": "never shown"}),
    ("leave", {"event_type": "leave"}),
    ("leave", {"event_type": "leave", "name": "Bob", "color": "red", "msg": "bye"}),
]


def fresh_socket(world, kind):
    return world.socket() if kind == "join" else world.member()


@pytest.mark.parametrize("kind, event", GOOD, ids=str)
def test_what_a_client_may_say_is_taken(world, kind, event):
    book.check_in(event)
    ws = fresh_socket(world, kind)
    ws.send(event)
    if kind == "leave":
        assert ws.recv()["event_type"] == "leave"
        ws.join("Ann")
    else:
        assert ws.recv()["event_type"] == kind


def fits(event):
    try:
        book.check_in(event)
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("kind, event", GOOD, ids=str)
def test_what_it_may_not_say_is_refused(world, kind, event):
    ws = fresh_socket(world, kind)
    tried = 0
    for member in book.schemas.follow(book.into[kind])["properties"]:
        for value in (None, True, 1, "", [], {}):
            wrong = {**event, member: value}
            if fits(wrong):
                continue
            ws.send(wrong)
            assert ws.recv()["event_type"] == "error", wrong
            tried += 1
    assert tried >= 20


def test_the_commands_of_the_program_are_those_of_the_document():
    with open(os.path.join(ROOT, "relay", "commands.c"), encoding="utf-8") as file:
        commands = re.findall(r'^    \{ "(\w+)", \w+, on_\w+ \},', file.read(), re.M)
    assert set(commands) == set(book.into)


def test_the_close_codes_of_the_program_are_those_of_the_document():
    with open(os.path.join(ROOT, "relay", "conn.h"), encoding="utf-8") as file:
        codes = {int(code) for code in re.findall(r"CLOSE_\w+ = (\d{4})", file.read())}
    assert codes - {1007} == set(book.close_codes) - {1007}  # which the library says by itself


# ---- the document itself ----

def plain(schemas, node):
    """A schema without references and descriptions."""
    node = schemas.follow(node)
    if isinstance(node, dict):
        return {key: plain(schemas, value) for key, value in node.items() if key != "description" or isinstance(value, dict)}
    return [plain(schemas, one) for one in node] if isinstance(node, list) else node


def test_both_documents_say_the_same_of_a_message():
    other = openapi.book.schemas
    assert plain(book.schemas, book.out["send"]) == plain(other, {"$ref": "#/components/schemas/Event"})


def test_errors_are_those_of_the_programs_table():
    with open(os.path.join(ROOT, "common", "error.def"), encoding="utf-8") as file:
        rows = re.findall(r'^ERR\([A-Z_]+, *(\d+), \d+, "([^"]+)", *"([^"]+)"\)', file.read(), re.M)
    said = set()
    for one in book.out["error"]["oneOf"]:
        properties = book.schemas.follow(one)["properties"]
        said.add((properties["code"]["const"], properties["error"]["const"]))
    assert said <= {(int(code), text) for code, text, _ in rows}
    assert said >= {(int(code), text) for code, text, when in rows if when.startswith("WebSocket")}


def test_a_wrong_event_is_told_from_a_right_one(world):
    """The judge itself: whatever is changed in an event, it and jsonschema are of one mind."""
    ann, _ = world.two()
    right = ann.echo("hello")
    schema = book.out["send"]
    for member in right:
        for value in (None, True, 0, "", "x y", [], {}):
            wrong = copy.deepcopy(right)
            wrong[member] = value
            assert book.schemas.fits(schema, wrong) == (book.schemas.why(schema, wrong) is None), wrong
        wrong = {name: value for name, value in right.items() if name != member}
        with pytest.raises(AssertionError):
            book.check_out(wrong)
    with pytest.raises(AssertionError):
        book.check_out({**right, "cid": "x" * 20})


def test_all_that_is_made_for_the_document_is_used():
    with open(os.path.join(ROOT, "docs", "asyncapi.yaml"), encoding="utf-8") as file:
        text = file.read()
    for kind in ("schemas", "messages"):
        for name in load(os.path.join(ROOT, "docs", "asyncapi.yaml"))["components"][kind]:
            assert f"#/components/{kind}/{name}'" in text, name

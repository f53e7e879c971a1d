# SPDX-License-Identifier: MIT
"""A thousand sockets join one room at once: all stay, and each is told of all thousand."""

import re
import resource
import selectors
import time

from lib.globes import wait
from lib.ws import hear_only, text_frame

PEOPLE = 1000
CHECKED = 20  # so many sockets' frames are checked one by one, the others' are counted
JOINED = re.compile(rb'"msg": ?"m(\d+) entered the room\."')


class Reader:
    """Counts the joins in what a socket gets, without keeping it."""

    def __init__(self, ws):
        self.sock = ws.sock
        self.rest = bytes(ws.stream.buffer)
        self.seen = set()
        self.times = 0
        self.take(b"")

    def take(self, data):
        self.rest += data
        end = 0
        for match in JOINED.finditer(self.rest):
            self.seen.add(int(match[1]))
            self.times += 1
            end = match.end()
        self.rest = self.rest[end:]

    def done(self):
        return len(self.seen) == PEOPLE


def read_all(readers, timeout):
    selector = selectors.DefaultSelector()
    for reader in readers:
        reader.sock.setblocking(False)
        selector.register(reader.sock, selectors.EVENT_READ, reader)
    deadline = time.monotonic() + timeout
    left = sum(not reader.done() for reader in readers)
    while left and time.monotonic() < deadline:
        for key, _ in selector.select(1):
            reader = key.data
            was_done = reader.done()
            data = reader.sock.recv(1 << 18)
            assert data, f"cut off after {len(reader.seen)} joins"
            reader.take(data)
            left -= reader.done() and not was_done
    assert not left, f"{left} sockets were not told of all: {[len(r.seen) for r in readers][:50]}"


def test_a_thousand_join_at_once_and_each_sees_all(site):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    room = site.room()
    sockets = [site.ws(room) for _ in range(PEOPLE)]
    for n, ws in enumerate(sockets):
        ws.send_raw(text_frame({"event_type": "join", "name": f"m{n}"}))
    read_all([Reader(ws) for ws in sockets[CHECKED:]], timeout=100)
    for n, ws in enumerate(sockets[:CHECKED]):
        events = ws.recv_many(PEOPLE, timeout=30)
        assert {event["event_type"] for event in events} == {"join"}
        assert {event["name"] for event in events} == {f"m{i}" for i in range(PEOPLE)}
        ws.name = f"m{n}"
    hear_only(*sockets)
    assert len(site.http("GET", f"/chats/{room}").json()["users"]) >= 200
    for ws in sockets[1:]:
        ws.drop()
    left = [sockets[0].recv(timeout=30) for _ in range(PEOPLE - 1)]
    assert {event["event_type"] for event in left} == {"leave"}
    assert {event["name"] for event in left} == {f"m{i}" for i in range(1, PEOPLE)}
    wait(lambda: len(site.http("GET", f"/chats/{room}").json()["users"]) == 1, what="an empty list of users")

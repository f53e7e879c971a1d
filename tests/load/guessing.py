# SPDX-License-Identifier: MIT
"""Who guesses passwords, and who logs in honestly meanwhile. Everybody's address is played by X-Forwarded-For, which
counts as lighttpd asks from a trusted one. The bench and tests/faults/test_guessing.py share it; the test, which has no
load tool, runs it as a program: guessing.py PORT ROOM... guesses until its input ends and says what was answered."""

import collections
import concurrent.futures
import dataclasses
import http.client
import itertools
import json
import re
import select
import socket
import sys
import time

PASSWORD = "correct horse"
GUESSERS = 1000
EVERY_S = 0.1  # one honest login
CONNECTIONS = 64
TIMEOUT_S = 60
LOGINS_AT_ONCE = 128


def guess(room, number):
    """One guess at a room, from the address of that number."""
    body = json.dumps({"secret": f"battery staple {number}", "name": "Eve"})
    return (f"POST /chats/{room}/token HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 198.18.{number // 250}.{number % 250 + 1}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def guesses(rooms):
    """From each address in turn at each room in turn, so that all addresses meet all rooms."""
    return [guess(rooms[(i + i // GUESSERS) % len(rooms)], i % GUESSERS) for i in range(GUESSERS * len(rooms))]


@dataclasses.dataclass
class Login:
    known: bool  # from an address that has entered the room before
    seconds: float  # since it was due
    status: int
    field: str


def log_in(port, room, address, known, due):
    """One honest login over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", f"/chats/{room}/token", json.dumps({"secret": PASSWORD, "name": "Ann"}),
                           {"X-Forwarded-For": address})
        answer = connection.getresponse()
        body = json.loads(answer.read())
    finally:
        connection.close()
    return Login(known, time.monotonic() - due, answer.status, body.get("error", {}).get("field", ""))


class Honest:
    """People with the right password. Of each room some addresses enter before anything else happens."""

    def __init__(self, port, rooms, known):
        self.port = port
        self.rooms = rooms
        self.known = [(room, f"203.0.113.{i + 1}") for i in range(known) for room in rooms]
        self.strangers = 0
        for room, address in self.known:
            login = log_in(port, room, address, True, time.monotonic())
            if login.status != 201:
                raise AssertionError(f"an honest login before the guessing was answered {login}")

    def _stranger(self, number):
        self.strangers += 1
        return self.rooms[number % len(self.rooms)], f"100.64.{self.strangers // 250}.{self.strangers % 250 + 1}"

    def run(self, count):
        """The logins, every other one from an address that is new to the room."""
        return self._run([self.known[i // 2 % len(self.known)] + (True,) if i % 2 == 0 else self._stranger(i // 2) + (False,)
                          for i in range(count)])

    def run_new(self, count):
        """Logins from new addresses alone."""
        return self._run([self._stranger(i) + (False,) for i in range(count)])

    def _run(self, logins):
        """One is due every EVERY_S, whatever became of those before."""
        begun = time.monotonic() + EVERY_S
        with concurrent.futures.ThreadPoolExecutor(LOGINS_AT_ONCE) as pool:
            made = []
            for i, login in enumerate(logins):
                due = begun + i * EVERY_S
                time.sleep(max(0.0, due - time.monotonic()))
                made.append(pool.submit(log_in, self.port, *login, due))
            return [login.result() for login in made]


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


# ---- as a program ----

ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) .*?\r\nContent-Length: (\d+)\r\n.*?\r\n\r\n", re.S | re.I)


class Guesser:
    """A closed loop: one guess is under way on each of its connections."""

    def __init__(self, port, rooms):
        self.port = port
        self.requests = itertools.cycle(guesses(rooms))
        self.answers = collections.Counter()
        self.poll = select.poll()
        self.sockets = {}  # by descriptor: [socket, what has come]

    def open(self):
        sock = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S)
        self.sockets[sock.fileno()] = [sock, b""]
        self.poll.register(sock, select.POLLIN)
        sock.sendall(next(self.requests))

    def close(self, fd):
        self.poll.unregister(fd)
        self.sockets.pop(fd)[0].close()

    def hear(self, fd):
        entry = self.sockets[fd]
        piece = entry[0].recv(65536)
        entry[1] += piece
        head = ANSWER.match(entry[1])
        if not piece:
            raise ConnectionError(f"a connection ended after {entry[1]!r}")
        if not head or len(entry[1]) < head.end() + int(head[2]):
            return
        self.answers[head[1].decode()] += 1
        entry[1] = b""
        if b"\r\nconnection: close" in head[0].lower():
            self.close(fd)
            self.open()
        else:
            entry[0].sendall(next(self.requests))

    def run(self, end):
        """Until there is something to read at the descriptor `end`."""
        self.poll.register(end, select.POLLIN | select.POLLHUP)
        for _ in range(CONNECTIONS):
            self.open()
        while True:
            for fd, _ in self.poll.poll():
                if fd == end:
                    return
                self.hear(fd)


if __name__ == "__main__":
    guesser = Guesser(int(sys.argv[1]), [int(room) for room in sys.argv[2:]])
    guesser.run(sys.stdin.fileno())
    print(json.dumps(guesser.answers))

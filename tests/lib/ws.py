# SPDX-License-Identifier: MIT
"""A WebSocket client for tests: everything can be done right, and everything can be done wrong on purpose.

Handshakes take any set of fields, frames any bits. What the server sends is checked always: a frame breaking
RFC 6455 or an event breaking the contract (section 3) fails the test that received it, whatever it is about.
"""

import base64
import collections
import hashlib
import json
import os
import re
import socket
import struct
import time

from lib import asyncapi
from lib.answer import Answer, parse_head

TIMEOUT = 10
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
MARKER = "no such event"


class Refused(Exception):
    """The server answered the handshake with HTTP instead of 101."""

    def __init__(self, answer):
        super().__init__(repr(answer))
        self.answer = answer
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.body

    def json(self):
        return self.answer.json()

    def error(self):
        return self.answer.error()

    def field(self):
        return self.answer.field()


class Closed(Exception):
    """The connection is over; without a Close frame the code is 1006, with an empty one 1005."""

    def __init__(self, code, reason=""):
        super().__init__(f"{code} {reason!r}")
        self.code = code
        self.reason = reason


def frame(opcode, payload=b"", fin=True, mask=True, rsv=0):
    """One frame of a client, as bytes."""
    length = len(payload)
    bit = 0x80 if mask else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += struct.pack("!BH", bit | 126, length)
    else:
        head += struct.pack("!BQ", bit | 127, length)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + masked(payload, key)


def masked(payload, key):
    pad = (key * (len(payload) // 4 + 1))[:len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return number.to_bytes(len(payload), "big")


def text_frame(event):
    """An event (a dict, or text as it is) as one frame."""
    text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
    return frame(TEXT, text.encode("utf-8"))


def sends(texts):
    """A frame for each text, in one piece."""
    return b"".join(text_frame({"event_type": "send", "msg": text}) for text in texts)


def close_frame(code=1000, reason=""):
    return frame(CLOSE, struct.pack("!H", code) + reason.encode("utf-8"))


def handshake_head(path, host="localhost", token=None, fields=None, request=None, key=None):
    """The head of a handshake. fields replace or add fields: None leaves one out, a list repeats it."""
    named = {
        "Host": host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key or base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    if token is not None:
        named["Sec-WebSocket-Protocol"] = token
    named.update(fields or {})
    lines = [request or f"GET {path} HTTP/1.1"]
    for name, value in named.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        lines += [f"{name}: {one}" for one in values]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def connect(address, receive_buffer=None, timeout=TIMEOUT):
    """A socket connected to (host, port), or to a unix socket's path."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(timeout)
    sock.connect(address)
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Stream:
    """Bytes from a socket, each call with a deadline."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()
        self.ended = False

    def more(self, deadline):
        """Reads what has come; False at the end (a reset is an end)."""
        if self.ended:
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing came in time")
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(262144)
        except socket.timeout:
            raise TimeoutError("nothing came in time") from None
        except OSError:
            data = b""
        self.ended = not data
        self.buffer += data
        return not self.ended

    def fill(self, count, deadline):
        """False where the stream ends before count bytes are there."""
        while len(self.buffer) < count:
            if not self.more(deadline):
                return False
        return True

    def take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def send(self, data):
        """All of it, or what the other end takes before it hangs up: what it said then is to be read."""
        self.sock.settimeout(TIMEOUT)
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self, timeout=TIMEOUT):
        """An HTTP answer; the bytes behind a 101 stay in the buffer."""
        deadline = time.monotonic() + timeout
        while b"\r\n\r\n" not in self.buffer:
            if not self.more(deadline):
                raise Closed(1006, f"no answer, but {bytes(self.buffer)!r}")
        status, headers = parse_head(self.take(self.buffer.index(b"\r\n\r\n")))
        self.take(4)
        if status == 101:
            return Answer(status, headers, b"")
        length = headers.get("Content-Length")
        if length is None:
            while self.more(deadline):
                pass
            return Answer(status, headers, self.take(len(self.buffer)))
        assert self.fill(int(length), deadline), "the answer's body ends too early"
        return Answer(status, headers, self.take(int(length)))


class Ws:
    """One WebSocket. `after` is sent in one piece with the handshake's head."""

    def __init__(self, address, path, token=None, fields=None, head=None, after=b"", receive_buffer=None,
                 answer_pings=True):
        self.sock = connect(address, receive_buffer)
        self.stream = Stream(self.sock)
        self.answer_pings = answer_pings
        self.events = collections.deque()
        self.pongs = collections.deque()
        self.pings = 0
        self.closed = None
        self.name = None
        self.joined = None
        self._parts = None
        self._last = None
        self._closing = False
        key = base64.b64encode(os.urandom(16)).decode()
        host = address if isinstance(address, str) else f"{address[0]}:{address[1]}"
        host = "localhost" if isinstance(address, str) else host
        self.stream.send((head or handshake_head(path, host, token, fields, key=key)) + after)
        try:
            self._shake_hands(None if head else (fields or {}).get("Sec-WebSocket-Key", key), token)
        except BaseException:
            self.sock.close()
            raise

    def _shake_hands(self, key, token):
        self.answer = self.stream.answer()
        if self.answer.status != 101:
            raise Refused(self.answer)
        headers = self.answer.headers
        assert headers["Upgrade"].lower() == "websocket", headers
        assert "upgrade" in headers["Connection"].lower(), headers
        assert "Sec-WebSocket-Extensions" not in headers, headers
        if key is not None:
            digest = hashlib.sha1((key + MAGIC).encode()).digest()
            assert headers["Sec-WebSocket-Accept"] == base64.b64encode(digest).decode(), headers
            assert headers.all("Sec-WebSocket-Protocol") == ([] if token is None else [token]), headers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    # ---- to the server ----

    def send_raw(self, data):
        self.stream.send(data)

    def send_frame(self, opcode, payload=b"", fin=True, mask=True, rsv=0):
        self.send_raw(frame(opcode, payload, fin, mask, rsv))

    def send_text(self, text):
        self.send_raw(frame(TEXT, text if isinstance(text, bytes) else text.encode("utf-8")))

    def send(self, event):
        self.send_raw(text_frame(event))

    def say(self, msg, **more):
        self.send({"event_type": "send", "msg": msg, **more})

    def join(self, name=None, **more):
        """Joins and takes its own join event, which is returned."""
        event = {"event_type": "join", **more}
        if name is not None:
            event["name"] = name
        self.send(event)
        self.joined = self.recv_until("join")
        self.name = self.joined["name"]
        return self.joined

    def echo(self, msg, **more):
        """Says something and returns its echo, which must be the next event."""
        self.say(msg, **more)
        event = self.recv()
        assert (event["event_type"], event["msg"], event["name"]) == ("send", msg, self.name), event
        return event

    def close(self, code=1000, reason=""):
        self._closing = True
        self.send_raw(close_frame(code, reason))

    def reset(self):
        """Ends the TCP connection by RST, as a crashed machine's kernel would."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def drop(self):
        """Ends the connection without a word."""
        self.sock.close()

    # ---- from the server ----

    def recv(self, timeout=TIMEOUT):
        """The next event. Raises Closed when there will be none, TimeoutError when there is none yet."""
        deadline = time.monotonic() + timeout
        while not self.events:
            self._pump(deadline)
        return self.events.popleft()

    def recv_many(self, count, timeout=TIMEOUT):
        return [self.recv(timeout) for _ in range(count)]

    def recv_until(self, event_type, timeout=TIMEOUT, **match):
        """The next event of this type whose members match; those before it are thrown away."""
        deadline = time.monotonic() + timeout
        while True:
            event = self.recv(max(deadline - time.monotonic(), 0.001))
            if event["event_type"] == event_type and all(event.get(k) == v for k, v in match.items()):
                return event

    def recv_error(self, code, field=None):
        """The next event, which must be this error (field: only where one is given)."""
        event = self.recv()
        assert (event["event_type"], event.get("code")) == ("error", code), event
        assert field is None or event.get("field") == field, event
        return event

    def recv_pong(self, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while not self.pongs:
            self._pump(deadline)
        return self.pongs.popleft()

    def expect_nothing(self):
        """No event has come to this socket: the answer to an unknown event is the next one."""
        self.send({"event_type": MARKER})
        self.recv_error(203)

    def wait_closed(self, timeout=TIMEOUT):
        """(code, reason) of the end; events before it stay to be received."""
        deadline = time.monotonic() + timeout
        while not self.closed:
            try:
                self._pump(deadline)
            except Closed:
                pass
        return self.closed

    def _pump(self, deadline):
        """Takes one frame from the stream."""
        if self.closed:
            raise Closed(*self.closed)
        taken = self._frame(deadline)
        if taken is None:
            self.closed = (1006, "")
            self.sock.close()
            raise Closed(1006)
        fin, opcode, payload = taken
        if opcode >= CLOSE:
            assert fin and len(payload) < 126, "a control frame in pieces, or too long"
            self._control(opcode, payload)
        else:
            self._piece(fin, opcode, payload)

    def _frame(self, deadline):
        stream = self.stream
        if not stream.fill(2, deadline):
            assert not stream.buffer, "the stream ends inside a frame"
            return None
        first, second = stream.buffer[0], stream.buffer[1]
        assert not first & 0x70, "a reserved bit is set"
        assert not second & 0x80, "the server masks"
        size, length = 2, second & 0x7F
        if length > 125:
            size = 4 if length == 126 else 10
            if not stream.fill(size, deadline):
                return None
            length = int.from_bytes(stream.buffer[2:size], "big")
            assert length > (125 if size == 4 else 65535), "a length that is not the shortest"
        if not stream.fill(size + length, deadline):
            return None
        stream.take(size)
        return bool(first & 0x80), first & 0x0F, stream.take(length)

    def _control(self, opcode, payload):
        if opcode == PING:
            self.pings += 1
            if self.answer_pings:
                self.send_frame(PONG, payload)
        elif opcode == PONG:
            self.pongs.append(payload)
        else:
            assert opcode == CLOSE, f"opcode {opcode}"
            assert len(payload) != 1, "a Close frame with half a code"
            code = int.from_bytes(payload[:2], "big") if payload else 1005
            self.closed = (code, payload[2:].decode("utf-8"))
            if not self._closing:
                asyncapi.check_close(*self.closed)
                self.send_frame(CLOSE, payload[:2])
            self.sock.close()
            raise Closed(*self.closed)

    def _piece(self, fin, opcode, payload):
        if self._parts is None:
            assert opcode == TEXT, f"opcode {opcode}"
            self._parts = b""
        else:
            assert opcode == CONTINUATION, f"opcode {opcode} inside a message"
        self._parts += payload
        if fin:
            text, self._parts = self._parts, None
            event = json.loads(text.decode("utf-8"), object_pairs_hook=without_repeats)
            check_event(event)
            asyncapi.check_out(event)
            self._check_position(event)
            self.events.append(event)

    def _check_position(self, event):
        if event["event_type"] != "send":
            return
        if self._last is not None:
            epoch, seq = self._last
            assert (event["epoch"], event["seq"]) == (epoch, seq + 1), f"after {epoch}.{seq} came {event}"
        self._last = (event["epoch"], event["seq"])


def without_repeats(pairs):
    members = dict(pairs)
    assert len(members) == len(pairs), f"repeated members: {pairs}"
    return members


def check_event(event):
    """What is true of every event that a v1 client gets."""
    assert isinstance(event, dict), event
    assert event.get("event_type") in ("join", "leave", "send", "error"), event
    assert isinstance(event["msg"], str) and event["msg"], event
    assert "cid" not in event and "secret" not in event, event
    if event["event_type"] == "error":
        assert isinstance(event["code"], int) and event["error"], event
        return
    assert isinstance(event["name"], str) and event["name"], event
    assert isinstance(event["color"], str), event
    assert type(event["room_id"]) is int, event
    assert isinstance(event["verified"], bool), event
    assert RFC3339.fullmatch(event["time"]), event
    if event["event_type"] == "send":
        assert re.fullmatch(r"[0-9a-f]{16}", event["epoch"]), event
        assert type(event["seq"]) is int and event["seq"] >= 1, event
        assert re.fullmatch(r"[A-Za-z0-9_-]{8}", event["who"]), event


def hear_only(speaker, *listeners):
    """Nothing was under way to any of these members: what speaker says now is the next event of all."""
    text = "marker " + os.urandom(6).hex()
    speaker.say(text)
    for ws in (speaker, *listeners):
        event = ws.recv()
        assert event["event_type"] == "send" and event["msg"] == text, event

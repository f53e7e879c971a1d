# SPDX-License-Identifier: MIT
"""RFC 6455 underneath: pieces, control frames, closing, and every way in which a frame can be wrong."""

import json
import struct
import time

import pytest

from lib.ws import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_frame, frame, hear_only, text_frame

FRAME_MAX = 16 * 1024
SEND = json.dumps({"event_type": "send", "msg": "κόσμε 💬"}, ensure_ascii=False).encode()

BAD_UTF8 = {
    "a lone byte": b"\xff",
    "a lone continuation": b"\x80",
    "an overlong slash": b"\xc0\xaf",
    "an overlong NUL": b"\xe0\x80\x80",
    "a surrogate": b"\xed\xa0\x80",
    "over the last character": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "half a character": b"\xe2\x82",
    "half a character and a letter": b"\xe2\x82x",
}

# Payloads that are no text are cut here.
BAD_SPLITS = {
    "half a character at the end": [b'{"event_type":"send","msg":"\xe2\x82'],
    "a letter instead of its second half": [b'{"event_type":"send","msg":"\xe2\x82', b'x"}'],
    "a surrogate in two pieces": [b'{"event_type":"send","msg":"\xed', b'\xa0\x80"}'],
    "a bad byte in the last piece": [b'{"event_type":"send",', b'"msg":"\xff"}'],
    "a bad byte in the first piece": [b'{"event_type":"send","msg":"\xff', b'"}'],
}

NO_CODES = (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000)
CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)

BROKEN = {
    **{f"opcode {n:x}": frame(n, b"x") for n in (0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF)},
    **{f"reserved bit {bit}": frame(TEXT, SEND, rsv=bit) for bit in (4, 2, 1)},
    "a reserved bit in a ping": frame(PING, b"x", rsv=4),
    "a ping in pieces": frame(PING, b"x", fin=False),
    "a pong in pieces": frame(PONG, b"x", fin=False),
    "a Close in pieces": frame(CLOSE, struct.pack("!H", 1000), fin=False),
    "a ping of 126 bytes": frame(PING, b"x" * 126),
    "a Close of 126 bytes": frame(CLOSE, struct.pack("!H", 1000) + b"x" * 124),
    "a last piece without a first": frame(CONTINUATION, SEND),
    "a middle piece without a first": frame(CONTINUATION, SEND, fin=False),
    "a text inside a text": frame(TEXT, SEND[:5], fin=False) + frame(TEXT, SEND),
    "a Close with half a code": frame(CLOSE, b"\x03"),
    **{f"a Close with code {code}": close_frame(code) for code in NO_CODES},
}


def two(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    return room, ann, bob


def ends_with(ws, other, room, site, code):
    """The socket ends with this code; its member leaves, the other hears nothing else, nothing is stored."""
    assert ws.wait_closed()[0] == code
    event = other.recv()
    assert (event["event_type"], event["name"]) == ("leave", ws.name)
    hear_only(other)
    assert len(site.events(room)) == 1


@pytest.mark.parametrize("data", BAD_UTF8.values(), ids=BAD_UTF8)
def test_text_that_is_not_utf8_is_1007(site, data):
    room, ann, bob = two(site)
    ann.send_text(b'{"event_type":"send","msg":"' + data + b'"}')
    ends_with(ann, bob, room, site, 1007)


@pytest.mark.parametrize("parts", BAD_SPLITS.values(), ids=BAD_SPLITS)
def test_text_in_pieces_that_is_not_utf8_is_1007(site, parts):
    room, ann, bob = two(site)
    opcodes = [TEXT] + [CONTINUATION] * (len(parts) - 1)
    for n, part in enumerate(parts):
        ann.send_frame(opcodes[n], part, fin=n == len(parts) - 1)
    ends_with(ann, bob, room, site, 1007)


@pytest.mark.parametrize("data", [b"", b"x", SEND, b"x" * FRAME_MAX])
def test_a_binary_frame_is_1003(site, data):
    room, ann, bob = two(site)
    ann.send_frame(BINARY, data)
    ends_with(ann, bob, room, site, 1003)


def test_a_binary_frame_before_the_join_is_1003(site):
    ann = site.ws(site.room())
    ann.send_frame(BINARY, SEND)
    assert ann.wait_closed()[0] == 1003


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_frame_against_the_rfc_is_1002(site, data):
    room, ann, bob = two(site)
    ann.send_raw(data)
    ends_with(ann, bob, room, site, 1002)


@pytest.mark.parametrize("reason", [b"\xff", b"ok\xe2\x82"])
def test_a_reason_that_is_not_utf8_is_refused(site, reason):
    room, ann, bob = two(site)
    ann.send_frame(CLOSE, struct.pack("!H", 1000) + reason)
    assert ann.wait_closed()[0] in (1002, 1007)
    assert bob.recv()["event_type"] == "leave"


def padded(size):
    """A good send of exactly this many bytes."""
    text = b'{"event_type":"send","msg":"big","x":""}'
    return text[:-2] + b"x" * (size - len(text)) + text[-2:]


def test_a_frame_of_frame_max_is_good(site):
    _, ann, bob = two(site)
    ann.send_text(padded(FRAME_MAX))
    assert ann.recv()["msg"] == "big"


def test_a_frame_over_frame_max_is_1009(site):
    room, ann, bob = two(site)
    ann.send_text(padded(FRAME_MAX + 1))
    ends_with(ann, bob, room, site, 1009)


def test_a_frame_far_over_frame_max_is_1009(site):
    room, ann, bob = two(site)
    ann.send_text(padded(1 << 20))
    ends_with(ann, bob, room, site, 1009)


@pytest.mark.parametrize("length", [FRAME_MAX + 1, 1 << 20, 1 << 32, (1 << 63) - 1])
def test_a_length_over_frame_max_is_1009_before_its_bytes_come(site, length):
    room, ann, bob = two(site)
    ann.send_raw(struct.pack("!BBQ", 0x81, 0xFF, length) + b"mask" + b"x" * 4096)
    ends_with(ann, bob, room, site, 1009)


def test_a_negative_length_ends_the_socket(site):
    room, ann, bob = two(site)
    ann.send_raw(struct.pack("!BBQ", 0x81, 0xFF, 1 << 63) + b"mask" + b"x" * 100)
    assert ann.wait_closed()[0] in (1002, 1009)
    assert bob.recv()["event_type"] == "leave"


@pytest.mark.parametrize("piece", [100, 4096, 16000])
def test_pieces_over_frame_max_are_1009(site, piece):
    room, ann, bob = two(site)
    data = padded(FRAME_MAX + 1)
    ann.send_frame(TEXT, data[:piece], fin=False)
    for start in range(piece, len(data), piece):
        ann.send_frame(CONTINUATION, data[start:start + piece], fin=start + piece >= len(data))
    ends_with(ann, bob, room, site, 1009)


def test_pieces_without_an_end_are_1009(site):
    room, ann, bob = two(site)
    ann.send_frame(TEXT, b"x", fin=False)
    ann.send_raw(frame(CONTINUATION, b"x" * 1000, fin=False) * 20)
    ends_with(ann, bob, room, site, 1009)


@pytest.mark.parametrize("size", [1000, 4000, FRAME_MAX - 1])
def test_pieces_of_frame_max_and_less_are_good(site, size):
    _, ann, bob = two(site)
    data = padded(size)
    ann.send_frame(TEXT, data[:500], fin=False)
    ann.send_frame(CONTINUATION, data[500:700], fin=False)
    ann.send_frame(CONTINUATION, data[700:])
    assert ann.recv()["msg"] == "big"


def test_frame_max_is_a_setting(make_site):
    site = make_site(frame_max="4k", message_max="2k")
    room, ann, bob = two(site)
    ann.send_text(padded(4096))
    assert ann.recv() == bob.recv()
    ann.send_text(padded(4097))
    assert ann.wait_closed()[0] == 1009


def test_a_message_in_pieces_of_one_byte_with_pings_between_is_one_message(site):
    _, ann, bob = two(site)
    for n in range(len(SEND)):
        last = n == len(SEND) - 1
        ann.send_frame(CONTINUATION if n else TEXT, SEND[n:n + 1], fin=last)
        if not last:
            ann.send_frame(PING, b"%d" % n)
    assert ann.recv()["msg"] == "κόσμε 💬"
    assert ann.recv_pong() == b"0"
    assert bob.recv()["msg"] == "κόσμε 💬"


def test_a_message_that_drips_byte_by_byte_is_one_message(site):
    _, ann, bob = two(site)
    for byte in text_frame({"event_type": "send", "msg": "drip"}):
        ann.send_raw(bytes([byte]))
    assert ann.recv()["msg"] == "drip"


def test_empty_pieces_do_no_harm(site):
    _, ann, bob = two(site)
    ann.send_frame(TEXT, b"", fin=False)
    ann.send_frame(CONTINUATION, b"", fin=False)
    ann.send_frame(CONTINUATION, SEND, fin=False)
    ann.send_frame(CONTINUATION, b"")
    assert ann.recv()["msg"] == "κόσμε 💬"


@pytest.mark.parametrize("payload", [b"", b"x", b"\x00\xff\xfe", b"p" * 125])
def test_a_ping_is_answered_with_its_payload(site, payload):
    _, ann, bob = two(site)
    ann.send_frame(PING, payload)
    assert ann.recv_pong() == payload
    hear_only(ann, bob)


def test_a_ping_is_answered_before_the_join(site):
    ann = site.ws(site.room())
    ann.send_frame(PING, b"hello")
    assert ann.recv_pong() == b"hello"


def test_many_pings_at_once_do_no_harm(site):
    """Not each need be answered (RFC 6455 5.5.3)."""
    _, ann, bob = two(site)
    ann.send_raw(b"".join(frame(PING, b"%d" % n) for n in range(200)))
    assert ann.recv_pong() == b"0"
    hear_only(ann, bob)
    ann.send_frame(PING, b"one more")
    while ann.recv_pong() != b"one more":
        pass


@pytest.mark.parametrize("payload", [b"", b"nobody asked"])
def test_a_pong_that_nobody_asked_for_is_good(site, payload):
    _, ann, bob = two(site)
    ann.send_frame(PONG, payload)
    hear_only(ann, bob)


@pytest.mark.parametrize("code", CODES)
def test_a_close_code_is_echoed(site, code):
    _, ann, bob = two(site)
    ann.close(code, "good bye")
    assert ann.wait_closed()[0] == code
    assert bob.recv()["event_type"] == "leave"


def test_a_close_without_a_code_is_answered(site):
    _, ann, bob = two(site)
    ann.send_frame(CLOSE)
    assert ann.wait_closed()[0] in (1000, 1005)
    assert bob.recv()["event_type"] == "leave"


def test_a_close_with_the_longest_reason_is_answered(site):
    _, ann, bob = two(site)
    ann.close(4000, "r" * 123)
    assert ann.wait_closed()[0] == 4000


@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_nothing_behind_a_close_frame_is_looked_at(site, direct):
    room = site.room()
    bob = site.joined(room, "Bob")
    ann = site.joined(room, "Ann", direct=direct)
    bob.recv_until("join", name="Ann")
    late = text_frame({"event_type": "send", "msg": "too late"})
    ann.send_raw(text_frame({"event_type": "send", "msg": "in time"}) + close_frame() + late + late)
    assert sorted(event["event_type"] for event in bob.recv_many(2)) == ["leave", "send"]
    hear_only(bob)
    assert "too late" not in [event["msg"] for event in site.events(room)]


def test_a_join_behind_a_close_frame_is_not_looked_at(site):
    room = site.room()
    bob = site.joined(room, "Bob")
    ann = site.ws(room)
    ann.send_raw(close_frame() + text_frame({"event_type": "join", "name": "Ann"}))
    assert ann.wait_closed()[0] == 1000
    hear_only(bob)


def opcodes_until_the_end(ws):
    """The kinds of all frames that still come, without answering any, until the other side ends."""
    deadline = time.monotonic() + 20
    while ws.stream.more(deadline):
        pass
    data, kinds = bytes(ws.stream.buffer), []
    while data:
        kinds.append(data[0] & 15)
        length, head = data[1], 2
        if length == 126:
            length, head = int.from_bytes(data[2:4], "big"), 4
        data = data[head + length:]
    return kinds


@pytest.mark.parametrize("bad", [frame(TEXT, b"\xff"), frame(PING, b"x" * 126), frame(TEXT, b"x", rsv=4)],
                         ids=["no UTF-8", "a long ping", "a reserved bit"])
def test_nothing_comes_behind_the_close_frame(site, bad):
    room = site.room()
    bob = site.joined(room, "Bob")
    ann = site.joined(room, "Ann", direct=True)
    bob.recv_until("join", name="Ann")
    ann.send_raw(bad)
    for n in range(50):
        bob.say(f"still here {n}")
        assert bob.recv_until("send")["msg"] == f"still here {n}"
    kinds = opcodes_until_the_end(ann)
    assert kinds.count(CLOSE) == 1 and kinds[-1] == CLOSE


def test_an_answered_close_frame_is_not_answered_again(site):
    ann = site.joined(site.room(), "Ann", direct=True)
    ann.send_raw(frame(BINARY, b"x"))
    assert ann.stream.more(time.monotonic() + 10)
    ann.send_raw(close_frame(1003))
    assert opcodes_until_the_end(ann) == [CLOSE]


def test_nothing_behind_a_broken_frame_is_looked_at(site):
    room, ann, bob = two(site)
    ann.send_raw(frame(BINARY, b"x") + text_frame({"event_type": "send", "msg": "too late"}))
    ends_with(ann, bob, room, site, 1003)


def test_bytes_that_are_no_frames_end_the_socket_alone(site):
    room, ann, bob = two(site)
    ann.send_raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
    assert ann.wait_closed()[0] in (1002, 1003, 1006, 1007, 1009)
    assert bob.recv()["event_type"] == "leave"
    hear_only(bob)

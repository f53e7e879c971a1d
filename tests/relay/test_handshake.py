# SPDX-License-Identifier: MIT
"""What is no good handshake is refused by HTTP, with a reason; a good one is taken, however it is written."""

import base64
import os
import time

import pytest

from lib.ws import Closed, Refused, Stream, Ws, connect, handshake_head, sends, text_frame

SETTINGS = {"head_timeout": "1500ms"}



def key_of(size):
    return base64.b64encode(os.urandom(size)).decode()


BAD = {
    "no Upgrade": {"Upgrade": None},
    "another Upgrade": {"Upgrade": "h2c"},
    "an empty Upgrade": {"Upgrade": ""},
    "no Connection": {"Connection": None},
    "no Key": {"Sec-WebSocket-Key": None},
    "an empty Key": {"Sec-WebSocket-Key": ""},
    "a short Key": {"Sec-WebSocket-Key": key_of(15)},
    "a long Key": {"Sec-WebSocket-Key": key_of(20)},
    "a Key that is no base64": {"Sec-WebSocket-Key": "!" * 22 + "=="},
}
BAD_DIRECT = {
    "another Connection": {"Connection": "keep-alive"},
    "no Host": {"Host": None},
    "two Hosts": {"Host": ["a.example", "b.example"]},
    "two Keys": {"Sec-WebSocket-Key": [key_of(16), key_of(16)]},
    "a very long Key": {"Sec-WebSocket-Key": "A" * 2000},
}
NO_HEAD = {
    "zeros": bytes(100),
    "an empty line": b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500,
    "no text": b"\xff\xfe\xfd\r\n\r\n",
    "HTTP 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
GOOD = {
    "other cases": {"Upgrade": "WebSocket", "Connection": "UPGRADE"},
    "a list of connections": {"Connection": "keep-alive, Upgrade"},
    "names in lower case": {"Upgrade": None, "Connection": None, "upgrade": "websocket", "connection": "Upgrade"},
    "an offer of compression": {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"},
    "cookies": {"Cookie": "session=" + "x" * 500},
}


def refused(site, room, direct=False, **more):
    with pytest.raises(Refused) as caught:
        site.ws(room, direct=direct, **more)
    return caught.value


def alive(site):
    """A good client gets in and hears itself."""
    site.joined(site.room(), "Ann").echo("alive")


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD)
@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_what_is_no_handshake_is_301(site, fields, direct):
    refusal = refused(site, site.room(), direct, fields=fields)
    assert refusal.error() == (400, 301)
    assert refusal.headers["Content-Type"].split(";")[0] == "application/json"


@pytest.mark.parametrize("fields", BAD_DIRECT.values(), ids=BAD_DIRECT)
def test_what_lighttpd_would_not_let_through_is_301(site, fields):
    assert refused(site, site.room(), True, fields=fields).error() == (400, 301)


@pytest.mark.parametrize("version", ["8", "12", "14", "0", "131", "x", "-13"])
@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_another_version_is_426_and_told_the_right_one(site, version, direct):
    refusal = refused(site, site.room(), direct, fields={"Sec-WebSocket-Version": version})
    assert refusal.error() == (426, 301)
    assert refusal.headers.all("Sec-WebSocket-Version") == ["13"]


def test_a_handshake_without_a_version_is_refused(site):
    """No handshake, or one of another version: the contract leaves it open."""
    refusal = refused(site, site.room(), fields={"Sec-WebSocket-Version": None})
    assert refusal.error() in ((400, 301), (426, 301))


@pytest.mark.parametrize("request_line", ["POST {} HTTP/1.1", "PUT {} HTTP/1.1", "get {} HTTP/1.1"])
def test_another_method_is_refused(site, request_line):
    room = site.room()
    head = handshake_head("", request=request_line.format(f"/chats/{room}/ws"))
    assert refused(site, room, True, head=head).error() in ((400, 301), (405, 405))


@pytest.mark.parametrize("request_line", [
    "GET {} HTTP/1.0", "GET {} HTTP/0.9", "GET {}", "GET  {} HTTP/1.1", "GET", "\0 {} HTTP/1.1", "GET {} HTTP/1.1 x",
    "GET {} FTP/1.1",
])
def test_another_request_line_is_refused(site, request_line):
    room = site.room()
    head = handshake_head("", request=request_line.format(f"/chats/{room}/ws"))
    assert refused(site, room, True, head=head).status in (400, 404, 405)
    alive(site)


@pytest.mark.parametrize("fields", GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_what_is_written_otherwise_is_good(site, fields, direct):
    site.joined(site.room(), "Ann", direct=direct, fields=fields).echo("hello")


def test_a_plain_request_is_301(site):
    answer = site.http("GET", f"/chats/{site.room()}/ws")
    assert answer.error() == (400, 301)


def test_a_query_does_not_hide_the_room(site):
    room = site.room()
    with Ws(site.address(), f"/chats/{room}/ws?x=1&y") as ann:
        assert ann.join("Ann")["room_id"] == room


@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_an_unknown_room_is_101(site, direct):
    refusal = refused(site, 999999999, direct)
    assert refusal.error() == (404, 101)
    assert refusal.field() == "999999999"


@pytest.mark.parametrize("path", [
    "/", "/chats", "/chats/", "/chats/1", "/chats/{}/ws/", "/chats/{}/ws/x", "/chats/{}/WS", "//chats/{}/ws",
    "/chats//{}/ws", "/chats/./{}/ws", "/chats/../chats/{}/ws", "/chats/{}%00/ws", "/chats/%ff/ws", "/chats/%zz/ws",
    "/x/{}/ws", "chats/{}/ws", "*",
])
def test_another_path_is_404(site, path):
    room = site.room()
    with pytest.raises(Refused) as caught:
        Ws(site.address(True), path.format(room))
    assert caught.value.status in (400, 404)
    alive(site)


def test_the_handshake_is_looked_at_before_the_room(site):
    assert refused(site, 999999999, fields={"Sec-WebSocket-Key": None}).error() == (400, 301)


def test_the_room_is_looked_at_before_the_token(site):
    assert refused(site, 999999999, token="no.good.token").error() == (404, 101)
    assert refused(site, 999999999, True, fields={"Sec-WebSocket-Protocol": "no, token"}).error() == (404, 101)
    assert refused(site, site.room(), True, fields={"Sec-WebSocket-Protocol": "no, token"}).error() == (403, 403)


# ---- the head as bytes ----

@pytest.mark.parametrize("size", [20_000, 200_000])
def test_a_head_that_is_too_large_is_431(site, size):
    refusal = refused(site, site.room(), True, fields={"X-Big": "x" * size})
    assert refusal.error() == (431, 431)
    alive(site)


def test_a_head_that_is_too_large_through_lighttpd_is_431(site):
    assert refused(site, site.room(), fields={"X-Big": "x" * 100_000}).status == 431


def test_too_many_fields_are_431(site):
    fields = {f"X-{n}": "x" * 40 for n in range(2000)}
    assert refused(site, site.room(), True, fields=fields).error() == (431, 431)
    alive(site)


def test_a_head_without_an_end_is_431(site):
    room = site.room()
    stream = Stream(connect(site.address(True)))
    stream.send(f"GET /chats/{room}/ws HTTP/1.1\r\n".encode() + b"X: y\r\n" * 20_000)
    assert stream.answer().status == 431


def test_a_hundred_fields_are_good(site):
    fields = {f"X-{n}": "x" for n in range(100)}
    site.joined(site.room(), "Ann", direct=True, fields=fields).echo("hello")


@pytest.mark.parametrize("ends", ["all", "the last"])
def test_lines_that_end_with_lf_alone_are_answered_and_do_no_harm(site, ends):
    head = handshake_head(f"/chats/{site.room()}/ws")
    head = head.replace(b"\r\n", b"\n") if ends == "all" else head[:-2] + b"\n"
    stream = Stream(connect(site.address(True)))
    stream.send(head)
    try:
        assert stream.answer().status in (101, 400, 408)
    except Closed:
        pass  # cut after head_timeout: no end of a head had come
    alive(site)


@pytest.mark.parametrize("line", ["no colon", ": no name", "bad name: x", "X: a\0b", " folded: x", "X\t: y"])
def test_a_line_that_is_no_field_is_refused_or_passed_over(site, line):
    room = site.room()
    head = handshake_head(f"/chats/{room}/ws")
    head = head.replace(b"\r\nUpgrade", b"\r\n" + line.encode() + b"\r\nUpgrade")
    try:
        with Ws(site.address(True), "", head=head) as ann:
            ann.join("Ann")
    except Refused as refusal:
        assert refusal.error() == (400, 301)
    alive(site)


@pytest.mark.parametrize("data", NO_HEAD.values(), ids=NO_HEAD)
def test_bytes_that_are_no_head_are_refused_or_cut(site, data):
    stream = Stream(connect(site.address(True)))
    stream.send(data)
    try:
        assert stream.answer().status in (400, 404, 408, 505)
    except Closed:
        pass
    alive(site)


@pytest.mark.parametrize("begin", [b"", b"G", b"GET /chats/1/ws HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_does_not_come_is_cut_after_head_timeout(site, begin):
    stream = Stream(connect(site.address(True)))
    began = time.monotonic()
    stream.send(begin)
    alive(site)
    ends_early(stream)
    assert 1 <= time.monotonic() - began < 8


def test_a_head_that_drips_is_cut_after_head_timeout(site):
    stream = Stream(connect(site.address(True)))
    began = time.monotonic()
    head = handshake_head(f"/chats/{site.room()}/ws", fields={"X-Long": "x" * 1000})
    for byte in head[:160]:  # at most 8 s
        stream.send(bytes([byte]))
        try:
            if not stream.more(time.monotonic() + 0.05):
                break
        except TimeoutError:
            pass
    ends_early(stream)
    assert 1 <= time.monotonic() - began < 8


def ends_early(stream):
    """Cut, perhaps with an answer before: never let in."""
    deadline = time.monotonic() + 10
    while stream.more(deadline):
        pass
    assert not stream.buffer.startswith(b"HTTP/1.1 101"), bytes(stream.buffer)


def test_many_heads_that_do_not_come_keep_nobody_out(site):
    streams = [Stream(connect(site.address(True))) for _ in range(200)]
    for stream in streams:
        stream.send(b"GET /chats/1/ws HTTP/1.1\r\n")
    alive(site)
    for stream in streams:
        ends_early(stream)


def test_a_client_that_goes_while_it_is_let_in_does_no_harm(site):
    room = site.room()
    for _ in range(100):
        sock = connect(site.address(True))
        sock.sendall(handshake_head(f"/chats/{room}/ws") + text_frame({"event_type": "join", "name": "Ann"}))
        sock.close()
    alive(site)
    bob = site.joined(room, "Bob")
    while len(site.http("GET", f"/chats/{room}").json()["users"]) > 1:
        bob.recv_until("leave")


@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_bytes_behind_the_head_are_frames(site, direct):
    room = site.room()
    after = text_frame({"event_type": "join", "name": "Ann"}) + sends(["at once"])
    ann = site.ws(room, direct=direct, after=after)
    assert [event["event_type"] for event in ann.recv_many(2)] == ["join", "send"]


def test_many_bytes_behind_the_head_are_frames(site):
    after = text_frame({"event_type": "join", "name": "Ann"}) + sends(f"{n} " + "x" * 1000 for n in range(100))
    ann = site.ws(site.room(), direct=True, after=after)
    assert [event["msg"].split()[0] for event in ann.recv_many(101)] == ["Ann"] + [str(n) for n in range(100)]


def test_half_a_frame_behind_the_head_is_completed_later(site):
    data = text_frame({"event_type": "join", "name": "Ann"})
    ann = site.ws(site.room(), direct=True, after=data[:7])
    ann.send_raw(data[7:])
    assert ann.recv()["name"] == "Ann"


def test_a_head_in_many_pieces_is_one_head(site):
    stream = Stream(connect(site.address(True)))
    head = handshake_head(f"/chats/{site.room()}/ws")
    for start in range(0, len(head), 7):
        stream.send(head[start:start + 7])
    assert stream.answer().status == 101


def test_a_refusal_ends_the_connection(site):
    stream = Stream(connect(site.address(True)))
    stream.send(handshake_head("/chats/999999999/ws"))
    assert stream.answer().status == 404
    assert not stream.more(time.monotonic() + 5)


def test_every_refusal_has_the_headers_of_every_answer(site):
    headers = refused(site, 999999999).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-Id"]
    assert {word.strip() for word in headers["Vary"].split(",")} == {"Origin", "Accept", "Authorization"}

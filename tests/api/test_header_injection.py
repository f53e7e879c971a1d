# SPDX-License-Identifier: MIT
"""Nothing that a client can send becomes a line of an answer's head, or a second answer: whole answers are looked at
as bytes, behind lighttpd, at the relay's door, and at the socket of globes.fcgi itself, to which a careless web server
might pass on anything.
"""
import json
import os
import socket

import pytest
from expect import JSON_ONLY, created, fresh, make, private, refused
from lib import fastcgi
from lib.ws import connect, handshake_head
from stored import rooms_db

SETTINGS = {"allowed_origins": "*"}
MARK = "x-evil"
# All that an answer's head may have, whoever made it.
OURS = {"content-type", "content-length", "x-request-id", "x-content-type-options", "vary", "cache-control", "location", "allow",
        "retry-after", "access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers",
        "access-control-max-age", "access-control-expose-headers", "content-security-policy", "referrer-policy",
        "upgrade", "connection", "sec-websocket-version", "sec-websocket-accept", "sec-websocket-protocol"}
LIGHTTPDS = {"date", "server", "accept-ranges", "transfer-encoding", "last-modified", "etag"}
FCGIS = {"status"}

EVIL = {
    "CR LF": "a\r\nX-Evil: yes", "LF": "a\nX-Evil: yes", "CR": "a\rX-Evil: yes", "twice": "a\r\n\r\nX-Evil: yes",
    "an answer": "a\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nX-Evil: yes\r\n\r\n<b>", "folded": "a\r\n X-Evil: yes",
    "NUL": "a\0\r\nX-Evil: yes", "next line": "a\u0085X-Evil: yes", "line separator": "a\u2028X-Evil: yes",
    "paragraph separator": "a\u2029X-Evil: yes", "vertical tab": "a\x0bX-Evil: yes", "form feed": "a\x0cX-Evil: yes",
    "letters that end in CR LF": "\u560d\u560aX-Evil: yes", "written out": "a%0d%0aX-Evil: yes",
    "escaped": "a\\r\\nX-Evil: yes",
}
ALL = pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL.keys())


def percent(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


def assert_ours(raw, more=frozenset()):
    """One whole answer with no line in its head but known ones, and not a byte behind its body."""
    head, empty, body = raw.partition(b"\r\n\r\n")
    assert empty, raw
    first, *lines = head.split(b"\r\n")
    assert b"\r" not in head.replace(b"\r\n", b"") and b"\n" not in head.replace(b"\r\n", b""), raw
    if not more >= FCGIS:
        assert first.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")), raw
    else:
        lines.insert(0, first)
    names = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        assert colon and name == name.strip(), raw
        assert name.lower() in OURS | more, raw
        names.setdefault(name.lower(), []).append(value.strip())
    assert all(len(values) == 1 for values in names.values()), raw
    assert MARK not in head.lower().decode("latin-1").replace("%0d%0ax-evil", ""), raw
    if "content-length" in names:
        assert len(body) == int(names["content-length"][0]), raw
    return int(first.split()[1]), names, body


def at_lighttpd(site, data):
    return assert_ours(site.raw_http(data), LIGHTTPDS)


def at_the_relay(site, data):
    """Sends a head to the relay's own door; what comes of it, until it hangs up or lets in."""
    with connect(site.address(True)) as sock:
        sock.sendall(data)
        raw = b""
        while b"\r\n\r\n" not in raw or not raw.startswith(b"HTTP/1.1 101"):
            piece = sock.recv(65536)
            if not piece:
                break
            raw += piece
    return raw


def request(site, target="/chats", method="GET", fields=(), body=""):
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{site.port}", "Connection: close", *fields,
             f"Content-Length: {len(body)}" if body else "Accept: application/json"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("utf-8")


# ---- titles ----

@ALL
def test_no_title_writes_a_line_of_any_answers_head(site, evil):
    body = json.dumps({"title": evil, "visibility": "public"})
    status, *_ = at_lighttpd(site, request(site, method="POST", body=body))
    if status == 201:  # no line end at all
        assert not set(evil) & set("\r\n\0\x0b\x0c\x85\u2028\u2029")
    for end in ("", "/entrance", "/token", "/token/renew", "/ws"):
        for method in ("GET", "OPTIONS", "PATCH"):
            at_lighttpd(site, request(site, f"/chats/{percent(evil)}{end}", method))
    room = site.room()
    at_lighttpd(site, request(site, f"/chats/{room}", "PUT", body=json.dumps({"title": evil, "description": evil})))


@ALL
def test_a_title_that_came_into_the_store_otherwise_does_not_either(site, evil):
    """Whoever put it there: a hand, a restored backup, a version with a fault."""
    room = site.room()
    rooms_db(site, "UPDATE rooms SET title = ?, description = ?, title_key = ? WHERE id = ?",
             evil.replace("\0", ""), evil.replace("\0", ""), fresh(evil.lower()).replace("\0", ""), room)
    for path in (f"/chats/{room}", f"/chats/{room}/entrance", "/chats", "/chats/all", f"/chats/events/{room}"):
        for accept in ("application/json", "text/html", "*/*"):
            for method in ("GET", "HEAD", "OPTIONS", "PATCH"):
                raw = site.raw_http(request(site, path, method, [f"Accept: {accept}"]).replace(b"Accept: application/json\r\n", b""))
                if method == "HEAD":
                    assert raw.endswith(b"\r\n\r\n") and raw.count(b"\r\n\r\n") == 1
                    raw = raw.replace(b"Content-Length", b"Last-Modified")
                assert_ours(raw, LIGHTTPDS)
    rooms_db(site, "DELETE FROM rooms WHERE id = ?", room)


@ALL
def test_the_way_to_a_room_is_named_by_its_id_alone(site, evil):
    title = fresh("".join(letter for letter in evil if letter.isprintable())[:40])
    room = created(make(site, title))["id"]
    for path in (f"/chats/{room}/entrance", f"/chats/{percent(title)}/entrance", f"/chats/{room}/entrance?{percent(evil)}",
                 f"/chats/{room}/entrance?next={percent(evil)}"):
        status, names, _ = at_lighttpd(site, request(site, path))
        if status == 303:
            assert names["location"][0].endswith(f"/chats/{room}") and MARK not in names["location"][0].lower()


# ---- fields of requests ----

FIELDS = ["Host", "Origin", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-Id", "Referer", "Accept", "Authorization",
          "Cookie", "User-Agent", "X-Requested-With", "Access-Control-Request-Headers", "Access-Control-Request-Method",
          "Sec-Fetch-Site", "Range", "If-None-Match", "Accept-Language"]


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_of_a_request_comes_back_as_a_line(site, name):
    room = site.room()
    values = ["a\rX-Evil: yes", "a%0d%0aX-Evil: yes", "a\x0bX-Evil: yes", "a\u0085X-Evil: yes", "http://a.example\tX-Evil: yes",
              "http://a.example/%0d%0aX-Evil:yes", "a\0X-Evil: yes", "\u560d\u560aX-Evil: yes"]
    for value in values:
        for path in ("/chats", f"/chats/{room}", f"/chats/{room}/entrance", "/chats/nosuchroom"):
            for method in ("GET", "OPTIONS", "POST"):
                at_lighttpd(site, request(site, path, method, [f"{name}: {value}"]))


@ALL
def test_the_relays_refusals_and_welcomes_have_no_line_of_the_clients(site, evil):
    room, closed = site.room(), private(site)
    for where in (room, closed, "nosuchroom", percent(evil)):
        for fields in ({"Sec-WebSocket-Protocol": evil}, {"Origin": f"http://{evil}"}, {"X-Request-Id": evil},
                       {"Sec-WebSocket-Key": evil}, {"Sec-WebSocket-Version": evil}, {"Host": evil},
                       {"Authorization": f"Bearer {evil}"}, {"Sec-WebSocket-Extensions": evil}):
            encoded = {name: value.encode("utf-8").decode("latin-1") for name, value in fields.items()}
            raw = at_the_relay(site, handshake_head(f"/chats/{where}/ws", fields=encoded))
            assert_ours(raw.split(b"\r\n\r\n")[0] + b"\r\n\r\n" if raw.startswith(b"HTTP/1.1 101") else raw)


# ---- at globes.fcgi's own socket ----

def fcgi(site, **params):
    return fastcgi.ask(os.path.join(site.data, "run", "fcgi.sock"), **params)


def test_globes_fcgi_is_asked_as_a_web_server_asks(site):
    status, names, body = assert_ours(fcgi(site), FCGIS)
    assert status == 200 and json.loads(body)["rooms"] is not None and "x-request-id" in names


PARAMS = ["REQUEST_METHOD", "REQUEST_URI", "HTTP_ORIGIN", "HTTP_HOST", "HTTP_ACCEPT", "HTTP_AUTHORIZATION", "REMOTE_ADDR",
          "HTTP_X_FORWARDED_FOR", "HTTP_X_REQUEST_ID", "HTTP_X_REQUESTED_WITH", "HTTP_SEC_FETCH_SITE", "SERVER_NAME",
          "HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"]


@ALL
@pytest.mark.parametrize("name", PARAMS)
def test_whatever_a_web_server_passes_on_stays_out_of_the_head(site, name, evil):
    evil = evil.replace("\0", "")  # the library reads its parameters as C does
    room = site.room()
    values = [evil, f"/chats/{room}/entrance?{evil}", f"/chats/{evil}/entrance", f"http://{evil}", f"http://localhost/{evil}",
              f"/chats/{room}{evil}"]
    for value in values:
        for method in ("GET", "OPTIONS", "PATCH"):
            params = {"REQUEST_URI": f"/chats/{room}/entrance", "REQUEST_METHOD": method, name: value}
            raw = fcgi(site, **params)
            assert_ours(raw, FCGIS)


def test_a_body_that_looks_like_an_answer_is_only_a_body(site):
    evil = "HTTP/1.1 200 OK\r\nX-Evil: yes\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as sock:
        sock.sendall(request(site, method="POST", body=evil))
        raw = b""
        while piece := sock.recv(65536):
            raw += piece
    status, *_ = assert_ours(raw, LIGHTTPDS)
    assert status == 400
    refused(site.http("POST", "/chats", evil), 103)
    assert site.http("GET", "/chats", headers=JSON_ONLY).status == 200

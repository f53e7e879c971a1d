# SPDX-License-Identifier: MIT
"""Request bodies as bytes: what is JSON and what is not, how much of it is read, and that nothing about the way it is
sent (type, length, pieces) matters beyond that.
"""
import json
import socket

import pytest
from expect import (ANY_FIELD, JSON_ONLY, created, done, enter, fresh, is_gone, make, private, refused, show,
                    shown)

BODY_MAX = 16 * 1024
TITLE = b'"title":"%s","visibility":"public"'


def object_with(member):
    return b"{" + TITLE + b"," + member + b"}"


# Each would make a room if it were read with a generous eye; %s is a title.
NOT_JSON = {
    "repeated member": object_with(b'"title":"another one"'),
    "repeated alike": object_with(b'"visibility":"public"'),
    "repeated in disguise": object_with(b'"t\\u0069tle":"another one"'),
    "repeated unknown": object_with(b'"x":1,"x":1'),
    "repeated inside": object_with(b'"x":{"y":1,"y":2}'),
    "depth 17": object_with(b'"x":' + b"[" * 16 + b"]" * 16),
    "depth 17 of objects": object_with(b'"x":' + b'{"x":' * 16 + b"1" + b"}" * 16),
    "very deep": object_with(b'"x":' + b"[" * 3000 + b"]" * 3000),
    "never closed": object_with(b'"x":' + b"[" * 5000)[:-1],
    "byte order mark": b"\xef\xbb\xbf{" + TITLE + b"}",
    "trailing word": b"{" + TITLE + b"} x",
    "trailing brace": b"{" + TITLE + b"}}",
    "two objects": b"{" + TITLE + b"}{}",
    "trailing NUL": b"{" + TITLE + b"}\0",
    "trailing comma": b"{" + TITLE + b",}",
    "missing comma": object_with(b'"x":1 "y":2'),
    "missing colon": object_with(b'"x" 1'),
    "missing brace": b"{" + TITLE,
    "missing first brace": TITLE + b"}",
    "bare name": object_with(b"x:1"),
    "number as name": object_with(b"1:1"),
    "NaN": object_with(b'"x":NaN'),
    "Infinity": object_with(b'"x":-Infinity'),
    "undefined": object_with(b'"x":undefined'),
    "True": object_with(b'"x":True'),
    "nul": object_with(b'"x":nul'),
    "hexadecimal": object_with(b'"x":0x10'),
    "leading zero": object_with(b'"x":01'),
    "plus": object_with(b'"x":+1'),
    "point first": object_with(b'"x":.5'),
    "point last": object_with(b'"x":1.'),
    "half an exponent": object_with(b'"x":1e'),
    "minus alone": object_with(b'"x":-'),
    "single quotes": b"{" + TITLE.replace(b'"', b"'") + b"}",
    "comment": b"{" + TITLE + b"/* yes */}",
    "line comment": b"{" + TITLE + b"} // yes",
    "in an array": b"[{" + TITLE + b"}]",
    "escape x": object_with(b'"x":"\\x41"'),
    "escape quote": object_with(b'"x":"\\\'"'),
    "escape short": object_with(b'"x":"\\u12"'),
    "escape not hex": object_with(b'"x":"\\u12G4"'),
    "escape at the end": object_with(b'"x":"\\'),
    "raw newline in a text": object_with(b'"x":"a\nb"'),
    "raw NUL in a text": object_with(b'"x":"a\0b"'),
    "raw tab in a text": object_with(b'"x":"a\tb"'),
    "not UTF-8": object_with(b'"x":"\xff"'),
    "Latin-1": object_with(b'"x":"caf\xe9"'),
    "overlong": object_with(b'"x":"\xc0\xaf"'),
    "overlong NUL": object_with(b'"x":"\xc0\x80"'),
    "surrogate": object_with(b'"x":"\xed\xa0\x80"'),
    "beyond Unicode": object_with(b'"x":"\xf4\x90\x80\x80"'),
    "cut character": object_with(b'"x":"\xe2\x82"'),
    "vertical tab as space": b"{\x0b" + TITLE + b"}",
    "no-break space as space": b"{\xc2\xa0" + TITLE + b"}",
}
NO_OBJECT = [b"null", b"true", b"1", b'"text"', b"[]", b'["title"]', b"title=x&visibility=public",
             b"<room/>", b"\0", b"{", b"}", b'{"title"', b"\xff\xfe{\0}\0", b"---\ntitle: x\n"]
GOOD = {
    "depth 16": object_with(b'"x":' + b"[" * 15 + b"]" * 15),
    "white space": b" \t\r\n{ " + TITLE + b"\n\t}\r\n ",
    "escapes": object_with(b'"x":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\u0000"'),
    "numbers": object_with(b'"x":[0,-0,1.5e+300,1E-7,123456789012345678901234567890]'),
    "escaped name": b'{"t\\u0069tle":"%s","visibility":"public"}',
    "empty name": object_with(b'"":1'),
    "same name at other depths": object_with(b'"x":{"title":"y","x":{"x":1}}'),
    "names that differ in case": object_with(b'"Title":1,"TITLE":2'),
}


def room_of(body):
    """The body with a title of its own put in, and that title."""
    title = fresh()
    return body.replace(b"%s", title.encode()), title


def filled(size, **members):
    """A body of exactly so many bytes."""
    body = json.dumps({**members, "filler": ""}).encode()
    return body[:-2] + b"x" * (size - len(body)) + b'"}'


def head(site, *lines, path="/chats"):
    lines = (f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{site.port}", "Connection: close") + lines
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def status_of(raw):
    assert raw.startswith(b"HTTP/1."), raw[:200]
    return int(raw.split(None, 2)[1])


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_is_not_quite_json_makes_no_room(site, body):
    body, title = room_of(body)
    refused(site.http("POST", "/chats", body), 103)
    is_gone(site, title)


@pytest.mark.parametrize("body", NO_OBJECT, ids=ascii)
def test_what_is_no_object_makes_no_room(site, body):
    refused(site.http("POST", "/chats", body), 103)


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD.keys())
def test_all_that_is_json_is_read(site, body):
    body, title = room_of(body)
    created(site.http("POST", "/chats", body), title=title)


@pytest.mark.parametrize("body", NO_OBJECT + [b'{"title":"a","title":"b"}', b'{"title":"ab"} x'], ids=ascii)
def test_a_room_is_not_changed_by_it(site, body):
    title = fresh()
    room = site.room(title)
    refused(site.http("PUT", f"/chats/{room}", body), 103)
    shown(show(site, room), title=title)


@pytest.mark.parametrize("body", NO_OBJECT + [b'{"name":"ann","name":"bob"}', b'{"name":"\xff"}'], ids=ascii)
def test_nor_is_a_token_given_for_it(site, body):
    room = private(site)
    refused(site.http("POST", f"/chats/{room}/token", body), 303)
    public = site.room()
    refused(site.http("POST", f"/chats/{public}/token", body), 303)


@pytest.mark.parametrize("kind", [
    None, "application/json", "application/json; charset=utf-16", "text/plain", "", "/", "x" * 300,
    "application/x-www-form-urlencoded; charset=UTF-8", "multipart/form-data; boundary=x",
    "application/xml", "application/octet-stream"], ids=lambda kind: str(kind)[:40])
def test_the_content_type_does_not_matter(site, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    title = fresh("\u00fcber")
    body = json.dumps({"title": title, "visibility": "public"})
    created(site.http("POST", "/chats", body, headers=headers), title=title)


def test_a_body_of_body_max_is_read(site):
    title = fresh()
    body = filled(BODY_MAX, title=title, visibility="public")
    assert len(body) == BODY_MAX
    created(site.http("POST", "/chats", body), title=title)


@pytest.mark.parametrize("size", [BODY_MAX + 1, BODY_MAX * 2])
def test_a_larger_one_is_not(site, size):
    title = fresh()
    refused(site.http("POST", "/chats", filled(size, title=title, visibility="public")), 413)
    created(make(site, title))


@pytest.mark.parametrize("method, path", [("PUT", "/chats/{}"), ("POST", "/chats/{}/token")])
def test_the_limit_holds_for_every_call_with_a_body(site, method, path):
    room = site.room()
    refused(site.http(method, path.format(room), filled(BODY_MAX + 1, name="ann")), 413)
    assert site.http(method, path.format(room), filled(BODY_MAX, name="ann")).status == 200


def test_a_set_body_max_holds(make_site):
    small = make_site(body_max="1k")
    title = fresh()
    refused(small.http("POST", "/chats", filled(1025, title=title, visibility="public")), 413)
    created(small.http("POST", "/chats", filled(1024, title=title, visibility="public")), title=title)


@pytest.mark.parametrize("length", [10 * 1024 ** 3, 2 ** 31, 2 ** 32 + 10, 2 ** 63, 2 ** 64 + 10, 10 ** 30])
def test_a_promise_of_gigabytes_is_refused_before_they_come(site, length):
    raw = site.raw_http(head(site, f"Content-Length: {length}") + b"{")
    assert status_of(raw) in (400, 413)
    created(make(site))


@pytest.mark.parametrize("length", ["-1", "abc", "0x10", "1 2", "+5", ""])
def test_a_length_that_is_none_is_refused(site, length):
    body, title = room_of(b"{" + TITLE + b"}")
    raw = site.raw_http(head(site, f"Content-Length: {length}") + body)
    assert status_of(raw) in (400, 411, 501)
    is_gone(site, title)


def test_a_length_that_cuts_the_body_makes_no_room(site):
    body, title = room_of(b"{" + TITLE + b"}")
    raw = site.raw_http(head(site, f"Content-Length: {len(body) - 1}") + body)
    assert status_of(raw) == 400
    assert b'"code":103' in raw
    is_gone(site, title)


def test_a_body_that_never_comes_whole_makes_no_room(site):
    body, title = room_of(b"{" + TITLE + b"}")
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as s:
        s.sendall(head(site, f"Content-Length: {len(body) + 10}") + body)
    created(make(site))
    is_gone(site, title)


def test_two_lengths_are_refused(site):
    body, title = room_of(b"{" + TITLE + b"}")
    raw = site.raw_http(head(site, f"Content-Length: {len(body)}", "Content-Length: 2") + body)
    assert status_of(raw) == 400
    is_gone(site, title)


def chunks(body, size):
    pieces = [body[at:at + size] for at in range(0, len(body), size)] + [b""]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_in_pieces_is_read_like_any_other(site, size):
    body, title = room_of(b"{" + TITLE + b"}")
    raw = site.raw_http(head(site, "Transfer-Encoding: chunked") + chunks(body, size))
    assert status_of(raw) == 201
    assert title.encode() in raw


def test_a_body_in_pieces_has_the_same_limit(site):
    body = filled(BODY_MAX + 1, title=fresh(), visibility="public")
    raw = site.raw_http(head(site, "Transfer-Encoding: chunked") + chunks(body, 4000))
    assert status_of(raw) == 413
    body = filled(BODY_MAX, title=fresh(), visibility="public")
    raw = site.raw_http(head(site, "Transfer-Encoding: chunked") + chunks(body, 4000))
    assert status_of(raw) == 201


def test_a_body_may_come_slowly(site):
    body, title = room_of(b"{" + TITLE + b"}")
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as s:
        s.sendall(head(site, f"Content-Length: {len(body)}"))
        for byte in body:
            s.sendall(bytes([byte]))
        assert status_of(s.recv(4096)) == 201
    shown(show(site, title.replace(" ", "%20")), title=title)


def test_a_body_where_none_is_read_does_no_harm(site):
    room = site.room()
    answer = site.http("GET", f"/chats/{room}", b"{not json", headers=JSON_ONLY)
    assert answer.status in (200, 400)  # lighttpd takes no GET with a body
    done(site.http("DELETE", f"/chats/{room}", b"{not json"))


def test_a_name_is_not_cut_at_a_nul(site):
    body, title = room_of(object_with(b'"title\\u0000":"another one","visibility\\u0000x":"hidden"'))
    answer = site.http("POST", "/chats", body)
    if answer.status == 201:
        created(answer, title=title, visibility="public")
    else:
        refused(answer, 103)


def test_a_change_without_a_body_changes_nothing(site):
    room = site.room(description="as it was")
    shown(site.http("PUT", f"/chats/{room}", ""), description="as it was")
    shown(site.http("PUT", f"/chats/{room}", "{}"), description="as it was")


@pytest.mark.parametrize("count", [60, 500])
def test_many_members_do_no_harm(site, count):
    many = {f"m{i}": i for i in range(count)}
    answer = make(site, **many)
    if count < 61:
        created(answer)
    elif answer.status != 201:
        refused(answer, 103, field=ANY_FIELD)


def test_the_checks_come_in_the_order_of_the_contract(site):
    large, broken = filled(BODY_MAX + 1), b"{"
    closed = private(site)
    refused(site.http("POST", "/chats/a/b/c", large), 404)
    refused(site.http("PATCH", "/chats", large), 405)
    refused(site.http("PUT", "/chats/nosuchroom", large), 413)
    refused(site.http("PUT", "/chats/nosuchroom", broken), 101, field="nosuchroom")
    refused(site.http("PUT", f"/chats/{closed}", broken), 403, field="token")
    token = enter(site, closed)
    refused(site.http("PUT", f"/chats/{closed}", broken, token=token), 103)
    refused(site.http("POST", "/chats/nosuchroom/token", broken), 101, field="nosuchroom")
    done(site.http("DELETE", f"/chats/{closed}", token=token))

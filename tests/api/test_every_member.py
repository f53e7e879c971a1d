# SPDX-License-Identifier: MIT
"""Every member of every call with a body: missing, null, of every wrong type, too long, repeated, in every encoding.
The status, the code and the field are the contract's, and a refused call stores nothing: not one byte of the rooms'
table is another afterwards.
"""
import codecs
import json

import pytest
from expect import JSON_ONLY, PASSWORD, created, done, enter, fresh, private, refused, shown
from lib.ws import hear_only
from stored import rooms_db

CALLS = ("make", "change", "enter")
TEXTS = {"make": ("title", "description", "visibility", "password"),
         "change": ("title", "description", "visibility", "password"),
         "enter": ("secret", "name")}
MEMBERS = [(call, member) for call in CALLS for member in TEXTS[call]] + [("make", "owned"), ("enter", "guest")]
NOT_JSON = {"make": 103, "change": 103, "enter": 303}
NO_TEXT_JSON = {"null": "null", "zero": "0", "a number": "7", "a fraction": "1.5", "true": "true", "false": "false",
                "a list": "[]", "a text in a list": '["public"]', "an object": "{}", "a text in an object": '{"a":"public"}'}
NO_BOOL = {"null": "null", "zero": "0", "one": "1", "a text": '"true"', "no text": '""', "a list": "[true]",
           "an object": '{"a":true}'}


class Target:
    """A private room to be changed and entered, and good bodies of each call."""

    def __init__(self, site):
        self.site = site
        self.room = private(site, description="as it was")
        self.bearer = enter(site, self.room)

    def body(self, call):
        return {"make": {"title": fresh(), "description": "d", "visibility": "private", "password": PASSWORD,
                         "owned": False},
                "change": {"title": fresh(), "description": "d", "visibility": "hidden", "password": PASSWORD + "!"},
                "enter": {"secret": PASSWORD, "name": "ann", "guest": False}}[call]

    def send(self, call, data):
        if call == "make":
            return self.site.http("POST", "/chats", data)
        if call == "change":
            return self.site.http("PUT", f"/chats/{self.room}", data, token=self.bearer)
        return self.site.http("POST", f"/chats/{self.room}/token", data)

    def rows(self):
        return rooms_db(self.site, "SELECT * FROM rooms ORDER BY n")


@pytest.fixture(scope="module")
def target(site):
    return Target(site)


@pytest.fixture
def unchanged(target):
    before = target.rows()
    yield
    assert target.rows() == before


def with_json(body, member, text):
    """The body as JSON, with a member whose value is this JSON."""
    return json.dumps({**body, member: "@@"}).replace('"@@"', text)


def without(body, member):
    return {name: value for name, value in body.items() if name != member}


def test_the_bodies_are_good_where_nothing_is_wrong(site):
    target = Target(site)
    created(target.send("make", target.body("make")))
    assert target.send("enter", target.body("enter")).status == 201
    shown(target.send("change", target.body("change")), visibility="hidden")


def escaped(value):
    """JSON of a value in which every letter of a text is an escape."""
    if not isinstance(value, str):
        return json.dumps(value)
    units = value.encode("utf-16-be")
    return '"' + "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2)) + '"'


def written(body):
    return "{" + ",".join(f"{escaped(name)}:{escaped(value)}" for name, value in body.items()) + "}"


def test_escapes_are_what_they_stand_for_in_every_member(site):
    """Also where something else is read between the body and the use of a member: the password still is the same."""
    target = Target(site)
    password = "caf\u00e9 \U0001f600 word"
    body = {**target.body("make"), "description": "\U0001f600 \u00e9", "password": password}
    room = created(target.send("make", written(body)), title=body["title"], description=body["description"])["id"]
    for text in (written({"secret": password, "name": "J\u00fcrgen"}), json.dumps({"secret": password, "name": "J\u00fcrgen"}),
                 json.dumps({"secret": password, "name": "J\u00fcrgen"}, ensure_ascii=False)):
        answer = site.http("POST", f"/chats/{room}/token", text)
        assert answer.status == 201 and answer.json()["name"] == "J\u00fcrgen", answer
    token = answer.json()["token"]
    shown(site.http("PUT", f"/chats/{room}", written({"password": password + "!", "description": "x"}), token=token))
    enter(site, room, secret=password + "!")


# ---- missing ----

@pytest.mark.parametrize("member, code", [("title", 105), ("visibility", 105), ("password", 105)])
def test_a_room_is_not_made_without_what_it_needs(target, unchanged, member, code):
    refused(target.send("make", without(target.body("make"), member)), code, field=member)


@pytest.mark.parametrize("member", ["description", "owned"])
def test_a_room_is_made_without_what_it_does_not_need(target, member):
    created(target.send("make", without(target.body("make"), member)))


@pytest.mark.parametrize("member", TEXTS["change"])
def test_a_change_needs_no_member(site, member):
    target = Target(site)
    shown(target.send("change", without(target.body("change"), member)))


@pytest.mark.parametrize("member, code", [("secret", 304), ("name", 303)])
def test_nobody_enters_without_either(target, unchanged, member, code):
    refused(target.send("enter", without(target.body("enter"), member)), code, field=member)


def test_a_login_needs_no_guest(target, unchanged):
    assert target.send("enter", without(target.body("enter"), "guest")).status == 201


# ---- of a wrong type ----

@pytest.mark.parametrize("value", NO_TEXT_JSON.values(), ids=NO_TEXT_JSON.keys())
@pytest.mark.parametrize("call, member", [(c, m) for c, m in MEMBERS if m in TEXTS[c]])
def test_what_is_no_text_is_refused_where_a_text_belongs(target, unchanged, call, member, value):
    answer = target.send(call, with_json(target.body(call), member, value))
    refused(answer, 304 if member == "secret" else NOT_JSON[call], field=member)


@pytest.mark.parametrize("value", NO_BOOL.values(), ids=NO_BOOL.keys())
@pytest.mark.parametrize("call, member", [("make", "owned"), ("enter", "guest")])
def test_what_is_neither_true_nor_false_is_refused_where_one_belongs(target, unchanged, call, member, value):
    refused(target.send(call, with_json(target.body(call), member, value)), NOT_JSON[call], field=member)


@pytest.mark.parametrize("value", ["null", "[]", "1", "false"])
@pytest.mark.parametrize("call", CALLS)
def test_a_body_of_another_type_is_refused(target, unchanged, call, value):
    refused(target.send(call, value), NOT_JSON[call])


# ---- empty and too long ----

LENGTHS = {
    "title": {"": 105, "x": 105, "x" * 71: 105, "\u00e9" * 71: 105, "\U0001f600" * 71: 105, "x" * 10000: 105},
    "description": {"x" * 71: 105, "\U0001f600" * 71: 105, "x" * 10000: 105},
    "visibility": {"": 105, "p" * 1000: 105, "public" * 100: 105, "private ": 105},
    "password": {"x" * 7: 105, "x" * 512: 105, "\u00e9" * 256: 105, "x" * 10000: 105},
    "secret": {"": 304, "x": 304, "x" * 511: 304, "x" * 512: 304, "x" * 10000: 304},
    "name": {"": 105, "n" * 65: 105, "\u00e9" * 33: 105, "n" * 10000: 105},
}


@pytest.mark.parametrize("call, member, text, code", [
    (call, member, text, code) for call, member in MEMBERS if member in LENGTHS
    for text, code in LENGTHS[member].items()], ids=lambda value: ascii(value)[:12])
def test_what_is_too_short_or_too_long_is_refused(target, unchanged, call, member, text, code):
    refused(target.send(call, {**target.body(call), member: text}), code, field=member)


@pytest.mark.parametrize("call", CALLS)
def test_a_name_of_a_member_may_be_of_any_length(target, unchanged, call):
    answer = target.send(call, {"x" * 15000: 1, "name": 7, "title": "x"})
    assert answer.error() in ((400, 105), (400, 303)), answer


# ---- repeated ----

def repeated(body, member, first, second):
    """The member twice, with these values as JSON."""
    rest = json.dumps(without(body, member))[1:]
    return f'{{"{member}":{first},"{member}":{second},{rest}'


@pytest.mark.parametrize("call, member", MEMBERS)
def test_a_repeated_member_is_refused_whatever_its_values_are(target, unchanged, call, member):
    body = target.body(call)
    good = json.dumps(body[member])
    for first, second in ((good, good), (good, "null"), ("null", good), (good, "7"), ("{}", good), ('"x"', good)):
        refused(target.send(call, repeated(body, member, first, second)), NOT_JSON[call])


@pytest.mark.parametrize("call, member", MEMBERS)
def test_a_member_repeated_in_disguise_is_refused(target, unchanged, call, member):
    body = target.body(call)
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in member)
    refused(target.send(call, json.dumps(body)[:-1] + f',"{escaped}":{json.dumps(body[member])}}}'), NOT_JSON[call])


# ---- encodings ----

ENCODINGS = {
    "UTF-8 with a mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-8 with two marks": lambda text: codecs.BOM_UTF8 * 2 + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16LE": lambda text: text.encode("utf-16-le"),
    "UTF-16BE": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "UTF-32LE": lambda text: text.encode("utf-32-le"),
    "UTF-32BE": lambda text: text.encode("utf-32-be"),
    "EBCDIC": lambda text: text.encode("cp500"),
    "Latin-1": lambda text: text.encode("latin-1"),
    "UTF-8 packed as gzip": lambda text: b"\x1f\x8b\x08" + text.encode("utf-8"),
}
# Bytes in a text that are no UTF-8.
NO_UTF8 = {
    "a byte of Latin-1": b"caf\xe9 terrace", "ff": b"ab\xffcdefgh", "fe": b"ab\xfecdefgh", "a lone second byte": b"ab\x80cdefgh",
    "a cut character": b"abcdefgh\xe2\x82", "overlong slash": b"ab\xc0\xafcdefgh", "overlong NUL": b"ab\xc0\x80cdefgh",
    "overlong of three": b"ab\xe0\x80\xafcdefgh", "overlong of four": b"ab\xf0\x80\x80\xafcdefgh",
    "half a pair": b"ab\xed\xa0\x80cdefgh", "a pair (CESU-8)": b"ab\xed\xa0\xbd\xed\xb8\x80cdefgh",
    "beyond Unicode": b"ab\xf4\x90\x80\x80cdefgh", "five bytes": b"ab\xf8\x88\x80\x80\x80cdefgh",
    "six bytes": b"ab\xfc\x84\x80\x80\x80\x80cdefgh",
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("call", CALLS)
def test_a_body_in_another_encoding_is_refused(target, unchanged, call, encode):
    body = target.body(call)
    body["name" if call == "enter" else "description"] = "caf\u00e9 \u00a3"
    refused(target.send(call, encode(json.dumps(body, ensure_ascii=False))), NOT_JSON[call])


@pytest.mark.parametrize("raw", NO_UTF8.values(), ids=NO_UTF8.keys())
@pytest.mark.parametrize("call, member", [(c, m) for c, m in MEMBERS if m in TEXTS[c]])
def test_a_text_that_is_no_utf8_is_refused(target, unchanged, call, member, raw):
    data = json.dumps({**target.body(call), member: "@@"}).encode().replace(b"@@", raw)
    refused(target.send(call, data), NOT_JSON[call])


@pytest.mark.parametrize("raw", NO_UTF8.values(), ids=NO_UTF8.keys())
@pytest.mark.parametrize("call", CALLS)
def test_nor_may_the_name_of_an_unknown_member_be_such(target, unchanged, call, raw):
    data = json.dumps({**target.body(call), "@@": 1}).encode().replace(b"@@", raw)
    refused(target.send(call, data), NOT_JSON[call])


ESCAPED_NUL = {"title": 105, "description": 105, "visibility": 105, "password": 105, "secret": 304, "name": 105}


@pytest.mark.parametrize("text", ["\0", "abcdefgh\0", "\0abcdefgh", "abcd\0efgh"], ids=ascii)
@pytest.mark.parametrize("call, member", [(c, m) for c, m in MEMBERS if m in TEXTS[c]])
def test_a_text_with_an_escaped_nul_is_refused(target, unchanged, call, member, text):
    refused(target.send(call, {**target.body(call), member: text}), ESCAPED_NUL[member], field=member)


@pytest.mark.parametrize("call", CALLS)
def test_a_good_value_with_a_nul_behind_it_is_not_that_value(target, unchanged, call):
    for member in TEXTS[call]:
        body = target.body(call)
        refused(target.send(call, {**body, member: body[member] + "\0"}), ESCAPED_NUL[member], field=member)


HALVES = ["\\ud800", "\\udc00", "\\udc00\\ud800", "\\ud800\\ud800", "\\ud83dx", "\\ud83d\\n", "\\uD83D\\u0041"]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("call, member", [(c, m) for c, m in MEMBERS if m in TEXTS[c]])
def test_half_a_character_is_refused_or_stands_for_itself_as_a_replacement(site, call, member, half):
    """JSON allows it, UTF-8 has no such character: what is kept of it is text, whoever reads it."""
    target = Target(site)
    answer = target.send(call, with_json(target.body(call), member, f'"room {half} 12"'))
    if answer.status >= 400:
        refused(answer, answer.json()["error"]["code"], field=(None, member), http=401 if member == "secret" else 400)
        return
    assert member not in ("visibility", "secret")
    assert answer.status in (200, 201)
    if member in ("title", "description"):
        assert "room \ufffd" in answer.json()[member]
    for row in rooms_db(site, "SELECT CAST(title AS BLOB), CAST(description AS BLOB) FROM rooms"):
        assert [text.decode("utf-8") for text in row]


# ---- members of calls that read no body, and of queries ----

@pytest.mark.parametrize("body", ["", "{", '{"title":null}', "\ufeff{}", '{"title":"a","title":"b"}', "x" * 5000], ids=ascii)
def test_calls_without_members_do_not_look_at_a_body(site, body):
    target = Target(site)
    path = f"/chats/{target.room}"
    done(site.http("DELETE", path, body, token=target.bearer))


NO_NUMBER = ["", "0", "-1", "+1", "1.0", "1e1", "0x1", "%201", "1%20", "one", "null", "[1]", "%EF%BC%91", "1,2",
             "9" * 3000 + "x", "true", "%ed%a0%80", "%zz", "1%"]
NO_TEXT = ["%00", "1%00", "%ff", "%c0%80", "%c0%af", "%ed%a0%80", "%", "%zz", "%f4%90%80%80", "a%e2%82"]


def query(site, text):
    return site.http("GET", "/chats?" + text, headers=JSON_ONLY)


@pytest.mark.parametrize("value", NO_NUMBER, ids=lambda value: value[:10])
@pytest.mark.parametrize("name", ["limit", "after"])
def test_what_is_no_number_is_refused_in_a_query(site, name, value):
    refused(query(site, f"{name}={value}"), 105, field=name)


@pytest.mark.parametrize("value", NO_TEXT)
@pytest.mark.parametrize("name", ["limit", "after", "q"])
def test_what_is_no_text_is_refused_in_a_query(site, name, value):
    answer = query(site, f"{name}={value}")
    if "X-Request-Id" in answer.headers:  # else it was lighttpd that took offence
        refused(answer, 105, field=name)
    assert answer.status == 400


@pytest.mark.parametrize("name", ["limit", "after", "q"])
def test_a_query_without_a_value_or_with_two_of_them_is_answered(site, name):
    for text in (name, f"{name}=&{name}=1", f"{name}=1&{name}=2", f"{name}=1&{name}=x", f"%{ord(name[0]):02x}{name[1:]}=1"):
        answer = query(site, text)
        assert answer.status == 200 or answer.error() == (400, 105), (text, answer)


# ---- members of events ----

EVENTS = {"join": {"event_type": "join", "name": "Bob", "color": "#123456"},
          "send": {"event_type": "send", "msg": "never heard", "color": "#123456"}}
EVENT_MEMBERS = [(kind, member) for kind, event in EVENTS.items() for member in event]


@pytest.fixture
def listening(site):
    """A room, a member who listens there, and a socket that is to say the wrong things: in the end neither the room
    nor its log has heard of them."""
    room = site.room()
    ann = site.joined(room, "Ann")
    yield room, ann
    hear_only(ann)
    assert len(site.log_rows(room)) == 1  # what hear_only() said


def speaker(site, listening, kind):
    """One who joins with what is wrong, or who joined before saying it."""
    room, ann = listening
    ws = site.ws(room)
    if kind == "send":
        ws.join("Eve")
        ann.recv_until("join", name="Eve")
    return ws


def leaves(ws, ann):
    """The speaker goes; the room hears of that, if it had joined."""
    if ws.name and not ws.closed:
        ws.send({"event_type": "leave"})
    if ws.name:
        ann.recv_until("leave", name=ws.name)


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_in_another_encoding_is_refused(site, listening, kind, encode):
    ws = speaker(site, listening, kind)
    data = encode(json.dumps({**EVENTS[kind], "x": "caf\u00e9 \u00a3"}, ensure_ascii=False))
    ws.send_text(data)
    refused_as_text(ws, data)
    leaves(ws, listening[1])


def refused_as_text(ws, data):
    """1007 for what is no UTF-8; 203 for what is, and is no JSON."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        assert ws.wait_closed()[0] == 1007
        return
    ws.recv_error(203)


@pytest.mark.parametrize("raw", NO_UTF8.values(), ids=NO_UTF8.keys())
@pytest.mark.parametrize("kind, member", EVENT_MEMBERS)
def test_an_event_with_a_text_that_is_no_utf8_ends_its_socket(site, listening, kind, member, raw):
    ws = speaker(site, listening, kind)
    ws.send_text(json.dumps({**EVENTS[kind], member: "@@"}).encode().replace(b"@@", raw))
    assert ws.wait_closed()[0] == 1007
    leaves(ws, listening[1])


@pytest.mark.parametrize("kind, member", EVENT_MEMBERS)
def test_an_event_with_a_repeated_member_is_refused_whatever_its_values_are(site, listening, kind, member):
    ws = speaker(site, listening, kind)
    good = json.dumps(EVENTS[kind][member])
    for first, second in ((good, good), (good, "null"), ("null", good), (good, "7"), ("{}", good)):
        ws.send_text(repeated(EVENTS[kind], member, first, second))
        ws.recv_error(203)
    leaves(ws, listening[1])


@pytest.mark.parametrize("value", NO_TEXT_JSON.values(), ids=NO_TEXT_JSON.keys())
@pytest.mark.parametrize("kind, member", EVENT_MEMBERS)
def test_an_event_with_a_member_that_is_no_text_is_refused(site, listening, kind, member, value):
    ws = speaker(site, listening, kind)
    ws.send_text(with_json(EVENTS[kind], member, value))
    ws.recv_error(*((203,) if member == "event_type" else (105, member)))
    leaves(ws, listening[1])


@pytest.mark.parametrize("kind, member, codes", [
    ("join", "event_type", (203,)), ("join", "name", (105, "name")), ("send", "event_type", (203,)), ("send", "msg", (105, "msg"))])
def test_an_event_without_a_member_that_it_needs_is_refused(site, listening, kind, member, codes):
    ws = speaker(site, listening, kind)
    ws.send(without(EVENTS[kind], member))
    ws.recv_error(*codes)
    leaves(ws, listening[1])

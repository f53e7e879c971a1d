# SPDX-License-Identifier: MIT
"""Frames that are no good event: told to their sender alone, and nothing is lost by them."""

import json

import pytest

from lib.ws import hear_only


def nested(depth):
    """A send whose innermost array is `depth` levels deep, the outer object counted."""
    return '{"event_type":"send","msg":"deep","x":%s}' % ("[" * (depth - 1) + "]" * (depth - 1))


NO_EVENT = {
    "nothing": "",
    "blank": "  \n",
    "a word": "hello",
    "a text": '"hello"',
    "a number": "7",
    "null": "null",
    "true": "true",
    "an array": '[{"event_type":"send","msg":"x"}]',
    "no end": '{"event_type":"send","msg":"x"',
    "two objects": '{"event_type":"send","msg":"x"}{"event_type":"send","msg":"y"}',
    "something behind": '{"event_type":"send","msg":"x"} x',
    "a comma too many": '{"event_type":"send","msg":"x",}',
    "a comma too few": '{"event_type":"send" "msg":"x"}',
    "single quotes": "{'event_type':'send','msg':'x'}",
    "no quotes": '{event_type:"send",msg:"x"}',
    "a remark": '{"event_type":"send",/* */"msg":"x"}',
    "NaN": '{"event_type":"send","msg":"x","y":NaN}',
    "Infinity": '{"event_type":"send","msg":"x","y":-Infinity}',
    "a leading zero": '{"event_type":"send","msg":"x","y":01}',
    "a plus": '{"event_type":"send","msg":"x","y":+1}',
    "a bare dot": '{"event_type":"send","msg":"x","y":1.}',
    "a hex number": '{"event_type":"send","msg":"x","y":0x1}',
    "TRUE": '{"event_type":"send","msg":"x","y":TRUE}',
    "a line end in a text": '{"event_type":"send","msg":"x\ny"}',
    "a NUL in a text": '{"event_type":"send","msg":"x\0y"}',
    "a NUL behind": '{"event_type":"send","msg":"x"}\0',
    "an unknown escape": '{"event_type":"send","msg":"\\x41"}',
    "a short escape": '{"event_type":"send","msg":"\\u12"}',
    "a BOM": '\ufeff{"event_type":"send","msg":"x"}',
    "a no-break space": '\u00a0{"event_type":"send","msg":"x"}',
    "repeated members": '{"event_type":"send","msg":"x","msg":"y"}',
    "repeated event_type": '{"event_type":"send","event_type":"send","msg":"x"}',
    "members repeated by an escape": '{"event_type":"send","msg":"x","\\u006dsg":"y"}',
    "members repeated inside": '{"event_type":"send","msg":"x","y":{"a":1,"a":2}}',
    "too deep": nested(17),
    "far too deep": nested(7000),
    "event_type missing": '{"msg":"x"}',
    "an empty object": "{}",
    "event_type unknown": '{"event_type":"shout","msg":"x"}',
    "event_type empty": '{"event_type":"","msg":"x"}',
    "event_type of the server": '{"event_type":"error","msg":"x"}',
    "event_type of a later protocol": '{"event_type":"welcome","msg":"x"}',
    "event_type in capitals": '{"event_type":"SEND","msg":"x"}',
    "event_type with a space": '{"event_type":"send ","msg":"x"}',
    "event_type with a NUL": '{"event_type":"send\\u0000","msg":"x"}',
    "event_type null": '{"event_type":null,"msg":"x"}',
    "event_type a number": '{"event_type":1,"msg":"x"}',
    "event_type an array": '{"event_type":["send"],"msg":"x"}',
    "a member name cut by NUL": '{"event_type\\u0000x":"send","msg":"x"}',
    "a member name in capitals": '{"EVENT_TYPE":"send","msg":"x"}',
}

BAD_MSG = {
    "missing": {},
    "empty": {"msg": ""},
    "null": {"msg": None},
    "a number": {"msg": 7},
    "true": {"msg": True},
    "an array": {"msg": ["x"]},
    "an object": {"msg": {"text": "x"}},
    "too long": {"msg": "x" * 4097},
    "too long in bytes": {"msg": "é" * 2049},
    "far too long": {"msg": "x" * 16000},
}


@pytest.mark.parametrize("text", NO_EVENT.values(), ids=NO_EVENT)
def test_what_is_no_event_is_203(site, text):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    ann.send_text(text)
    error = ann.recv_error(203)
    assert error["error"] == "Client error: Invalid JSON"
    hear_only(ann, bob)
    assert len(site.events(room)) == 1


@pytest.mark.parametrize("text", ["hello", "{}", "[]"])
def test_what_is_no_event_is_203_before_the_join_too(site, text):
    ann = site.ws(site.room())
    ann.send_text(text)
    ann.recv_error(203)
    ann.join("Ann")


@pytest.mark.parametrize("members", BAD_MSG.values(), ids=BAD_MSG)
def test_a_send_without_a_good_msg_is_105(site, members):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    ann.send({"event_type": "send", **members})
    error = ann.recv_error(105, "msg")
    assert error["error"] == "Room error: Invalid content"
    hear_only(ann, bob)
    assert len(site.events(room)) == 1


@pytest.mark.parametrize("msg", ["x" * 4096, "é" * 2048, "💬" * 1024])
def test_a_msg_of_message_max_bytes_is_good(site, msg):
    room = site.room()
    site.joined(room, "Ann").echo(msg)
    assert site.events(room)[-1]["msg"] == msg


def test_message_max_counts_the_text_and_not_its_escapes(site):
    ann = site.joined(site.room(), "Ann")
    ann.send_text('{"event_type":"send","msg":"%s"}' % ("\\u00e9" * 2048))
    assert ann.recv()["msg"] == "é" * 2048


def test_message_max_is_a_setting(make_site):
    site = make_site(message_max="10")
    ann = site.joined(site.room(), "Ann")
    ann.echo("x" * 10)
    ann.say("x" * 11)
    ann.recv_error(105, "msg")


def test_sixteen_levels_are_not_too_deep(site):
    ann = site.joined(site.room(), "Ann")
    ann.send_text(nested(16))
    assert ann.recv()["msg"] == "deep"


def test_white_space_around_an_event_is_good(site):
    ann = site.joined(site.room(), "Ann")
    ann.send_text(' \t\r\n{"event_type":"send","msg":"x"} \t\r\n')
    assert ann.recv()["msg"] == "x"


def test_an_error_says_what_is_wrong_in_words(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.ws(room)
    bob.send({"event_type": "join", "name": "Ann"})
    taken = bob.recv_error(202, "Ann")
    assert len(taken["msg"].split()) >= 3
    ann.say("")
    empty = ann.recv_error(105, "msg")
    assert len(empty["msg"].split()) >= 3


def test_many_bad_frames_do_not_cost_the_good_ones_between(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    bad = list(NO_EVENT.values())
    for n, text in enumerate(bad):
        ann.send_text(text)
        ann.say(str(n))
    events = ann.recv_many(2 * len(bad))
    heard = [event["msg"] for event in events if event["event_type"] == "send"]
    assert heard == [str(n) for n in range(len(bad))]


def test_an_event_with_many_members_does_no_harm(site):
    ann = site.joined(site.room(), "Ann")
    ann.send_text(json.dumps({"event_type": "send", "msg": "x", **{f"m{n}": n for n in range(1000)}}))
    event = ann.recv()
    assert event["event_type"] == "send" or event["code"] == 203, event
    hear_only(ann)

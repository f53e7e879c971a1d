# SPDX-License-Identifier: MIT
"""The text of a message comes out as it went in, whatever is written in it and however it was escaped."""

import pytest

TEXTS = {
    "quotes": 'she said "hi" \\ and left / there',
    "lines": "one\ntwo\r\nthree\tfour\b\f",
    "controls": "".join(chr(n) for n in range(1, 32)) + "\x7f\x80\x9f",
    "html": "<script>alert('x')</script>&amp;",
    "blank": " ",
    "zero": "0",
    "a word of JSON": "null",
    "JSON": '{"event_type":"leave"}',
    "two bytes": "Grüße",
    "three bytes": "日本語 – €",
    "four bytes": "𝄞 💬 👩‍👩‍👧 \U0010fffd",
    "combining": "e\u0301 Z\u0351\u036b\u0343\u036a",
    "directions": "\u202eevil\u202c \u2066x\u2069",
    "line separators": "a\u2028b\u2029c",
    "noncharacters": "\ufffe \uffff \ufdd0",
    "a BOM inside": "a\ufeffb",
    "a replacement": "\ufffd",
    "format": "%s %n %d %%",
    "sql": "'; DROP TABLE log; --",
}

ESCAPES = {
    "letters": ("\\u0041\\u00e9\\u20ac", "Aé€"),
    "a pair": ("\\ud83d\\udcac", "💬"),
    "short ones": ("\\\"\\\\\\/\\b\\f\\n\\r\\t", '"\\/\b\f\n\r\t'),
    "the last character": ("\\udbff\\udfff", "\U0010ffff"),
}

HALVES = ["\\ud83d", "\\udcac", "\\udcac\\ud83d", "a\\ud83d\\u0041b", "\\ud83d\\ud83d\\udcac"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_comes_out_as_it_went_in(site, text):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    ann.echo(text)
    assert bob.recv()["msg"] == text
    assert site.events(room)[-1]["msg"] == text


@pytest.mark.parametrize("escaped, text", ESCAPES.values(), ids=ESCAPES)
def test_an_escape_is_the_character_it_means(site, escaped, text):
    room = site.room()
    ann = site.joined(room, "Ann")
    ann.send_text('{"event_type":"send","msg":"%s"}' % escaped)
    assert ann.recv()["msg"] == text
    assert site.events(room)[-1]["msg"] == text


@pytest.mark.parametrize("escaped", HALVES)
def test_half_a_pair_never_makes_bad_utf8(site, escaped):
    """Taken with a replacement, or refused: what goes out is UTF-8 for everyone."""
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    ann.send_text('{"event_type":"send","msg":"x%sy"}' % escaped)
    event = ann.recv()
    assert event["event_type"] == "send" or event["code"] in (203, 105), event
    if event["event_type"] == "send":
        assert event["msg"].startswith("x") and event["msg"].endswith("y")
        event["msg"].encode("utf-8")
        assert bob.recv() == event
    site.events(room)
    assert ann.echo("after") == bob.recv()


def test_an_escaped_nul_does_not_cut_the_text(site):
    """Taken whole, or refused: never shortened."""
    room = site.room()
    ann = site.joined(room, "Ann")
    ann.send_text('{"event_type":"send","msg":"before\\u0000after"}')
    event = ann.recv()
    if event["event_type"] == "error":
        assert event["code"] in (203, 105), event
    else:
        assert event["msg"] == "before\0after"
        assert site.events(room)[-1]["msg"] == "before\0after"
    ann.echo("next")

# SPDX-License-Identifier: MIT
"""What may be a room's title, and which titles are the same: 2 to 70 characters after NFC, unique by Unicode case
folding. The same rules hold for POST and PUT; both are asked.
"""
import unicodedata
from urllib.parse import quote

import pytest
from expect import created, fresh, make, refused, show, shown

EMOJI = "\N{SMILING FACE WITH SUNGLASSES}"
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
BAD_CHARACTERS = [
    "\0", "\x01", "\t", "\n", "\r", "\x1b", "\x1f", "\x7f", "\x80", "\x85", "\x9f",
    "\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
    "\u2066", "\u2067", "\u2068", "\u2069", "\u2028", "\u2029",
]
SPACES = [" ", "\t", "\u00a0", "\u1680", "\u2000", "\u2003", "\u200a", "\u202f", "\u205f", "\u3000"]
# Pairs that differ only in case or in how they are composed.
SAME = {
    "ascii": ("Lobby", "lOBBY"),
    "umlaut": ("\u00dcbung", "\u00fcBUNG"),
    "composed": ("caf\u00e9", "cafe\u0301"),
    "composed and case": ("CAFE\u0301", "caf\u00e9"),
    "order of marks": ("a\u0323\u0307 dots", "a\u0307\u0323 dots"),
    "sharp s": ("Stra\u00dfe", "STRASSE"),
    "capital sharp s": ("stra\u00dfe two", "STRA\u1e9eE TWO"),
    "sigma": ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2"),
    "final sigma": ("\u03c3\u03bf\u03c6\u03cc\u03c2", "\u03c3\u03bf\u03c6\u03cc\u03c3"),
    "cyrillic": ("\u041c\u043e\u0441\u043a\u0432\u0430", "\u043c\u041e\u0421\u041a\u0412\u0410"),
    "dotted capital i": ("\u0130zmir", "i\u0307zmir"),
    "plain i": ("ISTANBUL", "istanbul"),
    "kelvin": ("300 \u212a", "300 k"),
    "angstrom": ("ten \u212b", "ten \u00e5"),
    "ligature": ("\ufb01sh", "FISH"),
    "deseret": ("\U00010400\U00010401", "\U00010428\U00010429"),
    "hangul": ("\uac00\uac01", "\u1100\u1161\u1100\u1161\u11a8"),
}
DIFFERENT = {
    "dotless i": ("s\u0131r", "sir"),
    "accent": ("resume", "r\u00e9sum\u00e9"),
    "width": ("\uff21\uff22", "AB"),
    "inner space": ("a room", "a  room"),
    "homograph": ("\u0430b", "ab"),
    "digit form": ("x\u00b2", "x2"),
}


@pytest.mark.parametrize("title", ["ab", "a1", "?!", "\u4e16\u754c", EMOJI * 2, FAMILY, "t" * 70,
                                   EMOJI * 70, "\u0939\u093f"], ids=ascii)
def test_from_2_to_70_characters_are_a_title(site, title):
    room = created(make(site, title), title=title)
    shown(show(site, room["id"]), title=title)


@pytest.mark.parametrize("title", ["", "a", EMOJI, "\u00e9", "e\u0301", "t" * 71, EMOJI * 71,
                                   "t" * 7000], ids=lambda t: ascii(t[:8]))
def test_fewer_or_more_characters_are_not(site, title):
    refused(make(site, title), 105, field="title")


def test_characters_are_counted_as_composed(site):
    room = created(make(site, "e\u0301" * 70))
    assert unicodedata.normalize("NFC", room["title"]) == "\u00e9" * 70
    refused(make(site, "o\u0301" * 71), 105, field="title")


def test_characters_that_come_apart_in_nfc_are_counted_apart(site):
    created(make(site, "\u0958" * 35))
    refused(make(site, "\u0959" * 36), 105, field="title")


@pytest.mark.parametrize("title", ["12", "007", "1234567890", "9" * 70, "00"])
def test_digits_alone_are_no_title(site, title):
    refused(make(site, title), 105, field="title")


@pytest.mark.parametrize("title", ["12a", "1.5", "-12", "1e9", "12 34", "0x10"])
def test_digits_among_others_are(site, title):
    room = created(make(site, title), title=title)
    shown(show(site, quote(title)), id=room["id"])


def test_a_title_cannot_be_another_rooms_id(site):
    first = site.room()
    for number in (first, first + 1, first + 2, 2 ** 41):
        refused(make(site, str(number).rjust(2, "0")), 105, field="title")
    shown(show(site, first), id=first)


@pytest.mark.parametrize("bad", BAD_CHARACTERS, ids=ascii)
def test_control_bidi_and_line_characters_are_refused_wherever_they_stand(site, bad):
    for title in (f"in{bad}side", f"{bad}before", f"behind{bad}"):
        refused(make(site, title), 105, field="title")


@pytest.mark.parametrize("space", SPACES, ids=ascii)
def test_outer_spaces_are_refused(site, space):
    for title in (f"{space}before", f"behind{space}", space * 5, f"{space}both{space}"):
        refused(make(site, title), 105, field="title")


@pytest.mark.parametrize("space", [s for s in SPACES if s != "\t"], ids=ascii)
def test_inner_spaces_are_fine(site, space):
    title = fresh(f"in{space}side")
    room = created(make(site, title))
    assert room["title"] == unicodedata.normalize("NFC", title)


@pytest.mark.parametrize("word", ["all", "ALL", "aLl", "events", "Events", "EVENTS", "event\u017f", ".", ".."])
def test_words_that_are_paths_are_no_titles(site, word):
    refused(make(site, word), 105, field="title")


@pytest.mark.parametrize("title", ["all together", "events!", "...", "token", "ws", "entrance", "alle"])
def test_words_like_them_are(site, title):
    room = created(make(site, title))
    shown(show(site, quote(title)), id=room["id"])


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_titles_that_differ_in_case_or_composition_alone_are_the_same(site, pair):
    mark = fresh("")
    one, other = (text + mark for text in pair)
    room = created(make(site, one))
    refused(make(site, one), 102, field="title")
    refused(make(site, other), 102, field="title")
    shown(show(site, quote(other)), id=room["id"])


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_and_so_they_are_the_other_way_round(site, pair):
    mark = fresh("")
    one, other = (text + mark for text in pair)
    room = created(make(site, other))
    refused(make(site, one), 102, field="title")
    shown(show(site, quote(one)), id=room["id"])


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_titles_that_differ_otherwise_are_not_the_same(site, pair):
    mark = fresh("")
    ids = {created(make(site, text + mark))["id"] for text in pair}
    assert len(ids) == 2


@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_a_title_is_one_rooms_whatever_its_visibility(site, visibility):
    title = fresh()
    created(make(site, title, visibility))
    refused(make(site, title.upper()), 102, field="title")
    refused(make(site, title, visibility), 102, field="title")


@pytest.mark.parametrize("title", ["x", "t" * 71, "1234", "a\nb", "a\u2028b", " ab", "ab\u3000", "ALL", "..",
                                   "a\u202eb", "a\0b", ""], ids=ascii)
def test_a_room_is_not_renamed_to_what_is_no_title(site, title):
    old = fresh()
    room = site.room(old)
    refused(site.http("PUT", f"/chats/{room}", {"title": title}), 105, field="title")
    shown(show(site, room), title=old)


def test_a_title_keeps_the_case_that_it_was_given(site):
    title = fresh("CamelCase \u00c9T\u00c9 ")
    room = created(make(site, title), title=title)
    shown(show(site, quote(title.lower())), id=room["id"], title=title)


def test_a_title_with_a_slash_is_reached_by_id(site):
    title = fresh("either/or")
    room = created(make(site, title), title=title)
    shown(show(site, room["id"]), title=title)


@pytest.mark.parametrize("title", ["a%20b", "a+b", "what?", "hash#tag", "50% off", "semi;colon", "a&b=c", "back\\slash",
                                   "q\"uote", "<b>bold</b>", "'; DROP TABLE rooms; --", "%00", "%2e%2e"])
def test_titles_that_look_like_syntax_are_only_text(site, title):
    title = fresh(title)
    room = created(make(site, title), title=title)
    shown(show(site, quote(title, safe="")), id=room["id"], title=title)

# SPDX-License-Identifier: MIT
"""What people wrote stays text on the pages of GET /chats and GET /chats/{room}: titles, descriptions, names, messages
and what is searched for.
"""
import secrets
from urllib.parse import urlencode

import pytest
from expect import say
from pages import HTML, OF_A_ROOM, OF_ROOMS, SCRIPT, Page, messages_of, page, rooms_of
from payloads import MARKUP


@pytest.fixture(scope="module", name="plain")
def pages_of_plain_words(site):
    """How both pages are built where nobody wrote anything odd."""
    mark = secrets.token_hex(6)
    room = site.room(f"plain {mark}", description="plain")
    say(site.joined(room, "ann"), "plain")
    return page(site, f"/chats?q={mark}").skeleton, page(site, f"/chats/{room}").skeleton


def room_with(site, payload, mark):
    answer = site.http("POST", "/chats", {"title": f"{payload} {mark}", "description": payload, "visibility": "public"})
    assert answer.status == 201, answer
    return answer.json()["id"]


@pytest.mark.parametrize("payload", MARKUP, ids=ascii)
def test_titles_and_descriptions_stay_text_in_the_list(site, plain, payload):
    mark = secrets.token_hex(6)
    room = room_with(site, payload, mark)
    shown = page(site, f"/chats?q={mark}")
    assert shown.skeleton == plain[0]
    assert rooms_of(shown) == [(room, f"{payload} {mark}", "public", payload)]
    fragment = site.http("GET", f"/chats?q={mark}", headers=SCRIPT)
    shown = Page(fragment.text)
    assert shown.tags() == {"ul", "li", "a", "span"}
    assert shown.one("a")["text"] == f"{payload} {mark}"
    assert shown.one("span", class_="description")["text"] == payload


@pytest.mark.parametrize("payload", MARKUP, ids=ascii)
def test_words_of_a_search_stay_text(site, payload):
    shown = page(site, "/chats?" + urlencode({"q": payload + " nobody"}))
    assert shown.one("input")["@value"] == payload + " nobody"
    assert shown.tags() <= OF_ROOMS
    assert shown.skeleton == page(site, "/chats?q=nobody+at+all").skeleton


@pytest.mark.parametrize("payload", MARKUP, ids=ascii)
def test_everything_on_the_page_of_a_room_stays_text(site, plain, payload):
    mark = secrets.token_hex(6)
    room = room_with(site, payload, mark)
    ws = site.ws(room)
    ws.join(payload.replace("\u202f", "x"), color=payload)
    say(ws, payload)
    shown = page(site, f"/chats/{room}")
    assert shown.skeleton == plain[1]
    assert shown.one("h1")["text"] == f"{payload} {mark}"
    assert f"{payload} {mark}" in shown.one("title")["text"]
    assert shown.one("p", class_="description")["text"] == payload
    name, _, text = messages_of(shown)[0]
    assert (name, text) == (payload.replace("\u202f", "x"), payload)


@pytest.mark.parametrize("msg", ["two\nlines", "a\ttab", "  spaces  ", "\u2028\u2029", "\ufeffmark", "\u202eesrever",
                                 "\x7f\x01", "m" * 4096, "<" * 4096, "\U0001f600" * 500],
                         ids=lambda msg: ascii(msg[:8]))
def test_messages_of_any_characters_are_shown_as_they_are(site, msg):
    room = site.room()
    say(site.joined(room, "ann"), msg)
    shown = page(site, f"/chats/{room}")
    assert [text for _, _, text in messages_of(shown)] == [msg]
    assert shown.tags() <= OF_A_ROOM


def test_fifty_longest_messages_are_one_page(site):
    room = site.room()
    say(site.joined(room, "ann"), *["&" * 4096] * 50)
    answer = site.http("GET", f"/chats/{room}", headers=HTML)
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert [text for _, _, text in messages_of(Page(answer.text))] == ["&" * 4096] * 50

# SPDX-License-Identifier: MIT
"""Whatever people write stays what they wrote: nothing of it runs, and the content security policy has nothing to
report. That much is checked after each test here, for every document (conftest.py)."""

import unicodedata
import urllib.parse

import pytest

from lib.globes import wait
from markups import LONG, SHORT

SETTINGS = {"name_max": "255"}


@pytest.fixture(scope="module")
def rooms(site):
    """A room titled and described by each payload: [(id, payload)]."""
    return [(site.room(text, description=text), text) for text in SHORT]


def same(text):
    return unicodedata.normalize("NFC", text)


def listed(tab):
    return tab.js("return [...document.querySelectorAll('ul.rooms li')].map((li) =>"
                  " [li.querySelector('a').textContent, li.querySelector('.description')?.textContent])")


def test_there_are_forty_payloads_and_more():
    assert len(set(SHORT)) >= 40


def test_titles_and_descriptions_are_text_in_the_list(rooms, tabs):
    tab = tabs.open()
    tab.one("button", "New room")
    texts = [[same(text)] * 2 for _, text in reversed(rooms)]
    wait(lambda: [row for row in listed(tab) if row[0] != "Lobby"] == texts, what="the list")


def test_titles_and_descriptions_are_text_in_the_room(rooms, tabs):
    tab = tabs.open()
    for room, text in rooms:
        tab.go(f"{tabs.base}/chats/{room}")
        tab.one("button", "Enter")
        assert tab.texts("h1") + tab.texts("header .description") == [same(text)] * 2
        assert same(" ".join(text.split())) in tab.js("return document.title")
        assert tab.trouble() == []


def test_what_is_searched_for_is_text(rooms, tabs):
    tab = tabs.open()
    for _, text in rooms:
        tab.go(f"{tabs.base}/chats?{urllib.parse.urlencode({'q': text})}")
        assert tab.one("input", "Search rooms").get_attribute("value") == text
        wait(lambda: tab.shown("[role=status]"), what="an answer")
        assert same(text) in [row[0] for row in listed(tab)]
        assert tab.trouble() == []


def test_names_colours_and_messages_are_text(site, tabs):
    room = site.room()
    inside = tabs.entered(room, "Ann")
    said = []
    for text in SHORT:
        member = site.joined(room, text, color=text)
        member.say(text, color=text)
        member.recv_until("send")
        said.append(text)
        member.drop()
    member = site.joined(room, "Ben")
    for text in LONG:
        member.echo(text)
        said.append(text)
    inside.hears(*said)
    assert inside.texts(".message b") == SHORT + ["Ben"] * len(LONG)
    late = tabs.room(room)
    late.hears(*said[-50:])
    late.enter("Bob")
    late.inside().hears(*said[-50:])
    assert set(inside.js("return [...document.querySelectorAll('.messages *')].map((node) => node.localName)")) == \
        {"li", "i", "b", "time", "span"}


def test_those_who_are_here_are_text(site, tabs):
    room = site.room()
    tab = tabs.entered(room, "Ann")
    names = SHORT[:20]
    for name in names:
        site.joined(room, name, color=name)
    wait(lambda: sorted(tab.people()) == sorted(names + ["Ann"]), what="all of them")
    tab.reload()
    tab.inside()
    wait(lambda: sorted(tab.people()) == sorted(names + ["Ann"]), what="all of them")


@pytest.mark.parametrize("text", ["<img src=x onerror=ran=1>", "\"><svg onload=ran=1>", "{{ran=1}} ${ran=1} javascript:ran=1"])
def test_what_one_types_oneself_is_text(site, tabs, text):
    tab = tabs.open()
    tab.press("New room")
    tab.write("Title", text + "!")
    tab.write("Description", text)
    tab.press("Make room")
    tab.press("Go to the room", "a")
    tab.enter(text)
    tab.inside().say(text)
    tab.hears(text)
    assert tab.people() == [text]
    tab.press("Settings")
    assert tab.one("dialog input", "Title").get_attribute("value") == text + "!"
    tab.go(f"{tabs.base}/chats")
    tab.one(".own a", text)


def test_what_lies_in_the_browser_s_storage_is_text(site, tabs):
    room = site.room()
    tab = tabs.open()
    tab.js("""
        const [text, room] = arguments;
        localStorage.setItem("globes::me", JSON.stringify({ name: text, color: text }));
        localStorage.setItem("globes::owned", JSON.stringify({ "1'><b>": { key: text, title: text, visibility: text } }));
        sessionStorage.setItem(`globes::visit:${room}`, JSON.stringify({ name: text, color: text, token: "x.y.z" }));
        """, SHORT[5], room)
    tabs.expect_refusals(404)  # of the room that is none
    tab.reload()
    tab.one("button", "New room")
    wait(lambda: tab.js("return localStorage.getItem('globes::owned')") == "{}", what="a key that is of no room forgotten")
    tab.go(f"{tabs.base}/chats/{room}")
    tab.inside().say("still well")
    tab.hears("still well")


def test_the_policy_is_in_force(site, tabs):
    """What the other tests rely on: a handler that somebody put in would be reported, and would not run."""
    tab = tabs.open()
    tab.one("button", "New room")
    tab.js("const p = document.createElement('p'); document.body.append(p); p.setAttribute('onclick', 'ran = 1'); p.click()")
    wait(lambda: tab.trouble() == ["script-src-attr inline"], what="a report")
    tab.js("window.reports.length = 0")
    tabs.expect_console("Content Security Policy")

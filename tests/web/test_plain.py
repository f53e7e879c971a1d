# SPDX-License-Identifier: MIT
"""The pages without JavaScript."""

import pytest

from browser import Browser


@pytest.fixture(scope="module")
def plain():
    made = Browser(javascript=False)
    yield made
    made.close()


@pytest.fixture
def tab(plain, site):
    yield plain.tab(f"http://127.0.0.1:{site.port}/chats")
    assert plain.log() == []
    plain.forget()


def lines(tab, selector="main"):
    return tab.shown(selector).splitlines()


def test_the_list_can_be_read_searched_and_turned_over(site, tab):
    for n in range(60):
        site.room(f"Plain {n}", description=f"about {n}")
    tab.reload()
    assert "Plain 59 public" in " ".join(tab.shown("ul.rooms").split())
    assert "about 59" in tab.shown("ul.rooms")
    tab.press("Older rooms", "a")
    assert "Plain 3" in tab.texts("ul.rooms a") and "Plain 59" not in tab.texts("ul.rooms a")
    tab.write("Search", "plain 42")
    tab.press("Search")
    assert tab.texts("ul.rooms a") == ["Plain 42"]
    tab.press("Plain 42", "a")
    assert tab.shown("h1") == "Plain 42"


def test_a_public_room_can_be_read(site, tab):
    room = site.room("To be read", description="by all")
    member = site.joined(room, "Ann")
    member.echo("first\nin two lines")
    member.echo("second")
    tab.go(f"http://127.0.0.1:{site.port}/chats/{room}")
    assert tab.texts("ol.messages li > b") == ["Ann", "Ann"]
    assert [text.split("\n") for text in tab.texts("ol.messages li > span")] == [["first", "in two lines"], ["second"]]
    assert "JavaScript" in tab.shown("main")
    tab.press("All rooms", "a")
    assert tab.shown("h1") == "Chat rooms"


def test_a_private_room_shows_its_title_and_nothing_more(site, tab):
    room = site.room("Closed", visibility="private")
    token = site.token(room, "Ann")
    site.joined(room, None, token).echo("a secret")
    tab.go(f"http://127.0.0.1:{site.port}/chats/{room}")
    assert tab.shown("h1") == "Closed"
    assert "password" in tab.shown("main")
    assert "a secret" not in tab.use().page_source

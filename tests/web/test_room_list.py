# SPDX-License-Identifier: MIT
"""The list of rooms: paged, searched, refused in words."""

from lib.globes import wait


def titles(tab):
    return tab.texts("ul.rooms:not(.own ul) a")


def test_the_list_is_lengthened_until_it_is_whole(site, tabs):
    made = [site.room(f"Listed {n}") for n in range(60)]
    tab = tabs.open()
    tab.one("button", "Older rooms")
    assert len(titles(tab)) == 50
    tab.press("Older rooms")
    tab.gone("button", "Older rooms")
    assert titles(tab)[:len(made)] == [f"Listed {n}" for n in reversed(range(60))]
    tab.write("Search rooms", "listed 7")
    wait(lambda: titles(tab) == ["Listed 7"], what="one room found")
    tab.says("1 found")
    tab.reload()
    wait(lambda: titles(tab) == ["Listed 7"], what="the search after a reload")


def test_too_many_new_rooms_are_refused_in_words(make_site, tabs):
    site = make_site(create_rate="1/h")
    site.room("The first")
    tabs.expect_refusals(429)
    tab = tabs.open().go(f"http://127.0.0.1:{site.port}/chats")
    tab.press("New room")
    tab.write("Title", "The second")
    tab.press("Make room")
    tab.says("Too many new rooms. Wait 60 minutes, then try again.", "dialog")


def test_a_site_that_does_not_answer_is_spoken_of_in_words(tabs):
    tab = tabs.open()
    tab.one("button", "New room")
    tab.js("window.fetch = () => Promise.reject(new TypeError('no network'))")
    tab.write("Search rooms", "anything")
    tab.says("The site cannot be reached. Check your connection, and try again.")

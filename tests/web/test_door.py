# SPDX-License-Identifier: MIT
"""Ways into a room by the chat page, and what is said to those who do not get in."""

from lib.globes import PASSWORD, wait

SETTINGS = {"login_rate": "3/min", "name_max": "40"}


def test_a_private_room_asks_for_its_password_and_lets_in(site, tabs):
    room = site.room(visibility="private")
    tab = tabs.room(room)
    tab.enter("Ann", PASSWORD)
    tab.inside().say("In private")
    tab.hears("In private")


def test_a_wrong_password_is_called_wrong_and_can_be_corrected(site, tabs):
    room = site.room(visibility="private")
    tabs.expect_refusals(401)
    tab = tabs.room(room)
    tab.enter("Ann", "not this one")
    tab.says("That is not the password of this room.")
    assert tab.js("return document.activeElement.name") == "password"
    tab.enter("Ann", PASSWORD)
    tab.inside()


def test_too_many_wrong_passwords_are_told_how_long_to_wait(site, tabs):
    room = site.room(visibility="private")
    tabs.expect_refusals(401, 429)
    tab = tabs.room(room)
    for n in range(3):
        tab.enter("Ann", f"wrong password {n}")
        tab.says("That is not the password of this room.")
        tab.write("Password", "")
        tab.js("document.querySelector('.field .wrong:not([hidden])').textContent = ''")
    tab.enter("Ann", "wrong password 4")
    tab.says("Too many wrong passwords. Wait ")
    assert "seconds" in tab.shown("form.door")


def test_a_hidden_room_is_entered_by_its_link_and_in_no_list(site, tabs):
    room = site.room("A hidden one", visibility="hidden")
    lists = tabs.open("/chats?q=hidden")
    lists.says("No room has these words in its title.")
    tab = tabs.room(room)
    tab.enter("Ann", PASSWORD)
    tab.inside()
    assert tab.shown("h1") == "A hidden one"


def test_a_name_that_is_taken_is_said_to_be(site, tabs):
    room = site.room()
    site.joined(room, "Ann")
    tab = tabs.room(room)
    tab.enter("ann")
    tab.says("The name “ann” is taken in this room. Choose another one.")
    tab.enter("Bob")
    tab.inside()
    wait(lambda: tab.people() == ["Ann", "Bob"])


def test_an_impossible_name_is_refused_in_words(site, tabs):
    tabs.expect_refusals(400)
    tab = tabs.room(site.room())
    tab.enter("n" * 41)
    tab.says("This name cannot be used here. Choose another one.")
    tab.enter("")
    tab.says("This name cannot be used here. Choose another one.")


def test_a_reload_keeps_the_session_and_the_person(site, tabs):
    room = site.room(visibility="private")
    tab = tabs.entered(room, "Ann", PASSWORD)
    tab.say("before")
    tab.hears("before")
    tab.reload()
    tab.inside().say("after")
    tab.hears("before", "after")
    assert tab.texts(".mine > span") == ["before", "after"]
    token = site.token(room, "Reader")
    assert len({event["who"] for event in site.events(room, token)}) == 1


def test_a_guest_is_the_same_person_after_a_reload(site, tabs):
    room = site.room()
    tab = tabs.entered(room, "Ann")
    tab.say("before")
    tab.hears("before")
    tab.reload()
    tab.inside().say("after")
    tab.hears("before", "after")
    assert len({event["who"] for event in site.events(room)}) == 1


def test_who_leaves_is_at_the_door_and_stays_there_after_a_reload(site, tabs):
    tab = tabs.entered(site.room(), "Ann")
    tab.press("Leave")
    tab.one("button", "Enter")
    tab.reload()
    tab.one("button", "Enter")


def test_name_and_colour_are_proposed_the_next_time(site, tabs):
    tab = tabs.room(site.room())
    tab.choose("Pink")
    tab.enter("Ann")
    tab.inside()
    other = tabs.room(site.room())
    assert other.one("input", "Your name").get_attribute("value") == "Ann"
    assert other.js("return document.querySelector('form.door').elements.color.value") == "#ad2a7f"


def test_a_room_that_is_closed_while_one_reads_at_the_door_asks_for_its_password(site, tabs):
    made = site.http("POST", "/chats", {"title": site.title(), "visibility": "public", "owned": True}).json()
    room = made["data"]["id"]
    tab = tabs.room(room)
    tab.one("button", "Enter")
    changed = site.http("PUT", f"/chats/{room}", {"visibility": "private", "password": PASSWORD}, token=made["owner_token"])
    assert changed.status == 200, changed
    tabs.expect_refusals(401)
    tab.enter("Ann")
    tab.says("This room asks for a password now.")
    tab.write("Password", PASSWORD)
    tab.press("Enter")
    tab.inside()


def test_a_room_that_is_gone_says_so(site, tabs):
    room = site.room()
    tab = tabs.room(room)
    tab.one("button", "Enter")
    site.http("DELETE", f"/chats/{room}")
    tabs.expect_refusals(404)
    tab.enter("Ann")
    tab.says("This room is not here any more.")

# SPDX-License-Identifier: MIT
"""Rooms made, changed and deleted in the chat page by whoever holds their key."""

import pytest

from lib.globes import PASSWORD, wait


def make(tab, title, visibility="Public", description="", password=None):
    """A room made by the dialog. Returns its id and key."""
    tab.press("New room")
    tab.write("Title", title)
    tab.write("Description", description)
    tab.choose(visibility)
    if password:
        tab.write("Password", password)
    tab.press("Make room")
    tab.says("Your room is ready")
    key = tab.one("input", "Owner key").get_attribute("value")
    return tab.one("a", "Go to the room").get_attribute("href").rsplit("/", 1)[1], key


def test_a_room_is_made_and_its_key_shown_once(site, tabs):
    tab = tabs.open()
    room, key = make(tab, "Gardeners", description="Seeds and weeds")
    assert key.startswith("go_") and len(key) == 46
    tab.press("Go to the room", "a")
    tab.one("button", "Enter")
    assert (tab.shown("h1"), tab.shown(".description")) == ("Gardeners", "Seeds and weeds")
    assert key not in tab.js("return document.documentElement.outerHTML")
    assert site.http("PUT", f"/chats/{room}", {"title": "Mine"}).status == 403


def test_the_key_can_be_copied(site, tabs):
    tab = tabs.open()
    tab.cdp("Browser.grantPermissions", origin=tabs.base, permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    _, key = make(tab, "To copy")
    tab.press("Copy")
    tab.says("Copied.", "dialog")
    assert tab.use().execute_async_script("navigator.clipboard.readText().then(arguments[0])") == key


def test_a_private_room_lets_its_owner_in_without_a_password(site, tabs):
    tab = tabs.open()
    make(tab, "Cellar", "Private", password=PASSWORD)
    tab.press("Go to the room", "a")
    tab.one("button", "Enter")
    assert not tab.all("input", "Password")
    tab.enter("Ann")
    tab.inside()


def test_a_hidden_room_is_made_with_a_link_to_share_and_found_among_one_s_own(site, tabs):
    tab = tabs.open()
    room, _ = make(tab, "Attic", "Hidden", password=PASSWORD)
    assert tab.one("input", "Link of the room").get_attribute("value") == f"{tabs.base}/chats/{room}"
    tab.reload()
    tab.one(".own a", "Attic")
    assert "Attic" not in tab.texts("ul.rooms:not(.own ul) a")


def test_what_cannot_be_made_is_said_at_the_field(site, tabs):
    site.room("Taken")
    tabs.expect_refusals(400)
    tab = tabs.open()
    tab.press("New room")
    tab.write("Title", "taken")
    tab.press("Make room")
    tab.says("There is a room with this title already.", "dialog")
    assert tab.js("return document.activeElement.name") == "title"
    tab.write("Title", "Not taken")
    tab.choose("Private")
    tab.write("Password", "short")
    tab.press("Make room")
    tab.says("A password has at least 8 characters.", "dialog")
    assert tab.js("return document.activeElement.name") == "password"


def test_the_owner_renames_the_room_and_everyone_else_finds_it_so(site, tabs):
    tab = tabs.open()
    room, _ = make(tab, "Old name")
    tab.press("Go to the room", "a")
    tab.enter("Ann")
    tab.inside().press("Settings")
    tab.write("Title", "New name")
    tab.write("Description", "Of late")
    tab.press("Save")
    wait(lambda: tab.shown("h1") == "New name", what="the new title")
    shown = site.http("GET", f"/chats/{room}").json()
    assert (shown["title"], shown["description"], shown["visibility"]) == ("New name", "Of late", "public")


def test_a_new_password_sends_others_to_the_door_and_keeps_the_owner(site, tabs):
    tab = tabs.open()
    room, _ = make(tab, "Vault", "Private", password=PASSWORD)
    tab.press("Go to the room", "a")
    tab.enter("Owner")
    tab.inside()
    other = tabs.elsewhere(f"/chats/{room}")
    other.enter("Bob", PASSWORD)
    other.inside()
    tabs.expect_refusals(401, 403)
    tab.press("Settings")
    tab.write("New password", "another password")
    tab.press("Save")
    other.says("Your time in this room has ended. Please enter again.")
    tab.inside().say("Still here")
    tab.hears("Still here")
    other.enter("Bob", "another password")
    other.inside().hears("Still here")


def test_an_owner_opens_a_room_and_all_go_on(site, tabs):
    tab = tabs.open()
    room, _ = make(tab, "To be opened", "Private", password=PASSWORD)
    tab.press("Go to the room", "a")
    tab.enter("Owner")
    tab.inside().say("a secret")
    tab.hears("a secret")
    other = tabs.elsewhere(f"/chats/{room}")
    other.enter("Bob", PASSWORD)
    other.inside()
    tabs.expect_refusals(403)
    tab.press("Settings")
    tab.choose("Public")
    tab.press("Save")
    wait(lambda: other.shown("header .visibility") == "public", what="an open room")
    other.inside().say("open now")
    wait(lambda: tab.messages()[-1:] == ["open now"], what="the message of Bob")
    reader = tabs.room(room)
    reader.hears("open now")


def test_the_owner_deletes_the_room_and_those_in_it_are_told(site, tabs):
    tab = tabs.open()
    room, _ = make(tab, "Short-lived")
    tab.press("Go to the room", "a")
    tab.enter("Ann")
    tab.inside()
    other = tabs.elsewhere(f"/chats/{room}")
    other.enter("Bob")
    other.inside()
    tabs.expect_refusals(404)
    tab.press("Settings")
    tab.press("Delete the room", "summary")
    tab.press("Delete this room")
    tab.says("gone for good", "dialog")
    assert site.http("GET", f"/chats/{room}").status == 200
    tab.press("Yes, delete it")
    tab.says("This room is not here any more.")
    other.says("This room is not here any more.")
    assert site.http("GET", f"/chats/{room}").status == 404
    tab.press("All rooms", "a.button")
    tab.one("button", "New room")
    assert not tab.all("a", "Short-lived")


def test_a_room_that_is_gone_is_gone_from_one_s_own(site, tabs):
    tab = tabs.open()
    room, key = make(tab, "Gone meanwhile")
    assert site.http("DELETE", f"/chats/{room}", token=key).status == 200
    tabs.expect_refusals(404)
    tab.reload()
    tab.one("button", "New room")
    tab.gone(".own a")


def test_the_key_makes_an_owner_in_another_browser(site, tabs):
    tab = tabs.open()
    room, key = make(tab, "Two browsers", "Private", password=PASSWORD)
    other = tabs.elsewhere(f"/chats/{room}")
    other.press("I have the owner", "summary")
    other.write("Owner key", key)
    other.enter("Ann")
    other.inside().press("Settings")
    other.write("Title", "Three browsers")
    other.press("Save")
    wait(lambda: site.http("GET", f"/chats/{room}").json()["title"] == "Three browsers", what="the new title")


def test_the_key_can_be_given_in_the_settings_and_a_wrong_one_is_refused(site, tabs):
    made = site.http("POST", "/chats", {"title": "Keyed", "visibility": "public", "owned": True}).json()
    tabs.expect_refusals(401)
    tab = tabs.entered(made["data"]["id"], "Ann")
    tab.press("Settings")
    tab.write("Owner key", "go_" + "A" * 43)
    tab.press("Use this key")
    tab.says("This key does not open this room.", "dialog")
    tab.write("Owner key", made["owner_token"])
    tab.press("Use this key")
    assert tab.one("dialog input", "Title").get_attribute("value") == "Keyed"


@pytest.mark.parametrize("visibility", ["public", "private"])
@pytest.mark.parametrize("key", [PASSWORD, "nonsense", "go_short"])
def test_what_is_no_key_is_never_taken_for_one(site, tabs, visibility, key):
    room = site.room(visibility=visibility)
    tab = tabs.room(room)
    tab.press("I have the owner", "summary")
    tab.write("Owner key", key)
    tab.enter("Ann", PASSWORD if visibility == "private" else None)
    tab.says("This key does not open this room.")
    tab.write("Owner key", "")
    tab.press("Enter")
    tab.inside().press("Settings")
    tab.write("Owner key", key)
    tab.press("Use this key")
    tab.says("This key does not open this room.", "dialog")
    assert tab.js("return localStorage.getItem('globes::owned')") is None


def test_a_key_that_was_replaced_is_forgotten_and_the_password_asked_for(site, tabs):
    made = site.http("POST", "/chats", {"title": "Rekeyed", "visibility": "private", "password": PASSWORD, "owned": True}).json()
    room = made["data"]["id"]
    tab = tabs.open()
    tab.js("localStorage.setItem('globes::owned', JSON.stringify({[arguments[0]]: {key: arguments[1], title: 'Rekeyed'}}))",
           room, "go_" + "B" * 43)
    tabs.expect_refusals(401)
    tab.go(f"{tabs.base}/chats/{room}")
    tab.enter("Ann")
    tab.says("Your owner key is no longer good for this room.")
    tab.enter("Ann", PASSWORD)
    tab.inside()


def test_a_site_without_later_hiding_says_so(make_site, tabs):
    tabs.base = f"http://127.0.0.1:{make_site(hidden_rooms='secret').port}"
    tabs.expect_refusals(400)
    tab = tabs.open()
    make(tab, "To be hidden", "Private", password=PASSWORD)
    tab.press("Go to the room", "a")
    tab.press("Settings")
    tab.choose("Hidden")
    tab.press("Save")
    tab.says("This site does not let a room be hidden later.", "dialog")


def test_a_site_where_visitors_make_no_rooms_says_so(make_site, tabs):
    tabs.base = f"http://127.0.0.1:{make_site(create_rooms='owner_tool').port}"
    tabs.expect_refusals(401)
    tab = tabs.open()
    tab.press("New room")
    tab.write("Title", "Not here")
    tab.press("Make room")
    tab.says("This site does not let visitors make rooms.", "dialog")

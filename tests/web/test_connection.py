# SPDX-License-Identifier: MIT
"""The chat page's connection: lost and found again, with nothing missing and nothing twice."""

import json
import os
import signal

import pytest
from selenium.webdriver.common.keys import Keys

from lib.globes import PASSWORD, wait

SETTINGS = {"token_lifetime": "10s", "send_rate": "2/s", "send_burst": "4"}
FAILED_CONNECT = "WebSocket connection to"
OFFLINE = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


def entered_with_socket(tabs, room, name):
    """Its WebSocket can be got at as window.socket."""
    tab = tabs.open()
    tab.cdp("Page.addScriptToEvaluateOnNewDocument", source="""
        const Before = window.WebSocket;
        window.WebSocket = class extends Before {
            constructor(...all) { super(...all); window.socket = this; }
        };""")
    tab.go(f"{tabs.base}/chats/{room}")
    tab.enter(name)
    return tab.inside()


def kept_token(tab):
    visits = tab.js("return Object.values(sessionStorage)")
    return json.loads(visits[0])["token"]


def test_a_killed_relay_costs_no_message_and_doubles_none(site, tabs):
    room = site.room()
    tabs.expect_console(FAILED_CONNECT)
    ann, bob = tabs.entered(room, "Ann"), tabs.entered(room, "Bob")
    ann.say("one")
    bob.say("two")
    ann.hears("one", "two")
    site.kill_and_wait("globes-relay")
    site.joined(room, "Carl").echo("while you were away")
    ann.inside()
    bob.inside()
    ann.say("three")
    bob.hears("one", "two", "while you were away", "three")
    ann.hears("one", "two", "while you were away", "three")
    assert [event["msg"] for event in site.events(room)] == ["one", "two", "while you were away", "three"]
    wait(lambda: sorted(ann.people()) == ["Ann", "Bob", "Carl"])


def test_what_is_written_while_the_line_is_down_goes_out_once_it_is_up(site, tabs):
    room = site.room()
    tabs.expect_console(FAILED_CONNECT)
    tabs.expect_console("ERR_INTERNET_DISCONNECTED")
    ann = tabs.entered(room, "Ann")
    ann.say("before")
    ann.hears("before")
    ann.cdp("Network.enable")
    ann.cdp("Network.emulateNetworkConditions", offline=True, **OFFLINE)
    ann.says("You are offline.", ".state")
    ann.say("during")
    ann.says("Waiting for the connection", ".outbox")
    ann.cdp("Network.emulateNetworkConditions", offline=False, **OFFLINE)
    ann.inside().hears("before", "during")
    assert ann.texts(".outbox li") == []
    assert [event["msg"] for event in site.events(room)] == ["before", "during"]


def test_a_message_whose_echo_was_lost_is_found_in_history_and_not_sent_again(site, tabs):
    room = site.room()
    tab = entered_with_socket(tabs, room, "Ann")
    tab.js("window.socket.onmessage = null")
    tab.say("once")
    wait(lambda: site.events(room), what="the message in the store")
    tab.says("Sending…", ".outbox")
    tab.js("window.socket.close()")
    tab.hears("once")
    tab.inside()
    assert tab.texts(".outbox li") == []
    assert [event["msg"] for event in site.events(room)] == ["once"]


def test_a_message_that_was_doubtful_is_settled_by_its_late_echo(site, tabs):
    room = site.room()
    tab = entered_with_socket(tabs, room, "Ann")
    relay = site.pid("globes-relay")
    os.kill(relay, signal.SIGSTOP)
    try:
        tab.say("late")
        tab.says("Sending…", ".outbox")
        tab.js("window.socket.onmessage({ data: JSON.stringify({ event_type: 'error', code: 503, error: '', msg: 'x' }) })")
        tab.says("This may not have arrived.", ".outbox")
    finally:
        os.kill(relay, signal.SIGCONT)
    tab.hears("late")
    assert tab.texts(".outbox li") == []


def test_a_message_of_which_nothing_is_known_is_left_to_its_writer(site, tabs):
    room = site.room()
    tabs.expect_console(FAILED_CONNECT)
    tab = tabs.entered(room, "Ann")
    os.kill(site.pid("globes-relay"), signal.SIGSTOP)
    tab.say("perhaps")
    tab.says("Sending…", ".outbox")
    site.kill_and_wait("globes-relay")
    tab.inside().says("This may not have arrived.", ".outbox")
    tab.press("Write again")
    tab.keys(Keys.ENTER)
    tab.hears("perhaps")
    assert [event["msg"] for event in site.events(room)] == ["perhaps"]


def test_two_who_talk_while_the_relay_is_killed_again_and_again_agree_on_all_that_was_said(site, tabs):
    room = site.room()
    tabs.expect_console(FAILED_CONNECT)
    pair = {name: tabs.entered(room, name) for name in ("Ann", "Bob")}
    said = {name: [f"{name} says {n}" for n in range(9)] for name in pair}
    for turn in range(3):
        for name, tab in pair.items():
            tab.inside()
            for text in said[name][turn * 3:turn * 3 + 3]:
                tab.say(text)
        site.kill_and_wait("globes-relay")
    for tab in pair.values():
        tab.inside()
        wait(lambda: tab.all("textarea", "Message") and "Sending" not in tab.shown(".outbox"), what="an empty outbox")
    stored = [event["msg"] for event in site.events(room)]
    assert len(stored) == len(set(stored))
    for name, tab in pair.items():
        tab.hears(*stored)
        doubtful = tab.texts(".outbox .message > span")
        assert sorted(doubtful + [text for text in stored if text.startswith(name)]) == said[name]
        assert [text for text in stored if text.startswith(name)] == [text for text in said[name] if text not in doubtful]


def test_a_relay_that_restarts_politely_is_found_again_by_the_same_person(site, tabs):
    room = site.room(visibility="private")
    tabs.expect_console(FAILED_CONNECT)
    ann = tabs.entered(room, "Ann", PASSWORD)
    ann.say("before")
    ann.hears("before")
    site.kill_and_wait("globes-relay", signal.SIGTERM)
    wait(lambda: ann.shown(".state") != "Connected", what="a lost connection")
    ann.inside().say("after")
    ann.hears("before", "after")
    assert ann.texts(".mine > span") == ["before", "after"]


def test_a_token_is_renewed_before_it_ends(site, tabs):
    tab = tabs.entered(site.room(visibility="private"), "Ann", PASSWORD)
    first = kept_token(tab)
    wait(lambda: kept_token(tab) != first, timeout=20, what="a new token")


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_who_comes_back_after_the_token_s_end_is_a_guest_again_or_asked_for_the_password(site, tabs, visibility):
    room = site.room(visibility=visibility)
    tab = tabs.entered(room, "Ann", PASSWORD if visibility == "private" else None)
    tab.go(f"{tabs.base}/chats")
    old = tab.js("const [key] = Object.keys(sessionStorage); const visit = JSON.parse(sessionStorage[key]);"
                 "visit.token = visit.token.slice(0, -3) + 'AAA'; sessionStorage[key] = JSON.stringify(visit); return visit.token")
    tabs.expect_refusals(403)
    tab.go(f"{tabs.base}/chats/{room}")
    if visibility == "public":
        tab.inside()
        assert kept_token(tab) != old
    else:
        tab.says("Your time in this room has ended. Please enter again.")
        tab.enter("Ann", PASSWORD)
        tab.inside()


def test_who_sends_too_fast_is_told_and_loses_nothing(site, tabs):
    room = site.room()
    tab = tabs.entered(room, "Ann")
    said = [f"fast {n}" for n in range(6)]
    tab.js("""
        const [form] = document.querySelectorAll("form.composer");
        for (const text of arguments[0]) {
            form.querySelector("textarea").value = text;
            form.requestSubmit();
        }""", said)
    tab.says("You are sending too fast. Wait 1 second", ".outbox")
    tab.hears(*said)


def test_who_is_told_to_wait_and_loses_the_line_meanwhile_loses_nothing(site, tabs):
    room = site.room()
    tabs.expect_console(FAILED_CONNECT)
    tab = tabs.entered(room, "Ann")
    said = [f"fast {n}" for n in range(6)]
    tab.js("""
        const [form] = document.querySelectorAll("form.composer");
        for (const text of arguments[0]) {
            form.querySelector("textarea").value = text;
            form.requestSubmit();
        }""", said)
    tab.says("You are sending too fast.", ".outbox")
    site.kill_and_wait("globes-relay")
    tab.inside().hears(*said)
    assert tab.texts(".outbox li") == []


def test_a_message_that_is_too_long_is_given_back(site, tabs):
    tab = tabs.entered(site.room(), "Ann")
    tab.js("""
        const form = document.querySelector("form.composer");
        form.querySelector("textarea").value = "x".repeat(5000);
        form.requestSubmit();""")
    tab.says("This message is too long.", ".outbox")
    tab.press("Write again")
    assert len(tab.one("textarea", "Message").get_attribute("value")) == 5000
    assert tab.texts(".outbox li") == []


def test_more_missed_than_is_kept_at_hand_is_admitted(site, tabs):
    room = site.room()
    tab = tabs.entered(room, "Ann")
    tab.say("before")
    tab.hears("before")
    tab.cdp("Network.enable")
    tabs.expect_console(FAILED_CONNECT)
    tabs.expect_console("ERR_INTERNET_DISCONNECTED")
    tab.cdp("Network.emulateNetworkConditions", offline=True, **OFFLINE)
    tab.says("You are offline.", ".state")
    for n in range(18):
        member = site.joined(room, f"P{n}")
        for text in ("a", "b", "c"):
            member.echo(f"{text}{n}")
    tab.cdp("Network.emulateNetworkConditions", offline=False, **OFFLINE)
    tab.inside().says("More was said meanwhile than is shown here.", ".log")
    assert len(tab.messages()) == 51


def test_who_goes_to_another_page_leaves_and_is_back_with_the_back_button(site, tabs):
    room = site.room()
    ann, bob = tabs.entered(room, "Ann"), tabs.entered(room, "Bob")
    ann.says("Bob entered the room.")
    bob.press("All rooms", "a")
    ann.says("Bob left the room.")
    bob.use().back()
    bob.inside()
    wait(lambda: ann.people() == ["Ann", "Bob"], what="Bob")


def test_who_comes_with_too_many_others_is_told_and_let_in_later(make_site, tabs):
    site = make_site(join_rate="20/min")
    tabs.base = f"http://127.0.0.1:{site.port}"
    room = site.room()
    for n in range(20):
        site.joined(room, f"P{n}")
    tab = tabs.room(room)
    tab.enter("Ann")
    tab.says("Too many people have just entered from your network. Wait ", ".log")
    tab.inside()
    assert "Ann" in tab.people()

# SPDX-License-Identifier: MIT
"""People talk in the chat page."""

from selenium.webdriver.common.keys import Keys

from lib.globes import wait


def test_two_tabs_talk(site, tabs):
    room = site.room()
    ann, bob = tabs.entered(room, "Ann"), tabs.entered(room, "Bob")
    ann.say("Hello Bob")
    bob.hears("Hello Bob")
    bob.say("Hello Ann")
    ann.hears("Hello Bob", "Hello Ann")
    assert ann.texts(".mine > span") == ["Hello Bob"]
    assert bob.texts(".mine > span") == ["Hello Ann"]


def test_who_enters_sees_what_was_said_before(site, tabs):
    room = site.room()
    member = site.joined(room, "Ann")
    said = [f"message {n}" for n in range(60)]
    for text in said:
        member.echo(text)
    tab = tabs.entered(room, "Bob")
    tab.hears(*said[-50:])


def test_a_public_room_can_be_read_from_its_door(site, tabs):
    room = site.room()
    site.joined(room, "Ann", color="#c2410c").echo("Read me")
    tab = tabs.room(room)
    tab.one("button", "Enter")
    tab.hears("Read me")


def test_who_is_here_follows_comings_and_goings(site, tabs):
    room = site.room()
    site.joined(room, "carl")
    ann = tabs.entered(room, "Ann")
    wait(lambda: ann.people() == ["Ann", "carl"])
    bob = tabs.entered(room, "Bob")
    wait(lambda: ann.people() == ["Ann", "Bob", "carl"])
    ann.says("Bob entered the room.")
    bob.press("Leave")
    wait(lambda: ann.people() == ["Ann", "carl"])
    ann.says("Bob left the room.")


def test_who_closes_the_tab_leaves(site, tabs):
    room = site.room()
    ann, bob = tabs.entered(room, "Ann"), tabs.entered(room, "Bob")
    ann.says("Bob entered the room.")
    bob.close()
    ann.says("Bob left the room.")


def test_a_message_of_several_lines_stays_so(site, tabs):
    room = site.room()
    tab = tabs.entered(room, "Ann")
    tab.say("one\ntwo")
    tab.hears("one\ntwo")


def test_many_messages_typed_in_a_row_keep_their_order(site, tabs):
    room = site.room()
    ann, bob = tabs.entered(room, "Ann"), tabs.entered(room, "Bob")
    said = [f"quick {n}" for n in range(12)]
    for text in said:
        ann.one("textarea", "Message").send_keys(text, Keys.ENTER)
    bob.hears(*said)
    ann.hears(*said)
    assert ann.texts(".outbox li") == []


def test_the_colour_chosen_is_the_name_s_to_others(site, tabs):
    room = site.room()
    member = site.joined(room, "Bob")
    tab = tabs.room(room)
    tab.choose("Violet")
    tab.enter("Ann")
    tab.inside().say("violet?")
    assert member.recv_until("send")["color"] == "#6f42c1"


def test_names_can_be_read_whatever_colour_they_have(site, tabs):
    room = site.room()
    colors = ["yellow", "white", "black", "#ffffff", "#000", "#7f7f7f", "cyan", "navy", "nonsense"]
    for color in colors:
        site.joined(room, f"In {color}", color=color).echo(color)
    for name, tab, ground in (("Ann", tabs.open(), 0xe9eef1), ("Bob", tabs.open().dark(), 0x242e38)):
        tab.go(f"{tabs.base}/chats/{room}")
        tab.enter(name)
        tab.inside()
        tab.hears(*colors)
        shown = tab.js("return [...document.querySelectorAll('.message b')].map((b) => getComputedStyle(b).color)")
        assert len(shown) == len(colors)
        assert [color for color in shown if contrast(color, ground) < 4.5] == []


def contrast(color, ground):
    channels = [int(c) for c in color.removeprefix("rgb(").removesuffix(")").split(",")]
    light = sorted([luminance(channels), luminance(ground.to_bytes(3, "big"))])
    return (light[1] + 0.05) / (light[0] + 0.05)


def luminance(channels):
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(part * c for part, c in zip((0.2126, 0.7152, 0.0722), linear))


def test_a_reader_further_up_is_not_moved_but_told(site, tabs):
    room = site.room()
    member = site.joined(room, "Ann")
    for n in range(40):
        member.echo(f"message {n}")
    tab = tabs.entered(room, "Bob")
    member.recv_until("join", name="Bob")
    tab.use().execute_async_script("""
        const log = document.querySelector(".log");
        log.addEventListener("scroll", () => log.scrollTop === 0 && arguments[0](), { passive: true });
        log.scrollTop = 0;""")
    member.echo("down here")
    tab.one("button", "New messages below")
    assert tab.js("return document.querySelector('.log').scrollTop") == 0
    tab.press("New messages below")
    tab.gone("button", "New messages below")
    assert tab.js("const log = document.querySelector('.log'); return log.scrollHeight - log.scrollTop - log.clientHeight < 5")


def test_a_tab_in_the_background_counts_what_is_new(site, tabs):
    room = site.room(title="A quiet place")
    member = site.joined(room, "Bob")
    tab = tabs.entered(room, "Ann")
    tab.js("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    member.say("one")
    member.say("two")
    wait(lambda: tab.js("return document.title") == "(2) A quiet place", what="a counting title")
    tab.js("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    assert tab.js("return document.title") == "A quiet place"

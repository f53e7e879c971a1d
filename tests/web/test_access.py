# SPDX-License-Identifier: MIT
"""The chat page by keyboard, on a phone, in the dark, over a thin wire."""

import pytest
from selenium.webdriver.common.keys import Keys

from lib.globes import PASSWORD, wait

FIRST_LOAD_MAX = 60 * 1024
FOCUS = """
    const at = document.activeElement;
    return at.labels?.length ? at.labels[0].textContent : at.getAttribute("aria-label") || at.textContent"""


def tab_to(tab, name, back=False):
    """Presses Tab until the focus is where one wants to be, and can be seen."""
    seen = []
    while not tab.js(FOCUS).startswith(name):
        seen.append(tab.js(FOCUS))
        assert len(seen) < 40, f"no way to {name}: {seen}"
        tab.keys(*([Keys.SHIFT, Keys.TAB] if back else [Keys.TAB]))
    assert tab.js("""
        const at = document.activeElement;
        const style = getComputedStyle(at.type === "radio" ? at.nextElementSibling : at);
        return at.matches(":focus-visible") && (style.outlineStyle !== "none" || at.type === "radio")"""), name


def test_everything_can_be_done_by_keyboard(site, tabs):
    tab = tabs.open()
    tab.one("button", "New room")
    tab_to(tab, "New room")
    tab.keys(Keys.ENTER)
    wait(lambda: tab.js(FOCUS).startswith("Title"), what="the cursor in the title")
    tab.keys("By keyboard")
    tab_to(tab, "Description")
    tab.keys("no mouse")
    tab_to(tab, "Public")
    tab.keys(Keys.ARROW_DOWN)
    tab_to(tab, "Password")
    tab.keys(PASSWORD, Keys.ENTER)
    wait(lambda: tab.js(FOCUS).startswith("Go to the room"), what="the way to the room")
    tab_to(tab, "Copy", back=True)
    tab_to(tab, "Go to the room")
    tab.keys(Keys.ENTER)
    wait(lambda: tab.js(FOCUS).startswith("Your name"), what="the cursor in the name")
    tab.keys("Ann")
    tab_to(tab, "Blue")
    tab.keys(Keys.ARROW_RIGHT)
    tab_to(tab, "Enter")
    tab.keys(Keys.ENTER)
    tab.inside()
    assert tab.js(FOCUS) == "Message"
    tab.keys("typed", Keys.ENTER)
    tab.hears("typed")
    assert tab.js(FOCUS) == "Message"
    tab_to(tab, "Messages", back=True)
    tab_to(tab, "Settings", back=True)
    tab.keys(Keys.ENTER)
    wait(lambda: tab.js(FOCUS).startswith("Title"), what="the cursor in the title")
    tab.keys(Keys.ESCAPE)
    wait(lambda: tab.js(FOCUS) == "Settings", what="the focus back at the button")
    tab_to(tab, "Leave")
    tab.keys(Keys.ENTER)
    wait(lambda: tab.js(FOCUS).startswith("Your name"), what="the door")
    room = tab.js("return document.body.dataset.room")
    assert site.events(room, site.token(room, "Reader", PASSWORD))[0]["color"] == "#0b7a75"


def test_messages_and_states_are_announced(site, tabs):
    tab = tabs.entered(site.room(), "Ann")
    assert tab.js("return document.querySelector('.log').getAttribute('role')") == "log"
    assert tab.js("return document.querySelector('.state').getAttribute('role')") == "status"


def test_every_control_has_a_name(site, tabs):
    unnamed = """
        return [...document.querySelectorAll("input, textarea, button, a, summary, dialog, [role=log], aside, section")]
            .filter((node) => !(node.labels?.length || node.getAttribute("aria-label") || node.textContent.trim() ||
                document.getElementById(node.getAttribute("aria-labelledby"))))
            .map((node) => node.outerHTML)"""
    tab = tabs.open()
    tab.press("New room")
    tab.one("button", "Make room")
    assert tab.js(unnamed) == []
    tab.go(f"{tabs.base}/chats/{site.room(visibility='private')}")
    tab.one("button", "Enter")
    assert tab.js(unnamed) == []
    tab.enter("Ann", PASSWORD)
    tab.inside().press("Settings")
    tab.one("dialog button", "Use this key")
    assert tab.js(unnamed) == []


def scrolls_sideways(tab):
    return tab.js("""
        const wide = [document.scrollingElement, ...document.querySelectorAll("main, .log, .foot, dialog")]
            .filter((node) => node.scrollWidth > node.clientWidth);
        return wide.map((node) => `${node.localName}.${node.className} ${node.scrollWidth} > ${node.clientWidth}`)""")


def test_nothing_scrolls_sideways_on_a_phone(site, tabs):
    room = site.room("W" * 70, description="w" * 70)
    member = site.joined(room, "N" * 60)
    member.echo("X" * 2000)
    member.echo("short")
    tab = tabs.open().phone()
    tab.reload()
    tab.one("button", "New room")
    wait(lambda: "W" * 70 in tab.texts("ul.rooms a"))
    assert tab.js("return innerWidth") == 360
    assert scrolls_sideways(tab) == []
    tab.press("New room")
    tab.choose("Hidden")
    assert scrolls_sideways(tab) == []
    tab.go(f"{tabs.base}/chats/{room}")
    tab.one("button", "Enter")
    assert scrolls_sideways(tab) == []
    tab.enter("A" * 60)
    tab.inside().say("Y" * 500)
    tab.hears("X" * 2000, "short", "Y" * 500)
    assert scrolls_sideways(tab) == []
    tab.press("People")
    assert "N" * 60 in tab.shown("aside")
    assert scrolls_sideways(tab) == []
    tab.press("Settings")
    tab.one("dialog button", "Use this key")
    assert scrolls_sideways(tab) == []


def test_on_a_phone_the_message_s_field_is_in_sight(site, tabs):
    room = site.room()
    member = site.joined(room, "Ann")
    for n in range(30):
        member.echo(f"message {n}")
    tab = tabs.open().phone()
    tab.go(f"{tabs.base}/chats/{room}")
    tab.enter("Bob")
    tab.inside()
    assert tab.js("const box = document.querySelector('textarea').getBoundingClientRect(); return box.bottom <= innerHeight")
    assert tab.js("const log = document.querySelector('.log'); return log.scrollHeight - log.scrollTop - log.clientHeight < 5")


def test_the_page_is_dark_where_the_system_is(site, tabs):
    ground = "return getComputedStyle(document.body).backgroundColor"
    tab = tabs.open()
    assert sum(rgb(tab.js(ground))) > 600
    tab.dark()
    assert sum(rgb(tab.js(ground))) < 150


def rgb(color):
    return [int(c) for c in color.removeprefix("rgb(").removesuffix(")").split(",")]


TEXTS = """
    const ground = (node) => {
        for (; node; node = node.parentElement) {
            const color = getComputedStyle(node).backgroundColor;
            if (!color.startsWith("rgba"))
                return color;
        }
        return "rgb(255, 255, 255)";
    };
    const own = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    return [...document.body.querySelectorAll("*")].filter((node) => node.checkVisibility() && own(node))
        .filter((node) => parseFloat(getComputedStyle(node).textIndent) >= 0) // names of colours, which show the colour itself
        .map((node) => [node.textContent.trim().slice(0, 40), getComputedStyle(node).color, ground(node)])"""


def contrast(one, other):
    light = sorted(sum(part * (c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4)
                       for part, c in zip((0.2126, 0.7152, 0.0722), rgb(color))) for color in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def assert_readable(tab):
    texts = [(text, color, ground) for text, color, ground in tab.js(TEXTS) if not color.startswith("rgba")]
    assert len(texts) > 3
    assert [row for row in texts if contrast(row[1], row[2]) < 4.5] == []


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_has_enough_contrast(site, tabs, dark):
    room = site.room(description="Something about it")
    site.joined(room, "Ben", color="gold").echo("Hello")
    tab = tabs.open()
    if dark:
        tab.dark()
    tab.press("New room")
    tab.one("button", "Make room")
    assert_readable(tab)
    tab.go(f"{tabs.base}/chats/{room}")
    tab.enter("")
    tab.says("This name cannot be used here.")
    tabs.expect_refusals(400)
    assert_readable(tab)
    tab.enter("Ann")
    tab.inside().say("Hi")
    tab.hears("Hello", "Hi")
    assert_readable(tab)


def first_load(tab, url, ready):
    tab.cdp("Network.clearBrowserCache")
    tab.go(url)
    tab.one("button", ready)
    entries = tab.js("""
        return [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .map(({ name, transferSize }) => [name, transferSize])""")
    assert any(name.endswith("/page.js") and size > 0 for name, size in entries), entries
    return sum(size for _, size in entries), entries


def test_the_first_load_is_small(site, tabs):
    for n in range(50):
        site.room(f"Room {n} in the list", description="A description as people write them")
    room = site.room()
    member = site.joined(room, "Ann")
    for n in range(50):
        member.echo(f"message {n}, of a length as is usual among people who chat")
    tab = tabs.open()
    for path, ready in (("/chats", "New room"), (f"/chats/{room}", "Enter")):
        size, entries = first_load(tab, tabs.base + path, ready)
        assert size <= FIRST_LOAD_MAX, entries

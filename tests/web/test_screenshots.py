# SPDX-License-Identifier: MIT
"""The pictures of the README. They are made by each run, and put into docs/img where GLOBES_SCREENSHOTS=1 asks for that."""

import os
import struct

import pytest

from lib.globes import ROOT, wait

TALK = [
    ("Marta", "#c2410c", "Good morning! Has anyone seen the new timetable?"),
    ("Oleksandr", "#2e7d32", "It is on the board by the door."),
    ("Oleksandr", "#2e7d32", "The Tuesday group starts at six now, so bring a light."),
    ("Yusuf", "#6f42c1", "Six is early for me. Could I come at half past?"),
    ("Marta", "#c2410c", "Of course. We keep a chair free for you."),
]


@pytest.fixture(scope="module")
def room(site):
    for title, description in (("Garden helpers", "Seeds, weeds and watering"), ("Book club", "This month: Middlemarch"),
                               ("Weekend walks", "Routes, weather, who drives")):
        site.room(title, description=description, visibility="private" if title == "Book club" else "public")
    return site.room("Village hall", description="What is on, and who has the key")


@pytest.fixture
def talk(site, room):
    """People who stay, in a room where something has been said."""
    members = {name: site.joined(room, name, color=color) for name, color in {name: color for name, color, _ in TALK}.items()}
    if not site.events(room):
        for name, color, text in TALK:
            members[name].say(text, color=color)
            members[name].recv_until("send", msg=text)
    return room


def keep(tab, name, folder):
    folder = os.path.join(ROOT, "docs", "img") if os.environ.get("GLOBES_SCREENSHOTS") == "1" else str(folder)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".png")
    tab.js("document.activeElement.blur()")
    assert tab.use().save_screenshot(path)
    with open(path, "rb") as file:
        head = file.read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def test_desktop(talk, tabs, tmp_path):
    tab = tabs.entered(talk, "Ann")
    tab.say("Thank you! See you on Tuesday then.")
    wait(lambda: len(tab.messages()) == 6 and not tab.texts(".outbox li"))
    assert keep(tab, "desktop", tmp_path)[0] == 1280


def test_rooms(room, tabs, tmp_path):
    tab = tabs.open()
    wait(lambda: len(tab.texts("ul.rooms a")) == 5)
    assert keep(tab, "rooms", tmp_path)[0] == 1280


def test_phone(talk, tabs, tmp_path):
    tab = tabs.open().phone()
    tab.go(f"{tabs.base}/chats/{talk}")
    tab.enter("Ben")
    tab.inside()
    assert keep(tab, "phone", tmp_path) == (720, 1480)


def test_dark(talk, tabs, tmp_path):
    tab = tabs.open().dark()
    tab.go(f"{tabs.base}/chats/{talk}")
    tab.enter("Dora")
    tab.inside()
    assert keep(tab, "dark", tmp_path)[0] == 1280

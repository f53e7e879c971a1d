# SPDX-License-Identifier: MIT
"""The chat page below a part of a site (base_path)."""

import pytest

SETTINGS = {"base_path": "/community"}


@pytest.fixture
def below(tabs):
    tabs.base += "/community"
    return tabs


def test_a_room_is_made_entered_and_left_below_the_base(below):
    tab = below.open()
    tab.press("New room")
    tab.write("Title", "Below")
    tab.press("Make room")
    tab.press("Go to the room", "a")
    tab.enter("Ann")
    tab.inside().say("down here")
    tab.hears("down here")
    tab.press("All rooms", "a")
    tab.one(".own a", "Below")
    assert tab.js("return location.pathname") == "/community/chats"

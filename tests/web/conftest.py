# SPDX-License-Identifier: MIT
"""A browser for each file of tests, tabs for each test. A test ends well only if no console has complained, no policy was
broken and no payload ran; refusals that it is about it names in expect_refusals()."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from browser import Browser, refused  # noqa: E402 (needs the line above)


@pytest.fixture(scope="module")
def browser():
    made = Browser()
    yield made
    made.close()


class Tabs:
    def __init__(self, browser, site):
        self.browser = browser
        self.base = f"http://127.0.0.1:{site.port}"
        self.statuses = set()
        self.allowed = []
        self.others = []

    def open(self, path="/chats"):
        return self.browser.tab(self.base + path)

    def room(self, room):
        return self.open(f"/chats/{room}")

    def entered(self, room, name, password=None):
        tab = self.room(room)
        tab.enter(name, password)
        return tab.inside()

    def elsewhere(self, path="/chats"):
        """A tab of another browser, which knows nothing of this one."""
        other = Browser()
        self.others.append(other)
        return other.tab(self.base + path)

    def expect_refusals(self, *statuses):
        self.statuses |= set(statuses)

    def expect_console(self, text):
        self.allowed.append(text)

    def check(self):
        for browser in (self.browser, *self.others):
            for tab in browser.tabs:
                assert tab.trouble() == []
            complaints = [entry for entry in browser.log() if not refused(entry, self.statuses)
                          and not any(text in entry["message"] for text in self.allowed)]
            assert complaints == []


@pytest.fixture
def tabs(browser, site):
    made = Tabs(browser, site)
    browser.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": made.base, "storageTypes": "local_storage"})
    yield made
    try:
        made.check()
    finally:
        for other in made.others:
            other.close()
        browser.forget()

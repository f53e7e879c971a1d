# SPDX-License-Identifier: MIT
"""Debian's chromium as visitors use it: tabs, with the words by which people find things (labels, buttons' texts).

Every document is watched from its first moment: reports of the content security policy are kept in window.reports,
and what test markups do when they run is to set window.ran.
"""

import re

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

from lib.globes import wait

WATCH = """
    window.reports = [];
    document.addEventListener("securitypolicyviolation", (e) => window.reports.push(e.violatedDirective + " " + e.blockedURI));
    for (const box of ["alert", "confirm", "prompt"])
        window[box] = () => { window.ran = box; };
"""
# Elements as a visitor finds them: only what is shown.
LOOK = """
    const shown = (node) => node.checkVisibility() && node.getClientRects().length > 0;
    const text = (node) => (node.getAttribute("aria-label") || node.textContent).trim();
    const name = (node) => node.labels?.length ? text(node.labels[0]) : text(node);
    return [...document.querySelectorAll(arguments[0])].filter(shown)
        .filter((node) => arguments[1] === null || name(node).startsWith(arguments[1]));
"""
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}


class Browser:
    def __init__(self, javascript=True):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,940",
                         "--disable-background-networking", "--disable-component-update", "--no-first-run",
                         "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
                         "--disable-backgrounding-occluded-windows"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not javascript:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(20)
        self.driver.set_script_timeout(20)
        self.first = self.driver.current_window_handle
        self.used = self.first  # the tab that the driver is at
        self.tabs = []

    def close(self):
        self.driver.quit()

    def tab(self, url=None):
        self.driver.switch_to.new_window("tab")
        self.used = self.driver.current_window_handle
        made = Tab(self, self.used)
        self.tabs.append(made)
        if url:
            made.go(url)
        return made

    def log(self):
        """What the console has been told since this was last asked."""
        return [entry for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def forget(self):
        """Closes the tabs of a test, and forgets what they kept."""
        for tab in list(self.tabs):
            tab.close()
        self.driver.switch_to.window(self.first)
        self.used = self.first
        self.driver.get_log("browser")


class Tab:
    def __init__(self, browser, handle):
        self.browser = browser
        self.handle = handle
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.cdp("Emulation.setFocusEmulationEnabled", enabled=True)

    def use(self):
        if self.browser.used != self.handle:
            self.browser.driver.switch_to.window(self.handle)
            self.browser.used = self.handle
        return self.browser.driver

    def close(self):
        self.use().close()
        self.browser.tabs.remove(self)
        self.browser.used = None

    def cdp(self, command, **parameters):
        return self.use().execute_cdp_cmd(command, parameters)

    def js(self, script, *arguments):
        return self.use().execute_script(script, *arguments)

    def go(self, url):
        self.use().get(url)
        return self

    def reload(self):
        self.use().refresh()

    def phone(self):
        self.cdp("Emulation.setDeviceMetricsOverride", **PHONE)
        return self

    def dark(self):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        return self

    # ---- what is there ----

    def all(self, selector, name=None):
        return self.js(LOOK, selector, name)

    def one(self, selector, name=None):
        return wait(lambda: self.all(selector, name), what=f"{selector} {name or ''}")[0]

    def gone(self, selector, name=None):
        wait(lambda: not self.all(selector, name), what=f"no {selector} {name or ''}")

    def texts(self, selector):
        return self.js("return [...document.querySelectorAll(arguments[0])].map((node) => node.textContent)", selector)

    def says(self, text, selector="body"):
        """Waits until a text is shown."""
        try:
            wait(lambda: text in self.shown(selector))
        except AssertionError:
            raise AssertionError(f"“{text}” is not in {selector}, which says: {self.shown(selector)}") from None

    def shown(self, selector="body"):
        return self.js("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def messages(self):
        """The texts of the messages, as they stand."""
        return self.texts(".messages:not(.outbox) .message > span")

    def hears(self, *texts):
        try:
            wait(lambda: self.messages() == list(texts))
        except AssertionError:
            assert self.messages() == list(texts)

    def people(self):
        return self.texts(".people li")

    # ---- what a visitor does ----

    def write(self, label, text, selector="input, textarea"):
        field = self.one(selector, label)
        field.clear()
        field.send_keys(text)

    def press(self, name, selector="button, a.button"):
        def attempt():
            try:
                self.one(selector, name).click()
                return True
            except StaleElementReferenceException:
                return False
        wait(attempt, what=f"a click on {name}")

    def choose(self, name):
        self.js("arguments[0].click()", self.one("input[type=radio]", name))

    def keys(self, *keys):
        """Typed to whatever has the focus."""
        self.use().switch_to.active_element.send_keys(*keys)

    def enter(self, name, password=None):
        self.write("Your name", name)
        if password is not None:
            self.write("Password", password)
        self.press("Enter")

    def inside(self):
        self.one("textarea", "Message")
        self.says("Connected", ".state")
        return self

    def say(self, text):
        lines = text.split("\n")
        field = self.one("textarea", "Message")
        for number, line in enumerate(lines):
            field.send_keys(*([Keys.SHIFT, Keys.ENTER, Keys.NULL] if number else []), line)
        field.send_keys(Keys.ENTER)

    # ---- what must not be ----

    def trouble(self):
        """Reports of the policy, and whether a payload ran."""
        return self.js("return [...(window.reports || []), ...('ran' in window ? ['ran ' + window.ran] : [])]")


def refused(entry, statuses):
    """Whether a console's line only says that the server refused something, as the test meant it to."""
    found = re.search(r"the server responded with a status of (\d+)", entry["message"])
    return bool(found) and int(found[1]) in statuses

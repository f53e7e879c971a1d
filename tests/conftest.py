# SPDX-License-Identifier: MIT
"""Sites for the black-box tests. `site` is shared by a file's tests, which use a room each; a file that needs
other settings says so in SETTINGS. `make_site` makes more of them for one test."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lib.globes import Site  # noqa: E402 (needs the line above)


@pytest.fixture(scope="module")
def site(request):
    with Site(**getattr(request.module, "SETTINGS", {})) as made:
        yield made


@pytest.fixture(autouse=True)
def sockets_end_with_their_test():
    yield
    for made in Site.running:
        made.drop_sockets()


@pytest.fixture
def make_site():
    sites = []

    def make(**settings):
        made = Site(**settings)
        sites.append(made)
        return made.start()

    yield make
    failures = []
    for made in sites:
        try:
            made.close()
        except AssertionError as failure:
            failures.append(failure)
    assert not failures, failures


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of its sites' logs."""
    report = (yield).get_result()
    if report.failed:
        for made in Site.running:
            report.sections.append((f"log of the site on port {made.port}", made.log()[-4000:]))

# SPDX-License-Identifier: MIT
"""The manual and the sample settings file: good form, and nothing missing of what the programs take."""

import glob
import os
import re

import pytest

from installed import PROGRAMS, call, make
from lib.globes import BUILD, ROOT

SETTINGS_PAGE = os.path.join(BUILD, "globes.conf.5")
SAMPLE = os.path.join(BUILD, "globes.conf")
PAGES = [*sorted(glob.glob(os.path.join(ROOT, "docs/man/*.8"))), SETTINGS_PAGE]
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-[a-z])\b")


def page(name):
    return os.path.join(ROOT, "docs/man", name + ".8")


def text_of(path):
    """As a reader sees it, without bold and underlined characters."""
    return re.sub(r".\x08", "", call("mandoc", "-T", "ascii", path).stdout)


def text_file(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def globesctl(*words):
    return call(os.path.join(BUILD, "globesctl"), *words).stdout


def helps(name):
    """All that --help of a program says, subcommands and all."""
    said = call(os.path.join(BUILD, name), "--help").stdout
    return said + "".join(globesctl(word, "--help") for word in re.findall(r"^  globesctl (\w+)", said, re.M))


def settings():
    """{name: default} of the table."""
    rows = re.findall(r'^SETTING\((\w+), *\w+, *"([^"]*)"', text_file(os.path.join(ROOT, "common/settings.def")), re.M)
    assert len(rows) > 40
    return dict(rows)


@pytest.fixture(scope="module", autouse=True)
def made():
    make("all")


@pytest.mark.parametrize("path", PAGES, ids=os.path.basename)
def test_a_page_has_no_flaw(path):
    done = call("mandoc", "-T", "lint", "-W", "warning", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_program_has_a_page():
    assert {os.path.basename(path) for path in PAGES} == {*(name + ".8" for name in PROGRAMS), "globes.conf.5"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_options_are_the_same_in_help_and_in_the_manual(name):
    told, written = set(OPTION.findall(helps(name))), set(OPTION.findall(text_of(page(name))))
    assert written == told | {"-h"}  # short for --help in all of them


def test_subcommands_are_the_same_in_help_and_in_the_manual():
    told = set(re.findall(r"^  globesctl (\w+)", globesctl("--help"), re.M))
    written = set(re.findall(r"^\.It Ic (\w+)", text_file(page("globesctl")), re.M))
    assert written == told


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_manual_names_the_exit_statuses(name):
    section = text_of(page(name)).split("EXIT STATUS")[1]
    assert {"0", "1", "64", "78"} <= set(re.findall(r"^ +(\d+) ", section, re.M))


def test_the_manual_has_every_setting_with_its_default():
    """What the page has, line ends and indentation aside."""
    words = " ".join(text_of(SETTINGS_PAGE).split())
    assert [name for name, preset in settings().items()
            if not re.search(rf"\b{name} .{{0,400}}Default: {re.escape(preset)}(?= |$)", words)] == []


def test_the_sample_has_every_setting_once_as_a_remark_with_its_default():
    remarks = re.findall(r"^#(\w+) = (.*)$", text_file(SAMPLE), re.M)
    assert remarks == list(settings().items())


def test_the_sample_says_what_an_installed_site_does_otherwise():
    own = re.findall(r"^(\w+) = (.*)$", text_file(SAMPLE), re.M)
    assert own == [("hidden_rooms", "secret"), ("unowned_rooms", "locked"), ("room", "Lobby|public|Say hello")]


def test_the_programs_take_the_sample():
    said = globesctl("settings", "-f", SAMPLE)
    origins = dict(re.findall(r"^(\w+) .*# (\S+)$", said, re.M))
    assert {name for name, origin in origins.items() if origin != "default"} == {"hidden_rooms", "unowned_rooms", "room"}
    assert set(origins) == set(settings())


def test_the_samples_remarks_are_settings_that_the_programs_take(tmp_path):
    """Every default, written out."""
    own = tmp_path / "globes.conf"
    own.write_text("\n".join(re.findall(r"^#(\w+ = .*)$", text_file(SAMPLE), re.M)) + "\n", encoding="utf-8")
    done = call(os.path.join(BUILD, "globesctl"), "settings", "-f", own)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"# {own}:") == len(settings())

# SPDX-License-Identifier: MIT
"""--help, --version and wrong usage: alike in all programs and in every subcommand of globesctl."""

import os

import pytest

from installed import call
from lib.globes import BUILD

USAGE = 64
SUBCOMMANDS = ["run", "check", "settings", "secret", "rooms", "help"]
CALLS = [["globes.fcgi"], ["globes-relay"], ["globesctl"], *(["globesctl", word] for word in SUBCOMMANDS)]
DAEMONS = CALLS[:2]


def program(words, *more):
    return call(os.path.join(BUILD, words[0]), *words[1:], *more)


def refused(done, words):
    """One sentence that begins with the program's name, and where help is."""
    said = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(said)) == (USAGE, "", 2), done
    assert said[0].startswith(words[0])
    assert said[1] == f"Try '{' '.join(words)} --help'."


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_help_comes_on_stdout(words, option):
    done = program(words, option)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.lower().startswith(f"usage: {' '.join(words)}")


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_version_is_one_line(words):
    done = program(words, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    name, number = done.stdout.removesuffix("\n").split(" ")
    assert name == words[0] and number[0].isdigit()


@pytest.mark.parametrize("words", [words for words in CALLS if words[-1] not in ("rooms", "globesctl", "help")], ids=" ".join)
@pytest.mark.parametrize("wrong", [["--nonsense"], ["-x"], ["-f"], ["surplus"]], ids=" ".join)
def test_wrong_usage_is_refused_with_one_sentence(words, wrong):
    refused(program(words, *wrong), words)


@pytest.mark.parametrize("wrong", [[], ["dance"], ["dance", "--help"], ["--nonsense"]], ids=" ".join)
def test_what_is_no_command_is_refused(wrong):
    refused(program(["globesctl"], *wrong), ["globesctl"])


def test_help_of_what_is_no_command_is_refused():
    refused(program(["globesctl", "help"], "dance"), ["globesctl", "help"])


def test_rooms_without_a_verb_is_refused():
    refused(program(["globesctl", "rooms"]), ["globesctl", "rooms"])


@pytest.mark.parametrize("word", SUBCOMMANDS)
def test_help_of_a_command_is_what_its_option_says(word):
    assert program(["globesctl"], "help", word).stdout == program(["globesctl", word], "--help").stdout


def test_help_names_every_command():
    said = program(["globesctl"], "--help").stdout
    assert [word for word in SUBCOMMANDS if f"\n  globesctl {word} " not in said] == []


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_help_that_cannot_be_written_is_a_failure(words):
    done = call("/bin/sh", "-c", 'exec "$@" --help >/dev/full', "sh", os.path.join(BUILD, words[0]), *words[1:])
    assert done.returncode == 1


@pytest.mark.parametrize("words", DAEMONS, ids=" ".join)
def test_help_does_not_need_good_settings(words):
    assert call(os.path.join(BUILD, words[0]), "-f", "/nowhere", "--help").returncode == 0


def test_rest_without_a_socket_is_wrong_usage(tmp_path):
    """Descriptor 0 is no listening socket: to start it again would not help."""
    (tmp_path / "secret").write_text("s" * 64 + "\n")
    (tmp_path / "secret").chmod(0o600)
    done = call(os.path.join(BUILD, "globes.fcgi"), "-f", "/dev/null", GLOBES_SECRET_FILE=str(tmp_path / "secret"))
    assert done.returncode == USAGE
    assert "descriptor 0" in done.stderr

# SPDX-License-Identifier: MIT
"""What keeps globesctl run from starting, each said in one sentence before anything runs."""
import re
import socket

import pytest
from expect import say
from lib.globes import free_port
from owner import answers, assert_sentence, ctl, environment, run


@pytest.fixture
def folder(tmp_path_factory):
    """A short path: a socket's may have 107 bytes."""
    return tmp_path_factory.mktemp("r")


def test_a_taken_port_is_said_in_one_sentence(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_sentence(run(folder / "d", port=port), 1, port)


def test_a_taken_port_keeps_nothing_of_a_running_site_from_working(make_site, folder):
    own = make_site()
    assert_sentence(run(folder / "d", port=own.port), 1, own.port)
    assert answers(own)


@pytest.mark.parametrize("data", ["/proc/no-such-folder", "/dev/null", "/dev/null/below"])
def test_data_that_cannot_be_written_is_said_in_one_sentence(data):
    assert_sentence(run(data), 1, data)


def test_data_that_is_a_file_is_said_in_one_sentence(folder):
    (folder / "file").write_text("mine")
    assert_sentence(run(folder / "file"), 1, folder / "file")
    assert (folder / "file").read_text() == "mine"


def test_data_that_another_one_works_in_is_said_in_one_sentence(make_site):
    own = make_site()
    assert_sentence(run(own.data), 1, own.data)
    assert answers(own)
    room = own.room()
    say(own.joined(room, "ann"), "not disturbed")


def test_a_path_too_long_for_sockets_is_said_in_one_sentence(folder):
    assert_sentence(run(folder / ("d" * 150)), 1, "d" * 150)


@pytest.mark.parametrize("name", ["GLOBES_NO_SUCH_THING", "GLOBES_", "GLOBES_BODYMAX", "GLOBES_body_max",
                                  "GLOBES_BODY_MAX_"])
@pytest.mark.parametrize("command", ["run", "check"])
def test_an_unknown_name_is_refused(folder, command, name):
    arguments = ["--port", free_port()] if command == "run" else []
    ended = ctl(command, "--data", folder / "d", *arguments, env={**environment(), name: "1"})
    assert_sentence(ended, 78, name)
    assert not (folder / "d" / "rooms.db").exists()


@pytest.mark.parametrize("setting", [
    {"body_max": "lots"}, {"body_max": ""}, {"body_max": "0"}, {"body_max": "-1"}, {"body_max": "2m"},
    {"body_max": "16kb"}, {"body_max": "1.5k"}, {"body_max": "none"}, {"token_lifetime": "60"},
    {"token_lifetime": "1 h"}, {"token_lifetime": "99999999999999999999s"}, {"name_max": "256"},
    {"hidden_rooms": "maybe"}, {"hidden_rooms": "SECRET"}, {"rooms_max": "0"}, {"log_format": "xml"},
    {"fcgi_threads": "0"}, {"login_rate": "10"}, {"login_rate": "10/day"}
], ids=lambda setting: "=".join(*setting.items()))
def test_a_value_that_makes_no_sense_is_refused(folder, setting):
    ended = run(folder / "d", **setting)
    name = f"GLOBES_{next(iter(setting)).upper()}"
    assert_sentence(ended, 78, name)


@pytest.mark.parametrize("settings", [
    {"ping_interval": "30s", "hangup": "30s"}, {"message_max": "16k", "frame_max": "8k"},
    {"token_lifetime": "2h", "token_max_age": "1h"}], ids=lambda s: " ".join(s))
def test_settings_that_do_not_go_together_are_refused(folder, settings):
    assert_sentence(run(folder / "d", **settings), 78, *settings)


def test_a_secret_that_others_may_read_is_refused(folder):
    data = folder / "d"
    data.mkdir()
    (data / "secret").write_text("s" * 64 + "\n")
    (data / "secret").chmod(0o644)
    ended = run(data)
    assert ended.returncode in (1, 78) and ended.stdout == "", ended
    assert str(data / "secret") in ended.stderr
    assert "s" * 64 not in ended.stderr


@pytest.mark.parametrize("text", ["", "short\n", "\n\n"], ids=repr)
def test_a_secret_that_is_none_is_refused(folder, text):
    data = folder / "d"
    data.mkdir()
    (data / "secret").write_text(text)
    (data / "secret").chmod(0o600)
    ended = run(data)
    assert ended.returncode in (1, 78) and ended.stdout == "", ended
    assert str(data / "secret") in ended.stderr
    assert (data / "secret").read_text() == text


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["run", "--port", "0"], ["run", "--port", "65536"], ["run", "--port", "http"],
    ["run", "--bind", "nowhere"], ["run", "--nonsense"], ["run", "too", "many"], ["check", "--nonsense"]], ids=" ".join)
def test_wrong_usage_is_said_and_starts_nothing(arguments):
    ended = ctl(*arguments)
    assert ended.returncode == 64 and ended.stdout == "" and ended.stderr, ended
    assert "started" not in ended.stderr


def test_a_wrong_line_of_a_file_is_named(folder):
    file = folder / "globes.conf"
    file.write_text("body_max = 2k\n# fine\nno_such_thing = 1\n")
    ended = run(folder / "d", "-f", file)
    assert_sentence(ended, 78, file, "no_such_thing")
    assert re.search(r"globes\.conf\W+(line )?3\b", ended.stderr)

# SPDX-License-Identifier: MIT
"""globesctl secret, which the service units call at each start."""

import os
import stat
import threading

import pytest

from installed import call
from lib.globes import BUILD


def secret(path, **environment):
    return call(os.path.join(BUILD, "globesctl"), "secret", "-f", "/dev/null", GLOBES_SECRET_FILE=str(path), **environment)


def test_it_is_made_where_there_is_none(tmp_path):
    path = tmp_path / "secret"
    done = secret(path)
    assert (done.returncode, done.stdout) == (0, f"{path} was made\n"), done.stderr
    assert len(path.read_text().strip()) == 64
    assert os.listdir(tmp_path) == ["secret"]


def test_others_cannot_read_it(tmp_path):
    secret(tmp_path / "secret")
    assert stat.S_IMODE(os.stat(tmp_path / "secret").st_mode) in (0o600, 0o640)


def test_it_is_printed_nowhere(tmp_path):
    done = secret(tmp_path / "secret")
    assert (tmp_path / "secret").read_text().strip() not in done.stdout + done.stderr


def test_one_that_is_there_stays(tmp_path):
    path = tmp_path / "secret"
    path.write_text("s" * 64 + "\n")
    path.chmod(0o600)
    done = secret(path)
    assert (done.returncode, done.stdout) == (0, f"{path} is there\n")
    assert path.read_text() == "s" * 64 + "\n"


@pytest.mark.parametrize("text, mode", [("short\n", 0o600), ("", 0o600), ("s" * 64, 0o644)])
def test_one_that_is_no_good_is_told_and_stays(tmp_path, text, mode):
    path = tmp_path / "secret"
    path.write_text(text)
    path.chmod(mode)
    done = secret(path)
    assert (done.returncode, done.stdout) == (1, "")
    assert str(path) in done.stderr
    assert path.read_text() == text


def test_a_folder_that_is_not_there_is_told(tmp_path):
    done = secret(tmp_path / "none" / "secret")
    assert (done.returncode, done.stdout) == (1, "")
    assert str(tmp_path / "none" / "secret") in done.stderr


def test_wrong_settings_are_told_with_78(tmp_path):
    assert secret(tmp_path / "secret", GLOBES_NONSENSE="1").returncode == 78
    assert os.listdir(tmp_path) == []


def test_of_two_at_once_the_first_wins_and_both_are_content(tmp_path):
    done = []
    calls = [threading.Thread(target=lambda: done.append(secret(tmp_path / "secret").returncode)) for _ in range(8)]
    for one in calls:
        one.start()
    for one in calls:
        one.join()
    assert done == [0] * 8
    assert os.listdir(tmp_path) == ["secret"]


def test_a_folders_secret_is_that_of_data(tmp_path):
    done = call(os.path.join(BUILD, "globesctl"), "secret", "--data", tmp_path)
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == ["secret"]

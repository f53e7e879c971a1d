# SPDX-License-Identifier: MIT
"""globesctl check: tells a site's owner what is and what is wrong, and changes nothing."""
import os
import re
import signal

import pytest
from expect import JSON_ONLY, created, fresh, make
from owner import check, ctl


@pytest.fixture
def folder(tmp_path_factory):
    """A short path: a socket's may have 107 bytes."""
    return tmp_path_factory.mktemp("r")


def test_check_finds_a_running_site_well(make_site):
    own = make_site(body_max="7k")
    own.joined(own.room(), "ann")
    told = check(own)
    assert told.returncode == 0, told
    assert re.search(r"body_max\W+7k.*environment", told.stdout)
    for word in ("secret", own.data, "store", "relay", str(own.pid("globes-relay"))):
        assert word in told.stdout
    with open(os.path.join(own.data, "secret"), encoding="ascii") as file:
        assert file.readline().strip() not in told.stdout + told.stderr


def test_check_says_what_is_wrong_with_a_stopped_one(make_site):
    own = make_site()
    own.stop()
    os.chmod(os.path.join(own.data, "secret"), 0o644)
    told = check(own)
    assert told.returncode == 1, told
    assert "relay" in told.stdout and os.path.join(own.data, "secret") in told.stdout


def test_check_changes_nothing(folder):
    told = ctl("check", "--data", folder / "d")
    assert told.returncode == 1 and told.stdout, told
    assert not (folder / "d").exists()


def test_check_refuses_what_run_refuses(folder):
    told = ctl("check", "--data", folder / "d", body_max="lots")
    assert told.returncode == 78 and "GLOBES_BODY_MAX" in told.stderr
    assert ctl("check", "--data", folder / "d", body_max="7k").returncode == 1


def test_check_waits_for_nobody(make_site):
    own = make_site()
    os.kill(own.pid("globes-relay"), signal.SIGSTOP)
    try:
        told = check(own)
    finally:
        os.kill(own.pid("globes-relay"), signal.SIGCONT)
    assert told.returncode == 1 and "relay" in told.stdout
    assert own.http("GET", "/chats", headers=JSON_ONLY).status == 200
    created(make(own, fresh()))

# SPDX-License-Identifier: MIT
"""globesctl settings and help, and what check says of a secret: what a site's owner is told."""

import os
import re
import signal
import subprocess

import pytest

from ctl.supervisor import GLOBESCTL, Supervisor
from lib.globes import BUILD, wait


def run(program, *arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GLOBES_")}
    return subprocess.run([program, *arguments], env={**clean, **environment}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20, check=False)


def globesctl(*arguments, **environment):
    return run(GLOBESCTL, *arguments, **environment)


def test_check_names_a_secret_that_others_can_read(tmp_path):
    with Supervisor(str(tmp_path)) as s:
        s.ready()
        assert "secret        ok:" in globesctl("check", "--data", s.data).stdout
        os.chmod(s.data + "/secret", 0o604)
        done = globesctl("check", "--data", s.data)
        assert done.returncode == 1
        assert "secret        WRONG:" in done.stdout
        assert "globes-relay  ok:" in done.stdout


def test_check_asks_the_rest_program(make_site):
    """It stands for "running": a site whose supervisor holds the socket alone is not."""
    site = make_site()
    assert "globes.fcgi   ok:" in globesctl("check", "--data", site.data).stdout
    pid = site.pid("globes.fcgi")
    os.kill(pid, signal.SIGSTOP)
    try:
        done = globesctl("check", "--data", site.data)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert done.returncode == 1
    assert "globes.fcgi   WRONG:" in done.stdout and "globes-relay  ok:" in done.stdout


def test_check_asks_it_below_its_base_path(make_site):
    site = make_site(base_path="/some/where")
    done = globesctl("check", "--data", site.data, GLOBES_BASE_PATH="/some/where")
    assert "globes.fcgi   ok:" in done.stdout


def test_check_finds_nothing_wrong_with_a_store_that_is_not_begun(tmp_path):
    done = globesctl("check", "--data", str(tmp_path / "d"))
    assert "store         ok:" in done.stdout and "first start" in done.stdout
    assert not (tmp_path / "d").exists()


def test_check_says_how_a_missing_secret_is_made(tmp_path):
    missing = str(tmp_path / "secret")
    done = globesctl("check", "-f", "/dev/null", GLOBES_SECRET_FILE=missing)
    assert "secret        WRONG:" in done.stdout and "`globesctl secret`" in done.stdout
    assert "`globesctl run`" in globesctl("check", "--data", str(tmp_path / "d")).stdout


def test_check_looks_at_an_installed_lighttpd(tmp_path):
    done = globesctl("check", "-f", "/dev/null")
    assert os.path.exists("/etc/lighttpd/lighttpd.conf") == bool(re.search(r"^lighttpd +(ok|WRONG): ", done.stdout, re.M))
    assert "lighttpd  " not in globesctl("check", "--data", str(tmp_path)).stdout


def test_a_store_that_is_away_is_said_once(make_site):
    """And not once for each thread."""
    site = make_site(fcgi_threads="8")
    file = os.path.join(site.data, "rooms.db")
    os.rename(file, file + ".away")
    os.mkdir(file)
    try:
        site.kill_and_wait("globes.fcgi")
        wait(lambda: site.http("GET", "/chats/all").status == 503 and "the store is away" in site.log(), what="a refusal")
        assert site.log().count("the store cannot be opened") == 1
    finally:
        os.rmdir(file)
        os.rename(file + ".away", file)


@pytest.mark.parametrize("command", ["check", "settings"])
def test_wrong_settings_are_told_with_78(command):
    done = globesctl(command, "-f", "/dev/null", GLOBES_NONSENSE="1")
    assert done.returncode == 78
    assert "GLOBES_NONSENSE" in done.stderr
    assert done.stdout == ""


def test_settings_lists_values_with_their_origin(tmp_path):
    conf = tmp_path / "a.conf"
    conf.write_text("# mine\nhangup = 80s\n", encoding="utf-8")
    lines = globesctl("settings", "-f", str(conf), GLOBES_MESSAGE_MAX="1k").stdout.splitlines()
    said = {line.split()[0]: line.split(" = ")[1].split() for line in lines}
    assert said["hangup"] == ["80s", "#", f"{conf}:2"]
    assert said["message_max"] == ["1k", "#", "environment"]
    assert said["ping_interval"] == ["25s", "#", "default"]


def test_a_password_in_a_uri_is_not_shown():
    done = globesctl("settings", "-f", "/dev/null", GLOBES_BUS="nats://globes:s3cret@one,nats://two:4222")
    assert "nats://globes:***@one,nats://two:4222" in done.stdout
    assert "s3cret" not in done.stdout


@pytest.mark.parametrize("program", ["globes-relay", "globes.fcgi", "globesctl"])
def test_a_store_that_is_not_built_in_is_refused_with_78_and_its_password_not_told(program):
    arguments = ["settings"] if program == "globesctl" else []
    done = run(os.path.join(BUILD, program), *arguments, "-f", "/dev/null", GLOBES_STORE="mongodb://globes:s3cret@host/chat")
    assert done.returncode == 78
    assert "GLOBES_STORE" in done.stderr and "sqlite:" in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


def test_help_and_version_come_on_stdout():
    for word in ("help", "--help", "-h"):
        done = globesctl(word)
        assert (done.returncode, done.stderr) == (0, "")
        assert "globesctl run" in done.stdout
    assert globesctl("--version").stdout.startswith("globesctl ")


def test_an_unknown_command_is_refused_with_64():
    for arguments in ([], ["dance"]):
        done = globesctl(*arguments)
        assert done.returncode == 64
        assert done.stdout == ""
        assert "globesctl --help" in done.stderr

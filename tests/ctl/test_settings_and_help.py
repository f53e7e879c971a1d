# SPDX-License-Identifier: MIT
"""globesctl settings and help, and what check says of a secret: what a site's owner is told."""

import os
import subprocess

import pytest

from ctl.supervisor import GLOBESCTL, Supervisor


def globesctl(*arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GLOBES_")}
    return subprocess.run([GLOBESCTL, *arguments], env={**clean, **environment}, capture_output=True, text=True,
                          timeout=20, check=False)


def test_check_names_a_secret_that_others_can_read(tmp_path):
    with Supervisor(str(tmp_path)) as s:
        s.ready()
        assert "secret        ok:" in globesctl("check", "--data", s.data).stdout
        os.chmod(s.data + "/secret", 0o604)
        done = globesctl("check", "--data", s.data)
        assert done.returncode == 1
        assert "secret        WRONG:" in done.stdout
        assert "globes-relay  ok:" in done.stdout


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
    done = globesctl("settings", "-f", "/dev/null", GLOBES_STORE="mongodb://globes:s3cret@one,two/chat?ssl=true")
    assert "mongodb://globes:***@one,two/chat?ssl=true" in done.stdout
    assert "s3cret" not in done.stdout


def test_help_and_version_come_on_stdout():
    for word in ("help", "--help", "-h"):
        done = globesctl(word)
        assert (done.returncode, done.stderr) == (0, "")
        assert "globesctl run" in done.stdout
    assert globesctl("--version").stdout.startswith("globesctl ")


def test_an_unknown_command_is_refused_with_2():
    for arguments in ([], ["dance"]):
        done = globesctl(*arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "Usage:" in done.stderr

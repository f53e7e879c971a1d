# SPDX-License-Identifier: MIT
"""globesctl run with stand-ins for its programs: what it gives them, and how it takes their ends and its own."""

import os
import re
import shutil
import signal
import stat
import subprocess

import pytest

from ctl.supervisor import Supervisor
from lib.globes import HTTPD_CONF, wait


@pytest.fixture
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("ctl"))


def test_it_says_ready_when_all_answer_and_ends_with_0(folder):
    for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with Supervisor(folder) as s:
            assert len(s.ready().running()) == 3
            assert s.stop(how) == 0
            assert not [name for name in os.listdir(s.data + "/run") if name.endswith(".sock")]


def test_programs_get_the_folder_as_store_secret_and_sockets(folder):
    with Supervisor(folder) as s:
        given = s.ready().given()
        assert given == {
            "GLOBES_STORE": "sqlite:" + s.data, "GLOBES_SECRET_FILE": s.data + "/secret",
            "GLOBES_RELAY_LISTEN": f"unix:{s.data}/run/relay.sock",
            "GLOBES_CONTROL_SOCKET": f"unix:{s.data}/run/control.sock", "GLOBES_ROOM": "Lobby|public|Say hello",
            "listen": s.data + "/run/relay.sock", "arguments": ["-f", "/dev/null"],
        }
        mode = os.stat(s.data + "/secret").st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert stat.S_IMODE(os.stat(s.data + "/run/relay.sock").st_mode) == 0o660


def test_a_relative_data_folder_is_made_absolute(folder):
    with Supervisor(folder, data="./here/") as s:
        assert s.ready().given()["GLOBES_STORE"] == f"sqlite:{folder}/here"


def test_what_the_owner_has_set_stays(folder):
    conf = os.path.join(folder, "own.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(f"store = sqlite:{folder}/mine\nrelay_listen = unix:{folder}/r.sock\n")
    with Supervisor(folder, "-f", conf, GLOBES_ROOM="none", GLOBES_FCGI_THREADS="3") as s:
        given = s.ready().given()
        assert "GLOBES_STORE" not in given and "GLOBES_RELAY_LISTEN" not in given
        assert given["GLOBES_ROOM"] == "none"
        assert given["GLOBES_FCGI_THREADS"] == "3"
        assert given["listen"] == folder + "/r.sock"
        assert given["arguments"] == ["-f", conf]
        assert s.stop() == 0
        assert not os.path.exists(folder + "/r.sock")


def test_restarts_are_put_off_longer_each_time(folder):
    with Supervisor(folder, STANDIN_EXIT="75") as s:
        for ms in (100, 200, 400, 800):
            s.wait_for(f"globes-relay ended with exit code 75; starting it again in {ms} ms")
        assert s.stop() == 0


def test_a_program_that_finds_its_settings_wrong_ends_all_with_78(folder):
    with Supervisor(folder, STANDIN_EXIT="78") as s:
        assert s.ended() == 78
        assert "globes-relay cannot run with these settings" in s.log()


def test_children_die_with_a_killed_supervisor(folder):
    with Supervisor(folder) as s:
        assert len(s.ready().running()) == 3
        s.process.kill()
        wait(lambda: not s.running())


def test_a_killed_supervisor_leaves_nothing_in_the_way_of_the_next(folder):
    with Supervisor(folder) as first:
        first.ready()
        first.process.kill()
    with Supervisor(folder, port=first.port) as second:
        assert second.ready().stop() == 0


def test_a_program_deaf_to_sigterm_is_killed(folder):
    with Supervisor(folder, STANDIN_STUBBORN="1", GLOBES_DRAIN_TIME="100ms") as s:
        assert s.ready().stop() == 0
        assert "globes-relay has not ended in time" in s.log()


def test_a_second_signal_ends_it_at_once(folder):
    with Supervisor(folder, STANDIN_STUBBORN="1", GLOBES_DRAIN_TIME="60s") as s:
        s.ready().process.send_signal(signal.SIGINT)
        s.wait_for("ending")
        assert s.stop(signal.SIGINT) == 0


def test_an_ipv6_address_is_bound_and_shown_in_brackets(folder):
    with Supervisor(folder, "--bind", "::1") as s:
        assert s.process.stdout.readline() == f"ready: http://[::1]:{s.port}/\n", s.log()


def test_a_ctrl_c_in_the_terminal_does_not_reach_the_programs(folder):
    with Supervisor(folder) as s:
        pids = s.ready().running()
        assert {os.getpgid(pid) for pid in pids} == set(pids)


def test_lighttpds_file_works_alone_with_the_installed_sockets(folder):
    shutil.copy(HTTPD_CONF, folder)
    with open(folder + "/main.conf", "w", encoding="utf-8") as file:
        file.write(f'server.document-root = "{folder}"\ninclude "globes.conf"\n')
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    done = subprocess.run(["lighttpd", "-p", "-f", folder + "/main.conf"], capture_output=True, text=True, check=True,
                          env={**os.environ, "PATH": path}, timeout=10)
    assert set(re.findall(r'"socket" +=> "(.*)"', done.stdout)) == {"/run/globes/fcgi.sock", "/run/globes/relay.sock"}

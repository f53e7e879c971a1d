# SPDX-License-Identifier: MIT
"""globesctl run, as a site's owner meets it: one line when all is ready, everything restarted that dies, and nothing
left behind. What keeps it from starting: test_run_refused.py.
"""
import os
import re
import signal
import stat
import time

import pytest
from expect import (created, done, enter, history, is_gone, make, private, refused, rooms, say, show, shown)
from lib.globes import free_port, is_running, wait
from owner import PROGRAMS, answers, ctl, listening, pids_in, running


@pytest.fixture
def folder(tmp_path_factory):
    """A short path: a socket's may have 107 bytes."""
    return tmp_path_factory.mktemp("r")


def test_a_first_start_makes_what_is_missing(make_site):
    own = make_site()
    secret = os.path.join(own.data, "secret")
    with open(secret, "rb") as file:
        first = file.read()
    assert len(first.split(b"\n")[0]) >= 32
    assert stat.S_IMODE(os.stat(secret).st_mode) & 0o077 == 0
    own.stop()
    own.start()
    with open(secret, "rb") as file:
        assert file.read() == first


def test_two_sites_have_two_secrets(make_site):
    texts = []
    for own in (make_site(), make_site()):
        with open(os.path.join(own.data, "secret"), "rb") as file:
            texts.append(file.read())
    assert texts[0] != texts[1]


def test_there_is_a_lobby_and_only_one(make_site):
    own = make_site()
    lobby = shown(show(own, "lobby"), visibility="public")
    own.stop()
    own.start()
    assert [room["id"] for room in rooms(own)["rooms"]] == [lobby["id"]]


def test_a_lobby_that_was_deleted_does_not_hurt(make_site):
    own = make_site()
    done(own.http("DELETE", "/chats/Lobby"))
    is_gone(own, "Lobby")
    own.stop()
    own.start()
    created(make(own))


def test_rooms_of_the_settings_are_made_at_start(make_site):
    own = make_site(room="Caf\u00e9 \u4e16\u754c|public|coffee & cake")
    room = rooms(own)["rooms"]
    assert [(one["title"], one["description"]) for one in room] == [("Caf\u00e9 \u4e16\u754c", "coffee & cake")]


def test_all_three_answer_when_it_says_ready(make_site):
    own = make_site()
    assert answers(own)
    room = own.room()
    say(own.joined(room, "ann"), "at once")
    assert [user["username"] for user in shown(show(own, room))["users"]] == ["ann"] or history(own, room)


def test_ready_is_all_that_is_ever_said_on_stdout(make_site):
    own = make_site()
    for name in PROGRAMS:
        own.kill_and_wait(name)
    wait(lambda: own.process.poll() is None and listening(own) and answers(own))
    own.stop()  # checks that nothing followed the ready line


def test_a_second_start_shows_the_same_rooms_and_messages(make_site):
    own = make_site()
    public, closed, hidden = own.room(), private(own), private(own, "hidden")
    token = enter(own, closed)
    say(own.joined(public, "ann"), "one", "two")
    say(own.joined(closed, "ann", token), "between us")
    before = [shown(show(own, room)) for room in (public, closed, hidden)]
    said = [history(own, public), history(own, closed, token)]
    own.stop()
    own.start()
    after = [shown(show(own, room)) for room in (public, closed, hidden)]
    assert [{**one, "users": []} for one in before] == after
    assert [history(own, public), history(own, closed, token)] == said
    say(own.joined(public, "bob"), "three")
    assert [(event["seq"], event["msg"]) for event in history(own, public)] == [(1, "one"), (2, "two"), (3, "three")]


def test_data_in_a_folder_that_is_not_there_yet_and_by_a_relative_path(folder):
    port = free_port()
    with running("--port", port, "--data", "./new data", cwd=folder) as process:
        assert process.stdout.readline() == f"ready: http://127.0.0.1:{port}/\n"
        assert (folder / "new data" / "rooms.db").exists()


def test_settings_of_the_environment_reach_all_programs(make_site):
    own = make_site(body_max="1k", message_max="10")
    refused(own.http("POST", "/chats", "x" * 1025), 413)
    ws = own.joined(own.room(), "ann")
    ws.send({"event_type": "send", "msg": "x" * 11})
    ws.recv_error(105, field="msg")
    say(ws, "x" * 10)


def test_settings_of_a_file_do_too_and_those_of_the_environment_win(folder):
    file, port, data = folder / "globes.conf", free_port(), folder / "d"
    file.write_text("# ours\nbody_max = 2k\nname_max = 7\n\n")
    with running("--port", port, "--data", data, "-f", file, name_max=9) as process:
        assert process.stdout.readline() == f"ready: http://127.0.0.1:{port}/\n"
        told = ctl("check", "--data", data, "-f", file, name_max=9)
    assert told.returncode == 0, told
    assert re.search(r"body_max\W+2k.*globes\.conf\W+(line )?2\b", told.stdout)
    assert re.search(r"name_max\W+9\b.*environment", told.stdout)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT], ids=lambda how: how.name)
@pytest.mark.parametrize("name", PROGRAMS)
def test_what_dies_is_started_again_and_that_is_said(make_site, name, how):
    own = make_site()
    room = own.room()
    begun = len(own.log())
    old = own.pid(name)
    own.kill_and_wait(name, how)
    assert not is_running(old) and is_running(own.pid(name))
    line = next(line for line in own.log()[begun:].splitlines() if name in line and "again" in line)
    assert "WARN" in line.upper()
    wait(lambda: listening(own) and answers(own), what="an answer")
    shown(show(own, room), id=room)
    say(own.joined(room, "ann"), "all is well")


def test_what_dies_again_and_again_is_started_more_and_more_slowly(make_site):
    own = make_site()
    gaps = []
    for _ in range(4):
        begun = time.monotonic()
        own.kill_and_wait("globes.fcgi")
        gaps.append(time.monotonic() - begun)
    assert gaps[3] > gaps[0] * 2 and gaps[3] > gaps[2] and gaps[3] < 5
    assert answers(own)


def end_of(site, name):
    """Kills it and waits until it is wholly gone, which the supervisor is the first to know."""
    begun = len(site.log())
    site.kill(name)
    wait(lambda: re.search(f"{name} ended", site.log()[begun:]), what=f"the end of {name}")


def test_no_connection_is_refused_while_a_program_is_away(make_site):
    own = make_site()
    room = own.room()
    for _ in range(3):
        end_of(own, "globes.fcgi")
        shown(show(own, room), id=room)
    end_of(own, "globes-relay")
    say(own.joined(room, "ann"), "as if nothing had been")


def test_one_program_restarts_without_the_others(make_site):
    own = make_site()
    others = {name: own.pid(name) for name in PROGRAMS}
    ann = own.joined(own.room(), "ann")
    own.kill_and_wait("globes.fcgi")
    assert own.pid("globes-relay") == others["globes-relay"]
    assert own.pid("lighttpd") == others["lighttpd"]
    say(ann, "not even a hiccup")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
def test_a_signal_ends_everything_well(make_site, how):
    own = make_site()
    room = own.room()
    sockets = [own.joined(room, f"p{i}") for i in range(5)]
    pids = [own.pid(name) for name in PROGRAMS]
    assert all(is_running(pid) for pid in pids)
    begun = time.monotonic()
    own.stop(how)  # exit 0, nothing left running, nothing more on stdout
    assert time.monotonic() - begun < 8
    assert not any(is_running(pid) for pid in pids) and not listening(own)
    assert {ws.wait_closed()[0] for ws in sockets} == {1012}


def test_a_second_signal_does_no_harm(make_site):
    own = make_site()
    ws = own.joined(own.room(), "ann")
    own.terminate(signal.SIGINT)
    own.terminate(signal.SIGTERM)
    own.stop()
    assert ws.wait_closed()


def test_a_signal_before_it_is_ready_ends_it_well(folder):
    for _ in range(3):
        with running("--port", free_port(), "--data", folder / "d") as process:
            first = process.stderr.readline()
        pids = pids_in(first + process.said)
        assert pids and not any(is_running(pid) for pid in pids)


def test_a_killed_supervisor_leaves_nothing_behind_and_nothing_in_the_way(make_site):
    own = make_site()
    room = own.room()
    say(own.joined(room, "ann"), "kept")
    pids = [own.pid(name) for name in PROGRAMS]
    own.process.kill()
    own.process.wait()
    wait(lambda: not any(is_running(pid) for pid in pids), what="the end of all programs")
    type(own).running.remove(own)
    own.process.stdout.close()
    own.start()
    assert [event["msg"] for event in history(own, room)] == ["kept"]
    say(own.joined(room, "bob"), "and on")


def test_the_same_port_is_free_at_once_after_a_stop(make_site):
    own = make_site()
    for _ in range(2):
        assert answers(own)
        port = own.port
        own.stop()
        own.start()
        assert own.port == port

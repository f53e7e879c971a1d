# SPDX-License-Identifier: MIT
"""The disk is full: what is there is read and people come and go, what would have to be stored is refused with 503
and leaves no half of itself behind, and once there is space again all is well without a restart.

The disk is a small tmpfs below a site's folder, filled by one file. Mounting needs root, or a user namespace of
its own; where neither can be had, these tests fail and say so.
"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.globes import Site, wait
from lib.ws import Closed, Refused

SIZE = 24 << 20
LONG = "x" * 3500
JSON = {"Accept": "application/json"}
PROGRAMS = ("globes-relay", "globes.fcgi", "lighttpd")


def mount_tmpfs(folder):
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0750", "none", folder],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"this machine lets us mount no tmpfs, so no full disk can be tested: {done.stderr}"


class SmallSite(Site):
    """A site whose folder is a disk of its own; its log, in which the tests look for pids, is not on it."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.folder, self.data = self.data, os.path.join(self.data, "disk")
        os.mkdir(self.data)
        mount_tmpfs(self.data)

    def _log_path(self):
        return os.path.join(self.folder, "log")

    def close(self):
        try:
            super().close()
        finally:
            subprocess.run(["umount", "-l", self.data], check=True)
            os.rmdir(self.data)
            self.data = self.folder
            super().close()

    def free(self):
        disk = os.statvfs(self.data)
        return disk.f_bavail * disk.f_frsize

    def fill(self, leave=0):
        """Takes all space but so many bytes."""
        with open(os.path.join(self.data, "filler"), "ab", buffering=0) as file:
            try:
                while self.free() > leave:
                    file.write(bytes(min(4096, self.free() - leave)))
            except OSError:
                pass
        assert self.free() <= leave

    def empty(self):
        os.unlink(os.path.join(self.data, "filler"))


class LogToo(SmallSite):
    """Its log is on the disk that fills up."""

    def _log_path(self):
        return Site._log_path(self)


@pytest.fixture
def disk():
    with SmallSite() as made:
        yield made


def send(ws, text):
    """The echo's seq, or the code of the error that came instead."""
    ws.say(text)
    while True:
        event = ws.recv(20)
        if event["event_type"] == "error":
            return -event["code"]
        if event["event_type"] == "send" and event["msg"] == text:
            return event["seq"]


def fill_to_the_brim(site, *members):
    """Nothing more can be stored: also what the store had in reserve is used up."""
    site.fill()
    for n in range(2000):
        if send(members[0], f"{n} {LONG}") == -503:
            break
    else:
        raise AssertionError("a full disk takes messages without end")
    site.fill()
    for ws in members[1:]:
        ws.events.clear()


def unavailable(answer):
    assert answer.error() == (503, 503), answer
    assert int(answer.headers["Retry-After"]) > 0


@pytest.fixture
def full(disk):
    """A full disk, a room on it with two members, and what was said before."""
    room = disk.room("Before it was full")
    ann, bob = disk.joined(room, "Ann", direct=True), disk.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    for n in range(10):
        bob.echo(f"before {n}")
    fill_to_the_brim(disk, ann)
    return disk, room, ann, bob


def test_reads_go_on(full):
    site, room, ann, _ = full
    for _ in range(10):
        answer = site.http("GET", f"/chats/{room}", headers=JSON)
        assert answer.status == 200 and len(answer.json()["users"]) == 2
    assert site.http("GET", "/chats/Before%20it%20was%20full", headers=JSON).json()["id"] == room
    assert room in [one["id"] for one in site.http("GET", "/chats", headers=JSON).json()["rooms"]]
    assert room in [one["id"] for one in site.http("GET", "/chats/all").json()["data"]]
    assert len(site.events(room)) >= 10
    assert site.http("GET", "/healthz").status == 200


def test_people_come_and_go(full):
    site, room, ann, bob = full
    for direct in (True, False):
        with site.ws(room, direct=direct) as eve:
            eve.join("Eve")
            for ws in (ann, bob):
                assert ws.recv_until("join", name="Eve")["msg"] == "Eve entered the room."
        for ws in (ann, bob):
            assert ws.recv_until("leave", name="Eve")["msg"] == "Eve has left the room."


def test_sends_are_refused_with_503_and_the_socket_lives(full):
    site, room, ann, bob = full
    for n in range(20):
        for ws in (ann, bob):
            assert send(ws, f"in vain {n} {LONG}") == -503
    pid = site.pid("globes-relay")
    rows = site.log_rows(room)
    assert not [msg for _, _, msg in rows if msg.startswith("in vain")]
    assert [seq for _, seq, _ in rows] == list(range(1, len(rows) + 1))
    assert site.pid("globes-relay") == pid


def test_no_one_else_hears_what_was_refused(full):
    site, room, ann, bob = full
    bob.events.clear()
    assert send(ann, "in vain " + LONG) == -503
    site.empty()
    wait(lambda: send(ann, "in time") > 0, what="space")
    heard = []
    while not heard or heard[-1] != "in time":
        heard.append(bob.recv_until("send")["msg"])
    assert not [msg for msg in heard if msg.startswith("in vain")]


def test_rooms_are_refused_with_503_and_leave_nothing_behind(full):
    site, room, *_ = full
    for n in range(10):
        for visibility in ("public", "private", "hidden"):
            body = {"title": f"{visibility} {n}", "visibility": visibility, "description": "d" * 70}
            if visibility != "public":
                body["password"] = "correct horse"
            unavailable(site.http("POST", "/chats", body))
            assert site.http("GET", f"/chats/{visibility}%20{n}", headers=JSON).error() == (404, 101)
    site.empty()
    titles = [one["title"] for one in site.http("GET", "/chats/all").json()["data"]]
    assert sorted(titles) == ["Before it was full", "Lobby"]
    assert site.room("public 1") > room


def test_changes_are_refused_with_503_and_change_nothing(full):
    site, room, *_ = full
    before = site.http("GET", f"/chats/{room}", headers=JSON).json()
    for _ in range(5):
        unavailable(site.http("PUT", f"/chats/{room}", {"title": "Another title", "description": "d" * 70}))
        unavailable(site.http("DELETE", f"/chats/{room}"))
    after = site.http("GET", f"/chats/{room}", headers=JSON).json()
    assert {**after, "users": []} == {**before, "users": []}


def test_tokens_are_still_given_and_renewed(disk):
    room = disk.room(visibility="private")
    ann = disk.joined(room, "Ann", disk.token(room, "Ann"))
    fill_to_the_brim(disk, ann)
    token = disk.token(room, "Bob")
    assert disk.http("GET", f"/chats/{room}/token/renew", token=token).status == 201
    bob = disk.joined(room, "Bob", token)
    assert send(bob, LONG) == -503


def test_all_is_well_after_space_returns_without_a_restart(full):
    site, room, ann, bob = full
    pids = [site.pid(name) for name in PROGRAMS]
    assert send(ann, LONG) == -503
    site.empty()
    last = wait(lambda: max(send(ann, "there is space"), 0), what="space")
    for n in range(1, 50):
        assert send(ann, f"{n} {LONG[:1000]}") == last + n
    assert bob.recv_until("send", msg="there is space")["seq"] == last
    rows = site.log_rows(room)
    assert [seq for _, seq, _ in rows] == list(range(1, last + 50))
    assert [event["seq"] for event in site.events(room)] == list(range(last, last + 50))
    other = site.room("After it was full")
    site.joined(other, "Eve").echo("first")
    assert site.http("PUT", f"/chats/{other}", {"description": "changed"}).status == 200
    assert site.http("DELETE", f"/chats/{other}").status == 200
    assert [site.pid(name) for name in PROGRAMS] == pids


def test_a_log_on_the_full_disk_stops_nobody():
    with LogToo() as site:
        room = site.room()
        ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
        pids = [site.pid(name) for name in PROGRAMS]
        fill_to_the_brim(site, ann, bob)
        for n in range(20):
            assert send(bob, f"in vain {n} {LONG}") == -503
            unavailable(site.http("POST", "/chats", {"title": f"in vain {n}", "visibility": "public"}))
            assert site.http("GET", f"/chats/{room}", headers=JSON).status == 200
        site.empty()
        wait(lambda: send(ann, "there is space") > 0, what="space")
        assert [site.pid(name) for name in PROGRAMS] == pids


def test_what_was_echoed_is_there_whatever_the_moment_at_which_it_fills(disk):
    """Several rooms and writers at once run against the wall, again and again."""
    rooms = [disk.room() for _ in range(4)]
    writers = [(room, disk.joined(room, f"W{n}")) for room in rooms for n in range(2)]
    echoed = {}

    def write(room, ws, turn):
        """Until one is refused; then that one is not there."""
        for n in range(2000):
            text = f"{ws.name} {turn} {n} {LONG[:700 * (n % 5)]}"
            seq = send(ws, text)
            if seq < 0:
                assert seq == -503
                return
            echoed[room, seq] = text
        raise AssertionError("a full disk takes messages without end")

    with ThreadPoolExecutor(len(writers)) as pool:
        for turn, leave in enumerate((0, 64 << 10, 1 << 20, 10 << 20, 3 << 20)):
            disk.fill(leave)
            for done in [pool.submit(write, room, ws, turn) for room, ws in writers]:
                done.result()
            disk.empty()
            for _, ws in writers:
                wait(lambda ws=ws: send(ws, f"space {turn}") > 0, what="space")
    assert len(echoed) > 500
    for room in rooms:
        rows = disk.log_rows(room)
        assert [seq for _, seq, _ in rows] == list(range(1, len(rows) + 1))
        stored = {seq: msg for _, seq, msg in rows}
        for (where, seq), text in echoed.items():
            assert where != room or stored[seq] == text
        known = {text for (where, _), text in echoed.items() if where == room}
        assert all(msg in known or msg.startswith("space") for msg in stored.values())


def test_programs_that_crash_on_a_full_disk_are_back_once_there_is_space(full):
    site, room, ann, _ = full
    rows = site.log_rows(room)
    site.kill("globes-relay")
    site.kill("globes.fcgi")
    ann.wait_closed()
    wait(lambda: site.http("GET", "/chats/all").status in (200, 503), timeout=20, what="globes.fcgi")
    site.empty()
    wait(lambda: comes_in(site, room), timeout=30, what="the relay's return")
    assert site.log_rows(room) == rows
    eve = site.joined(room, "Eve")
    assert send(eve, "after it") == len(rows) + 1
    assert site.room("After it")
    for name in ("globes-relay", "globes.fcgi"):  # those that could not open a full disk ended by themselves
        site._kills[name] += 100


def comes_in(site, room):
    try:
        with site.ws(room):
            return True
    except (Refused, Closed, OSError):
        return False


def in_a_namespace_of_its_own():
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-m", "pytest", "-q", "-p",
               "no:cacheprovider", "-p", "no:xdist", __file__]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


if os.geteuid():  # all of this file as root of a namespace, since only root may mount
    for test in [name for name in globals() if name.startswith("test_")]:
        del globals()[test]
    test_a_full_disk_in_a_namespace_of_its_own = in_a_namespace_of_its_own

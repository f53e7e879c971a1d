# SPDX-License-Identifier: MIT
"""A client that does not read costs the others nothing, loses nothing, and is closed when it never reads."""

import time

from lib.globes import wait
from lib.ws import Closed, hear_only, sends

BATCH = 25
SIZE = 4000
BUFFER = 4096


def talk(ann, bob, first, count):
    """Ann says messages number first to first + count - 1, hears them all, and so does Bob."""
    for start in range(first, first + count, BATCH):
        texts = [f"{n} " + "x" * SIZE for n in range(start, start + BATCH)]
        ann.send_raw(sends(texts))
        for ws in (ann, bob):
            assert [ws.recv_until("send")["msg"] for _ in texts] == texts


def number(event):
    return int(event["msg"].split()[0])


def three(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    slow = site.joined(room, "Slow", receive_buffer=BUFFER)
    return room, ann, bob, slow


def test_who_reads_late_gets_every_send_in_order(make_site):
    """Far more than all buffers and the room's window hold: the rest comes from the store."""
    site = make_site(window_size="64k")
    room, ann, bob, slow = three(site)
    talk(ann, bob, 0, 3000)
    assert [number(slow.recv_until("send")) for _ in range(3000)] == list(range(3000))
    hear_only(slow, ann, bob)


def test_who_reads_late_catches_up_while_others_go_on(make_site):
    site = make_site(window_size="64k")
    room, ann, bob, slow = three(site)
    talk(ann, bob, 0, 2500)
    heard = []
    for start in range(2500, 3500, BATCH):
        talk(ann, bob, start, BATCH)
        heard += [number(slow.recv_until("send")) for _ in range(BATCH)]
    heard += [number(slow.recv_until("send")) for _ in range(3500 - len(heard))]
    assert heard == list(range(3500))


def test_many_who_read_late_each_get_everything(make_site):
    site = make_site(window_size="64k")
    room, ann, bob, slow = three(site)
    others = [site.joined(room, f"Slow {n}", receive_buffer=BUFFER) for n in range(10)]
    talk(ann, bob, 0, 1500)
    for ws in [slow, *others]:
        assert [number(ws.recv_until("send")) for _ in range(1500)] == list(range(1500))


def test_who_reads_late_can_speak_meanwhile(make_site):
    site = make_site(window_size="64k")
    room, ann, bob, slow = three(site)
    talk(ann, bob, 0, 2000)
    slow.say("I am slow")
    assert bob.recv()["msg"] == "I am slow"
    assert [number(slow.recv_until("send")) for _ in range(2000)] == list(range(2000))
    assert slow.recv()["msg"] == "I am slow"


def test_a_slow_reader_who_goes_away_does_no_harm(make_site):
    site = make_site(window_size="64k")
    room, ann, bob, slow = three(site)
    talk(ann, bob, 0, 2000)
    slow.reset()
    assert bob.recv_until("leave")["name"] == "Slow"
    ann.recv_until("leave", name="Slow")
    hear_only(ann, bob)


def test_who_never_reads_is_closed_with_1013_and_leaves_once(make_site):
    site = make_site(window_size="64k", stall_max="2s")
    room, ann, bob, slow = three(site)
    bob.recv_until("join", name="Slow")
    talk(ann, bob, 0, 2500)
    left = wait_stalled(bob, 2.5)
    heard = []
    try:
        while True:
            heard.append(number(slow.recv_until("send", timeout=20)))
    except Closed as closed:
        assert closed.code == 1013
    assert heard == list(range(len(heard)))
    assert left or bob.recv_until("leave")["name"] == "Slow"
    site.joined(room, "Carla")
    assert bob.recv()["msg"] == "Carla entered the room."
    ann.recv_until("join", name="Carla")
    hear_only(ann, bob)


def wait_stalled(bob, seconds):
    """Until the leave is told, or so long that the slow one has been without progress for stall_max."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            return bob.recv(timeout=0.2)["event_type"] == "leave"
        except TimeoutError:
            pass
    return False


def test_who_never_reads_at_all_is_cut_off(make_site):
    site = make_site(window_size="64k", stall_max="1s")
    room, ann, bob, slow = three(site)
    bob.recv_until("join", name="Slow")
    talk(ann, bob, 0, 2500)
    assert bob.recv_until("leave", timeout=30)["name"] == "Slow"
    wait(lambda: len(site.http("GET", f"/chats/{room}").json()["users"]) == 2, what="its end")


def test_a_quiet_room_is_no_stall(make_site):
    site = make_site(stall_max="1s")
    room, ann, bob, slow = three(site)
    bob.recv_until("join", name="Slow")
    time.sleep(2.5)  # nothing can be waited for: what is tested is that nothing happens
    bob.expect_nothing()
    slow.echo("here I am")

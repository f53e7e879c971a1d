# SPDX-License-Identifier: MIT
"""File descriptors at their limit: who is in stays in and is served, who comes waits or is told 503, no program
turns its loop or fills its log for that, and all is well by itself once there are descriptors again.
"""
import os
import resource
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest

from lib.globes import BUILD, wait
from lib.ws import Closed, Refused, Stream, Ws, connect, handshake_head

THREADS = 8
SETTINGS = {"fcgi_threads": THREADS}
TICKS = os.sysconf("SC_CLK_TCK")
SLOW_BUILD = "address" in BUILD or "thread" in BUILD
IDLE_S = 0.5 if SLOW_BUILD else 0.25  # of processor time in two seconds in which nothing is asked
BOTH = pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])


def open_files(pid):
    return [int(name) for name in os.listdir(f"/proc/{pid}/fd")]


@contextmanager
def only_so_many_files(pid, count):
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@contextmanager
def no_more_files(*pids):
    """These processes cannot open another descriptor: every number below their limit is taken."""
    with ExitStack() as stack:
        for pid in pids:
            stack.enter_context(only_so_many_files(pid, lowest_free(pid)))
        yield


def lowest_free(pid):
    taken = set(open_files(pid))
    return next(n for n in range(len(taken) + 1) if n not in taken)


def processor_s(pid):
    """Processor time that a process has used, with all its threads."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
        user, system = file.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / TICKS


def used_in_two_seconds(pid):
    """What is measured is a span of time: nothing else can be waited for."""
    begun, used = time.monotonic(), processor_s(pid)
    threading.Event().wait(2)
    return (processor_s(pid) - used) * 2 / (time.monotonic() - begun)


def knock(site, room, direct=True):
    """A handshake that is sent, whatever comes of it."""
    stream = Stream(connect(site.address(direct)))
    stream.send(handshake_head(f"/chats/{room}/ws", host=f"127.0.0.1:{site.port}"))
    return stream


def answer_of(stream, timeout):
    """Its status; 0 when it was hung up on, None while there is no answer."""
    try:
        return stream.answer(timeout).status
    except TimeoutError:
        return None
    except Closed:
        return 0


@pytest.fixture
def talk(site):
    """Two members of a room, one at the relay's door and one through lighttpd, and their room."""
    room = site.room()
    ann, bob = site.joined(room, "Ann", direct=True), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    return room, ann, bob


def talks(ann, bob):
    for n in range(20):
        ann.say(f"from ann {n}")
        assert bob.recv_until("send", name=ann.name)["msg"] == f"from ann {n}"
        bob.say(f"from bob {n}")
        assert ann.recv_until("send", name=bob.name)["msg"] == f"from bob {n}"


# ---- the relay ----

def test_existing_sockets_live_while_the_relay_has_no_descriptors(site, talk):
    room, ann, bob = talk
    with no_more_files(site.pid("globes-relay")):
        waiting = knock(site, room)
        talks(ann, bob)
        assert answer_of(waiting, 0.5) in (None, 0, 503)
        talks(ann, bob)
    assert [event["msg"] for event in site.events(room)][-1] == "from bob 19"


@BOTH
def test_new_sockets_wait_or_are_refused_and_come_in_once_there_are_descriptors(site, talk, direct):
    room, _, _ = talk
    with no_more_files(site.pid("globes-relay")):
        waiting = [knock(site, room, direct) for _ in range(20)]
        early = [answer_of(stream, 0.1) for stream in waiting]
        assert set(early) <= {None, 0, 503}
    late = [answer_of(stream, 10) for stream, was in zip(waiting, early) if was is None]
    assert set(late) <= {101, 503}
    with site.ws(room, direct=direct) as ws:
        assert ws.join("Late")["name"] == "Late"
    for stream in waiting:
        stream.sock.close()


def test_the_relay_does_not_spin_nor_fill_its_log_meanwhile(site, talk):
    room, ann, bob = talk
    pid = site.pid("globes-relay")
    with no_more_files(pid):
        waiting = [knock(site, room) for _ in range(20)]
        talks(ann, bob)
        lines = site.log().count("\n")
        assert used_in_two_seconds(pid) <= IDLE_S
        assert site.log().count("\n") - lines <= 4, "said once"
    for stream in waiting:
        stream.sock.close()


def fill(site, room, most=200):
    """Handshakes until one is not answered: those that came in, and that one."""
    inside = []
    for _ in range(most):
        stream = knock(site, room)
        if answer_of(stream, 0.5) != 101:
            return inside, stream
        inside.append(stream)
    raise AssertionError(f"{most} sockets came in, and there are still descriptors")


def test_a_socket_that_ends_makes_room_for_one_that_waits(site, talk):
    room, ann, bob = talk
    pid = site.pid("globes-relay")
    with only_so_many_files(pid, max(open_files(pid)) + 10):
        inside, waiting = fill(site, room)
        ann.close()
        assert answer_of(waiting, 10) == 101
        bob.recv_until("leave", name="Ann")
        bob.echo("still here")
    for stream in (*inside, waiting):
        stream.sock.close()


def test_rest_calls_go_on_without_the_relays_people(site, talk):
    """Its ears for globes.fcgi are descriptors too; rooms are shown, made and changed all the same."""
    room, _, bob = talk
    closed = site.room(visibility="private")
    with no_more_files(site.pid("globes-relay")):
        for _ in range(10):
            assert site.http("GET", f"/chats/{room}").status == 200
        assert site.http("PUT", f"/chats/{room}", {"description": "full"}).status == 200
        assert site.token(closed, "Ann")
        assert site.room()
        bob.echo("still here")
    names = wait(lambda: [user["username"] for user in site.http("GET", f"/chats/{room}").json()["users"]])
    assert sorted(names) == ["Ann", "Bob"]


@pytest.mark.parametrize("limit", ["reached", "lowered"])
def test_who_asks_a_full_relay_over_its_control_socket_does_not_make_it_spin(make_site, limit):
    own = make_site()
    room, pid = own.room(), own.pid("globes-relay")
    ann = own.joined(room, "Ann")
    streams = []
    if limit == "lowered":
        few = no_more_files(pid)
    else:
        few = only_so_many_files(pid, max(open_files(pid)) + 10)
    with few:
        if limit == "reached":
            inside, waiting = fill(own, room)
            streams += [*inside, waiting]
        streams += [Stream(connect(os.path.join(own.data, "run", "control.sock"))) for _ in range(10)]
        ann.echo("still here")
        assert used_in_two_seconds(pid) <= IDLE_S
    for stream in streams:
        stream.sock.close()
    names = wait(lambda: own.http("GET", f"/chats/{room}").json()["users"], what="the relay's answer")
    assert [user["username"] for user in names] == ["Ann"]


def test_a_relay_filled_by_sockets_lives_and_is_free_again_when_they_go(make_site):
    own = make_site()
    room = own.room()
    pid = own.pid("globes-relay")
    ann = own.joined(room, "Ann", direct=True)
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(open_files(pid)) + 60, hard))
    inside, waiting = [], []
    for _ in range(100):
        stream = knock(own, room)
        (inside if not waiting and answer_of(stream, 1) == 101 else waiting).append(stream)
    assert 30 <= len(inside) <= 70 and len(waiting) >= 30
    assert {answer_of(stream, 0.01) for stream in waiting} <= {None, 0, 503}
    ann.echo("among all these")
    for stream in inside:
        stream.sock.close()
    assert {answer_of(stream, 15) for stream in waiting} <= {101, 0, 503}
    ann.echo("and after them")
    for stream in waiting:
        stream.sock.close()
    wait(lambda: len(open_files(pid)) < 60, what="descriptors given back")
    with own.ws(room) as bob:
        bob.join("Bob")


# ---- globes.fcgi ----

def ask(site, path, answers):
    """One request in a thread of its own; what comes of it is added to answers."""
    def run():
        try:
            answers.append(site.http("GET", path, headers={"Accept": "application/json"}).status)
        except OSError:
            answers.append(0)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_requests_wait_for_descriptors_of_fcgi_and_are_then_answered(site, talk):
    room, ann, bob = talk
    pid, answers = site.pid("globes.fcgi"), []
    with no_more_files(pid):
        threads = [ask(site, f"/chats/{room}", answers) for _ in range(20)]
        talks(ann, bob)
        lines = site.log().count("\n")
        used = used_in_two_seconds(pid)
        lines = site.log().count("\n") - lines
        # Each of its threads has taken a number beforehand for the request that it waits for.
        assert len(answers) <= THREADS and set(answers) <= {200, 503}
    for thread in threads:
        thread.join(20)
    assert len(answers) == 20 and set(answers) <= {200, 503}
    assert used <= IDLE_S
    assert site.http("GET", f"/chats/{room}").status == 200
    assert lines <= 4, "said once, not by each thread and try"


def a_room(site):
    return site.http("POST", "/chats", {"title": site.title(), "visibility": "public"}).status


def test_with_one_descriptor_left_calls_are_answered_or_refused_and_nothing_is_half_done(site):
    """One is enough to take a request, not always to carry it out: SQLite needs another for its journal."""
    pid, made = site.pid("globes.fcgi"), {}
    with only_so_many_files(pid, lowest_free(pid) + 1):
        for _ in range(20):
            title = site.title()
            made[title] = site.http("POST", "/chats", {"title": title, "visibility": "public"}).status
    assert set(made.values()) <= {201, 503}, made
    listed = wait(lambda: site.http("GET", "/chats/all").json().get("data"), what="the store's return")
    titles = {room["title"] for room in listed}
    for title, status in made.items():
        assert (title in titles) == (status == 201), (title, status)
    wait(lambda: {a_room(site) for _ in range(4 * THREADS)} == {201}, timeout=20, what="all threads' return")


# ---- both of them ----

def test_both_programs_at_their_limit_at_once_come_back_by_themselves(site, talk):
    room, ann, bob = talk
    pids = [site.pid(name) for name in ("globes-relay", "globes.fcgi")]
    answers = []
    with no_more_files(*pids):
        talks(ann, bob)
        thread = ask(site, f"/chats/{room}", answers)
        waiting = knock(site, room)
        for pid in pids:
            assert used_in_two_seconds(pid) <= IDLE_S
        talks(ann, bob)
    thread.join(20)
    assert set(answers) <= {0, 200, 503} and answers
    waiting.sock.close()
    wait(lambda: site.http("GET", f"/chats/{room}").status == 200, what="the site's return")
    assert [site.pid(name) for name in ("globes-relay", "globes.fcgi")] == pids
    try:
        with Ws(site.address(), f"/chats/{room}/ws") as ws:
            ws.join("Late")
    except Refused as refusal:
        raise AssertionError("nobody comes in any more") from refusal
    ann.recv_until("leave", name="Late")
    ann.echo("all well")

# SPDX-License-Identifier: MIT
"""Many at once: one title is given once, no acknowledged change is lost, and a stop of globes.fcgi fails nobody."""
import itertools
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from expect import (JSON_ONLY, PASSWORD, created, done, enter, fresh, is_gone, make, private, refused,
                    rooms, show, shown)
from lib.globes import is_running, wait


def together(*calls):
    """Runs these at the same moment and returns what each returned."""
    start = threading.Barrier(len(calls))

    def run(call):
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def put(site, room, token=None, **members):
    return site.http("PUT", f"/chats/{room}", members, token=token)


@pytest.mark.parametrize("spellings", [
    ["{}"], ["{}", "{}".upper()], ["stra\u00dfe {}", "STRASSE {}"],
    ["caf\u00e9 {}", "cafe\u0301 {}", "CAF\u00c9 {}"]], ids=ascii)
def test_a_title_asked_for_by_many_at_once_is_given_once(site, spellings):
    mark = fresh("wanted")
    titles = [spelling.format(mark) for spelling in spellings]
    titles[-1] = titles[-1].upper() if len(titles) == 2 else titles[-1]
    answers = together(*[lambda t=t: make(site, t) for t, _ in zip(itertools.cycle(titles), range(16))])
    assert sorted(answer.status for answer in answers) == [201] + [400] * 15
    for answer in answers:
        if answer.status == 400:
            refused(answer, 102, field="title")
    winner = created(next(answer for answer in answers if answer.status == 201))
    shown(show(site, winner["id"]), title=winner["title"])


def test_a_title_renamed_to_by_many_at_once_is_given_once(site):
    made = [site.room() for _ in range(8)]
    title = fresh("wanted")
    answers = together(*[lambda room=room: put(site, room, title=title) for room in made])
    assert sorted(answer.status for answer in answers) == [200] + [400] * 7
    assert [shown(show(site, room))["title"] for room in made].count(title) == 1


def test_ids_of_rooms_made_at_once_are_all_different(site):
    answers = together(*[lambda: make(site) for _ in range(20)])
    assert len({created(answer)["id"] for answer in answers}) == 20


def test_changes_of_two_members_at_once_both_hold(site):
    room = site.room()
    for i in range(15):
        title, description = fresh(f"title {i}"), f"description {i}"
        one, two = together(lambda: put(site, room, title=title), lambda: put(site, room, description=description))
        shown(one, title=title)
        shown(two, description=description)
        shown(show(site, room), title=title, description=description)


def test_of_changes_of_one_member_at_once_one_holds_whole(site):
    room = site.room()
    pairs = [{"title": fresh(f"t{i}"), "description": f"d{i}"} for i in range(10)]
    for answer, pair in zip(together(*[lambda p=p: put(site, room, **p) for p in pairs]), pairs):
        shown(answer, **pair)
    last = shown(show(site, room))
    assert {"title": last["title"], "description": last["description"]} in pairs


def test_a_room_is_deleted_by_one_of_many(site):
    room = site.room()
    answers = together(*[lambda: site.http("DELETE", f"/chats/{room}") for _ in range(8)])
    assert sorted(answer.status for answer in answers) == [200] + [404] * 7
    is_gone(site, room)


def test_a_room_deleted_while_it_is_changed_stays_deleted(site):
    for _ in range(10):
        room = site.room()
        change, end = together(lambda: put(site, room, description="late"),
                               lambda: site.http("DELETE", f"/chats/{room}"))
        done(end)
        assert change.status in (200, 404), change
        is_gone(site, room)


def test_a_password_changed_by_two_at_once_is_one_of_theirs(site):
    room = private(site)
    token = enter(site, room)
    words = ["first new password", "second new password"]
    answers = together(*[lambda w=w: put(site, room, token, password=w) for w in words])
    statuses = [answer.status for answer in answers]
    assert set(statuses) <= {200, 403} and 200 in statuses
    logins = [site.http("POST", f"/chats/{room}/token", {"secret": word, "name": "ann"}).status
              for word in words + [PASSWORD]]
    assert sorted(logins) == [201, 401, 401] and logins[2] == 401
    if 403 in statuses:
        assert logins[statuses.index(200)] == 201


class Load:
    """Clients that read and write without a pause until they are told to stop; every answer is checked."""

    def __init__(self, site, count=6):
        self.site, self.answers, self.failures = site, 0, []
        self.over = threading.Event()
        self.titles = []
        self.threads = [threading.Thread(target=self.run) for _ in range(count)]

    def run(self):
        room = self.site.room()
        while not self.over.is_set():
            try:
                self.turn(room)
            except Exception as failure:  # noqa: BLE001 (whatever it is, it is what the test is about)
                self.failures.append(repr(failure)[:500])
                return

    def turn(self, room):
        title = fresh("under load")
        created(make(self.site, title))
        self.titles.append(title)
        shown(put(self.site, room, description=title), description=title)
        shown(show(self.site, room), description=title)
        self.answers += 3

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_a_stop_of_the_program_fails_no_request(make_site):
    own = make_site()
    with Load(own) as load:
        for _ in range(4):
            enough = load.answers + 60
            wait(lambda: load.answers >= enough or load.failures, what="load")
            old = own.pid("globes.fcgi")
            own.kill_and_wait("globes.fcgi", signal.SIGTERM)
            wait(lambda: not is_running(old), what="the end of the old program")
    assert not load.failures
    assert load.answers > 200
    assert all(show(own, title.replace(" ", "%20")).status == 200 for title in load.titles)


def test_what_was_acknowledged_before_a_kill_is_there_after_it(make_site):
    own = make_site()
    made = []
    for i in range(4):
        for _ in range(5):
            title = fresh(f"kill {i}")
            made.append((created(make(own, title))["id"], title))
        own.kill_and_wait("globes.fcgi", signal.SIGKILL)
        wait(lambda: own.http("GET", "/healthz").status == 200, what="an answer")
    for room, title in made:
        shown(show(own, room), title=title)


def test_many_logins_at_once_keep_nobody_from_an_answer(site):
    """Passwords are slow to hash on purpose, and few are at a time."""
    room = private(site)
    over = threading.Event()

    def login():
        while not over.is_set():
            assert site.http("POST", f"/chats/{room}/token", {"secret": "wrong password", "name": "a"}).status in (401, 429)

    with ThreadPoolExecutor(16) as pool:
        logins = [pool.submit(login) for _ in range(16)]
        for _ in range(20):
            assert site.http("GET", "/chats", headers=JSON_ONLY).status == 200
        over.set()
        for one in logins:
            one.result()
    assert rooms(site)["rooms"]

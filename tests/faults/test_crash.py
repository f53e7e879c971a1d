# SPDX-License-Identifier: MIT
"""Programs are killed at random moments under load: whatever was echoed is in the history, once and in order.

GLOBES_CRASH_ROUNDS says how often (20), GLOBES_CRASH_SEED repeats a run's choices.
"""

import collections
import os
import random
import threading
import time

from lib.globes import wait
from lib.ws import Closed, Refused

ROUNDS = int(os.environ.get("GLOBES_CRASH_ROUNDS", "20"))
SEED = int(os.environ.get("GLOBES_CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
WRITERS = 8
IN_FLIGHT = 4


class Writer(threading.Thread):
    """A member who says numbered messages, a few at a time, and comes back whenever the connection is lost.

    A message without an echo is not said again: it may have been stored."""

    def __init__(self, site, room, number):
        super().__init__(daemon=True)
        self.site = site
        self.room = room
        self.label = f"writer {number}"
        self.said = 0
        self.echoed = []
        self.failure = None
        self.stopping = threading.Event()

    def run(self):
        try:
            while not self.stopping.is_set():
                self.connection()
        except BaseException as failure:
            self.failure = failure

    def connection(self):
        try:
            with self.site.ws(self.room) as ws:
                if self.enter(ws):
                    self.talk(ws)
        except (Closed, Refused, OSError):
            time.sleep(0.02)

    def enter(self, ws):
        """False while the name is still that of the lost connection."""
        ws.send({"event_type": "join", "name": self.label})
        while True:
            event = ws.recv()
            if event["event_type"] == "error":
                assert event["code"] in (202, 503), event
                time.sleep(0.02)
                return False
            if event["event_type"] == "join" and event["name"] == self.label:
                return True

    def talk(self, ws):
        waiting = 0
        while waiting or not self.stopping.is_set():
            while waiting < IN_FLIGHT and not self.stopping.is_set():
                ws.say(f"{self.label}: {self.said}")
                self.said += 1
                waiting += 1
            waiting -= self.hear(ws.recv())

    def hear(self, event):
        """1 when the event settles a message of ours."""
        if event["event_type"] == "error":
            assert event["code"] == 503, event
            return 1
        if event["event_type"] == "send" and event["name"] == self.label:
            self.echoed.append((event["msg"], event["epoch"], event["seq"]))
            return 1
        return 0


def all_go_on(writers):
    """Each writer has an echo that it had not when this was called."""
    before = [len(writer.echoed) for writer in writers]

    def more():
        assert not any(writer.failure for writer in writers), [writer.failure for writer in writers]
        return all(len(writer.echoed) > n for writer, n in zip(writers, before))
    wait(more, timeout=30, what="an echo for each writer")


def check_history(rows, writers):
    """rows: (epoch, seq, msg) of the whole log, by seq."""
    assert [seq for _, seq, _ in rows] == list(range(1, len(rows) + 1)), "a hole or a repeat in seq"
    assert len({epoch for epoch, _, _ in rows}) == 1
    times = collections.Counter(msg for _, _, msg in rows)
    assert max(times.values()) == 1, f"stored twice: {times.most_common(3)}"
    places = {msg: (epoch, seq) for epoch, seq, msg in rows}
    for writer in writers:
        for msg, epoch, seq in writer.echoed:
            assert places.get(msg) == (epoch, seq), f"{msg}: echoed at {epoch}.{seq}, stored at {places.get(msg)}"
        numbers = [int(msg.rsplit(" ", 1)[1]) for _, _, msg in rows if msg.startswith(writer.label + ":")]
        assert numbers == sorted(numbers), f"{writer.label} is out of order"


def test_what_was_echoed_survives_any_crash(site):
    print(f"GLOBES_CRASH_SEED={SEED}")
    choice = random.Random(SEED)
    room = site.room()
    writers = [Writer(site, room, n) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for n in range(ROUNDS):
        all_go_on(writers)
        time.sleep(choice.uniform(0, 0.5))
        site.kill_and_wait("globes-relay" if n % 3 != 2 else "globes.fcgi")
    all_go_on(writers)
    for writer in writers:
        writer.stopping.set()
    for writer in writers:
        writer.join(20)
        assert not writer.is_alive() and not writer.failure, writer.failure
    assert sum(len(writer.echoed) for writer in writers) > ROUNDS * WRITERS
    check_history(site.log_rows(room), writers)
    newest = [event["msg"] for event in site.events(room)]
    assert newest == [msg for _, _, msg in site.log_rows(room)][-50:]

# SPDX-License-Identifier: MIT
"""The bench's rows about HTTP, through lighttpd with the recipe that is handed out: rows 5 to 8 (README.md)."""

import json
import os
import posixpath
import re
import sqlite3
import statistics
import subprocess
import time

from guessing import EVERY_S, GUESSERS, PASSWORD, Honest, guesses, percentile
from servers import Failed, Wrong, busy_seconds, cpu_seconds, memory_kib
from sites import Site
from words import disturbed_text, goal_text, line

ROWS = {
    "5": "GET of a room, 16 connections",
    "6": "list of 10,000 rooms",
    "7": f"honest logins, {GUESSERS} addresses guess",
    "8": "first load of the page",
}
IN_FLIGHT = 16
REQUESTS = 100000  # after which memory is looked at
ROOMS, HIDDEN, FEW = 10000, 100, 10
PAGE_MS, LIST_PAGES = 20, 200
LOGIN_MS = 500
GUESSED_ROOMS, GUESS_CONNECTIONS = (1, 50), 64
LOAD_KB = 60
VIEWS = {"rooms": "rooms.js", "room": "room.js"}
# Lets one row of rooms stand for many: by POST each would be a commit to disk.
COPY_ROOMS = """
WITH RECURSIVE count(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM count WHERE i < ?1)
INSERT INTO rooms (id, version, title, title_key, description, visibility, password, key, owner, epoch, created, updated)
SELECT 1000000 + i, 1, title || ' ' || i || CASE WHEN i % (?1 / ?2) = 0 THEN ' rare' ELSE '' END,
       title_key || ' ' || i || CASE WHEN i % (?1 / ?2) = 0 THEN ' rare' ELSE '' END,
       description, ?3, password, key, owner, epoch, created, updated FROM rooms, count WHERE n = ?4
"""


class HttpRows:
    """Of the bench, which has options, children, results, load_cpu, program() and add()."""

    def http_load(self, site, requests, *arguments):
        """httpload, started. requests: whole ones."""
        path = os.path.join(site.folder, "requests")
        with open(path, "wb") as file:
            file.write(b"".join(request + b"\0" for request in requests))
        command = [self.program("httpload"), "--port", site.port, "--requests", path, *arguments]
        if self.load_cpu is not None:
            command += ["--cpu", self.load_cpu]
        return self.children.start([*map(str, command)], stdout=subprocess.PIPE)

    def http_finish(self, load):
        out = load.communicate()[0]
        self.children.stop(load)
        figures = json.loads(out.splitlines()[-1]) if out else {}
        if load.returncode != 0:
            raise Wrong(f"httpload: {figures.get('wrong') or 'failed'}")
        return figures

    # ---- 5: one room ----

    def get_load(self, site, path, answer, bare):
        """Both programs' answers must be the same bytes."""
        others = Others(lambda: site.cpu() + cpu_seconds(bare.pid))
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n".encode()
        figures = self.http_finish(self.http_load(
            site, [request], "--answer", answer, "--connections", IN_FLIGHT, "--seconds", self.options.seconds,
            "--warm", self.options.warm))
        figures["others_cpu"] = others.share()
        return figures

    def row_5(self):
        with Site(self.children, self.options.build, bare=True) as site:
            path = f"/chats/{site.room('Hall', description='Say hello')}"
            answer = os.path.join(site.folder, "answer")
            with open(answer, "wb") as file:
                file.write(site.raw(path, "application/json"))
            bare = site.start_bare(path)
            fcgi = site.pid("globes.fcgi")
            at_start, asked, pairs = memory_kib(fcgi, "Rss"), 0, []
            for _ in range(self.options.pairs):
                pairs.append(tuple(self.get_load(site, where, answer, bare)
                                   for where in (path, path.replace("/chats/", "/bares/"))))
                asked += pairs[-1][0]["statuses"]["200"]
            self.add("5", None, "answers/s", pairs, lambda run: run["answers_per_s"], 0.5, "barefcgi")
            while asked < REQUESTS and not self.options.short:
                asked += self.get_load(site, path, answer, bare)["statuses"]["200"]
            at_end = memory_kib(fcgi, "Rss")
            self.children.stop(bare)
        self.results.append({"row": "5", "what": "memory of globes.fcgi", "start_rss_kib": at_start,
                             "rss_kib": at_end, "requests": asked})
        line("5", "memory of globes.fcgi", None, f"{at_start / 1024:.1f} MiB RSS at start, {at_end / 1024:.1f} MiB "
             f"after {asked} requests")

    # ---- 6: the list ----

    def fill(self, site):
        """The ids that a list must show, newest first."""
        first = site.room("A room of many, number", description="Some words on what it is about")
        database = sqlite3.connect(os.path.join(site.data, "rooms.db"), timeout=10)
        try:
            with database:
                seen = ROOMS - database.execute("SELECT count(*) FROM rooms").fetchone()[0]
                database.execute(COPY_ROOMS, (seen, FEW, 0, first))
                database.execute(COPY_ROOMS.replace("1000000", "5000000").replace("|| i ", "|| 'h' || i "), (HIDDEN, FEW, 2, first))
            query = "SELECT id, title FROM rooms WHERE visibility < 2 ORDER BY n DESC"
            rows = database.execute(query).fetchall()
        finally:
            database.close()
        if len(rows) != ROOMS:
            raise Failed(f"there are {len(rows)} rooms in the list, not {ROOMS}")
        return rows

    def row_6(self):
        words = {"": "no q", "number": "many", "rare": "few", "nowhere": "none"}
        with Site(self.children, self.options.build) as site:
            rows = self.fill(site)
            for page in (JsonPage, HtmlPage):
                for limit in (50, 200):
                    times = {}
                    for word, name in words.items():
                        wanted = [room for room, title in rows if word in title.lower()]
                        times[name] = self.walk_list(site, page, limit, word, wanted)
                    what = f"{ROWS['6']}, {page.name} by {limit}"
                    self.results.append({"row": "6", "what": what, "ms": times, "goal_p99_ms": PAGE_MS})
                    each = ", ".join(f"{name} {t['p50']:.1f} {t['p99']:.1f} {t['cpu']:.1f}" for name, t in times.items())
                    line("6", what, None, f"ms of a page (p50, p99, CPU of the servers): {each}",
                         goal_text(max(t["p99"] for t in times.values()) <= PAGE_MS, f"p99 at most {PAGE_MS} ms")
                         + disturbed_text(times.values()))

    def walk_list(self, site, page, limit, word, wanted):
        """The medians of some walks' percentiles, in ms. All rooms must come, each once and in order."""
        found = []
        pages = max(1, -(-len(wanted) // limit))
        for _ in range(self.options.pairs):
            times, before, others = [], site.cpu(), Others(site.cpu)
            for _ in range(max(1, LIST_PAGES // pages)):
                times += walk_once(site, page, limit, word, wanted)
            found.append({"p50": percentile(times, 0.5), "p99": percentile(times, 0.99),
                          "cpu": (site.cpu() - before) / len(times), "others_cpu": others.share() / 1000})
        return {part: statistics.median(walk[part] for walk in found) * 1000 for part in found[0]}

    # ---- 7: logins ----

    def row_7(self):
        count = int((5 if self.options.short else 20) / EVERY_S)
        for rooms in GUESSED_ROOMS:
            runs = [self.guessed_run(rooms, count) for _ in range(self.options.pairs)]
            p99 = statistics.median(run["p99_ms"] for run in runs)
            refused = sum(run["refused_new"] for run in runs)
            what = f"{ROWS['7']} at {rooms} room{'s' if rooms > 1 else ''}"
            self.results.append({"row": "7", "what": what, "p99_ms": p99, "goal_ms": LOGIN_MS, "runs": runs})
            each = " ".join(f"{run['p99_ms']:.0f}" for run in runs)
            line("7", what, None, f"p50 {statistics.median(run['p50_ms'] for run in runs):.0f} ms, p99 {p99:.0f} ms ({each}), "
                 f"alone {statistics.median(run['alone_p99_ms'] for run in runs):.0f} ms; "
                 f"{statistics.median(run['guesses_per_s'] for run in runs):.0f} guesses/s; new addresses refused: "
                 f"{refused} of {self.options.pairs * count // 2}",
                 goal_text(p99 <= LOGIN_MS, f"at most {LOGIN_MS} ms") + disturbed_text(runs))

    def guessed_run(self, rooms, count):
        settings = {"login_rate": "10/min", "login_rate_room": "100/min"}
        with Site(self.children, self.options.build, **settings) as site:
            ids = [site.room(f"Behind a door {i}", "private", password=PASSWORD) for i in range(rooms)]
            honest = Honest(site.port, ids, 20 if rooms == 1 else 4)
            others = Others(site.cpu)
            alone = honest.run(count // 4)
            load = self.http_load(site, guesses(ids), "--statuses", "401,429", "--connections", GUESS_CONNECTIONS,
                                  "--seconds", count * EVERY_S, "--warm", 0)
            logins = honest.run(count)
            figures = self.http_finish(load)
            share = others.share()
        refused = [login for login in logins + alone if login.status != 201]
        for login in refused:
            if login.known or login.status != 429 or login.field not in ("login_rate_room", "hash_jobs"):
                raise Wrong(f"an honest login was refused: {login}")
        times = [login.seconds * 1000 for login in logins if login.status == 201]
        return {
            "rooms": rooms, "p50_ms": percentile(times, 0.5), "p99_ms": percentile(times, 0.99), "max_ms": max(times),
            "alone_p99_ms": percentile([login.seconds * 1000 for login in alone], 0.99), "refused_new": len(refused),
            "guesses_per_s": figures["answers_per_s"], "guesses": figures["statuses"], "others_cpu": share,
        }

    # ---- 8: the page ----

    def row_8(self):
        with Site(self.children, self.options.build) as site:
            pages = {"rooms": "/chats", "room": f"/chats/{site.room('Hall', description='Say hello')}"}
            for view, path in pages.items():
                sizes = load_page(site, path, VIEWS[view])
                kilobytes = sum(sizes.values()) / 1000
                what = f"{ROWS['8']}, view {view}"
                self.results.append({"row": "8", "what": what, "kb": kilobytes, "goal_kb": LOAD_KB, "bytes": sizes})
                line("8", what, None, f"{kilobytes:.1f} KB in {len(sizes)} answers, heads included",
                     goal_text(kilobytes <= LOAD_KB, f"at most {LOAD_KB} KB"))


class Others:
    """What programs that are not ours use of the CPUs, from now on. ours: says what ours have used, besides the bench
    itself and what it has waited for."""

    def __init__(self, ours):
        self.ours = ours
        self.begun = self._now()

    def _now(self):
        return busy_seconds(), self.ours() + sum(os.times()[:4]), time.monotonic()

    def share(self):
        busy, own, seconds = (now - begun for now, begun in zip(self._now(), self.begun))
        return round((busy - own) / seconds, 3)


class JsonPage:
    name = "JSON"
    accept = "application/json"

    @staticmethod
    def read(text):
        """The ids, and where the next page is."""
        page = json.loads(text)
        return [room["id"] for room in page["rooms"]], page["next"] and f"after={page['next']}"


class HtmlPage:
    name = "HTML"
    accept = "text/html"

    @staticmethod
    def read(text):
        after = re.search(r'<a rel="next" href="[^"]*[?;](after=\d+)', text)
        return [int(room) for room in re.findall(r'<li><a href="/chats/(\d+)">', text)], after and after[1]


def walk_once(site, page, limit, word, wanted):
    """How long each page took. They go by the page's own word for what comes next."""
    connection = site.connect()
    seen, times, after = [], [], ""
    while after is not None:
        path = "&".join(part for part in (f"/chats?limit={limit}", word and f"q={word}", after) if part)
        begun = time.monotonic()
        connection.request("GET", path, headers={"Accept": page.accept})
        answer = connection.getresponse()
        text = answer.read().decode()
        times.append(time.monotonic() - begun)
        if answer.status != 200:
            raise Wrong(f"GET {path} was answered {answer.status}")
        rooms, after = page.read(text)
        seen += rooms
    connection.close()
    if seen != wanted:
        raise Wrong(f"the list by {limit} with q={word!r} had {len(seen)} rooms, not {len(wanted)}, or another order")
    return times


def load_page(site, path, view):
    """{path: bytes} of all that a browser asks for before anybody does something: the page, what it names, and the
    modules that page.js and its view need."""
    text = site.raw(path, "text/html")
    sizes = {path: len(text)}
    names = re.findall(r'(?:src|href)="(/globes/[^"]+)"', text.decode())
    todo = [*names, "/globes/" + view]
    while todo:
        name = todo.pop()
        if name in sizes:
            continue
        body = site.raw(name, "*/*")
        sizes[name] = len(body)
        if name.endswith(".js"):
            needed = re.findall(r'^(?:import|export)\b[^;]*?\bfrom\s*"(\./[^"]+)"', body.decode(), re.M)
            todo += [posixpath.normpath(posixpath.join(posixpath.dirname(name), other)) for other in needed]
    return sizes

# SPDX-License-Identifier: MIT
"""A whole site for tests: lighttpd, globes.fcgi and globes-relay under `globesctl run`, on a free port and in a
folder of its own, so that any number of them run side by side.

Knows how to start, ask, kill and stop it, and how rooms and members come about. stop() is a test of its own:
exit status 0, nothing left running, no crash or sanitizer report, no secret in the log.
"""

import collections
import http.client
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse

from lib import openapi
from lib.answer import Answer, Headers
from lib.ws import Refused, Ws

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("GLOBES_BUILD", "build"))
HTTPD_CONF = os.path.join(ROOT, "httpd-conf", "lighttpd", "globes.conf")
START_TIMEOUT = 20
STOP_TIMEOUT = 20
HTTP_TIMEOUT = 15
PASSWORD = "correct horse"

# Tests are in a hurry, and all come from one address: only those about a limit set it.
GENEROUS = {
    "send_rate": "none",
    "connect_rate": "none",
    "join_rate": "none",
    "create_rate": "none",
    "post_rate": "none",
    "login_rate": "none",
    "login_rate_room": "none",
    "sockets_per_address": "none",
}
STARTED = re.compile(r"started (\S+) pid=(\d+)")
SANITIZER = re.compile(r"(Address|Leak|Thread|Memory)Sanitizer|runtime error:")


def wait(predicate, timeout=10, what="what was waited for"):
    """The first true value of predicate()."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not happen in {timeout} s"
        time.sleep(0.01)


def free_port():
    """A port that nobody listens on, outside the range from which the kernel takes clients' ports."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def quote(title):
    return urllib.parse.quote(title, safe="")


class Site:
    running = []

    def __init__(self, **settings):
        self.settings = {**GENEROUS, **settings}
        self.data = tempfile.mkdtemp(prefix="gl-", dir="/tmp")
        self.port = free_port()
        self.process = None
        self.passwords = {}
        self.secrets = set()
        self.titles = 0
        self.sockets = []
        self._log_start = 0
        self._kills = collections.Counter()

    # ---- its life ----

    def start(self):
        for _ in range(3):
            self._spawn()
            if self._ready():
                Site.running.append(self)
                return self
            text = self.log()[self._log_start:]
            self._end_group()
            if "port" not in text.lower() or self.passwords:
                break
            self.port = free_port()
        raise AssertionError(f"the site does not start:\n{text[-4000:]}")

    def _spawn(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GLOBES_")}
        environment.update({f"GLOBES_{name.upper()}": str(value) for name, value in self.settings.items()})
        command = [os.path.join(BUILD, "globesctl"), "run", "--port", str(self.port), "--bind", "127.0.0.1",
                   "--data", self.data, "--programs", BUILD, "--httpd-conf", HTTPD_CONF]
        self._log_start = len(self.log())
        self._kills.clear()
        with open(self._log_path(), "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=ROOT,
                start_new_session=True)

    def _ready(self):
        out = self.process.stdout
        if not select.select([out], [], [], START_TIMEOUT)[0]:
            return False
        return out.readline().decode() == f"ready: http://127.0.0.1:{self.port}/\n"

    def terminate(self, how=signal.SIGTERM):
        """Asks it to end; stop() then waits for that."""
        self.process.send_signal(how)

    def stop(self, how=signal.SIGTERM):
        """Ends it, and checks that it ends well."""
        Site.running.remove(self)
        if self.process.poll() is None:
            self.terminate(how)
        try:
            status = self.process.wait(STOP_TIMEOUT)
            alive = [(name, pid) for name, pid in self._started() if is_running(pid)]
            said = self.process.stdout.read()
        except subprocess.TimeoutExpired:
            status, alive, said = "none: it does not end", [], b""
        finally:
            self._end_group()
        assert status == 0, f"exit status {status}\n{self.log()[-4000:]}"
        assert not alive, f"left running: {alive}"
        assert not said, f"more on stdout than the ready line: {said}"
        self._check_log()

    def _check_log(self):
        text = self.log()
        report = SANITIZER.search(text)
        assert not report, text[report.start():report.start() + 4000]
        starts = collections.Counter(name for name, _ in self._started())
        died = {name: n for name, n in starts.items() if n > 1 + self._kills[name]}
        assert not died, f"died by themselves: {died}\n{text[-4000:]}"
        leaked = [secret for secret in self.secrets if secret in text]
        assert not leaked, f"in the log: {leaked}"

    def _end_group(self):
        """Nothing of it outlives a test, however that went."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdout.close()

    def drop_sockets(self):
        """Ends a test's WebSockets; until then they stay, though the test may keep no name for them."""
        for ws in self.sockets:
            ws.drop()
        self.sockets.clear()

    def close(self):
        self.drop_sockets()
        try:
            if self in Site.running:
                self.stop()
        finally:
            if not os.environ.get("KEEP_SITES"):
                shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    # ---- its processes and its log ----

    def _log_path(self):
        return os.path.join(self.data, "log")

    def log(self):
        try:
            with open(self._log_path(), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def _started(self):
        """(name, pid) of all that this run has started."""
        return [(name, int(pid)) for name, pid in STARTED.findall(self.log()[self._log_start:])]

    def pid(self, name):
        """The process that is now globes-relay, globes.fcgi or lighttpd."""
        pids = [pid for started, pid in self._started() if started == name]
        assert pids, f"no {name} was started\n{self.log()[-4000:]}"
        return pids[-1]

    def kill(self, name, how=signal.SIGKILL):
        pid = self.pid(name)
        self._kills[name] += 1
        os.kill(pid, how)
        return pid

    def kill_and_wait(self, name, how=signal.SIGKILL):
        """Kills it and waits until the supervisor has started it again."""
        old = self.kill(name, how)
        wait(lambda: self.pid(name) != old, what=f"a new {name}")

    # ---- HTTP ----

    def http(self, method, path, body=None, token=None, headers=None):
        """One request. body: a dict goes as JSON, text and bytes as they are; headers: a dict, or pairs."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
        if token is not None:
            pairs.append(("Authorization", "Bearer " + token))
        if data is not None or method in ("POST", "PUT"):
            pairs.append(("Content-Length", str(len(data or b""))))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HTTP_TIMEOUT)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in pairs:
                connection.putheader(name, value)
            connection.endheaders(data)
            answer = connection.getresponse()
            made = Answer(answer.status, Headers(answer.getheaders()), answer.read())
        finally:
            connection.close()
        self.judge(method, path, made)
        return made

    def judge(self, method, path, answer):
        """Nothing is answered that docs/openapi.yaml does not have."""
        openapi.check(method, path, answer, self.settings.get("base_path", "/"))

    def raw_http(self, data):
        """Sends bytes and returns all that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=HTTP_TIMEOUT) as sock:
            sock.sendall(data)
            answer = b""
            while True:
                piece = sock.recv(65536)
                if not piece:
                    return answer
                answer += piece

    # ---- rooms and members ----

    def title(self):
        self.titles += 1
        return f"Room number {self.titles} of {self.port}"

    def room(self, title=None, visibility="public", password=None, description=""):
        """A new room's id. Private and hidden ones get a password where none is given."""
        body = {"title": title or self.title(), "visibility": visibility, "description": description}
        if visibility != "public":
            body["password"] = password or PASSWORD
        answer = self.http("POST", "/chats", body)
        assert answer.status == 201, answer
        room = answer.json()["data"]["id"]
        self.remember(room, body.get("password"))
        return room

    def remember(self, room, password):
        self.passwords[room] = password
        self.secrets |= {password} if password else set()

    def token(self, room, name, secret=None):
        body = {"secret": secret or self.passwords.get(room), "name": name}
        answer = self.http("POST", f"/chats/{room}/token", body)
        assert answer.status == 201, answer
        token = answer.json()["token"]
        self.secrets.add(token)
        return token

    def events(self, room, token=None):
        """GET /chats/events/{room}: the newest 50, oldest first."""
        answer = self.http("GET", f"/chats/events/{room}", token=token)
        assert answer.status == 200, answer
        assert answer.json()["status"] is True, answer
        return answer.json()["data"]

    def address(self, direct=False):
        """Where WebSockets go: lighttpd, or the relay itself."""
        return os.path.join(self.data, "run", "relay.sock") if direct else ("127.0.0.1", self.port)

    def ws(self, room, token=None, direct=False, **more):
        path = f"/chats/{room}/ws"
        try:
            made = Ws(self.address(direct), path, token=token, **more)
        except Refused as refusal:
            self.judge("GET", path, refusal.answer)
            raise
        self.sockets.append(made)
        self.judge("GET", path, made.answer)
        return made

    def joined(self, room, name, token=None, color=None, **more):
        """A member whose own join event has come."""
        ws = self.ws(room, token, **more)
        ws.join(name, **({} if color is None else {"color": color}))
        return ws

    def log_rows(self, room):
        """[(epoch, seq, msg)] of a room as the store has them, by seq. The relay must be running."""
        database = sqlite3.connect(f"file:{self.data}/log.db?mode=ro", uri=True, timeout=10)
        try:
            query = "SELECT epoch, seq, msg FROM log WHERE room = ? ORDER BY seq"
            rows = database.execute(query, (room,)).fetchall()
        finally:
            database.close()
        return [(hex_epoch(epoch), seq, as_text(msg)) for epoch, seq, msg in rows]


def hex_epoch(value):
    """An epoch as events have it, from whatever the store keeps (a signed integer, bytes or text)."""
    if isinstance(value, int):
        return f"{value & (1 << 64) - 1:016x}"
    return value.hex() if isinstance(value, bytes) else value


def as_text(value):
    return value.decode() if isinstance(value, bytes) else value


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False

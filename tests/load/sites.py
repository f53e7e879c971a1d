# SPDX-License-Identifier: MIT
"""A whole site for the bench: lighttpd, globes.fcgi and globes-relay under `globesctl run`, and, where it is asked for,
the trivial FastCGI program behind the same lighttpd, at /bares. And plain requests to it."""

import http.client
import json
import os
import re
import select
import socket

from servers import START_TIMEOUT, Address, Failed, Wrong, cpu_seconds, fastcgi, tail

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECIPE = os.path.join(ROOT, "httpd-conf", "lighttpd", "globes.conf")
BACKLOG = 4096  # as globesctl run has it
THREADS = 8  # fcgi_threads
# The bench makes its rooms from one address. What a row is about, it sets.
SETTINGS = {"create_rate": "none", "login_rate": "none", "login_rate_room": "none", "log_level": "warn",
            "fcgi_threads": str(THREADS)}
BARE_CONF = """include "{recipe}"
$HTTP["url"] =~ "^/bares(/|$)" {{
    fastcgi.server = ( "/" => (( "socket" => "{socket}", "check-local" => "disable", "disable-time" => 0 )) )
    server.max-request-size = 64
}}
"""


class Site:
    """Use with `with`: it must end well."""

    def __init__(self, children, programs, bare=False, **settings):
        self.children = children
        self.programs = programs
        self.settings = {**SETTINGS, **settings}
        self.folder = children.new_folder()
        self.data = os.path.join(self.folder, "data")
        self.log = os.path.join(self.folder, "log")
        self.bare = os.path.join(self.folder, "bare.sock") if bare else None
        self.port = Address(self.folder, False).port

    def __enter__(self):
        command = [os.path.join(self.programs, "globesctl"), "run", "--port", str(self.port), "--bind", "127.0.0.1",
                   "--data", self.data, "--programs", self.programs, "--httpd-conf", self._conf()]
        environment = {"PATH": os.environ["PATH"], **{f"GLOBES_{k.upper()}": v for k, v in self.settings.items()}}
        with open(self.log, "ab") as log:
            self.process = self.children.start(command, env=environment, stdout=-1, stderr=log)
        out = self.process.stdout
        if not select.select([out], [], [], START_TIMEOUT)[0] or not out.readline().startswith(b"ready"):
            raise Failed(f"the site does not start:\n{tail(self.log)}")
        return self

    def __exit__(self, kind, *_):
        status = self.children.stop(self.process)
        if kind is None and status != 0:
            raise Wrong(f"the site ended with {status}, not 0:\n{tail(self.log)}")

    def _conf(self):
        if not self.bare:
            return RECIPE
        path = os.path.join(self.folder, "bare.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(BARE_CONF.format(recipe=RECIPE, socket=self.bare))
        return path

    def start_bare(self, path):
        """The trivial program, which answers everything with what Globes answers to a GET of this path."""
        answer = os.path.join(self.folder, "bare.answer")
        with open(answer, "wb") as file:
            file.write(fastcgi(os.path.join(self.data, "run", "fcgi.sock"), "GET", path, b""))
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(self.bare)
            sock.listen(BACKLOG)
            command = [os.path.join(self.programs, "load", "barefcgi"), answer, str(THREADS)]
            return self.children.start(command, stdin=sock)

    def pid(self, name):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return int(re.findall(rf"started {re.escape(name)} pid=(\d+)", file.read())[-1])

    def pids(self):
        return [self.pid(name) for name in ("lighttpd", "globes.fcgi", "globes-relay")]

    def cpu(self):
        """Seconds that the three programs have used."""
        return sum(map(cpu_seconds, self.pids()))

    # ---- HTTP ----

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_TIMEOUT)

    def room(self, title, visibility="public", **more):
        """A new room's id."""
        connection = self.connect()
        body = json.dumps({"title": title, "visibility": visibility, **more})
        try:
            connection.request("POST", "/chats", body)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 201:
            raise Failed(f"a room was answered {answer.status} {text!r}")
        return json.loads(text)["data"]["id"]

    def raw(self, path, accept):
        """All bytes that come for a GET, head and body."""
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=START_TIMEOUT) as sock:
            sock.sendall(head.encode())
            while True:
                piece = sock.recv(65536)
                if not piece:
                    break
                answer += piece
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise Wrong(f"GET {path} was answered {answer[:300]!r}")
        return answer

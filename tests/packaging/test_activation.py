# SPDX-License-Identifier: MIT
"""The installed programs behind lighttpd with the installed recipe, started by their first client with the sockets that
systemd would give them: LISTEN_FDS for the relay, descriptor 0 for globes.fcgi."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from installed import Installed, call, clean_environment, files_below
from lib.globes import free_port, wait
from lib.ws import Ws

END_SECONDS = 20


class Services:
    """Two activated programs and a lighttpd."""

    def __init__(self, installed):
        self.installed = installed
        self.folder = tempfile.mkdtemp(prefix="gp-", dir="/tmp")
        self.port = free_port()
        self.processes = {}

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def settings(self):
        """The installed file, then what differs here."""
        own = self.write("own.conf", f"store = sqlite:{self.path('store')}\nsecret_file = {self.path('secret')}\n"
                                     f"control_socket = unix:{self.path('control.sock')}\n")
        return ["-f", self.installed.path("/etc/globes/globes.conf"), "-f", own]

    def spawn(self, name, *command):
        with open(self.path(name + ".log"), "wb") as log:
            self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                    env=clean_environment(), start_new_session=True)

    def activate(self, name, program, *options):
        self.spawn(name, "systemd-socket-activate", *options, "-l", self.path(name + ".sock"), self.installed.program(program),
                   *self.settings())
        wait(lambda: os.path.exists(self.path(name + ".sock")), what=f"the socket of {name}")

    def start(self):
        secret = call(self.installed.program("globesctl"), "secret", *self.settings())
        assert secret.returncode == 0, secret.stderr
        self.activate("relay", "globes-relay")
        self.activate("fcgi", "globes.fcgi", "--inetd")
        recipe = self.installed.below("share/globes/httpd-conf/lighttpd/globes.conf")
        self.write("globes-local.conf", f'var.globes_fcgi := "{self.path("fcgi.sock")}"\n'
                                        f'var.globes_relay := "{self.path("relay.sock")}"\n'
                                        f'var.globes_web := "{self.installed.below("share/globes/web")}"\n')
        main = self.write("lighttpd.conf", f'server.port = {self.port}\nserver.bind = "127.0.0.1"\n'
                                           f'server.document-root = "{self.folder}"\ninclude "{recipe}"\n')
        self.spawn("lighttpd", shutil.which("lighttpd", path=os.environ["PATH"] + ":/usr/sbin"), "-D", "-f", main)
        wait(self.listens, what="lighttpd")

    def listens(self):
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=END_SECONDS)
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    def ws(self, room, **more):
        return Ws(("127.0.0.1", self.port), f"/chats/{room}/ws", **more)

    def wake_relay(self):
        """The relay makes the rooms of the settings at its start, which a first client brings about."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.path("relay.sock"))
            wait(lambda: self.get("/chats/Lobby")[0] == 200, what="the Lobby")

    def log(self):
        texts = []
        for name in self.processes:
            with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as file:
                texts.append(f"--- {name}\n{file.read()}")
        return "\n".join(texts)

    def stop(self):
        """Exit statuses, by name."""
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        try:
            return {name: process.wait(END_SECONDS) for name, process in self.processes.items()}
        finally:
            for process in self.processes.values():
                process.kill()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("activation"))


@pytest.fixture
def services(installed):
    made = Services(installed)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        made.remove()


def test_two_people_talk_in_the_lobby_of_the_installed_settings(services):
    services.wake_relay()
    ann, bob = services.ws("Lobby"), services.ws("Lobby")
    ann.join("ann")
    bob.join("bob")
    ann.recv_until("join", name="bob")
    said = ann.echo("hello")
    assert (said["seq"], bob.recv_until("send")["msg"]) == (1, "hello"), services.log()
    status, text = services.get(f"/chats/events/{said['room_id']}")
    assert (status, [event["msg"] for event in json.loads(text)["data"]]) == (200, ["hello"])
    for ws in (ann, bob):
        ws.drop()


def test_the_files_of_the_installed_page_are_served(services):
    web = services.installed.below("share/globes/web")
    files = files_below(web)
    assert {"page.js", "page.css"} <= files
    for name in files:
        with open(os.path.join(web, name), "rb") as file:
            assert services.get("/globes/" + name) == (200, file.read()), name


def test_both_end_well_when_they_are_told_to(services):
    services.wake_relay()
    log = services.log()
    statuses = services.stop()
    assert (statuses["relay"], statuses["fcgi"]) == (0, 0), log + services.log()


def test_a_socket_that_was_given_outlives_its_program(services):
    services.wake_relay()
    services.stop()
    for name in ("relay", "fcgi"):
        assert os.path.exists(services.path(name + ".sock"))

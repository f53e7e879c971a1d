# SPDX-License-Identifier: MIT
"""More than 64 secrets are given to a site, in every place where one belongs and in many where none does
(lib/planted.py): then none of them is in a log, an error's body, a file that should not have it, or a core.
"""
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from lib import fastcgi
from lib.globes import BUILD, ROOT, Site, wait
from lib.planted import Planted
from lib.ws import Ws, text_frame

CRASHES = (signal.SIGABRT, signal.SIGQUIT)  # sanitizers leave them alone and report no fault


@pytest.fixture(scope="module", params=["text", "json"])
def planted(request):
    with Site(log_level="debug", log_format=request.param) as site:
        yield Planted(site).everywhere()


def test_there_are_more_than_64(planted):
    assert len(planted.secrets) >= 64
    kinds = " ".join(planted.secrets.values())
    for kind in ("password", "token", "owner token", "master secret", "message", "Authorization", "Cookie", "query"):
        assert kind in kinds, kind


def test_no_error_body_has_one(planted):
    assert len(planted.said) > 100
    found = {(where, secret) for where, text in planted.said for secret in planted.found_in(text)}
    assert not found


def test_no_log_has_one(planted):
    log = planted.site.log()
    assert log.count("\n") > 5
    assert not planted.found_in(log)


def test_no_log_has_one_when_the_store_is_broken(planted):
    site = planted.site
    file = os.path.join(site.data, "rooms.db")
    before = len(site.log())
    os.rename(file, file + ".away")
    os.mkdir(file)
    try:
        site.kill_and_wait("globes.fcgi")
        wait(lambda: site.http("GET", "/chats/all").status == 503, what="a broken store")
        for n in range(8):
            answer = planted.http("store away", "POST", "/chats", {"title": f"no room {n}", "visibility": "private",
                                                                  "password": planted.new("password while the store is away")})
            assert answer.status == 503
            planted.http("store away", "DELETE", "/chats/1", token=planted.tokens[n % len(planted.tokens)])
            planted.http("store away", "GET", f"/chats/{planted.new('room')}/entrance?token={planted.new('query')}")
            planted.http("store away", "POST", "/chats/1/token", {"secret": planted.new("secret"), "name": "ann"},
                         headers={"Cookie": planted.new("cookie")})
            planted.knock("store away", f"/chats/1/ws?token={planted.new('its query')}", token=planted.new("its token"))
    finally:
        os.rmdir(file)
        os.rename(file + ".away", file)
    wait(lambda: site.http("GET", "/chats/all").status == 200, timeout=20, what="the store's return")
    assert len(site.log()) > before
    assert not planted.found_in(site.log())
    assert not {where for _, text in planted.said for where in planted.found_in(text)}


def test_no_log_has_one_when_programs_crash(planted):
    site = planted.site
    for how in CRASHES:
        for name in ("globes-relay", "globes.fcgi"):
            _, hard = resource.prlimit(site.pid(name), resource.RLIMIT_CORE)
            resource.prlimit(site.pid(name), resource.RLIMIT_CORE, (0, hard))  # it would lie in the tree
            site.kill_and_wait(name, how)
            wait(lambda: site.http("GET", "/chats/all").status == 200, timeout=20, what="its return")
    assert not planted.found_in(site.log())


def test_no_file_of_the_site_has_one_but_for_the_messages_and_the_master_secret(planted):
    site = planted.site
    seen = 0
    for folder, _, names in os.walk(site.data):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue  # a socket
            with open(path, "rb") as file:
                found = planted.found_in(file.read(), planted.stored)
            assert found <= ({"master secret"} if name == "secret" else set()), (path, found)
            seen += 1
    assert seen >= 5


def test_no_process_shows_one_to_whoever_lists_processes(planted):
    for name in ("globes-relay", "globes.fcgi", "lighttpd"):
        pid = planted.site.pid(name)
        for what in ("cmdline", "environ", "comm"):
            with open(f"/proc/{pid}/{what}", "rb") as file:
                assert not planted.found_in(file.read()), (name, what)


# ---- what is wrong at the start ----

@pytest.mark.parametrize("given", ["", "short {}", "{}\n\n{}\n", "{}\0{}\n"])
def test_a_secret_file_that_is_no_good_is_not_quoted(planted, given):
    secret = planted.new("in a bad secret file")
    with tempfile.TemporaryDirectory() as data:
        with open(os.path.join(data, "secret"), "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(given.replace("{}", secret[:20]))
        for command in (["check", "--data", data], ["run", "--port", "1", "--data", data, "--programs", BUILD]):
            said = subprocess.run([os.path.join(BUILD, "globesctl"), *command], capture_output=True, text=True, cwd=ROOT,
                                  stdin=subprocess.DEVNULL, timeout=20, check=False)
            assert secret[:20] not in said.stdout + said.stderr


# ---- cores ----

class Lone:
    """One program of a site, started by the test itself, which therefore sees how it ends; where it may leave a core.

    Limits are set before it starts, so that what it does about cores itself counts."""

    def __init__(self, name, data, stdin=subprocess.DEVNULL):
        self.folder = tempfile.mkdtemp(prefix="gl-core-", dir="/tmp")
        settings = {"store": f"sqlite:{data}", "secret_file": f"{data}/secret", "relay_listen": f"unix:{data}/run/relay.sock",
                    "control_socket": f"unix:{data}/run/control.sock"}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GLOBES_")}
        environment.update({f"GLOBES_{name.upper()}": value for name, value in settings.items()})
        self.process = subprocess.Popen([os.path.join(BUILD, name), "-f", "/dev/null"], env=environment, cwd=self.folder,
                                        stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=allow_cores)

    def crash(self, how):
        """(whether a core was written, the cores that are found)"""
        os.kill(self.process.pid, how)
        _, status = os.waitpid(self.process.pid, 0)
        self.process.returncode = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        cores = []
        for name in os.listdir(self.folder):
            with open(os.path.join(self.folder, name), "rb") as file:
                cores.append(file.read())
        return os.WIFSIGNALED(status) and os.WCOREDUMP(status), cores

    def close(self):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)


def allow_cores():
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@pytest.fixture
def data(make_site):
    """The folder of a site that has ended, a private room in it, its password, and a token: all of them planted."""
    site = make_site()
    secrets = Planted(site)
    room, password = secrets.private()
    token = secrets.token(room, password)
    message = secrets.new("message")
    secrets.stored.add(message)
    site.joined(room, "ann", token).echo(message)
    secrets.new("master secret", site_secret(site))
    site.drop_sockets()
    site.stop()
    return secrets, room, password, token


def site_secret(site):
    with open(os.path.join(site.data, "secret"), encoding="ascii") as file:
        return file.readline().strip()


def no_core_has_one(secrets, dumped, cores):
    found = [where for core in cores for where in secrets.found_in(core)]
    assert not found, f"in a core: {found}"
    assert not dumped or cores, "a core was written, and to where nobody can look whether it has secrets"


@pytest.mark.parametrize("how", CRASHES, ids=lambda how: how.name)
def test_no_core_of_the_relay_has_one(data, how):
    secrets, room, _, token = data
    folder = secrets.site.data
    path = os.path.join(folder, "run", "relay.sock")
    if os.path.exists(path):
        os.unlink(path)
    lone = Lone("globes-relay", folder)
    try:
        wait(lambda: os.path.exists(path), what="the relay")
        with Ws(path, f"/chats/{room}/ws", token=token) as ann:
            ann.join()
            ann.echo(secrets.new("message that it has in memory"))
            ann.send_raw(text_frame({"event_type": "send", "msg": "x", "secret": secrets.new("secret of an event")}))
            ann.recv_until("send", msg="x")
            dumped, cores = lone.crash(how)
    finally:
        lone.close()
    no_core_has_one(secrets, dumped, cores)


@pytest.mark.parametrize("how", CRASHES, ids=lambda how: how.name)
def test_no_core_of_globes_fcgi_has_one(data, how):
    secrets, room, password, token = data
    path = os.path.join(secrets.site.data, "run", "lone.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(16)
        lone = Lone("globes.fcgi", secrets.site.data, listening)
    try:
        for _ in range(8):
            said = fastcgi.ask(path, b'{"secret":"%s","name":"ann"}' % password.encode(), REQUEST_METHOD="POST",
                               REQUEST_URI=f"/chats/{room}/token")
            assert b"Status: 201" in said, said
            fastcgi.ask(path, REQUEST_URI=f"/chats/events/{room}", HTTP_AUTHORIZATION=f"Bearer {token}",
                        HTTP_COOKIE=secrets.new("cookie"))
        dumped, cores = lone.crash(how)
    finally:
        lone.close()
    no_core_has_one(secrets, dumped, cores)

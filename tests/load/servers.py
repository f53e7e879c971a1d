# SPDX-License-Identifier: MIT
"""The servers that the bench measures, each in a folder and on an address of its own: Globes (relay and fcgi, without a
web server in front, so that the relay itself is measured) and rawfan, the limit. And what /proc says of a process.

Everything started here is on one list and ends with it, whatever happens."""

import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

START_TIMEOUT = 10
STOP_TIMEOUT = 15
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failed(Exception):
    """The bench cannot go on."""


class Wrong(Exception):
    """A server gave a wrong answer: its figures are worth nothing."""


class Children:
    """Processes and the folder they work in. Use with `with`."""

    def __init__(self, below):
        self.below = below
        self.running = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="gb-", dir=self.below)
        self.folders = 0
        return self

    def __exit__(self, *_):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave anything behind
        for process in list(reversed(self.running)):
            self.stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_folder(self):
        self.folders += 1
        path = os.path.join(self.folder, str(self.folders))
        os.mkdir(path, 0o700)
        return path

    def start(self, command, cpu=None, **more):
        """cpu: the one it may run on. A session of its own: Ctrl-C is ours to hand on."""
        def prepare():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if cpu is not None:
                os.sched_setaffinity(0, {cpu})
        try:
            process = subprocess.Popen(command, preexec_fn=prepare, start_new_session=True, **more)
        except OSError as error:
            raise Failed(f"{command[0]} does not start: {error}") from error
        self.running.append(process)
        return process

    def stop(self, process):
        """Returns its exit status; None when it had to be killed."""
        status = None
        process.terminate()
        try:
            status = process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
        self.running.remove(process)
        return status


class Address:
    """Where a server listens: a port of 127.0.0.1, or a unix socket. Nothing else is ever loaded."""

    def __init__(self, folder, unix):
        self.path = os.path.join(folder, "ws.sock") if unix else None
        if unix:
            return
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self.port = sock.getsockname()[1]

    def url(self):
        return f"ws+unix:{self.path}:" if self.path else f"ws://127.0.0.1:{self.port}"

    def setting(self):
        return f"unix:{self.path}" if self.path else f"127.0.0.1:{self.port}"

    def wait(self, process, log):
        """Until somebody listens there."""
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            with socket.socket(socket.AF_UNIX if self.path else socket.AF_INET) as sock:
                if not sock.connect_ex(self.path or ("127.0.0.1", self.port)):
                    return
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{process.args[0]} does not start:\n{tail(log)}")
            time.sleep(0.01)


def tail(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()[-2000:]


class Rawfan:
    name = "rawfan"

    def __init__(self, children, programs, _rooms, unix, cpu=None):
        self.children = children
        folder = children.new_folder()
        self.address = Address(folder, unix)
        self.log = os.path.join(folder, "log")
        where = ["-u", self.address.path] if unix else ["-p", str(self.address.port)]
        with open(self.log, "wb") as log:
            self.process = children.start([os.path.join(programs, "load", "rawfan"), *where], cpu, stderr=log)

    def __enter__(self):
        self.address.wait(self.process, self.log)
        return self

    def __exit__(self, *_):
        self.children.stop(self.process)

    def url(self):
        return self.address.url() + "/chats/load-{r}/ws"

    def check(self, figures):
        """It keeps nothing that could be looked at."""


class Globes:
    name = "globes"
    # The bench comes from one address and is in a hurry. Nothing else differs from the defaults.
    settings = {
        "send_rate": "none", "connect_rate": "none", "join_rate": "none", "create_rate": "none",
        "sockets_per_address": "none", "sockets_max": "20000", "members_max": "20000", "log_level": "warn",
    }

    def __init__(self, children, programs, rooms, unix, cpu=None):
        self.children = children
        self.folder = children.new_folder()
        self.address = Address(self.folder, unix)
        self.log = os.path.join(self.folder, "log")
        self.control = os.path.join(self.folder, "control.sock")
        self.rooms = []
        self._write_secret()
        self.fcgi = self._start_fcgi(programs)
        for i in range(rooms):
            made = self.request("POST", "/chats", {"title": f"load-{i}", "visibility": "public"})
            self.rooms.append(made["data"]["id"])
        self.process = self._start([os.path.join(programs, "globes-relay")], cpu)

    def __enter__(self):
        self.address.wait(self.process, self.log)
        return self

    def __exit__(self, kind, *_):
        statuses = [self.children.stop(process) for process in (self.process, self.fcgi)]
        if kind is None and statuses != [0, 0]:
            raise Wrong(f"the relay and globes.fcgi ended with {statuses}, not 0:\n{tail(self.log)}")
        shutil.rmtree(self.folder)

    def _write_secret(self):
        path = os.path.join(self.folder, "secret")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")

    def _start(self, command, cpu=None, **more):
        settings = {
            **self.settings, "store": f"sqlite:{self.folder}", "secret_file": os.path.join(self.folder, "secret"),
            "relay_listen": self.address.setting(), "control_socket": f"unix:{self.control}",
        }
        environment = {"PATH": os.environ["PATH"], **{f"GLOBES_{k.upper()}": v for k, v in settings.items()}}
        with open(self.log, "ab") as log:
            # The empty file stands for /etc/globes/globes.conf, which may be there.
            return self.children.start([*command, "-f", "/dev/null"], cpu, env=environment, stderr=log, **more)

    def _start_fcgi(self, programs):
        self.fcgi_path = os.path.join(self.folder, "fcgi.sock")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(self.fcgi_path)
            sock.listen(64)
            return self._start([os.path.join(programs, "globes.fcgi")], stdin=sock)

    def url(self):
        return self.address.url() + "/chats/load-{r}/ws"

    def request(self, method, path, body=None):
        """The JSON that globes.fcgi answers."""
        answer = fastcgi(self.fcgi_path, method, path, json.dumps(body).encode() if body is not None else b"")
        try:
            parsed = json.loads(answer.split(b"\r\n\r\n", 1)[1])
        except (IndexError, ValueError):
            parsed = {}
        if parsed.get("status") is not True:
            raise Failed(f"{method} {path} was answered: {answer[:500]!r}\n{tail(self.log)}")
        return parsed

    def check(self, figures):
        """What was echoed is stored: the history's last seq is the number of all messages sent."""
        if len(self.rooms) != 1:
            return
        events = self.request("GET", f"/chats/events/{self.rooms[0]}")["data"]
        last = events[-1]["seq"] if events else 0
        if last != figures["sent_in_all"]:
            raise Wrong(f"{figures['sent_in_all']} messages were echoed, but the history ends with {last}")


# ---- FastCGI, one request a connection ----

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
RESPONDER = 1


def fastcgi_record(kind, content=b""):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def fastcgi_param(name, value):
    def size(text):
        return bytes([len(text)]) if len(text) < 128 else struct.pack(">I", len(text) | 1 << 31)
    return size(name) + size(value) + name + value


def fastcgi(path, method, uri, body):
    """What the program writes: head and body. Short requests only: each stream goes in one record."""
    params = {
        "REQUEST_METHOD": method, "REQUEST_URI": uri, "SCRIPT_NAME": uri, "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1", "HTTP_ACCEPT": "application/json", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
    }
    content = b"".join(fastcgi_param(k.encode(), v.encode()) for k, v in params.items())
    answer = b""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(START_TIMEOUT)
        sock.connect(path)
        sock.sendall(fastcgi_record(BEGIN, struct.pack(">HB5x", RESPONDER, 0)) + fastcgi_record(PARAMS, content)
                     + fastcgi_record(PARAMS) + (fastcgi_record(STDIN, body) if body else b"") + fastcgi_record(STDIN))
        with sock.makefile("rb") as stream:
            while True:
                head = stream.read(8)
                if len(head) < 8:
                    raise Failed(f"globes.fcgi hung up on {method} {uri}")
                _, kind, _, length, padding, _ = struct.unpack(">BBHHBB", head)
                content = stream.read(length + padding)[:length]
                if kind == STDOUT:
                    answer += content
                elif kind == END:
                    return answer


# ---- what the kernel says ----

TICKS = os.sysconf("SC_CLK_TCK")


def memory_kib(pid, *names):
    """The sum of fields of /proc/PID/smaps_rollup."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        rows = dict(line.split(":", 1) for line in file.read().splitlines()[1:])
    return sum(int(rows[name].split()[0]) for name in names)


def private_kib(pid):
    return memory_kib(pid, "Private_Clean", "Private_Dirty")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def busy_seconds():
    """Of all CPUs and everybody: user, nice, system, irq, softirq."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(word) for word in file.readline().split()[1:]]
    return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / TICKS

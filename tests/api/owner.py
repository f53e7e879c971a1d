# SPDX-License-Identifier: MIT
"""globesctl as a site's owner calls it. For the tests of that program; all others get their sites from the fixtures."""
import os
import re
import socket
import subprocess
from contextlib import contextmanager

from lib.globes import BUILD, HTTPD_CONF, ROOT, free_port

CTL = os.path.join(BUILD, "globesctl")
PROGRAMS = ("globes.fcgi", "globes-relay", "lighttpd")
PARTS = ("--programs", BUILD, "--httpd-conf", HTTPD_CONF)


def environment(**settings):
    """Ours without any settings of Globes, but with these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GLOBES_")}
    return {**clean, **{f"GLOBES_{name.upper()}": str(value) for name, value in settings.items()}}


def ctl(*arguments, env=None, **settings):
    """Runs globesctl to its end."""
    return subprocess.run([CTL, *map(str, arguments)], env=env or environment(**settings), cwd=ROOT, timeout=20,
                          text=True, stdin=subprocess.DEVNULL, capture_output=True)


def run(data, *more, port=None, **settings):
    """A `globesctl run` that is expected to end by itself."""
    return ctl("run", "--port", port or free_port(), "--data", data, *PARTS, *more, **settings)


def check(site, **settings):
    return ctl("check", "--data", site.data, **{**site.settings, **settings})


@contextmanager
def running(*arguments, cwd=ROOT, **settings):
    """A `globesctl run`; it is ended, if it has not ended by then, and has to end well."""
    process = subprocess.Popen([CTL, "run", *map(str, arguments), *PARTS], env=environment(**settings), cwd=cwd,
                               text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        out, process.said = process.communicate(timeout=20)
    assert process.returncode == 0, process.said
    assert out == ""


def assert_sentence(ended, code, *words):
    """It ended with this code, one line on stderr that has these words, nothing on stdout, nothing started."""
    assert ended.returncode == code, ended
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1 and ended.stderr.endswith("\n"), ended.stderr
    for word in words:
        assert str(word) in ended.stderr, ended.stderr
    assert "started" not in ended.stderr


def pids_in(text):
    return [int(pid) for pid in re.findall(r"started \S+ pid=(\d+)", text)]


def answers(site):
    return site.http("GET", "/healthz").status == 200


def listening(site):
    try:
        socket.create_connection(("127.0.0.1", site.port), timeout=5).close()
    except OSError:
        return False
    return True

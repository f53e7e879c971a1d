# SPDX-License-Identifier: MIT
"""Asking the two programs themselves, where a web server would answer in their place: heads that are too large, bodies
that do not come whole, paths that it does not route.
"""
import os

from lib import fastcgi
from lib.answer import Answer, Headers
from lib.ws import Stream, connect


def fcgi(site, method, target, body=b"", headers=None, **params):
    """One request to globes.fcgi."""
    for name, value in (headers or {}).items():
        params["HTTP_" + name.upper().replace("-", "_")] = value
    path = os.path.join(site.data, "run", "fcgi.sock")
    return answer_of(fastcgi.ask(path, body, REQUEST_METHOD=method, REQUEST_URI=target, REMOTE_ADDR="127.0.0.1", **params))


def answer_of(output):
    head, _, body = output.partition(b"\r\n\r\n")
    pairs = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")]
    assert pairs[0][0] == "Status", head
    return Answer(int(pairs[0][1].split()[0]), Headers(pairs[1:]), body)


def relay(site, method, target, *lines):
    """One HTTP request to globes-relay."""
    head = [f"{method} {target} HTTP/1.1", "Host: localhost", *lines, "", ""]
    stream = Stream(connect(site.address(direct=True)))
    stream.send("\r\n".join(head).encode("latin-1"))
    answer = stream.answer()
    stream.sock.close()
    return answer

# SPDX-License-Identifier: MIT
"""One request to the socket of globes.fcgi itself, as a web server would send it or as none should."""
import struct

from lib.ws import connect

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
GIVEN = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/chats", "HTTP_ACCEPT": "application/json", "REMOTE_ADDR": "203.0.113.7",
         "HTTP_HOST": "localhost", "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1"}


def record(kind, data):
    return struct.pack("!BBHHBx", 1, kind, 1, len(data), 0) + data


def pair(name, value):
    return struct.pack("!II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


def ask(path, body=b"", **params):
    """All that comes back on stdout. params: more parameters than the usual ones, or others."""
    given = {**GIVEN, **params}
    if body:
        given["CONTENT_LENGTH"] = str(len(body))
    data = b"".join(pair(name.encode(), value.encode("utf-8")) for name, value in given.items())
    out = b""
    with connect(path) as sock:
        sock.sendall(record(BEGIN, struct.pack("!HB5x", 1, 0)) + record(PARAMS, data) + record(PARAMS, b"")
                     + (record(STDIN, body) if body else b"") + record(STDIN, b""))
        stream = sock.makefile("rb")
        while True:
            head = stream.read(8)
            if len(head) < 8:
                return out
            _, kind, _, length, padding = struct.unpack("!BBHHBx", head)
            content = stream.read(length + padding)[:length]
            out += content if kind == STDOUT else b""
            if kind == END:
                return out

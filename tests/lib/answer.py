# SPDX-License-Identifier: MIT
"""What a server answered over HTTP, before or instead of a WebSocket.

Used by lib.globes and lib.ws; knows nothing of Globes but the shape of its error bodies.
"""

import json


class Headers:
    """Header fields in their order; names in any case, a name as often as it came."""

    def __init__(self, pairs):
        self.pairs = [(name, value.strip()) for name, value in pairs]

    def all(self, name):
        return [value for key, value in self.pairs if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def __getitem__(self, name):
        values = self.all(name)
        if not values:
            raise KeyError(name)
        return values[0]

    def __contains__(self, name):
        return bool(self.all(name))

    def __repr__(self):
        return repr(self.pairs)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.text)

    def error(self):
        """(HTTP status, code) of an error answer; its shape is checked on the way."""
        body = self.json()
        assert body["status"] is False, body
        assert set(body["error"]) <= {"code", "error", "field"}, body
        assert body["error"]["error"], body
        return self.status, body["error"]["code"]

    def field(self):
        return self.json()["error"].get("field")

    def __repr__(self):
        return f"Answer({self.status}, {self.headers}, {self.body[:500]!r})"


def parse_head(head):
    """The status and the fields of an answer's head (bytes up to the empty line)."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, *_ = first.split(" ", 2)
    assert version in ("HTTP/1.1", "HTTP/1.0"), head
    return int(status), Headers(line.split(":", 1) for line in lines if line)

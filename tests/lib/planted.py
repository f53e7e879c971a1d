# SPDX-License-Identifier: MIT
"""Secrets of every kind, given to a site in every place where a secret belongs and in many where none does, each told
from all others by its text. Planted.everywhere() does so and keeps what the site said meanwhile.

Whoever uses it then looks for them where none may be: logs, error bodies, cores, files.
"""
import base64
import json
import os
import urllib.parse

from lib import tokens
from lib.ws import Closed, Refused, Ws, connect, frame, handshake_head

CLOSE, PING, TEXT, BINARY = 0x8, 0x9, 0x1, 0x2


class Planted:
    def __init__(self, site):
        self.site = site
        self.secrets = {}  # text: where it was put
        self.said = []  # (where, all of an answer's text): refusals, and every event that is an error
        self.stored = set()  # those of `secrets` that belong into the store as they are: messages
        self.tokens = []

    def new(self, where, text=None):
        secret = text or f"Pl{len(self.secrets):03d}x{os.urandom(9).hex()}"
        self.secrets.setdefault(secret, where)  # a token renewed within a second is the same
        return secret

    # ---- asking ----

    def http(self, where, method, path, body=None, **more):
        answer = self.site.http(method, path, body, **more)
        if answer.status >= 400:
            self.said.append((where, f"{answer.headers}\n{answer.body.decode('utf-8', 'replace')}"))
        return answer

    def knock(self, where, path, fields=None, token=None, direct=True):
        """A handshake, good or not; closes what comes of it."""
        try:
            Ws(self.site.address(direct), path, token=token, fields=fields).sock.close()
        except Refused as refusal:
            self.said.append((where, f"{refusal.headers}\n{refusal.body.decode('utf-8', 'replace')}"))
        except Closed as end:
            self.said.append((where, end.reason))

    def frames(self, where, ws, *frames):
        """Sends frames and keeps the errors that come before the connection ends or a send comes back."""
        for data in frames:
            ws.send_raw(data)
        ws.say(marker := f"marker {len(self.said)}")
        try:
            while True:
                event = ws.recv()
                if event["event_type"] == "error":
                    self.said.append((where, json.dumps(event)))
                elif event.get("msg") == marker:
                    return
        except (Closed, OSError) as end:
            if where != "the reason of a goodbye":  # which comes back to whoever said it, as RFC 6455 lets it
                self.said.append((where, str(end)))

    # ---- planting ----

    def everywhere(self):
        self.passwords()
        self.logins()
        self.issued()
        self.bearers()
        self.heads()
        self.queries()
        self.messages()
        self.wrong_frames()
        self.new("master secret", tokens.master_secret(self.site).decode())
        return self

    def private(self, where="a room's password", **more):
        """A private room and its password."""
        password = self.new(where)
        body = {"title": self.site.title(), "visibility": "private", "password": password, **more}
        answer = self.http(where, "POST", "/chats", body)
        assert answer.status == 201, answer
        if "owner_token" in answer.json():
            self.new("owner token", answer.json()["owner_token"])
        return answer.json()["id"], password

    def passwords(self):
        room, password = self.private()
        token = self.token(room, password)
        title = self.site.title
        plans = {
            "password of a public room": {"visibility": "public", "password": self.new},
            "password too long": {"visibility": "private", "password": lambda w: self.new(w) * 30},
            "password with NUL": {"visibility": "private", "password": lambda w: self.new(w) + "\0"},
            "password in a list": {"visibility": "private", "password": lambda w: [self.new(w)]},
            "password as visibility": {"visibility": self.new},
            "password as description": {"visibility": "public", "description": lambda w: self.new(w) * 10},
            "password as a name of a member": {"visibility": "private", self.new("password as a name of a member"): 1},
            "password of a bad title": {"visibility": "private", "title": "x", "password": self.new},
            "password as owned": {"visibility": "private", "owned": self.new},
        }
        for where, plan in plans.items():
            body = {"title": title(), **{name: value(where) if callable(value) else value for name, value in plan.items()}}
            self.http(where, "POST", "/chats", body)
            self.http(where, "PUT", f"/chats/{room}", body, token=token)
        self.http("password cut off", "POST", "/chats", '{"title":"x y","password":"' + self.new("password cut off"))
        self.http("password twice", "POST", "/chats", '{"password":"%s","password":"%s"}' % (self.new("password twice"), self.new("again")))
        self.http("password as a form", "POST", "/chats", "title=ab&password=" + self.new("password as a form"))
        self.http("new password", "PUT", f"/chats/{room}", {"password": self.new("new password")}, token=token)
        self.http("password in a file too large", "POST", "/chats", self.new("password in a file too large") * 1000)

    def token(self, room, password, name="ann"):
        answer = self.http("login", "POST", f"/chats/{room}/token", {"secret": password, "name": name})
        assert answer.status == 201, answer
        self.tokens.append(self.new("token", answer.json()["token"]))
        return self.tokens[-1]

    def logins(self):
        room, password = self.private()
        public = self.site.room()
        for where, body in {
            "wrong secret": lambda w: {"secret": self.new(w), "name": "ann"},
            "secret without a name": lambda w: {"secret": self.new(w)},
            "secret as name": lambda w: {"name": self.new(w) * 5, "secret": self.new(w + ", beside")},
            "secret in a list": lambda w: {"secret": [self.new(w)], "name": "ann"},
            "secret as guest": lambda w: {"guest": self.new(w), "name": "ann"},
            "secret under another name": lambda w: {"password": self.new(w), "name": "ann"},
            "secret like an owner token": lambda w: {"secret": "go_" + self.new(w).ljust(43, "A"), "name": "ann"},
            "secret too long": lambda w: {"secret": self.new(w) * 30, "name": "ann"},
        }.items():
            for target in (room, public):
                self.http(where, "POST", f"/chats/{target}/token", body(f"{where} {target}"))
        self.http("secret cut off", "POST", f"/chats/{room}/token", '{"name":"ann","secret":"' + self.new("secret cut off"))
        self.http("right secret for no room", "POST", "/chats/999999/token", {"secret": password, "name": "ann"})

    def issued(self):
        """What the site itself made: tokens and owner tokens, where they belong and elsewhere."""
        room, password = self.private("an owned room's password", owned=True)
        owner = next(secret for secret, where in self.secrets.items() if where == "owner token")
        other, _ = self.private()
        token = self.token(room, password)
        self.tokens.append(owner)
        self.token(room, owner, "olga")
        for secret in (token, owner):
            quoted = urllib.parse.quote(secret)
            for target in (room, other, 999999):
                for method, path in (("GET", f"/chats/{target}"), ("GET", f"/chats/events/{target}"),
                                     ("GET", f"/chats/{target}/token/renew"), ("PATCH", f"/chats/{target}")):
                    answer = self.http("Bearer", method, path, token=secret)
                    if answer.status == 201:
                        self.tokens.append(self.new("renewed token", answer.json()["token"]))
                self.knock("subprotocol", f"/chats/{target}/ws", token=secret)
                self.knock("subprotocol through lighttpd", f"/chats/{target}/ws", token=secret, direct=False)
                self.knock("query of a handshake", f"/chats/{target}/ws?token={quoted}&access_token={quoted}")
                self.knock("Bearer of a handshake", f"/chats/{target}/ws", {"Authorization": "Bearer " + secret})
                self.http("query", "GET", f"/chats/events/{target}?token={quoted}")
                self.http("cookie", "GET", f"/chats/events/{target}", headers={"Cookie": f"token={secret}"})
                self.http("secret", "POST", f"/chats/{target}/token", {"secret": secret[:-1], "name": "ann"})
        self.http("owner token elsewhere", "DELETE", f"/chats/{other}", token=owner)

    def bearers(self):
        room, _ = self.private()
        for scheme in ("Bearer", "bearer", "Basic", "Token", "", "Digest username=", "Bearer Bearer"):
            where = f"Authorization: {scheme}"
            value = self.new(where)
            if scheme == "Basic":
                value = base64.b64encode(f"ann:{value}".encode()).decode()
                self.new(where + " in base64", value)
            for method, path in (("DELETE", f"/chats/{room}"), ("GET", f"/chats/events/{room}"), ("POST", "/chats")):
                self.http(where, method, path, "{" if method == "POST" else None, headers={"Authorization": f"{scheme} {value}".strip()})
            self.knock(where, f"/chats/{room}/ws", {"Authorization": f"{scheme} {value}".strip()})

    def heads(self):
        """Fields in which browsers, proxies and careless clients carry secrets."""
        room, _ = self.private()
        for name in ("Cookie", "Proxy-Authorization", "X-Api-Key", "X-Auth-Token", "Referer", "User-Agent", "X-Request-Id",
                     "X-Forwarded-For", "X-Forwarded-User", "Origin", "Accept", "Content-Type", "X-Requested-With", "From"):
            for method, path in (("GET", f"/chats/events/{room}"), ("POST", "/chats"), ("PATCH", "/chats")):
                where = f"{name} of {method}"
                value = self.new(where)
                value = {"Cookie": "session=", "Referer": "https://x.example/?s=", "Origin": "https://"}.get(name, "") + value
                self.http(where, method, path, "{" if method == "POST" else None, headers={name: value})
            self.knock(f"{name} of a handshake", f"/chats/{room}/ws", {name: self.new(f"{name} of a handshake")})
        for name in ("Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Upgrade", "Connection"):
            self.knock(name, f"/chats/{room}/ws", {name: self.new(name)})
        with connect(self.site.address(True)) as sock:
            sock.sendall(b"no head but " + self.new("bytes that are no head").encode() + b"\r\n\r\n")
            self.said.append(("bytes that are no head", sock.recv(65536).decode("latin-1")))
        self.knock("a head too large", f"/chats/{room}/ws", {"X-Big": self.new("a head too large") * 2000})

    def queries(self):
        room = self.site.room()
        for where, path in {
            "limit": "/chats?limit={}", "after": "/chats?after={}", "words": "/chats?q={}%ff", "an unknown one": "/chats?key={}",
            "of a room": f"/chats/{room}?password={{}}", "of events": f"/chats/events/{room}?token={{}}",
            "of no path": "/chats/a/b/c?secret={}", "of another method": f"/chats/{room}/token?secret={{}}",
        }.items():
            self.http("query: " + where, "GET", path.format(self.new("query: " + where)), headers={"Accept": "application/json"})
        for name in ("since", "tail", "token", "x"):
            self.knock("query of a handshake", f"/chats/{room}/ws?{name}={self.new('handshake with ' + name)}")

    def messages(self):
        room, password = self.private("password of a room to talk in")
        ann = self.site.joined(room, "ann", self.token(room, password))
        for n in range(4):
            text = self.new(f"message {n}")
            self.stored.add(text)
            ann.echo(text)
        early = self.site.ws(room, self.token(room, password, "bob"))
        early.send({"event_type": "send", "msg": self.new("message before the join")})
        self.said.append(("message before the join", json.dumps(early.recv_error(201))))
        self.frames("event", ann, *(json_frame(event) for event in (
            {"event_type": self.new("event_type")}, {"event_type": "send", "msg": [self.new("msg in a list")]},
            {"event_type": "send", "msg": self.new("msg too long") * 300},
            {"event_type": "join", "secret": self.new("secret of a second join")},
            {"event_type": "send", "msg": 7, "secret": self.new("secret of a send")}, {self.new("a name of a member"): 1},
            {"event_type": "send", "msg": "fine", "secret": self.new("secret beside a message"), "token": self.new("token beside it")},
            {"event_type": "send", "msg": "fine too", "color": self.new("color")}, [self.new("a list")], self.new("a text"))))
        self.http("message by HTTP", "POST", f"/chats/{room}/messages", {"msg": self.new("message by HTTP")})

    def wrong_frames(self):
        room = self.site.room()
        for number, (where, make) in enumerate({
            "a binary frame": lambda s: frame(BINARY, s), "text that is no UTF-8": lambda s: frame(TEXT, s + b"\xff"),
            "half an event": lambda s: frame(TEXT, b'{"event_type":"send","msg":"' + s),
            "too large a frame": lambda s: frame(TEXT, s * 2000),
            "the reason of a goodbye": lambda s: frame(CLOSE, b"\x03\xe8" + s), "a ping": lambda s: frame(PING, s),
            "a reserved bit": lambda s: frame(TEXT, s, rsv=4), "no frame at all": lambda s: s * 3,
        }.items()):
            ws = self.site.joined(room, f"Person {number}", direct=True)
            self.frames(where, ws, make(self.new(where).encode()))
        head = handshake_head(f"/chats/{room}/ws").replace(b"GET", self.new("a method").encode())
        with connect(self.site.address(True)) as sock:
            sock.sendall(head)
            self.said.append(("a method", sock.recv(65536).decode("latin-1")))

    # ---- looking ----

    def found_in(self, data, but=()):
        """Where those were put that are in data: whole, or so much of a token as would do harm."""
        text = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
        return {where for secret, where in self.secrets.items()
                if secret not in but and any(piece.encode() in text for piece in pieces(secret))}


def pieces(secret):
    """A JWT is as good as told with its claims or its signature."""
    parts = secret.split(".")
    return [secret] if len(parts) != 3 else parts[1:]


def json_frame(event):
    return frame(TEXT, json.dumps(event).encode())

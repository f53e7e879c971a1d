# SPDX-License-Identifier: MIT
"""The forged tokens that everyone who takes tokens is shown: FORGED[name](site, room) makes one. Each differs in one
thing from a good one, forge(site, room, "ann").

Used by the tests of the REST calls and by those of the WebSockets.
"""
import hashlib
import hmac
import json
import os
import time

from lib import tokens
from lib.globes import PASSWORD
from lib.tokens import b64url, b64url_decode, forge, good_claims, make, signing_key

NOW = int(time.time())
HS256 = {"alg": "HS256", "typ": "JWT"}


def none_of(site, room, alg):
    """Unsigned, as attackers send them."""
    head = b64url(json.dumps({"alg": alg, "typ": "JWT"}).encode())
    return head + "." + b64url(json.dumps(good_claims(room, "ann")).encode()) + "."


def cut(site, room, count):
    return ".".join(forge(site, room, "ann").split(".")[:count])


def swapped(site, room):
    """The claims of one token under the signature of another."""
    head, _, signature = forge(site, room, "ann").split(".")
    return f"{head}.{forge(site, room, 'eve').split('.')[1]}.{signature}"


def with_bytes(change):
    """A good one whose signature's bytes are changed."""
    def how(site, room):
        head, claims, signature = forge(site, room, "ann").split(".")
        return f"{head}.{claims}.{b64url(change(b64url_decode(signature)))}"
    return how


def with_text(change):
    """A good one, written otherwise."""
    return lambda site, room: change(forge(site, room, "ann"))


def with_key(key):
    return lambda site, room: make(good_claims(room, "ann"), key(site, room))


def with_claims(**changed):
    return lambda site, room: forge(site, room, "ann", **changed)


def with_header(**changed):
    head = {name: value for name, value in {**HS256, **changed}.items() if value is not None}
    return lambda site, room: forge(site, room, "ann", header=head)


def with_payload(payload):
    return lambda site, room: make(payload, signing_key(site, room))


def with_more(text):
    """Claims that are JSON as a careless reader sees it: text stands before the good ones."""
    return lambda site, room: make(b"{" + text + json.dumps(good_claims(room, "ann")).encode()[1:], signing_key(site, room))


def with_head_bytes(head):
    """Signed well, under a header of any bytes."""
    def how(site, room):
        signed = b64url(head) + "." + b64url(json.dumps(good_claims(room, "ann")).encode())
        return signed + "." + b64url(hmac.new(signing_key(site, room), signed.encode(), hashlib.sha256).digest())
    return how


def hkdf(purpose, room_bytes=8, order="big", key_of=tokens.stored_key):
    """A key derived nearly as the site does it."""
    return with_key(lambda site, room: tokens.hkdf_sha256(
        tokens.master_secret(site), purpose + room.to_bytes(room_bytes, order) + key_of(site, room)))


def other_room(site):
    return site.room(visibility="private")


def own_key_inside(site, room):
    """The attacker's key, which the header brings along."""
    key = os.urandom(32)
    header = {**HS256, "jwk": {"kty": "oct", "k": b64url(key)}}
    return forge(site, room, "ann", header=header, key=key)


FORGED = {
    "alg none": lambda site, room: none_of(site, room, "none"),
    "alg None": lambda site, room: none_of(site, room, "None"),
    "alg nOnE": lambda site, room: none_of(site, room, "nOnE"),
    "alg empty": lambda site, room: none_of(site, room, ""),
    "alg HS256 and no signature": lambda site, room: none_of(site, room, "HS256"),
    "alg none but signed": with_header(alg="none"),
    "HS384": with_header(alg="HS384"),
    "HS512": with_header(alg="HS512"),
    "RS256": with_header(alg="RS256"),
    "ES256": with_header(alg="ES256"),
    "hs256": with_header(alg="hs256"),
    "no alg": with_header(alg=None),
    "alg no text": with_header(alg=256),
    "alg a list": with_head_bytes(b'{"alg":["HS256"],"typ":"JWT"}'),
    "alg with a NUL": with_header(alg="HS256\0"),
    "two algs": with_head_bytes(b'{"alg":"HS256","alg":"HS256","typ":"JWT"}'),
    "header no JSON": with_head_bytes(b'{"alg":"HS256"'),
    "header a list": with_head_bytes(b'["HS256"]'),
    "header with a byte order mark": with_head_bytes(b'\xef\xbb\xbf{"alg":"HS256","typ":"JWT"}'),
    "other typ": with_header(typ="JWE"),
    "its key inside": own_key_inside,
    "no signature": lambda site, room: cut(site, room, 2) + ".",
    "two parts": lambda site, room: cut(site, room, 2),
    "one part": lambda site, room: cut(site, room, 1),
    "four parts": lambda site, room: forge(site, room, "ann") + ".x",
    "five parts": lambda site, room: forge(site, room, "ann") + ".x.y",
    "empty parts": lambda site, room: "..",
    "dot before": with_text(lambda t: "." + t),
    "dot behind": with_text(lambda t: t + "."),
    "last character gone": with_text(lambda t: t[:-1]),
    "one character more": with_text(lambda t: t + "A"),
    "first character gone": with_text(lambda t: t[1:]),
    "in capitals": with_text(str.upper),
    "written twice": with_text(lambda t: t + t),
    "with padding": with_text(lambda t: t + "="),
    "with a percent sign": with_text(lambda t: t.replace(".", "%2E")),
    "bit turned": with_bytes(lambda s: s[:7] + bytes([s[7] ^ 1]) + s[8:]),
    "signature turned round": with_bytes(lambda s: s[::-1]),
    "half a signature": with_bytes(lambda s: s[:16]),
    "one byte of signature": with_bytes(lambda s: s[:1]),
    "signature of zeros": with_bytes(lambda s: bytes(32)),
    "signature and more": with_bytes(lambda s: s + bytes(32)),
    "signature in hex": with_bytes(lambda s: s.hex().encode()),
    "swapped claims": swapped,
    "no base64": lambda site, room: "a+b/c=.d+e.f+g",
    "empty key": with_key(lambda site, room: b""),
    "zero key": with_key(lambda site, room: bytes(32)),
    "room key as key": with_key(tokens.stored_key),
    "master as key": with_key(lambda site, room: tokens.master_secret(site)),
    "password as key": with_key(lambda site, room: PASSWORD.encode()),
    "room id as key": with_key(lambda site, room: str(room).encode()),
    "random key": with_key(lambda site, room: os.urandom(32)),
    "key for another purpose": hkdf(b"globes/token/2"),
    "key without purpose": hkdf(b""),
    "key of a room of zeros": hkdf(tokens.PURPOSE, key_of=lambda site, room: bytes(16)),
    "key in other byte order": hkdf(tokens.PURPOSE, order="little"),
    "key of another room": with_key(lambda site, room: signing_key(site, other_room(site))),
    "another room's": lambda site, room: forge(site, other_room(site), "ann"),
    "another room's id inside": lambda site, room: forge(site, room, "ann", room_id=room + 1),
    "room id a text": lambda site, room: forge(site, room, "ann", room_id=str(room)),
    "room id a fraction": lambda site, room: forge(site, room, "ann", room_id=room + 0.5),
    "room id and 2 to the 64": lambda site, room: forge(site, room, "ann", room_id=room + 2 ** 64),
    "room id below zero": lambda site, room: forge(site, room, "ann", room_id=-room),
    "room id a list": lambda site, room: forge(site, room, "ann", room_id=[room]),
    "no room id": with_claims(room_id=None),
    "expired": with_claims(iat=NOW - 7200, exp=NOW - 60),
    "expired by claim 0": with_claims(exp=0),
    "negative exp": with_claims(exp=-1),
    "no exp": with_claims(exp=None),
    "exp a text": with_claims(exp=str(NOW + 600)),
    "exp true": with_claims(exp=True),
    "exp a fraction": with_claims(exp=NOW + 600.5),
    "exp an object": with_claims(exp={"at": NOW + 600}),
    "exp beyond 64 bits": with_claims(exp=2 ** 64 + NOW + 600),
    "exp in a hundred years": with_claims(exp=NOW + 100 * 365 * 86400),
    "exp not a number": with_claims(exp=float("nan")),
    "two exps": with_more(b'"exp":1,'),
    "two room ids": with_more(b'"room_id":1,'),
    "no iat": with_claims(iat=None),
    "iat a text": with_claims(iat=str(NOW)),
    "iat behind exp": with_claims(iat=NOW + 7200),
    "iat below zero": with_claims(iat=-2 ** 63),
    "no name": with_claims(username=None),
    "empty name": with_claims(username=""),
    "name no text": with_claims(username=7),
    "name far too long": with_claims(username="n" * 300),
    "name with a line end": with_claims(username="ann\r\nbob"),
    "name with a NUL": with_claims(username="ann\0bob"),
    "no role": with_claims(role=None),
    "unknown role": with_claims(role="king"),
    "role in capitals": with_claims(role="MEMBER"),
    "role no text": with_claims(role=1),
    "no sub": with_claims(sub=None),
    "short sub": with_claims(sub="ab" * 15),
    "long sub": with_claims(sub="ab" * 17),
    "sub not hex": with_claims(sub="zz" * 16),
    "sub no text": with_claims(sub=7),
    "claims an array": with_payload(b"[1]"),
    "claims empty": with_payload(b"{}"),
    "claims not JSON": with_payload(b"{"),
    "claims nothing": with_payload(b""),
    "claims not UTF-8": with_payload(b'{"username":"\xff"}'),
    "too long": with_claims(filler="x" * 3000),
}
assert len(FORGED) >= 80

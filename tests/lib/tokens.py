# SPDX-License-Identifier: MIT
"""Tokens made outside the server: of every wrong kind, and right ones with times of the test's choice.

Knows the key derivation of contract section 2 and where a site keeps its master secret and its rooms' keys.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import time

PURPOSE = b"globes/token/1"
DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64url_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hkdf_sha256(master, info):
    """RFC 5869 without salt, one block."""
    extracted = hmac.new(bytes(32), master, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def master_secret(site):
    with open(os.path.join(site.data, "secret"), "rb") as file:
        return file.readline().rstrip(b"\r\n")


def stored_key(site, room):
    """The room's own key, as the store has it."""
    database = sqlite3.connect(f"file:{site.data}/rooms.db?mode=ro", uri=True, timeout=5)
    try:
        return database.execute("SELECT key FROM rooms WHERE id = ?", (room,)).fetchone()[0]
    finally:
        database.close()


def signing_key(site, room):
    """What this site signs this room's tokens with."""
    return hkdf_sha256(master_secret(site), PURPOSE + room.to_bytes(8, "big") + stored_key(site, room))


def make(claims, key, header=None):
    """A JWT of any claims (a dict, or bytes as they are) under any header."""
    header = {"alg": "HS256", "typ": "JWT"} if header is None else header
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signed = b64url(json.dumps(header).encode()) + "." + b64url(payload)
    digest = DIGESTS.get(header.get("alg"), hashlib.sha256)
    return signed + "." + b64url(hmac.new(key, signed.encode(), digest).digest())


def good_claims(room, name, **changed):
    """The claims of a good token. A changed claim that is None is left out."""
    now = int(time.time())
    claims = {"username": name, "room_id": room, "iat": now, "exp": now + 600, "role": "member",
              "sub": os.urandom(16).hex(), **changed}
    return {name: value for name, value in claims.items() if value is not None}


def forge(site, room, name, header=None, key=None, **changed):
    """A token as the site would make it, but for what is changed."""
    return make(good_claims(room, name, **changed), key or signing_key(site, room), header)


def read(token):
    """(header, claims) of a token, unchecked."""
    header, claims, _ = token.split(".")
    return json.loads(b64url_decode(header)), json.loads(b64url_decode(claims))

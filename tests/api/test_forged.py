# SPDX-License-Identifier: MIT
"""Tokens that the site did not make, or made for something else: refused by every call that needs one, ignored by
every call that needs none. Each differs in one thing from a good one, which is tried as well.
"""
import json
import os
import time

import pytest
from expect import done, enter, history, private, refused, show, shown
from lib import tokens
from lib.tokens import b64url, forge, good_claims, make, signing_key

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


def flipped(site, room):
    """One bit of the signature turned."""
    head, claims, signature = forge(site, room, "ann").split(".")
    bits = bytearray(tokens.b64url_decode(signature))
    bits[7] ^= 1
    return f"{head}.{claims}.{b64url(bytes(bits))}"


def with_key(key):
    return lambda site, room: make(good_claims(room, "ann"), key(site, room))


def with_claims(**changed):
    return lambda site, room: forge(site, room, "ann", **changed)


def with_header(**changed):
    head = {name: value for name, value in {**HS256, **changed}.items() if value is not None}
    return lambda site, room: forge(site, room, "ann", header=head)


def with_payload(payload):
    return lambda site, room: make(payload, signing_key(site, room))


def hkdf(purpose, room_bytes=8, order="big", key_of=tokens.stored_key):
    """A key derived nearly as the site does it."""
    return with_key(lambda site, room: tokens.hkdf_sha256(
        tokens.master_secret(site), purpose + room.to_bytes(room_bytes, order) + key_of(site, room)))


FORGED = {
    "alg none": lambda site, room: none_of(site, room, "none"),
    "alg None": lambda site, room: none_of(site, room, "None"),
    "alg nOnE": lambda site, room: none_of(site, room, "nOnE"),
    "alg empty": lambda site, room: none_of(site, room, ""),
    "alg none but signed": with_header(alg="none"),
    "HS384": with_header(alg="HS384"),
    "HS512": with_header(alg="HS512"),
    "RS256": with_header(alg="RS256"),
    "ES256": with_header(alg="ES256"),
    "hs256": with_header(alg="hs256"),
    "no alg": with_header(alg=None),
    "alg no text": with_header(alg=256),
    "other typ": with_header(typ="JWE"),
    "no signature": lambda site, room: cut(site, room, 2) + ".",
    "two parts": lambda site, room: cut(site, room, 2),
    "one part": lambda site, room: cut(site, room, 1),
    "four parts": lambda site, room: forge(site, room, "ann") + ".x",
    "empty parts": lambda site, room: "..",
    "last character gone": lambda site, room: forge(site, room, "ann")[:-1],
    "one character more": lambda site, room: forge(site, room, "ann") + "A",
    "first character gone": lambda site, room: forge(site, room, "ann")[1:],
    "bit turned": flipped,
    "swapped claims": swapped,
    "no base64": lambda site, room: "a+b/c=.d+e.f+g",
    "empty key": with_key(lambda site, room: b""),
    "zero key": with_key(lambda site, room: bytes(32)),
    "room key as key": with_key(tokens.stored_key),
    "master as key": with_key(lambda site, room: tokens.master_secret(site)),
    "random key": with_key(lambda site, room: os.urandom(32)),
    "key for another purpose": hkdf(b"globes/token/2"),
    "key without purpose": hkdf(b""),
    "key of a room of zeros": hkdf(tokens.PURPOSE, key_of=lambda site, room: bytes(16)),
    "key in other byte order": hkdf(tokens.PURPOSE, order="little"),
    "key of another room": with_key(lambda site, room: signing_key(site, private(site))),
    "another room's": lambda site, room: forge(site, private(site), "ann"),
    "another room's id inside": lambda site, room: forge(site, room, "ann", room_id=room + 1),
    "room id a text": lambda site, room: forge(site, room, "ann", room_id=str(room)),
    "room id a fraction": lambda site, room: forge(site, room, "ann", room_id=room + 0.5),
    "no room id": with_claims(room_id=None),
    "expired": with_claims(iat=NOW - 7200, exp=NOW - 60),
    "expired by claim 0": with_claims(exp=0),
    "negative exp": with_claims(exp=-1),
    "no exp": with_claims(exp=None),
    "exp a text": with_claims(exp=str(NOW + 600)),
    "exp true": with_claims(exp=True),
    "exp a fraction": with_claims(exp=NOW + 600.5),
    "exp an object": with_claims(exp={"at": NOW + 600}),
    "no iat": with_claims(iat=None),
    "iat a text": with_claims(iat=str(NOW)),
    "no name": with_claims(username=None),
    "empty name": with_claims(username=""),
    "name no text": with_claims(username=7),
    "name far too long": with_claims(username="n" * 300),
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


@pytest.fixture(scope="module", params=["private", "hidden"])
def room(site, request):
    return private(site, request.param, description="untouched")


def test_what_the_tests_forge_is_good_where_nothing_is_wrong(site, room):
    token = forge(site, room, "ann")
    assert history(site, room, token) == []
    shown(site.http("PUT", f"/chats/{room}", {"description": "untouched"}, token=token), description="untouched")
    assert site.http("GET", f"/chats/{room}/token/renew", token=token).status == 201


@pytest.mark.parametrize("how", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_refused_wherever_one_is_needed(site, room, how):
    token = how(site, room)
    refused(site.http("GET", f"/chats/events/{room}", token=token), 403, field="token")
    refused(site.http("GET", f"/chats/{room}/token/renew", token=token), 403, field="token")
    refused(site.http("PUT", f"/chats/{room}", {"description": "forged"}, token=token), 403, field="token")
    refused(site.http("DELETE", f"/chats/{room}", token=token), 403, field="token")
    shown(show(site, room, token), description="untouched", users=[])


@pytest.mark.parametrize("how", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_ignored_where_none_is_needed(site, how):
    room = site.room()
    token = how(site, room)
    shown(show(site, room, token), id=room)
    assert history(site, room, token) == []
    done(site.http("GET", f"/chats/{room}/token/renew", token=token))
    done(site.http("DELETE", f"/chats/{room}", token=token))


def test_forgeries_have_no_effect_on_who_is_there(site, room):
    good = enter(site, room)
    ws = site.joined(room, "ann", good)
    for how in (FORGED["swapped claims"], FORGED["expired"], FORGED["HS512"]):
        assert shown(show(site, room, how(site, room)))["users"] == []
    assert [user["username"] for user in shown(show(site, room, good))["users"]] == ["ann"]
    ws.send({"event_type": "leave"})


def test_a_token_of_another_site_is_refused(site, make_site):
    other = make_site(room="none")
    room = private(site)
    theirs = [private(other) for _ in range(2)]
    for token in [enter(other, one) for one in theirs]:
        claims = tokens.read(token)[1]
        refused(site.http("GET", f"/chats/events/{room}", token=token), 403, field="token")
        assert claims["room_id"] in theirs

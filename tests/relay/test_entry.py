# SPDX-License-Identifier: MIT
"""Who is let into a room's WebSocket: by id or title, with or without a token, and with which."""

import json
import time
import unicodedata

import pytest

from lib import tokens
from lib.globes import quote
from lib.ws import Refused, Ws

BOTH = pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])


def refused(site, room, **more):
    with pytest.raises(Refused) as caught:
        site.ws(room, **more)
    return caught.value


def is_403(refusal):
    assert refusal.error() == (403, 403)
    assert refusal.field() == "token"


# ---- the room ----

@pytest.mark.parametrize("title, asked", [
    ("Plain title", "Plain title"),
    ("Shouting Title", "sHOUTING tITLE"),
    ("Grüße aus Köln", "GRÜSSE AUS KÖLN"),
    ("日本の部屋 💬", "日本の部屋 💬"),
    ("Percent % plus + and ?&=#", "percent % plus + and ?&=#"),
    ("Caf\u00e9 composed", "Cafe\u0301 COMPOSED"),
    ("Cafe\u0301 decomposed", "Caf\u00c9 decomposed"),
])
def test_a_room_is_found_by_its_title(site, title, asked):
    room = site.room(title)
    with Ws(site.address(), f"/chats/{quote(asked)}/ws") as ann:
        assert ann.join("Ann")["room_id"] == room
        bob = site.joined(room, "Bob")
        assert ann.recv() == bob.joined


def test_a_title_is_decoded_once(site):
    site.room("50% off")
    with pytest.raises(Refused) as caught:
        Ws(site.address(True), "/chats/50%2525%20off/ws")
    assert caught.value.error() == (404, 101)


def test_an_unknown_title_is_named(site):
    with pytest.raises(Refused) as caught:
        Ws(site.address(), "/chats/N%C3%B6%20such/ws")
    assert caught.value.error() == (404, 101)
    assert unicodedata.normalize("NFC", caught.value.field()) == "Nö such"


@pytest.mark.parametrize("room", ["0", "-1", "99999999999999999999999", "1e3", "%31x", "9007199254740993"])
def test_an_id_that_is_none_is_101(site, room):
    with pytest.raises(Refused) as caught:
        Ws(site.address(), f"/chats/{room}/ws")
    assert caught.value.error() == (404, 101)


def test_no_room_can_be_titled_like_the_id_of_another(site):
    room = site.room()
    answer = site.http("POST", "/chats", {"title": str(room), "visibility": "public"})
    assert answer.error() == (400, 105)
    assert site.joined(room, "Ann").joined["room_id"] == room


def test_a_hidden_room_is_found_by_its_title_too(site):
    room = site.room("Hidden but known", visibility="hidden")
    token = site.token(room, "Ann")
    with Ws(site.address(), "/chats/hidden%20but%20known/ws", token=token) as ann:
        assert ann.join()["room_id"] == room


# ---- the token ----

@BOTH
@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_a_token_opens_its_room_and_is_echoed(site, visibility, direct):
    room = site.room(visibility=visibility)
    token = site.token(room, "Ann")
    assert len(token) > 126
    ann = site.ws(room, token, direct=direct)
    assert ann.answer.headers.all("Sec-WebSocket-Protocol") == [token]
    assert ann.join()["name"] == "Ann"


@BOTH
@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_a_closed_room_without_a_token_is_403(site, visibility, direct):
    is_403(refused(site, site.room(visibility=visibility), direct=direct))


@BOTH
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_bearer_header_opens_the_room(site, direct, scheme):
    room = site.room(visibility="private")
    fields = {"Authorization": f"{scheme} {site.token(room, 'Ann')}"}
    ann = site.ws(room, direct=direct, fields=fields)
    assert ann.join()["name"] == "Ann"
    assert ann.joined["verified"] is True


def test_a_bearer_header_with_a_bad_token_does_not(site):
    is_403(refused(site, site.room(visibility="private"), fields={"Authorization": "Bearer a.b.c"}))


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer", "Bearer ", "", "x" * 300])
def test_another_authorization_does_not(site, value):
    is_403(refused(site, site.room(visibility="private"), fields={"Authorization": value}))


def test_a_token_of_another_room_is_403(site):
    room, other = site.room(visibility="private"), site.room(visibility="private")
    is_403(refused(site, room, token=site.token(other, "Ann")))


def test_a_token_does_not_travel_in_the_url(site):
    room = site.room(visibility="private")
    token = site.token(room, "Ann")
    with pytest.raises(Refused) as caught:
        Ws(site.address(), f"/chats/{room}/ws?token={token}&access_token={token}")
    is_403(caught.value)


def test_a_forged_token_with_the_right_key_opens_the_room(site):
    """Shows that the tokens refused below are refused for what is wrong with them."""
    room = site.room(visibility="private")
    ann = site.ws(room, tokens.forge(site, room, "Ann"))
    assert ann.join()["name"] == "Ann"


NOW = int(time.time())
WRONG = {
    "expired": {"exp": NOW - 1},
    "expired long ago": {"exp": 1},
    "no exp": {"exp": None},
    "exp as text": {"exp": str(NOW + 600)},
    "exp negative": {"exp": -1},
    "exp a fraction": {"exp": 0.5},
    "no room_id": {"room_id": None},
    "room_id as text": {"room_id": "1"},
    "another room_id": {"room_id": 1 << 40},
    "no username": {"username": None},
    "an empty username": {"username": ""},
    "username a number": {"username": 7},
    "username with a line end": {"username": "Ann\nBob"},
    "a long username": {"username": "x" * 300},
    "no sub": {"sub": None},
    "a short sub": {"sub": "abc"},
    "sub no hex": {"sub": "z" * 32},
    "no role": {"role": None},
    "an unknown role": {"role": "king"},
    "role a number": {"role": 1},
    "no iat": {"iat": None},
    "iat as text": {"iat": "1"},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_a_token_with_wrong_claims_is_403(site, changed):
    room = site.room(visibility="private")
    is_403(refused(site, room, token=tokens.forge(site, room, "Ann", **changed)))


HEADERS = {
    "none": {"alg": "none", "typ": "JWT"},
    "None": {"alg": "None", "typ": "JWT"},
    "HS384": {"alg": "HS384", "typ": "JWT"},
    "HS512": {"alg": "HS512", "typ": "JWT"},
    "RS256": {"alg": "RS256", "typ": "JWT"},
    "missing": {"typ": "JWT"},
    "a number": {"alg": 256, "typ": "JWT"},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_token_of_another_algorithm_is_403(site, header):
    room = site.room(visibility="private")
    is_403(refused(site, room, token=tokens.forge(site, room, "Ann", header=header)))


UNSIGNED = tokens.b64url(b'{"alg":"none","typ":"JWT"}')


def with_claim(token, name, value):
    """The token with a changed claim under the old signature."""
    header, _, signature = token.split(".")
    claims = {**tokens.read(token)[1], name: value}
    return ".".join((header, tokens.b64url(json.dumps(claims).encode()), signature))


MANGLED = {
    "no signature": lambda t: t.rsplit(".", 1)[0] + ".",
    "no third part": lambda t: t.rsplit(".", 1)[0],
    "a fourth part": lambda t: t + ".x",
    "another signature": lambda t: t[:-10] + "A" * 10,
    "a short signature": lambda t: t[:-4],
    "another claim": lambda t: with_claim(t, "username", "Mallory"),
    "alg none and no signature": lambda t: f"{UNSIGNED}.{t.split('.')[1]}.",
    "dots": lambda t: "..",
    "a word": lambda t: "token",
    "no JSON": lambda t: "eA.eA.eA",
    "very long": lambda t: t + "A" * 3000,
}


@pytest.mark.parametrize("mangle", MANGLED.values(), ids=MANGLED)
@BOTH
def test_a_mangled_token_is_403(site, mangle, direct):
    room = site.room(visibility="private")
    is_403(refused(site, room, direct=direct, token=mangle(site.token(room, "Ann"))))


@pytest.mark.parametrize("key", [bytes(32), b"", b"secret"])
def test_a_token_of_another_key_is_403(site, key):
    room = site.room(visibility="private")
    token = tokens.make(tokens.good_claims(room, "Ann"), key)
    is_403(refused(site, room, token=token))


def test_a_token_signed_with_the_database_alone_is_403(site):
    room = site.room(visibility="private")
    stored = tokens.stored_key(site, room)
    for key in (stored, tokens.hkdf_sha256(b"", tokens.PURPOSE + room.to_bytes(8, "big") + stored)):
        is_403(refused(site, room, token=tokens.make(tokens.good_claims(room, "Ann"), key)))


@pytest.mark.parametrize("claims", [b"", b"[]", b"null", b'{"exp":NaN}', b"\xff", b"[" * 5000])
def test_a_token_whose_claims_are_no_object_is_403(site, claims):
    room = site.room(visibility="private")
    token = tokens.make(claims, tokens.signing_key(site, room))
    refusal = refused(site, room, direct=True, token=token)
    assert refusal.error() in ((403, 403), (431, 431))


def test_a_socket_stays_when_its_token_expires(site):
    room = site.room(visibility="private")
    exp = int(time.time()) + 2
    ann = site.ws(room, tokens.forge(site, room, "Ann", exp=exp))
    ann.join()
    while time.time() < exp + 1.2:
        ann.echo("still here")
        time.sleep(0.1)


# ---- public rooms ----

LISTS = ["chat, superchat", "a.b.c, d.e.f", ["a.b.c", "d.e.f"], "a b", "a,", "x@y", 'a"b']


def test_a_public_room_needs_no_token_and_names_no_protocol(site):
    ann = site.joined(site.room(), "Ann")
    assert "Sec-WebSocket-Protocol" not in ann.answer.headers


@BOTH
@pytest.mark.parametrize("kind", ["garbage", "foreign", "expired", "unsigned"])
def test_a_token_that_does_not_verify_counts_as_none_in_a_public_room(site, kind, direct):
    room, other = site.room(), site.room(visibility="private")
    token = {
        "garbage": "no.good.token",
        "foreign": site.token(other, "Mallory"),
        "expired": tokens.forge(site, room, "Mallory", exp=NOW - 1),
        "unsigned": tokens.forge(site, room, "Mallory", key=b"x"),
    }[kind]
    ann = site.ws(room, token, direct=direct)
    event = ann.join("Ann")
    assert (event["name"], event["verified"]) == ("Ann", False)
    ann.echo("hello")


def test_a_token_that_verifies_counts_in_a_public_room(site):
    room = site.room()
    ann = site.ws(room, tokens.forge(site, room, "Ann"))
    event = ann.join("Mallory")
    assert (event["name"], event["verified"]) == ("Ann", True)


def test_a_stale_bearer_header_is_ignored_in_a_public_room(site):
    room = site.room()
    ann = site.ws(room, fields={"Authorization": "Bearer no.good.token"})
    assert ann.join("Ann")["verified"] is False


@pytest.mark.parametrize("protocol", LISTS)
@pytest.mark.parametrize("visibility", ["public", "private"])
def test_a_list_of_subprotocols_is_403(site, protocol, visibility):
    room = site.room(visibility=visibility)
    is_403(refused(site, room, direct=True, fields={"Sec-WebSocket-Protocol": protocol}))


def test_a_token_is_never_more_than_a_header_value(site):
    room = site.room()
    head_line = "a.b.c\rX-Evil: 1"
    try:
        ann = site.ws(room, direct=True, fields={"Sec-WebSocket-Protocol": head_line})
        assert "X-Evil" not in ann.answer.headers
    except (Refused, AssertionError) as failure:
        assert isinstance(failure, Refused) and failure.status in (400, 403), failure
    site.joined(room, "Ann").echo("alive")

# SPDX-License-Identifier: MIT
"""Forged tokens at the WebSockets' door: the same that the REST calls are shown (lib/forgeries.py), in every place
where a token may stand. Not one opens a room or makes its bearer anybody.
"""
import pytest

from lib.forgeries import FORGED
from lib.tokens import forge
from lib.ws import Refused

ALL = pytest.mark.parametrize("how", FORGED.values(), ids=FORGED.keys())
# Of characters or of a length that no token has: as subprotocols these are not even stale tokens.
NO_TOKEN_AT_ALL = {"no base64", "with padding", "with a percent sign", "too long"}


@pytest.fixture(scope="module", params=["private", "hidden"])
def room(site, request):
    return site.room(visibility=request.param)


def places(token):
    """How a handshake can carry it."""
    return [{"token": token}, {"token": token, "direct": True},
            {"fields": {"Authorization": f"Bearer {token}"}},
            {"fields": {"Authorization": f"Bearer {token}"}, "direct": True}]


def test_what_the_tests_forge_is_good_where_nothing_is_wrong(site, room):
    for place in places(forge(site, room, "ann")):
        with site.ws(room, **place) as ann:
            assert ann.join()["name"] == "ann"


@ALL
def test_a_forged_token_lets_nobody_in(site, room, how):
    for place in places(how(site, room)):
        with pytest.raises(Refused) as caught:
            site.ws(room, **place)
        assert caught.value.error() == (403, 403), place
        assert caught.value.field() == "token"


@pytest.mark.parametrize("name", FORGED)
def test_in_a_public_room_a_forged_token_makes_nobody_of_its_bearer(site, name):
    room = site.room()
    for place in places(FORGED[name](site, room)):
        if name in NO_TOKEN_AT_ALL and "token" in place:
            with pytest.raises(Refused) as caught:
                site.ws(room, **place)
            assert (caught.value.error(), caught.value.field()) == ((403, 403), "token")
            continue
        with site.ws(room, **place) as ws:
            event = ws.join("Bob")
            assert (event["name"], event["verified"]) == ("Bob", False)
            ws.send({"event_type": "leave"})
            ws.recv_until("leave")


def test_beside_a_good_bearer_a_forged_subprotocol_lets_nobody_in(site, room):
    good = {"Authorization": "Bearer " + forge(site, room, "ann")}
    for direct in (False, True):
        with pytest.raises(Refused) as caught:
            site.ws(room, FORGED["swapped claims"](site, room), direct=direct, fields=good)
        assert caught.value.error() == (403, 403)


def test_a_forged_token_beside_a_good_one_lets_nobody_in(site, room):
    good, bad = forge(site, room, "ann"), FORGED["bit turned"](site, room)
    for values in (f"{bad}, {good}", f"{good}, {bad}", [bad, good], [good, bad]):
        for direct in (False, True):
            with pytest.raises(Refused) as caught:
                site.ws(room, direct=direct, fields={"Sec-WebSocket-Protocol": values})
            assert caught.value.error() == (403, 403), values


def test_none_of_them_was_let_in(site, room):
    """After all that was tried above: nobody is there, and nothing was said."""
    for how in FORGED.values():
        with pytest.raises(Refused):
            site.ws(room, how(site, room), direct=True)
    good = forge(site, room, "ann")
    assert site.http("GET", f"/chats/{room}", token=good).json()["users"] == []
    assert site.log_rows(room) == []

# SPDX-License-Identifier: MIT
"""Cross-site rules at the relay itself, where no web server has tidied up the head before. The many ways of writing
an Origin are in tests/api/test_origin.py, which asks both programs.
"""

import pytest

from lib.globes import Site
from lib.ws import Refused, Ws, hear_only

OWN = "https://example.org"
REFUSED = {
    "foreign": {"Origin": "https://evil.example"},
    "null": {"Origin": "null"},
    "empty": {"Origin": ""},
    "spaces": {"Origin": "   "},
    "no URL": {"Origin": "example.org"},
    "a slash behind": {"Origin": OWN + "/"},
    "another port": {"Origin": OWN + ":8443"},
    "the same twice": {"Origin": [OWN, OWN]},
    "own, then foreign": {"Origin": [OWN, "https://evil.example"]},
    "foreign, then own": {"Origin": ["https://evil.example", OWN]},
    "own, then empty": {"Origin": [OWN, ""]},
    "empty, then own": {"Origin": ["", OWN]},
    "own, then in lower case": {"Origin": OWN, "origin": "https://evil.example"},
    "a list": {"Origin": f"{OWN}, {OWN}"},
    "bytes that are no text": {"Origin": OWN + "\xff\xfe"},
    "10 KB": {"Origin": "https://" + "a" * 10_000},
    "from another site without an Origin": {"Sec-Fetch-Site": "cross-site"},
    "another name for Host": {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    "a Host with a user": {"Host": "ann@example.org", "Origin": OWN},
    "a Host that is empty": {"Host": "", "Origin": "https://"},
    "a Host that is a list": {"Host": "example.org, evil.example", "Origin": "https://evil.example"},
}
LET_IN = {
    "own": {"Origin": OWN},
    "own by http": {"Origin": "http://example.org"},
    "own with its port": {"Origin": OWN + ":443"},
    "a name in lower case": {"origin": OWN},
    "spaces around it": {"Origin": f"  {OWN}\t"},
    "no Origin": {},
    "of the same site": {"Sec-Fetch-Site": "same-origin"},
    "own, across sites": {"Origin": OWN, "Sec-Fetch-Site": "cross-site"},
    "a Host in upper case": {"Host": "EXAMPLE.ORG", "Origin": OWN},
    "a Host with the port": {"Host": "example.org:443", "Origin": OWN},
    "another port on both sides": {"Host": "example.org:8443", "Origin": OWN + ":8443"},
}


def open_socket(site, path, fields=None, **more):
    """A socket at the relay itself, with Host example.org unless fields have another."""
    made = Ws(site.address(True), path, fields={"Host": "example.org", **(fields or {})}, **more)
    site.sockets.append(made)
    return made


def refused(site, path, fields, **more):
    with pytest.raises(Refused) as caught:
        open_socket(site, path, fields, **more)
    return caught.value


def origin_refused(site, path, fields, **more):
    refusal = refused(site, path, fields, **more)
    assert refusal.error() == (403, 104)
    assert refusal.field() == "origin"
    return refusal


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_what_is_not_the_sites_own_is_refused(site, fields):
    origin_refused(site, f"/chats/{site.room()}/ws", fields)


@pytest.mark.parametrize("fields", LET_IN.values(), ids=LET_IN)
def test_what_is_the_sites_own_is_let_in(site, fields):
    ann = open_socket(site, f"/chats/{site.room()}/ws", fields)
    ann.join("Ann")
    ann.echo("hello")


def test_a_refusal_is_json_and_ends_the_connection(site):
    refusal = origin_refused(site, f"/chats/{site.room()}/ws", {"Origin": "null"})
    assert refusal.headers["Content-Type"].split(";")[0] == "application/json"
    assert refusal.json()["error"]["error"] == "Room error: Unauthorized operation"
    assert not [name for name, _ in refusal.headers.pairs if name.lower().startswith("access-control-")]


def test_the_room_notices_nothing_of_a_refusal(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    origin_refused(site, f"/chats/{room}/ws", {"Origin": "null"})
    hear_only(ann)
    assert [user["username"] for user in site.http("GET", f"/chats/{room}").json()["users"]] == ["Ann"]


# ---- the order: head, handshake, Origin, room, token, limits ----

def test_the_path_is_looked_at_before_the_origin(site):
    assert refused(site, f"/chats/{site.room()}/ws/x", {"Origin": "null"}).error() == (404, 404)


@pytest.mark.parametrize("fields, error", [
    ({"Sec-WebSocket-Key": None}, (400, 301)), ({"Upgrade": "h2c"}, (400, 301)), ({"Sec-WebSocket-Version": "8"}, (426, 301))])
def test_the_handshake_is_looked_at_before_the_origin(site, fields, error):
    assert refused(site, f"/chats/{site.room()}/ws", {"Origin": "null", **fields}).error() == error


def test_the_origin_is_looked_at_before_the_room(site):
    origin_refused(site, "/chats/999999999/ws", {"Origin": "null"})


def test_the_origin_is_looked_at_before_the_token(site):
    room = site.room(visibility="private")
    origin_refused(site, f"/chats/{room}/ws", {"Origin": "null"})
    origin_refused(site, f"/chats/{room}/ws", {"Origin": "null"}, token="no.good.token")
    origin_refused(site, f"/chats/{room}/ws", {"Origin": "null"}, token=site.token(room, "Ann"))


def test_the_origin_is_looked_at_before_the_limits(make_site):
    site = make_site(sockets_max="1")
    room = site.room()
    ann = site.joined(room, "Ann")
    origin_refused(site, f"/chats/{room}/ws", {"Origin": "null"})
    hear_only(ann)


# ---- settings ----

@pytest.fixture(scope="module")
def named():
    with Site(site="https://example.org http://localhost:8080", allowed_origins="https://partner.example") as made:
        yield made


@pytest.mark.parametrize("origin", ["https://example.org", "http://example.org", "http://localhost:8080",
                                    "https://partner.example"])
def test_pages_named_in_the_settings_are_let_in(named, origin):
    ann = open_socket(named, f"/chats/{named.room()}/ws", {"Host": "relay.internal", "Origin": origin})
    ann.join("Ann")
    ann.echo("hello")


@pytest.mark.parametrize("origin", ["https://relay.internal", "http://relay.internal", "http://localhost",
                                    "http://partner.example", "https://partner.example:8443", "null", ""])
def test_where_pages_are_named_no_others_are_let_in(named, origin):
    origin_refused(named, f"/chats/{named.room()}/ws", {"Host": "relay.internal", "Origin": origin})


def test_a_star_lets_all_in_but_null(make_site):
    site = make_site(allowed_origins="*")
    path = f"/chats/{site.room()}/ws"
    open_socket(site, path, {"Origin": "https://anywhere.example"}).join("Ann")
    for fields in ({"Origin": "null"}, {"Origin": ""}, {"Origin": ["https://a.example", "https://a.example"]}):
        origin_refused(site, path, fields)

# SPDX-License-Identifier: MIT
"""Targets of handshakes: however a path is written, it leads to the room that it names or nowhere, never around a
rule. Through the web server, which tidies some of them up first, and at the relay's own door, which sees them raw.
"""
import json
import os

import pytest

from lib import fastcgi
from lib.globes import quote
from lib.ws import Refused, Ws, handshake_head

BOTH = pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])


@pytest.fixture(scope="module")
def hidden(site):
    """A room that nobody gets into here: whoever does has gone around a rule."""
    return site.room(visibility="hidden")


def refused(site, target, direct):
    """The refusal of a handshake with this target, sent as it stands (text, or bytes)."""
    data = target if isinstance(target, bytes) else target.encode()
    head = handshake_head("", host=f"127.0.0.1:{site.port}", request="GET @ HTTP/1.1").replace(b"@", data, 1)
    with pytest.raises(Refused) as caught:
        Ws(site.address(direct), "", head=head)
    return caught.value


def alive(site):
    site.joined(site.room(), "Ann").echo("alive")


def leads_nowhere(site, target, direct):
    """The relay's door answers whole. lighttpd may refuse with a page of its own, or take what it has tidied up for
    a call of the REST program: that is never a 101 and shows no room."""
    refusal = refused(site, target, direct)
    if direct:
        assert refusal.error() in ((404, 404), (404, 101), (400, 301)), refusal
        assert refusal.headers["X-Request-Id"]
    assert refusal.status in (400, 403, 404), refusal
    assert b'"title"' not in refusal.body and b"root:" not in refusal.body


DOTS = [
    "/chats/../ws", "/chats/./ws", "/chats/%2e%2e/ws", "/chats/%2E%2e/ws", "/chats/%2e/ws", "/chats/.%2e/ws",
    "/../chats/{}/ws", "/chats/../../{}/ws", "/chats/{}/../ws", "/chats/{}/ws/..", "/chats/{}/ws/.",
    "/chats/{}/../../etc/passwd/ws", "/chats/../../../../etc/passwd", "/chats/{}/%2e%2e%2f/ws", "/chats/..%5c..%5c/ws",
    "/chats/{}/..%2fws", "/chats/{}/ws%2f..", "/chats/..;/{}/ws", "/chats/%252e%252e/ws", "/chats/{}/.../ws",
]
NULS = [
    "/chats/%00/ws", "/chats/{}%00/ws", "/chats/%00{}/ws", "/chats/{}/ws%00", "/chats/{}/%00ws", "/%00/chats/{}/ws",
    "/chats%00/{}/ws", "/chats/{}%2500/ws", "/chats/{}%00%00/ws", "/chats/{}/ws%00?x=1",
]
SLASHES = [
    "/chats%2F{}%2Fws", "/chats%2f{}/ws", "/chats/{}%2Fws", "/chats/{}%2fws/ws", "/chats/%2F{}/ws", "/%2Fchats/{}/ws",
    "/chats/{}%2F/ws", "/chats/{}%5Cws", "/chats/{}/%2Fws", "/chats/{}/ws%2F", "/chats/{}/token%2F..%2Fws",
]
NO_TEXT = [
    "/chats/%ff/ws", "/chats/a%80b/ws", "/chats/%c0%af/ws", "/chats/%c0%80/ws", "/chats/%c1%bf/ws",
    "/chats/%e0%80%af/ws", "/chats/%ed%a0%80/ws", "/chats/%ed%a0%bd%ed%b8%80/ws", "/chats/%f4%90%80%80/ws",
    "/chats/%f5%80%80%80/ws", "/chats/%fe%ff/ws", "/chats/%e4%b8/ws", "/chats/{}%ff/ws", "/chats/{}/ws%ff",
    "/%ff/{}/ws", "/chats/%f8%88%80%80%80/ws",
]
BAD_ESCAPES = [
    "/chats/%/ws", "/chats/%1/ws", "/chats/%zz/ws", "/chats/%%/ws", "/chats/%u0041/ws", "/chats/{}%/ws", "/chats/{}%2",
    "/chats/%-1/ws", "/chats/{}/ws%", "/chats/%G0/ws", "/chats/% 1/ws", "/chats/%+1/ws",
]
EMPTY = [
    "//chats/{}/ws", "/chats//{}/ws", "/chats/{}//ws", "/chats/{}/ws/", "/chats//ws", "/chats/{}/ws//", "//{}/ws",
    "///", "/chats/{}//", "/",
]
MANY = {
    "one more": "/chats/{}/ws/x", "twice": "/chats/{}/ws/ws", "a hundred": "/chats/{}/ws" + "/x" * 100,
    "a thousand empty ones": "/chats/{}" + "/" * 1000 + "ws", "a thousand of dots": "/chats" + "/.." * 1000 + "/{}/ws",
    "rooms in rooms": "/chats/{}/chats/{}/ws", "the other order": "/{}/chats/ws", "two rooms": "/chats/{}/{}/ws",
}
LONG = {
    "a room of 300": "/chats/" + "r" * 300 + "/ws", "of 1000": "/chats/" + "r" * 1000 + "/ws",
    "of 4000": "/chats/" + "r" * 4000 + "/ws", "of escapes": "/chats/" + "%41" * 1000 + "/ws",
    "of signs": "/chats/" + "%F0%9F%98%80" * 300 + "/ws", "digits": "/chats/" + "1" * 3000 + "/ws",
    "zeros": "/chats/" + "0" * 3000 + "{}/ws", "a long last part": "/chats/{}/" + "w" * 3000 + "s",
    "a long first part": "/" + "c" * 3000 + "/{}/ws",
}
RAW = [
    b"/chats/\xff/ws", b"/chats/\xc0\xae\xc0\xae/ws", b"/chats/a\x80/ws", b"/chats/\x01/ws", b"/chats/a\tb/ws",
    b"/chats/\xed\xa0\x80/ws", b"/chats/a\x7f/ws", b"/chats/\\..\\/ws", b"/chats/a b/ws", b"/chats/#/ws",
]


@BOTH
@pytest.mark.parametrize("target", DOTS + NULS + SLASHES + NO_TEXT + BAD_ESCAPES)
def test_a_path_that_plays_tricks_leads_nowhere(site, hidden, target, direct):
    leads_nowhere(site, target.replace("{}", str(hidden)), direct)


@BOTH
@pytest.mark.parametrize("target", RAW, ids=ascii)
def test_bytes_that_belong_in_no_target_lead_nowhere(site, hidden, target, direct):
    leads_nowhere(site, target, direct)


@pytest.mark.parametrize("target", EMPTY)
def test_empty_parts_lead_nowhere_at_the_relays_door(site, hidden, target):
    leads_nowhere(site, target.replace("{}", str(hidden)), True)


@BOTH
@pytest.mark.parametrize("target", MANY.values(), ids=MANY.keys())
def test_more_parts_lead_nowhere(site, hidden, target, direct):
    leads_nowhere(site, target.replace("{}", str(hidden)), direct)


@BOTH
@pytest.mark.parametrize("target", LONG.values(), ids=LONG.keys())
def test_long_parts_lead_nowhere(site, hidden, target, direct):
    leads_nowhere(site, target.replace("{}", str(hidden)), direct)


@BOTH
@pytest.mark.parametrize("size", [20_000, 100_000])
def test_a_target_of_any_length_is_answered(site, size, direct):
    assert refused(site, "/chats/" + "r" * size + "/ws", direct).status in (400, 404, 414, 431)
    alive(site)


@pytest.mark.parametrize("target", EMPTY + ["/chats/./{}/ws", "/chats/x/../{}/ws", "/chats/%2e/{}/ws"])
def test_what_lighttpd_tidies_up_needs_the_token_all_the_same(site, hidden, target):
    """It may make a good path of a bad one: then the rules of that path hold."""
    refusal = refused(site, target.replace("{}", str(hidden)), False)
    assert refusal.status in (302, 400, 403, 404), refusal
    if refusal.status == 302:  # "/" itself: the recipe leads to the list of rooms
        assert refusal.headers["Location"] == "/chats"
    if refusal.status == 403 and "X-Request-Id" in refusal.headers:  # not a page of lighttpd's own
        assert (refusal.error(), refusal.field()) == ((403, 403), "token")
    assert b'"title"' not in refusal.body


@BOTH
def test_a_path_is_decoded_once(site, direct):
    title = site.title() + " of 100%25"
    room = site.room(title)
    once = "".join(f"%{byte:02x}" for byte in title.encode())
    with Ws(site.address(direct), f"/chats/{once}/ws") as ann:
        assert ann.join("Ann")["room_id"] == room
    assert refused(site, f"/chats/{once.replace('%', '%25')}/ws", direct).status == 404


def test_a_slash_in_a_title_separates_nothing(site):
    title = site.title() + "/ws/ws"
    room = site.room(title)
    with Ws(site.address(True), f"/chats/{quote(title)}/ws") as ann:
        assert ann.join("Ann")["room_id"] == room
    assert refused(site, f"/chats/{quote(title).replace('%2F', '/')}/ws", True).error() == (404, 404)
    # lighttpd may decode it before it chooses whom to ask; such a room is reached by its id.
    assert refused(site, f"/chats/{quote(title)}/ws", False).status in (400, 404)
    site.joined(room, "Bob").echo("by its id")


@pytest.mark.parametrize("target", [*DOTS, *NULS, *SLASHES, *NO_TEXT, *BAD_ESCAPES, *EMPTY, *MANY.values(), *LONG.values()],
                         ids=lambda target: target[:40])
def test_the_rest_program_sees_through_the_same_tricks(site, hidden, target):
    """Asked at its own socket, where nobody has tidied anything up."""
    for raw in {target, target[:-3] if target.endswith("/ws") else target}:
        for method in ("GET", "PUT", "DELETE"):
            head, _, body = fastcgi.ask(os.path.join(site.data, "run", "fcgi.sock"), REQUEST_METHOD=method,
                                        REQUEST_URI=raw.replace("{}", str(hidden))).partition(b"\r\n\r\n")
            status, code = int(head.split()[1]), json.loads(body)["error"]["code"]
            assert (status, code) in ((404, 404), (404, 101), (400, 301), (405, 405)), (raw, method, head, body)
    assert site.http("GET", f"/chats/{hidden}", headers={"Accept": "application/json"}).status == 200


def test_no_query_is_taken_for_a_path(site, hidden):
    for query in ("?/../..", "?x=/chats/1/ws", "?%00", "?%ff", "??", "?a=%2e%2e"):
        assert refused(site, f"/chats/{hidden}/ws{query}", True).error() == (403, 403)
    alive(site)


def test_the_relay_is_well_after_all_that(site):
    pid = site.pid("globes-relay")
    for target in (*DOTS, *NULS, *SLASHES, *NO_TEXT, *BAD_ESCAPES, *EMPTY):
        refused(site, target.replace("{}", "1"), True)
    assert site.pid("globes-relay") == pid
    alive(site)

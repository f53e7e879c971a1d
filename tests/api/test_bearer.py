# SPDX-License-Identifier: MIT
"""How a token is brought along: one Authorization header with the scheme Bearer, and nowhere else."""
import base64

import pytest
from expect import enter, history, private, refused, show, shown


@pytest.fixture(scope="module")
def room(site):
    return private(site)


@pytest.fixture(scope="module")
def token(site, room):
    return enter(site, room)


def events(site, room, *headers, query=""):
    return site.http("GET", f"/chats/events/{room}{query}", headers=list(headers))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_matched_without_case(site, room, token, scheme):
    assert events(site, room, ("Authorization", f"{scheme} {token}")).status == 200
    assert events(site, room, ("AUTHORIZATION", f"{scheme} {token}")).status == 200


@pytest.mark.parametrize("value", [
    "", "Bearer", "Bearer ", "{}", "Bearer{}", "Bearer: {}", "Basic {}", "Token {}", "JWT {}",
    "Bearer Bearer {}", "Bearer {} {}", "Bearer {},{}", "Bearer {}, Bearer {}", "Bearer {};",
    "Bearer \"{}\"", "Bearer token={}", "Bearer {}x", "Bearer x{}", "Bearer {} x", "Bearer <{}>",
    "Bearer\u00a0{}", "Bearer {}\u00e9", "xBearer {}", "Digest Bearer {}", "Bearer null",
    "Bearer undefined", "Bearer [object Object]", "Bearer " + "x" * 5000, "Bearer .", "Bearer ..",
    "Bearer ...", "Bearer ,"], ids=lambda value: ascii(value[:24]))
def test_anything_else_is_no_token(site, room, token, value):
    answer = events(site, room, ("Authorization", value.replace("{}", token).encode("utf-8")))
    refused(answer, 403, field="token")


@pytest.mark.parametrize("other", ["{}", "garbage", ""])
def test_two_headers_are_no_token(site, room, token, other):
    good = ("Authorization", f"Bearer {token}")
    second = ("Authorization", "Bearer " + other.replace("{}", token))
    refused(events(site, room, good, second), 403, field="token")
    refused(events(site, room, second, good), 403, field="token")


@pytest.mark.parametrize("query", ["?token={}", "?access_token={}", "?bearer={}", "?authorization=Bearer%20{}"])
def test_a_token_in_the_address_is_none(site, room, token, query):
    refused(events(site, room, query=query.replace("{}", token)), 403, field="token")


@pytest.mark.parametrize("name", [
    "X-Token", "X-Authorization", "Proxy-Authorization", "Sec-WebSocket-Protocol", "Token",
    "Authorization-", "X-Forwarded-Authorization"])
def test_a_token_in_another_header_is_none(site, room, token, name):
    refused(events(site, room, (name, f"Bearer {token}")), 403, field="token")
    refused(events(site, room, (name, token)), 403, field="token")


def test_a_token_in_a_cookie_or_body_is_none(site, room, token):
    refused(events(site, room, ("Cookie", f"token={token}; Authorization=Bearer {token}")), 403, field="token")
    body = {"token": token, "authorization": f"Bearer {token}", "description": "no"}
    refused(site.http("PUT", f"/chats/{room}", body), 403, field="token")


def test_a_password_is_no_token(site, room):
    pair = base64.b64encode(b"ann:open sesame, please").decode()
    refused(events(site, room, ("Authorization", "Basic " + pair)), 403, field="token")
    refused(events(site, room, ("Authorization", "Bearer open sesame, please")), 403, field="token")


def test_spaces_around_do_no_harm(site, room, token):
    assert events(site, room, ("Authorization", f"  Bearer {token}  ")).status == 200
    assert events(site, room, ("Authorization", f"Bearer  {token}")).status in (200, 403)
    assert history(site, room, token) == []


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer garbage", "Bearer", "", "x" * 500, "Bearer a, Bearer b"],
                         ids=lambda value: value[:16])
def test_where_no_token_is_needed_no_header_is_in_the_way(site, value):
    room = site.room()
    pair = [("Authorization", value), ("Accept", "application/json")]
    assert site.http("GET", "/chats", headers=pair).status == 200
    assert site.http("GET", "/chats/all", headers=pair).status == 200
    assert events(site, room, *pair).status == 200
    shown(site.http("GET", f"/chats/{room}", headers=pair), id=room)
    shown(site.http("PUT", f"/chats/{room}", {"description": "new"}, headers=pair), description="new")


def test_tokens_of_two_people_open_the_same_door(site, room):
    for name in ("ann", "bob"):
        assert history(site, room, enter(site, room, name)) == []
    shown(show(site, room, enter(site, room, "cy")), id=room)

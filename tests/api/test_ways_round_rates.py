# SPDX-License-Identifier: MIT
"""What a client might try so as not to be counted, or so that others are: see also test_rates.py."""

import itertools

import pytest

from lib.globes import PASSWORD

SETTINGS = {"create_rate": "2/h", "login_rate": "2/h", "login_rate_room": "5/h"}
numbers = itertools.count(1)


def make(site, *pairs):
    body = {"title": site.title(), "visibility": "public"}
    return site.http("POST", "/chats", body, headers=list(pairs)).status


@pytest.mark.parametrize("order", [1, -1])
def test_a_header_that_becomes_the_same_variable_is_not_believed(site, order):
    """A web server makes HTTP_X_FORWARDED_FOR of X_Forwarded_For too, which no proxy has written."""
    address = f"203.0.113.{next(numbers)}"
    assert [make(site, ("X-Forwarded-For", address)) for _ in range(3)] == [201, 201, 429]
    forged = [make(site, *[("X-Forwarded-For", address), ("X_Forwarded_For", f"198.51.100.{i}")][::order]) for i in range(6)]
    assert 429 in forged[2:], forged


def test_the_machine_itself_is_counted_by_either_of_its_addresses(site):
    for address in ("::1", "::2"):
        # Whoever is trusted is passed over: ::1 is, so what counts is the peer, which is the machine as well.
        assert 429 in [make(site, ("X-Forwarded-For", address)) for _ in range(4)], address


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_guesses_of_others_keep_no_owner_out(site, visibility):
    body = {"title": site.title(), "visibility": visibility, "owned": True}
    made = site.http("POST", "/chats", {**body, "password": PASSWORD} if visibility == "private" else body,
                     headers={"X-Forwarded-For": f"203.0.113.{next(numbers)}"}).json()
    room, token = made["id"], made["owner_token"]
    site.secrets.add(token)
    for i in range(7):
        site.http("POST", f"/chats/{room}/token", {"secret": "go_" + "A" * 43, "name": "eve"},
                  headers={"X-Forwarded-For": f"192.0.2.{i + 1}"})
    body = {"secret": token, "name": "olga"}
    for i in range(5):
        answer = site.http("POST", f"/chats/{room}/token", body, headers={"X-Forwarded-For": f"192.0.2.{100 + i}"})
        assert answer.status == 201, answer
        site.secrets.add(answer.json()["token"])
    if visibility == "private":
        answer = site.http("POST", f"/chats/{room}/token", {"secret": PASSWORD, "name": "ann"},
                           headers={"X-Forwarded-For": "192.0.2.200"})
        assert (answer.error(), answer.field()) == ((429, 429), "login_rate_room")

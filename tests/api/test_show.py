# SPDX-License-Identifier: MIT
"""GET /chats/{room}: by id and by title, with and without a token, and who is in the room; and the old bookmark
/chats/{room}/entrance.
"""
import time
from urllib.parse import quote, urlsplit

import pytest
from expect import (JSON_ONLY, USER_MEMBERS, created, done, enter, fresh, instant, make, private,
                    refused, show, shown)


def names(site, room, token=None):
    return [user["username"] for user in shown(show(site, room, token))["users"]]


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_a_room_is_found_by_id_and_by_title(site, visibility):
    title = fresh("Caf\u00e9 \u4e16\u754c")
    room = created(make(site, title, visibility))
    for name in (room["id"], quote(title), quote(title.upper()), quote(title.lower()),
                 quote(title.replace("\u00e9", "e\u0301"))):
        shown(show(site, name), id=room["id"], title=title, visibility=visibility)


def test_percent_encoding_may_be_in_either_case_and_anywhere(site):
    title = fresh("a\u00e9b")
    room = site.room(title)
    encoded = "".join(f"%{byte:02x}" for byte in title.encode())
    shown(show(site, encoded), id=room)
    shown(show(site, encoded.upper()), id=room)


def test_a_plus_in_a_path_is_a_plus(site):
    title = fresh("one+one")
    room = site.room(title)
    shown(show(site, quote(title, safe="+")), id=room)
    refused(show(site, quote(title.replace("+", " "))), 101, field=title.replace("+", " "))


@pytest.mark.parametrize("name", ["nosuchroom", "no such room", "\u4e16\u754c-", "999999999", "0", "-1",
                                  "9" * 16, "9" * 19, "9" * 40, "9007199254740993", "18446744073709551617",
                                  "1e3", "t" * 71, "%", "'"], ids=lambda n: ascii(n[:20]))
def test_a_room_that_is_not_there_is_named_in_the_refusal(site, name):
    refused(show(site, quote(name, safe="")), 101, field=name)


def test_an_id_beyond_64_bits_is_no_other_room(site):
    room = site.room()
    for wrong in (room + 2 ** 64, room + 2 ** 32, room + 2 ** 63):
        refused(show(site, wrong), 101, field=str(wrong))


@pytest.mark.parametrize("accept", [None, "application/json", "*/*", "application/json, text/javascript, */*; q=0.01"])
def test_a_room_is_json(site, accept):
    room = site.room()
    headers = {"Accept": accept} if accept else {}
    shown(site.http("GET", f"/chats/{room}", headers=headers), id=room)


def test_a_query_behind_the_path_does_not_matter(site):
    room = site.room()
    shown(show(site, f"{room}?_=1700000000&x=%20"), id=room)
    shown(show(site, f"{room}?"), id=room)


def test_people_of_a_public_room_are_shown(site):
    room = site.room()
    assert names(site, room) == []
    before = time.time()
    ws = site.ws(room)
    ws.send({"event_type": "join", "name": "Ann", "color": "teal"})
    ws.recv_until(event_type="join")
    users = shown(show(site, room))["users"]
    assert len(users) == 1 and list(users[0]) == USER_MEMBERS
    assert users[0]["username"] == "Ann" and users[0]["color"] == "teal"
    assert users[0]["verified"] is False
    assert before - 1 < instant(users[0]["last_activity"]).timestamp() < time.time() + 1


def test_all_people_are_shown_and_nobody_who_only_looks(site):
    room = site.room()
    sockets = [site.joined(room, f"person {i}") for i in range(5)]
    sockets.append(site.ws(room))
    assert sorted(names(site, room)) == [f"person {i}" for i in range(5)]


def test_who_leaves_is_shown_no_more(site):
    room = site.room()
    ann, bob = site.joined(room, "ann"), site.joined(room, "bob")
    assert sorted(names(site, room)) == ["ann", "bob"]
    ann.send({"event_type": "leave"})
    bob.recv_until(event_type="leave")
    assert names(site, room) == ["bob"]


def test_activity_is_the_last_one(site):
    room = site.room()
    ws = site.joined(room, "ann")
    first = shown(show(site, room))["users"][0]["last_activity"]
    time.sleep(0.01)
    ws.send({"event_type": "send", "msg": "still here"})
    ws.recv_until(event_type="send")
    assert instant(shown(show(site, room))["users"][0]["last_activity"]) > instant(first)


@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_people_of_a_closed_room_are_shown_to_its_tokens_alone(site, visibility):
    room = private(site, visibility)
    token = enter(site, room, "ann")
    ws = site.joined(room, "ann", token)
    user = shown(show(site, room, token))["users"][0]
    assert user["username"] == "ann" and user["verified"] is True
    foreign = enter(site, private(site), "ann")
    for wrong in (None, foreign, token + "x", token[:-1], "x"):
        assert shown(show(site, room, wrong), id=room)["users"] == []
    ws.send({"event_type": "leave"})


def test_people_of_one_room_are_not_in_another(site):
    ours, theirs = site.room(), site.room()
    ws = site.joined(ours, "ann")
    assert names(site, ours) == ["ann"] and names(site, theirs) == []
    ws.send({"event_type": "leave"})


def test_looking_changes_nothing(site):
    room = site.room()
    first = shown(show(site, room))
    assert all(shown(show(site, room)) == first for _ in range(3))


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_the_bookmark_of_the_original_leads_to_the_room(site, visibility):
    title = fresh("Caf\u00e9 & co")
    room = created(make(site, title, visibility))["id"]
    for name in (room, quote(title)):
        answer = site.http("GET", f"/chats/{name}/entrance")
        assert answer.status == 303
        target = urlsplit(answer.headers["Location"])
        assert target.netloc in ("", f"127.0.0.1:{site.port}")
        shown(site.http("GET", target.path, headers=JSON_ONLY), id=room)


def test_a_bookmark_of_no_room_leads_nowhere(site):
    refused(site.http("GET", "/chats/nosuchroom/entrance"), 101, field="nosuchroom")
    room = site.room()
    done(site.http("DELETE", f"/chats/{room}"))
    refused(site.http("GET", f"/chats/{room}/entrance"), 101, field=str(room))


@pytest.mark.parametrize("name", ["a%0d%0aX-Evil:%20yes", "a%0aX-Evil:%20yes", "%0d%0a%0d%0aevil", "a%00b"])
def test_a_bookmark_cannot_write_headers(site, name):
    answer = site.http("GET", f"/chats/{name}/entrance")
    assert answer.status in (400, 404)
    assert "X-Evil" not in answer.headers and "Location" not in answer.headers
    created(make(site))

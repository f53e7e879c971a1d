# SPDX-License-Identifier: MIT
"""GET /chats (as JSON) and /chats/all: which rooms are listed, in which order, in pages and by words."""
from urllib.parse import quote

import pytest
from expect import (JSON_ONLY, ROOM_MEMBERS, assert_headers, assert_room, created, done, enter, fresh,
                    make, private, refused, rooms, show, shown)


def pages(site, query="", between=None, after=None):
    """The ids of all pages, one after another; between() is called after each."""
    ids, after = [], f"&after={after}" if after else ""
    for _ in range(200):
        page = rooms(site, f"?{query}{after}")
        ids += [room["id"] for room in page["rooms"]]
        if page.get("next") is None:
            return ids
        after = f"&after={page['next']}"
        if between:
            between()
    raise AssertionError("the list has no end")


def titles(site, words, more=""):
    return {room["title"] for room in rooms(site, f"?limit=200&q={quote(words)}{more}")["rooms"]}


def newest(site):
    answer = site.http("GET", "/chats/all")
    assert answer.status == 200
    assert_headers(answer)
    body = answer.json()
    assert list(body) == ["status", "data"] and body["status"] is True
    return body["data"]


@pytest.fixture(scope="module")
def shelf(site):
    """230 public rooms that have a word in common; their ids in the order of making."""
    word = fresh("shelf")
    return word, [site.room(f"{word} {i:03}") for i in range(230)]


def test_the_list_has_rooms_and_what_comes_next(site):
    site.room()
    page = rooms(site)
    assert list(page)[:2] == ["rooms", "next"] or list(page) == ["rooms"]
    for room in page["rooms"]:
        assert_room(room)


def test_a_listed_room_looks_as_it_does_alone(site):
    title = fresh("as alone")
    room = created(make(site, title, description="the same"))["id"]
    listed = rooms(site, "?q=" + quote(title))["rooms"]
    assert listed == [shown(show(site, room))]


def test_the_newest_rooms_come_first(site):
    made = [site.room() for _ in range(5)]
    assert [room["id"] for room in rooms(site, "?limit=5")["rooms"]] == made[::-1]
    assert [room["id"] for room in newest(site)][:5] == made[::-1]


def test_the_order_is_that_of_making_whatever_is_changed_later(site):
    first, second = site.room(), private(site)
    token = enter(site, second)
    assert site.http("PUT", f"/chats/{second}", {"visibility": "hidden"}, token=token).status == 200
    third = site.room()
    assert site.http("PUT", f"/chats/{second}", {"visibility": "public"}, token=token).status == 200
    assert site.http("PUT", f"/chats/{first}", {"description": "changed"}).status == 200
    assert [room["id"] for room in rooms(site, "?limit=3")["rooms"]] == [third, second, first]


def test_a_page_has_50_rooms_unless_asked_otherwise(site, shelf):
    word, made = shelf
    page = rooms(site, "?q=" + quote(word))
    assert [room["id"] for room in page["rooms"]] == made[:-51:-1]


@pytest.mark.parametrize("limit", [1, 2, 49, 51, 199, 200])
def test_a_page_has_as_many_rooms_as_asked_for(site, shelf, limit):
    word, made = shelf
    page = rooms(site, f"?limit={limit}&q={quote(word)}")
    assert [room["id"] for room in page["rooms"]] == made[:-limit - 1:-1]


@pytest.mark.parametrize("limit", [201, 230, 1000, 2 ** 31, 2 ** 63 - 1, 2 ** 64])
def test_a_page_has_at_most_200_rooms(site, shelf, limit):
    word, made = shelf
    page = rooms(site, f"?limit={limit}&q={quote(word)}")
    assert [room["id"] for room in page["rooms"]] == made[:-201:-1]
    assert page["next"] is not None


@pytest.mark.parametrize("name", ["limit", "after"])
@pytest.mark.parametrize("value", [
    "0", "-1", "abc", "", "1.5", "1e1", "+5", "%205", "5%20", "0x10", "1,2", "%00", "ten", "%EF%BC%91",
    "null"])
def test_a_page_is_asked_for_by_positive_integers(site, name, value):
    answer = site.http("GET", f"/chats?{name}={value}", headers=JSON_ONLY)
    if value == "%00" and answer.status == 400 and not answer.text.startswith("{"):
        return  # the web server has refused it itself
    refused(answer, 105, field=name)


@pytest.mark.parametrize("limit", [1, 7, 115, 200])
def test_the_pages_together_are_all_rooms_once(site, shelf, limit):
    word, made = shelf
    if limit == 1:
        word, made = f"{word} 22", made[220:230]
    assert pages(site, f"limit={limit}&q={quote(word)}") == made[::-1]


def test_the_pages_of_everything_miss_none_and_repeat_none(site, shelf):
    ids = pages(site, "limit=60")
    assert len(ids) == len(set(ids))
    assert set(shelf[1]) <= set(ids)


def test_rooms_made_meanwhile_move_no_page(site, shelf):
    word, made = shelf
    added = []

    def add():
        added.append(site.room(fresh(word)))

    ids = pages(site, f"limit=40&q={quote(word)}", between=add)
    for room in added:
        done(site.http("DELETE", f"/chats/{room}"))
    assert len(added) >= 5
    assert ids == made[::-1]


def test_rooms_deleted_meanwhile_move_no_page(site):
    word = fresh("shrinking")
    made = [site.room(f"{word} {i}") for i in range(9)]
    page = rooms(site, f"?limit=3&q={quote(word)}")
    for room in made[6:]:
        done(site.http("DELETE", f"/chats/{room}"))
    rest = pages(site, f"limit=3&q={quote(word)}", after=page["next"])
    assert rest == made[5::-1]


def test_the_last_page_says_so(site):
    word = fresh("short")
    for i in range(3):
        site.room(f"{word} {i}")
    assert rooms(site, f"?limit=4&q={quote(word)}").get("next") is None
    page = rooms(site, f"?limit=3&q={quote(word)}")
    if page.get("next") is not None:
        rest = rooms(site, f"?limit=3&q={quote(word)}&after={page['next']}")
        assert rest["rooms"] == [] and rest.get("next") is None


def test_behind_the_oldest_room_there_is_nothing(site):
    site.room()
    page = rooms(site, "?after=1")
    assert page["rooms"] == [] and page.get("next") is None


def test_words_find_titles_in_any_case(site):
    mark = fresh("")
    title = f"The Quick Stra\u00dfe {mark} Caf\u00e9 \u039f\u03b4\u03cc\u03c2"
    site.room(title)
    for words in (mark, mark.upper(), f"quick STRASSE {mark}", f"{mark} CAFE\u0301",
                  f"{mark} caf\u00e9 \u03bf\u03b4\u03cc\u03c3", title, title[1:-1]):
        assert titles(site, words) == {title}, words
    assert titles(site, f"slow {mark}") == set()


@pytest.mark.parametrize("words", [
    "50% o", "snake_case", "back\\slash", "it's", "a*b", "a?b", "[ab]", "\"quoted\"", "a+b"])
def test_words_are_no_patterns(site, words):
    mark = fresh("")
    title = f"{words} {mark}"
    site.room(title)
    site.room(f"50 per o snake-case backslash its axb ab quoted {mark}")
    assert titles(site, title) == {title}
    assert titles(site, f"% {mark}") == titles(site, f"_ {mark}") == titles(site, f"* {mark}") == set()


def test_descriptions_are_not_searched(site):
    mark = fresh("hay")
    site.room(fresh(), description=mark)
    assert titles(site, mark) == set()


def test_no_words_find_everything(site):
    made = site.room()
    assert rooms(site, "?limit=1&q=")["rooms"][0]["id"] == made


def test_a_plus_and_percent_20_are_spaces_in_a_query(site):
    title = fresh("one two")
    room = site.room(title)
    for words in (title.replace(" ", "+"), title.replace(" ", "%20")):
        assert [one["id"] for one in rooms(site, "?q=" + words)["rooms"]] == [room]


@pytest.mark.parametrize("query", ["?x=1", "?limit", "?", "?&&", "?q=%ff", "?q=%zz", "?q=" + "a" * 3000, "?q=%00"],
                         ids=lambda q: q[:9])
def test_odd_queries_do_no_harm(site, query):
    answer = site.http("GET", "/chats" + query, headers=JSON_ONLY)
    assert answer.status in (200, 400)
    rooms(site)


def test_private_rooms_are_listed_without_their_people(site):
    title = fresh("private")
    room = private(site, title=title)
    token = enter(site, room)
    ws = site.joined(room, "ann", token)
    listed = rooms(site, "?q=" + quote(title))["rooms"]
    assert [(one["id"], one["visibility"], one["users"]) for one in listed] == [(room, "private", [])]
    assert next(one for one in newest(site) if one["id"] == room)["users"] == []
    ws.send({"event_type": "leave"})


def test_hidden_rooms_are_in_no_list(site):
    word = fresh("hidden")
    title = word + " one"
    room = private(site, "hidden", title=title)
    token = enter(site, room)
    beside = site.room(word + " two")
    for bearer in (None, token):
        assert [one["id"] for one in rooms(site, f"?q={quote(word)}", token=bearer)["rooms"]] == [beside]
        assert rooms(site, f"?q={quote(title)}", token=bearer)["rooms"] == []
    assert room not in pages(site, "limit=200")
    assert room not in [one["id"] for one in newest(site)]
    shown(show(site, quote(title)), id=room)


def test_a_room_goes_from_the_lists_when_it_is_hidden_and_comes_back(site):
    title = fresh("now and then")
    room = private(site, title=title)
    token = enter(site, room)
    for visibility, listed in (("hidden", []), ("private", [room])):
        assert site.http("PUT", f"/chats/{room}", {"visibility": visibility}, token=token).status == 200
        assert [one["id"] for one in rooms(site, "?q=" + quote(title))["rooms"]] == listed


def test_all_is_the_newest_100_rooms(site, shelf):
    made = [site.room() for _ in range(3)]
    data = newest(site)
    assert len(data) == 100
    ids = [room["id"] for room in data]
    assert ids[:3] == made[::-1]
    assert ids == pages(site, "limit=200")[:100]
    for room in data:
        assert_room(room)


def test_a_site_without_rooms_has_empty_lists(make_site):
    empty = make_site(room="none")
    assert rooms(empty) == {"rooms": [], "next": None} or rooms(empty) == {"rooms": []}
    assert newest(empty) == []
    assert list(shown(show(empty, empty.room()))) == ROOM_MEMBERS


def test_no_more_than_rooms_max_are_made(make_site):
    small = make_site(rooms_max="3", room="none")
    made = [small.room() for _ in range(3)]
    answer = make(small)
    refused(answer, 429, field="rooms_max")
    assert int(answer.headers["Retry-After"]) > 0
    done(small.http("DELETE", f"/chats/{made[0]}"))
    created(make(small))
    refused(make(small, visibility="hidden"), 429, field="rooms_max")

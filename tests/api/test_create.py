# SPDX-License-Identifier: MIT
"""POST /chats: what a new room looks like and which ids rooms get. Titles: test_titles.py; passwords:
test_passwords.py; bodies that are no good JSON: test_bodies.py.
"""
import time

import pytest
from expect import (ANY_FIELD, HIDDEN_IDS, PASSWORD, created, fresh, instant, is_gone, make,
                    private, refused, show, shown)


def test_a_new_room_is_answered_whole_and_with_its_id_at_the_end(site):
    title = fresh("Tea & Biscuits")
    before = time.time()
    room = created(make(site, title, description="all about tea"),
                   title=title, description="all about tea", visibility="public")
    for moment in (room["createdAt"], room["updatedAt"]):
        assert before - 1 < instant(moment).timestamp() < time.time() + 1


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_a_new_room_is_then_found_as_it_was_answered(site, visibility):
    answer = make(site, visibility=visibility, description="as promised")
    room = created(answer, visibility=visibility)
    del room["status"], room["data"]
    assert shown(show(site, room["id"])) == room


def test_no_description_is_an_empty_one(site):
    created(make(site), description="")
    created(make(site, description=""), description="")


@pytest.mark.parametrize("length", [1, 69, 70])
def test_a_description_has_up_to_70_characters(site, length):
    created(make(site, description="d" * length), description="d" * length)


@pytest.mark.parametrize("text", ["d" * 71, "d" * 5000, "\N{SMILING FACE WITH SUNGLASSES}" * 71])
def test_a_longer_description_is_refused(site, text):
    refused(make(site, description=text), 105, field="description")


def test_a_description_is_counted_in_characters_after_composing(site):
    created(make(site, description="e\u0301" * 70))
    refused(make(site, description="e\u0301" * 71), 105, field="description")
    created(make(site, description="\N{SMILING FACE WITH SUNGLASSES}" * 70))


def test_markup_and_quotes_come_back_as_they_were(site):
    text = '<script>"\'&\\ </script> \u00e9\u4e16\U0001f600'
    room = created(make(site, description=text), description=text)
    shown(show(site, room["id"]), description=text)


@pytest.mark.parametrize("word", ["PUBLIC", "Public", "pUbLiC", "PRIVATE", "Private", "HIDDEN", "hIdDeN"])
def test_visibility_is_taken_in_any_case_and_kept_in_lower_case(site, word):
    room = created(make(site, visibility=word), visibility=word.lower())
    shown(show(site, room["id"]), visibility=word.lower())


@pytest.mark.parametrize("word", ["", "open", "publi", "publics", " public", "public ", "public\n",
                                  "public\u0000", "PR\u0130VATE", "h\u0131dden", "0", "unlisted"])
def test_no_other_word_is_a_visibility(site, word):
    answer = site.http("POST", "/chats", {"title": fresh(), "visibility": word})
    refused(answer, 105, field="visibility")


def test_a_room_needs_a_title(site):
    refused(site.http("POST", "/chats", {"visibility": "public"}), 105, field="title")


def test_a_room_needs_a_visibility(site):
    refused(site.http("POST", "/chats", {"title": fresh()}), 105, field="visibility")


@pytest.mark.parametrize("body", ["", "{}"])
def test_nothing_at_all_makes_no_room(site, body):
    refused(site.http("POST", "/chats", body), 105, field=("title", "visibility"))


def test_id_and_times_are_not_the_clients_to_choose(site):
    other = site.room()
    room = created(make(site, id=other, createdAt="1999-01-01T00:00:00.0Z",
                        updatedAt="1999-01-01T00:00:00.0Z"))
    assert room["id"] != other
    assert instant(room["createdAt"]).timestamp() > time.time() - 60
    assert instant(room["updatedAt"]).timestamp() > time.time() - 60


def test_id_and_times_of_any_type_are_ignored(site):
    created(make(site, id="seven", createdAt=7, updatedAt=None))


def test_unknown_members_are_ignored(site):
    room = created(make(site, colour="red", users=[{"username": "ghost"}], key="00", admin=True,
                        nested={"a": [1, 2.5e3, None, False, "\\u0000"]}))
    shown(show(site, room["id"]), users=[])


@pytest.mark.parametrize("member", ["title", "description", "visibility", "password"])
@pytest.mark.parametrize("value", [None, 7, 1.5, True, False, [], {}, ["public"]], ids=repr)
def test_a_member_of_a_wrong_type_is_no_good_json(site, member, value):
    body = {"title": fresh(), "visibility": "private", "password": PASSWORD, "description": "d"}
    body[member] = value
    refused(site.http("POST", "/chats", body), 103, field=(None, member))


def test_a_refused_room_does_not_exist(site):
    title = fresh()
    refused(make(site, title, description="d" * 71), 105, field="description")
    is_gone(site, title)
    created(make(site, title))


def test_ids_are_never_used_twice(site):
    seen = []
    for _ in range(4):
        room = site.room()
        assert site.http("DELETE", f"/chats/{room}").status == 200
        seen.append(room)
    assert len(set(seen)) == 4
    newest = site.room()
    assert newest not in seen
    for room in seen:
        is_gone(site, room)


def test_hidden_rooms_have_ids_that_nobody_guesses(site):
    ids = [private(site, "hidden") for _ in range(4)]
    assert all(room in HIDDEN_IDS for room in ids)
    gaps = [abs(a - b) for a in ids for b in ids if a != b]
    assert len(gaps) == 12 and min(gaps) > 1000


def test_ids_of_other_rooms_say_nothing_about_those_of_hidden_ones(site):
    private(site, "hidden")
    assert site.room() < 2 ** 40
    assert private(site) < 2 ** 40


def test_the_order_of_the_members_in_the_request_does_not_matter(site):
    body = {"password": PASSWORD, "visibility": "hidden", "description": "d", "title": fresh()}
    created(site.http("POST", "/chats", body), title=body["title"], visibility="hidden")


def test_names_of_members_are_matched_with_case(site):
    answer = site.http("POST", "/chats", {"Title": fresh(), "visibility": "public"})
    refused(answer, 105, field="title")


@pytest.mark.parametrize("text", ['"ab\\ud800cd"', '"\\udc00\\ud800"', '"\\ud83d"'])
def test_half_a_character_does_no_harm(site, text):
    body = '{"title":%s,"visibility":"public"}' % text
    answer = site.http("POST", "/chats", body)
    if answer.status == 201:
        assert "\ufffd" in created(answer)["title"]
    else:
        refused(answer, answer.json()["error"]["code"], field=ANY_FIELD, http=400)

# SPDX-License-Identifier: MIT
"""Hidden rooms, both ways of the setting hidden_rooms. What test_lists.py (unlisted) and test_policies.py (secret) say
of them is not said again here.
"""
from urllib.parse import quote

import pytest
from expect import (HIDDEN_IDS, PASSWORD, assert_headers, created, done, enter, fresh, history, is_gone, make, private,
                    refused, rooms, say, show, shown)
from lib.globes import Site
from lib.ws import Refused, Ws
from owner import ctl
from rights import OWNER_TOKEN, ask, delete, guest, owned, put, renew


@pytest.fixture(scope="module", name="secret")
def secret_site():
    """A site of the other way; `site` is of the default one."""
    with Site(hidden_rooms="secret") as made:
        yield made


@pytest.fixture(params=["unlisted", "secret"], name="either")
def either_site(request, site, secret):
    return site if request.param == "unlisted" else secret


def listed(site, words=""):
    return [one["id"] for one in rooms(site, f"?limit=200&q={quote(words)}")["rooms"]]


def by_title(site, title, token=None):
    """Every call that names a room, for this title: (what it is, its answer)."""
    name = quote(title)
    return [("show", show(site, name, token)), ("change", put(site, name, token, description="x")),
            ("token", ask(site, name, secret=PASSWORD, name="eve")), ("renew", renew(site, name, token)),
            ("guest", ask(site, name, guest=True, name="eve")),
            ("entrance", site.http("GET", f"/chats/{name}/entrance", token=token)),
            ("delete", delete(site, name, token))]


# ---- either way ----

def test_a_hidden_room_is_in_no_list_by_no_word_and_on_no_page(either):
    word = fresh("hidden")
    room, owner_token = owned(either, "hidden", title=f"{word} one")
    beside = created(make(either, f"{word} two"))["id"]
    token = enter(either, room)
    for bearer in (None, token, owner_token):
        for query in ("?q=" + quote(word), "?q=" + quote(word + " one"), "?q=one&limit=200", "?limit=200",
                      f"?limit=200&after={room + 1}", f"?limit=200&after={2 ** 53}"):
            assert room not in [one["id"] for one in rooms(either, query, bearer)["rooms"]], query
        newest = either.http("GET", "/chats/all", token=bearer)
        assert room not in [one["id"] for one in newest.json()["data"]]
    assert listed(either, word) == [beside]


def test_pages_do_not_show_where_a_hidden_room_would_be(either):
    word = fresh("gap")
    first = created(make(either, f"{word} 1"))["id"]
    private(either, "hidden", title=f"{word} 2")
    second = created(make(either, f"{word} 3"))["id"]
    page = rooms(either, f"?limit=1&q={quote(word)}")
    assert [one["id"] for one in page["rooms"]] == [second]
    page = rooms(either, f"?limit=1&q={quote(word)}&after={page['next']}")
    assert [one["id"] for one in page["rooms"]] == [first] and page["next"] is None


def test_a_hidden_room_is_like_a_private_one_to_who_has_its_id(either):
    room = private(either, "hidden", description="between us")
    assert room in HIDDEN_IDS
    token = enter(either, room)
    ws = either.joined(room, "ann", token)
    said = say(ws, "hello")
    shown(show(either, room), users=[], description="between us", visibility="hidden")
    assert [user["username"] for user in shown(show(either, room, token))["users"]] == ["ann"]
    assert history(either, room, token) == said
    for wrong in (None, enter(either, private(either, "hidden")), "garbage"):
        refused(either.http("GET", f"/chats/events/{room}", token=wrong), 403, field="token")
        refused(put(either, room, wrong, description="no"), 403, field="token")
        refused(delete(either, room, wrong), 403, field="token")
        refused(renew(either, room, wrong), 403, field="token")
        assert shown(show(either, room, wrong))["users"] == []
    refused(ask(either, room, name="ann"), 304, field="secret")
    refused(ask(either, room, name="ann", guest=True), 304, field="secret")


def test_the_bookmark_of_a_hidden_room_leads_to_it(either):
    room = private(either, "hidden")
    answer = either.http("GET", f"/chats/{room}/entrance")
    assert answer.status == 303 and answer.headers["Location"].endswith(f"/chats/{room}")


def test_ids_next_to_that_of_a_hidden_room_are_none(either):
    room = private(either, "hidden")
    for near in (room - 1, room + 1):
        is_gone(either, near)


def test_a_hidden_room_that_is_opened_is_found_and_listed(either):
    title = fresh("opened")
    room, owner_token = owned(either, "hidden", title=title)
    shown(put(either, room, owner_token, visibility="public"), visibility="public", id=room)
    shown(show(either, quote(title.upper())), id=room)
    assert listed(either, title) == [room]
    refused(make(either, title), 102, field="title")


def test_a_hidden_room_that_becomes_private_is_found_and_listed_and_keeps_its_tokens(either):
    title = fresh("shown")
    room = private(either, "hidden", title=title)
    token = enter(either, room)
    shown(put(either, room, token, visibility="private"), visibility="private", id=room)
    shown(show(either, quote(title), token), id=room)
    assert listed(either, title) == [room]
    assert history(either, room, token) == []


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_a_hidden_room_is_not_opened_under_a_title_that_is_taken_meanwhile(secret, visibility):
    title = fresh("taken")
    room = private(secret, "hidden", title=title)
    token = enter(secret, room)
    beside = created(make(secret, title))["id"]
    refused(put(secret, room, token, visibility=visibility, description="no"), 102, field="title")
    shown(show(secret, room), visibility="hidden", description="")
    assert history(secret, room, token) == []
    shown(put(secret, room, token, visibility=visibility, title=fresh("free")), visibility=visibility)
    shown(show(secret, quote(title)), id=beside)


# ---- unlisted ----

def test_an_unlisted_room_is_found_by_its_title_in_every_call(site):
    title = fresh("\u00dcnlisted")
    room = private(site, "hidden", title=title)
    token = enter(site, room)
    for what, answer in by_title(site, title.upper(), token):
        expected = {"token": 201, "renew": 201, "entrance": 303, "guest": 401}.get(what, 200)
        assert answer.status == expected, (what, answer)
    is_gone(site, room)


def test_an_unlisted_rooms_title_is_taken_for_everyone(site):
    title = fresh("only once")
    room = private(site, "hidden", title=title)
    for visibility in ("public", "private", "hidden"):
        refused(make(site, title.upper(), visibility), 102, field="title")
        refused(make(site, title.upper(), visibility, owned=True), 102, field="title")
    other = site.room()
    refused(put(site, other, title=title), 102, field="title")
    done(delete(site, room, enter(site, room)))
    created(make(site, title))


def test_an_unlisted_room_is_not_given_a_title_that_is_taken(site):
    title = fresh("taken")
    site.room(title)
    room = private(site, "hidden")
    refused(put(site, room, enter(site, room), title=title.upper()), 102, field="title")


def test_a_room_that_becomes_unlisted_keeps_its_id_title_and_tokens(site):
    title = fresh("withdrawn")
    room = private(site, title=title)
    token = enter(site, room)
    said = say(site.joined(room, "ann", token), "between us")
    shown(put(site, room, token, visibility="Hidden"), visibility="hidden", id=room)
    shown(show(site, quote(title)), id=room)
    assert listed(site, title) == []
    assert history(site, room, token) == said


def test_a_socket_finds_an_unlisted_room_by_its_title(site):
    title = fresh("door")
    room = private(site, "hidden", title=title)
    with Ws(site.address(), f"/chats/{quote(title.upper())}/ws", token=enter(site, room)) as ws:
        assert ws.join()["room_id"] == room


# ---- secret ----

@pytest.mark.parametrize("owned_too", [False, True])
def test_the_title_of_a_secret_room_finds_nothing_in_any_call(secret, owned_too):
    title = fresh("secret")
    room = private(secret, "hidden", title=title) if not owned_too else owned(secret, "hidden", title=title)[0]
    token = enter(secret, room)
    for bearer in (None, token):
        for name in (title, title.upper()):
            for what, answer in by_title(secret, name, bearer):
                refused(answer, 101, field=name)
                assert_headers(answer)
    shown(show(secret, room), id=room)


def test_a_secret_title_is_refused_in_the_very_words_of_one_that_is_not_there(secret):
    there, nowhere = fresh("word"), fresh("word")
    private(secret, "hidden", title=there)
    for (_, one), (_, other) in zip(by_title(secret, there), by_title(secret, nowhere)):
        assert one.status == other.status
        assert one.text.replace(there, nowhere) == other.text
        names = [[name for name, _ in answer.headers.pairs] for answer in (one, other)]
        assert names[0] == names[1]


@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_no_socket_finds_a_secret_room_by_its_title(secret, direct):
    title = fresh("secret")
    room = private(secret, "hidden", title=title)
    token = enter(secret, room)
    for bearer in (token, None):
        with pytest.raises(Refused) as caught:
            Ws(secret.address(direct), f"/chats/{quote(title)}/ws", token=bearer)
        assert caught.value.error() == (404, 101)
    assert secret.joined(room, "ann", token, direct=direct).joined["room_id"] == room


def test_a_socket_finds_the_room_that_has_a_secret_rooms_title(secret):
    title = fresh("shared")
    private(secret, "hidden", title=title)
    room = created(make(secret, title))["id"]
    with Ws(secret.address(), f"/chats/{quote(title)}/ws") as ws:
        assert ws.join("ann")["room_id"] == room


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_a_secret_rooms_title_never_causes_102(secret, visibility):
    title = fresh("shared")
    room = private(secret, "hidden", title=title)
    shown(put(secret, room, enter(secret, room), description="x"))
    created(make(secret, title, visibility))


def test_secret_rooms_are_many_of_one_title(secret):
    title = fresh("many")
    made = [private(secret, "hidden", title=title) for _ in range(3)]
    assert len(set(made)) == 3
    for room in made:
        token = enter(secret, room)
        shown(put(secret, room, token, title=title.upper()), title=title.upper())
        done(delete(secret, room, token))
        is_gone(secret, room)


@pytest.mark.parametrize("more", [{}, {"description": "no"}, {"title": "no such title yet"},
                                  {"password": "another password"}], ids=repr)
def test_an_owner_makes_no_room_a_secret_one_later(secret, more):
    for visibility in ("public", "private"):
        title = fresh("later")
        room, owner_token = owned(secret, visibility, title=title)
        refused(put(secret, room, owner_token, visibility="hidden", **more), 105, field="visibility")
        shown(show(secret, room), title=title, description="", visibility=visibility)


def test_a_secret_room_that_was_opened_does_not_go_back(secret):
    room, owner_token = owned(secret, "hidden")
    shown(put(secret, room, owner_token, visibility="private"), visibility="private")
    refused(put(secret, room, owner_token, visibility="hidden"), 105, field="visibility")
    shown(put(secret, room, owner_token, visibility="public"))
    refused(put(secret, room, owner_token, visibility="hidden", password=PASSWORD), 105, field="visibility")


def test_who_may_not_change_a_room_is_not_told_of_the_setting(secret):
    room, _ = owned(secret)
    body = {"visibility": "hidden", "password": PASSWORD}
    refused(put(secret, room, **body), 403, field="token")
    refused(put(secret, room, guest(secret, room), **body), 104)
    refused(put(secret, created(make(secret))["id"], **body), 104)


# ---- when the setting changes ----

def test_secret_rooms_stay_secret_when_new_ones_are_unlisted(make_site):
    own = make_site(hidden_rooms="secret")
    title = fresh("still secret")
    room, owner_token = owned(own, "hidden", title=title)
    later = private(own)
    token = enter(own, later)
    refused(put(own, later, token, visibility="hidden"), 105, field="visibility")
    own.stop()
    own.settings["hidden_rooms"] = "unlisted"
    own.start()
    is_gone(own, title)
    shown(show(own, room), id=room)
    shown(put(own, room, owner_token, description="x"))
    is_gone(own, title)
    created(make(own, title))
    shown(put(own, later, token, visibility="hidden"), visibility="hidden")


def test_unlisted_rooms_stay_within_reach_of_their_id_when_new_ones_are_secret(make_site):
    own = make_site()
    room = private(own, "hidden")
    token = enter(own, room)
    own.stop()
    own.settings["hidden_rooms"] = "secret"
    own.start()
    shown(show(own, room), id=room, visibility="hidden")
    assert history(own, room, token) == []
    assert listed(own) == [1]


def test_a_secret_room_made_by_the_site_s_owner_is_one_too(secret):
    title = fresh("made by hand")
    room = private(secret, "hidden", title=title)
    answer = ctl("rooms", "owner", room, "--data", secret.data)
    assert OWNER_TOKEN.fullmatch(answer.stdout.strip())
    is_gone(secret, title)
    shown(put(secret, room, answer.stdout.strip(), description="mine"), description="mine")

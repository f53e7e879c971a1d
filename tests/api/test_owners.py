# SPDX-License-Identifier: MIT
"""Rooms that belong to somebody: the owner token, what it opens and to whom it is refused. Closing and opening:
test_closing.py; on the WebSocket: tests/relay/test_owners_and_guests.py; `globesctl rooms`: tests/ctl/test_rooms.py.
"""
import hashlib
import os
from urllib.parse import quote

import pytest
from expect import (PASSWORD, assert_headers, created, done, enter, fresh, history, is_gone, make, private, refused,
                    rooms, say, show, shown)
from lib import tokens
from lib.globes import wait
from owner import ctl
from rights import (CLOSED, EVERY, OWNER_TOKEN, ask, delete, given, guest, is_bare, member, owned, owner, put,
                    renew)
from stored import rooms_db

every = pytest.mark.parametrize("visibility", EVERY)
closed = pytest.mark.parametrize("visibility", CLOSED)
STRANGER = "go_" + "A" * 43


# ---- making one ----

@every
def test_an_owned_room_is_answered_with_its_owner_token(site, visibility):
    room, token = owned(site, visibility)
    shown(show(site, room), visibility=visibility)
    assert OWNER_TOKEN.fullmatch(token)


def test_owner_tokens_are_never_the_same(site):
    made = {owned(site)[1] for _ in range(20)}
    assert len(made) == 20
    assert len({token[3:9] for token in made}) == 20


@pytest.mark.parametrize("more", [{}, {"owned": False}], ids=repr)
def test_a_room_that_nobody_asked_to_own_has_no_owner_token(site, more):
    answer = make(site, **more)
    created(answer)
    assert "owner" not in answer.text


@pytest.mark.parametrize("value", [None, "true", "", 1, 0, [], {}, [True]], ids=repr)
def test_owned_is_true_or_false(site, value):
    title = fresh()
    refused(make(site, title, owned=value), 103, field=(None, "owned"))
    is_gone(site, title)


def test_no_owner_token_is_given_with_a_refusal(site):
    title = fresh()
    site.room(title)
    for answer in (make(site, title, owned=True), make(site, owned=True, description="d" * 71),
                   make(site, visibility="private", owned=True, password="short")):
        assert answer.status == 400
        assert "go_" not in answer.text and "owner" not in answer.text


def test_nobody_chooses_an_owner_token(site):
    answer = make(site, owned=True, owner_token=STRANGER, owner=STRANGER)
    body = answer.json()
    assert body["owner_token"] != STRANGER
    site.secrets.add(body["owner_token"])
    refused(put(site, body["id"], STRANGER, description="mine"), 403, field="token")


@pytest.mark.parametrize("value", [True, False, None, "x"], ids=repr)
def test_nobody_becomes_an_owner_by_a_change(site, value):
    room = site.room()
    answer = put(site, room, owned=value, owner_token=STRANGER, owner=STRANGER)
    assert "go_" not in answer.text
    refused(ask(site, room, secret=STRANGER, name="eve"), 304, field="secret")
    shown(put(site, room, description="still everyone's"), description="still everyone's")


def test_an_owned_room_does_not_become_everyones_by_a_change(site):
    room, token = owned(site)
    shown(put(site, room, token, owned=False, description="x"))
    refused(put(site, room, description="y"), 403, field="token")
    shown(put(site, room, token, description="z"), description="z")


# ---- the right to change ----

@every
def test_the_owner_token_changes_and_deletes(site, visibility):
    room, token = owned(site, visibility)
    title = fresh("mine")
    shown(put(site, room, token, title=title, description="as I like it"), title=title, description="as I like it")
    done(delete(site, room, token))
    is_gone(site, room)


@every
def test_the_owner_token_goes_by_the_rooms_title_too(site, visibility):
    title = fresh("\u00dcber")
    room, token = owned(site, visibility, title=title)
    shown(put(site, quote(title.upper()), token, description="found"), id=room, description="found")
    done(delete(site, quote(title.lower()), token))


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_of_an_owner_token_is_matched_without_case(site, scheme):
    room, token = owned(site)
    headers = {"Authorization": f"{scheme} {token}"}
    shown(site.http("PUT", f"/chats/{room}", {"description": "x"}, headers=headers), description="x")


@every
def test_an_owned_room_is_not_changed_without_a_token(site, visibility):
    room, _ = owned(site, visibility)
    was = shown(show(site, room))
    refused(put(site, room, description="no"), 403, field="token")
    refused(put(site, room), 403, field="token")
    refused(delete(site, room), 403, field="token")
    assert shown(show(site, room)) == was


@every
def test_who_only_belongs_to_a_room_does_not_change_an_owned_one(site, visibility):
    room, _ = owned(site, visibility)
    token = member(site, room, visibility)
    was = shown(show(site, room))
    for answer in (put(site, room, token, description="no"), put(site, room, token), delete(site, room, token),
                   put(site, room, token, visibility="public"),
                   put(site, room, token, visibility="private", password="a new password"),
                   put(site, room, token, password="a new password")):
        refused(answer, 104)
    assert shown(show(site, room)) == was
    given(renew(site, room, token), tokens.read(token)[1]["role"], "mia")


@pytest.mark.parametrize("role", ["guest", "member", "moderator"])
@every
def test_no_other_role_changes_an_owned_room(site, visibility, role):
    room, _ = owned(site, visibility)
    token = tokens.forge(site, room, "ann", role=role)
    refused(put(site, room, token, description="no"), 104)
    refused(delete(site, room, token), 104)


@every
def test_another_rooms_owner_token_is_no_token(site, visibility):
    room, mine = owned(site, visibility)
    other, theirs = owned(site, visibility)
    for one, token in ((room, theirs), (other, mine)):
        refused(put(site, one, token, description="no"), 403, field="token")
        refused(delete(site, one, token), 403, field="token")
    shown(put(site, room, mine, description="yes"), description="yes")


@every
def test_another_rooms_owner_is_no_owner_here(site, visibility):
    room, _ = owned(site, visibility)
    other, theirs = owned(site, visibility)
    token = owner(site, other, theirs)
    refused(put(site, room, token, description="no"), 403, field="token")
    refused(delete(site, room, token), 403, field="token")


WRONG = {
    "its beginning": lambda t: t[:-1],
    "one letter more": lambda t: t + "A",
    "another last letter": lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"),
    "another first letter": lambda t: "go_" + ("A" if t[3] != "A" else "B") + t[4:],
    "the bits behind its end": lambda t: t[:-1] + chr(ord(t[-1]) + 1),
    "padding": lambda t: t + "=",
    "in the other case": lambda t: t.swapcase(),
    "no prefix": lambda t: t[3:],
    "another prefix": lambda t: "gt_" + t[3:],
    "a prefix in capitals": lambda t: "GO_" + t[3:],
    "twice": lambda t: t + t,
    "a dot behind": lambda t: t + ".",
    "as a JWT": lambda t: f"{t}.{t}.{t}",
    "a stranger's": lambda t: STRANGER,
    "only the prefix": lambda t: "go_",
    "its hash": lambda t: hashlib.sha256(t.encode()).hexdigest(),
    "its hash behind the prefix": lambda t: "go_" + tokens.b64url(hashlib.sha256(t.encode()).digest()),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_only_looks_like_an_owner_token_is_none(site, wrong):
    room, token = owned(site, "private")
    bad = wrong(token)
    refused(put(site, room, bad, description="no"), 403, field="token")
    refused(delete(site, room, bad), 403, field="token")
    refused(site.http("GET", f"/chats/events/{room}", token=bad), 403, field="token")
    refused(ask(site, room, secret=bad, name="eve"), 304, field="secret")
    shown(put(site, room, token, description="yes"))


def test_the_right_is_asked_for_before_the_body_is_read(site):
    room, token = owned(site)
    for wrong, code in ((None, 403), (STRANGER, 403), (guest(site, room), 104)):
        answer = site.http("PUT", f"/chats/{room}", "{no JSON", token=wrong)
        refused(answer, code, field="token" if code == 403 else None)
    refused(site.http("PUT", f"/chats/{room}", "{no JSON", token=token), 103)


def test_an_owner_token_is_taken_from_the_header_alone(site):
    room, token = owned(site)
    body = {"description": "no", "token": token, "owner_token": token, "secret": token}
    refused(site.http("PUT", f"/chats/{room}", body), 403, field="token")
    refused(site.http("DELETE", f"/chats/{room}?owner_token={token}&token={token}"), 403, field="token")
    refused(site.http("DELETE", f"/chats/{room}", headers={"Cookie": f"owner_token={token}"}), 403, field="token")
    shown(show(site, room), description="")
    site.secrets.discard(token)  # it was in an address here, which the web server may log


def test_a_password_of_the_shape_of_an_owner_token_is_a_password(site):
    room = private(site, password=STRANGER)
    token = given(ask(site, room, secret=STRANGER, name="ann"), "member")
    shown(put(site, room, token, description="by a member"))
    refused(put(site, room, STRANGER, description="no"), 403, field="token")


# ---- reading with it ----

@closed
def test_the_owner_token_reads_what_is_said_and_who_is_there(site, visibility):
    room, token = owned(site, visibility)
    ws = site.joined(room, "mia", member(site, room, visibility))
    say(ws, "between us")
    assert [event["msg"] for event in history(site, room, token)] == ["between us"]
    assert [user["username"] for user in shown(show(site, room, token))["users"]] == ["mia"]
    assert [user["username"] for user in shown(put(site, room, token, description="x"))["users"]] == ["mia"]


@closed
def test_another_rooms_owner_token_reads_nothing(site, visibility):
    room, _ = owned(site, visibility)
    _, theirs = owned(site, visibility)
    site.joined(room, "mia", member(site, room, visibility))
    refused(site.http("GET", f"/chats/events/{room}", token=theirs), 403, field="token")
    assert shown(show(site, room, theirs))["users"] == []


@closed
def test_an_owner_token_is_not_renewed(site, visibility):
    room, token = owned(site, visibility)
    refused(renew(site, room, token), 403, field="token")


def test_an_owner_token_is_ignored_where_none_is_needed(site):
    _, token = owned(site)
    room = site.room()
    shown(show(site, room, token), id=room)
    assert history(site, room, token) == []
    assert rooms(site, token=token)["rooms"]
    shown(put(site, room, token, description="anyone's"), description="anyone's")
    done(delete(site, room, token))


# ---- entering with it ----

@every
def test_the_owner_token_as_secret_gives_a_token_of_the_owner(site, visibility):
    room, owner_token = owned(site, visibility)
    token = owner(site, room, owner_token)
    assert tokens.read(token)[1]["room_id"] == room
    shown(put(site, room, token, description="by its owner"), description="by its owner")
    assert history(site, room, token) == []
    done(delete(site, room, token))
    is_gone(site, room)


@every
def test_a_renewed_token_of_the_owner_is_the_owners(site, visibility):
    room, owner_token = owned(site, visibility)
    token = owner(site, room, owner_token)
    new = given(renew(site, room, token), "owner", "olga")
    was, now = tokens.read(token)[1], tokens.read(new)[1]
    assert all(was[name] == now[name] for name in ("sub", "iat", "username", "room_id"))
    shown(put(site, room, new, description="still mine"))


def test_every_entry_of_an_owner_is_another_person(site):
    room, owner_token = owned(site)
    subs = {tokens.read(owner(site, room, owner_token))[1]["sub"] for _ in range(3)}
    assert len(subs) == 3


@closed
def test_the_password_still_gives_a_members_token_in_an_owned_room(site, visibility):
    room, _ = owned(site, visibility)
    given(ask(site, room, secret=PASSWORD, name="ann"), "member")


@every
def test_a_wrong_secret_of_the_shape_of_an_owner_token_is_refused(site, visibility):
    room, _ = owned(site, visibility)
    _, theirs = owned(site, visibility)
    for secret in (theirs, STRANGER):
        refused(ask(site, room, secret=secret, name="eve"), 304, field="secret")
        refused(ask(site, room, secret=secret, name="eve", guest=False), 304, field="secret")


@every
def test_a_room_that_nobody_owns_refuses_secrets_of_that_shape(site, visibility):
    room = created(make(site, visibility=visibility))["id"]
    refused(ask(site, room, secret=STRANGER, name="eve"), 304, field="secret")
    refused(ask(site, room, secret="go_" + "_-aZ09" * 7 + "A", name="eve"), 304, field="secret")


@pytest.mark.parametrize("secret", ["go_", "go_" + "A" * 42, "go_" + "A" * 44, "go_" + "A" * 42 + "=", "x",
                                    "Go_" + "A" * 43, "go_" + "A" * 42 + "\u00e9", PASSWORD, ""], ids=ascii)
def test_any_other_secret_is_ignored_in_a_public_room(site, secret):
    for room in (site.room(), owned(site)[0]):
        done(ask(site, room, secret=secret, name="ann"))


@pytest.mark.parametrize("secret", [None, 7, True, [], {}], ids=repr)
def test_a_secret_that_is_no_text_is_ignored_in_a_public_room(site, secret):
    done(ask(site, owned(site)[0], secret=secret, name="ann"))


@pytest.mark.parametrize("name", ["", "a\nb", "n" * 65, "\u202e"], ids=ascii)
def test_an_owner_needs_a_name_as_others_do(site, name):
    room, owner_token = owned(site)
    refused(ask(site, room, secret=owner_token, name=name), 105, field="name")
    refused(ask(site, room, secret=owner_token), 303, field="name")


# ---- it is shown once ----

@every
def test_an_owner_token_is_never_shown_again(site, visibility):
    room, owner_token = owned(site, visibility)
    token = owner(site, room, owner_token)
    answers = [show(site, room), show(site, room, owner_token), show(site, room, token),
               put(site, room, owner_token, description="x"), put(site, room, owner_token, visibility="nonsense"),
               put(site, room, owner_token, owned=True), site.http("GET", "/chats/all", token=owner_token),
               site.http("GET", f"/chats/events/{room}", token=owner_token),
               site.http("GET", "/chats", token=owner_token, headers={"Accept": "application/json"}),
               site.http("GET", f"/chats/{room}/entrance", token=owner_token), renew(site, room, token),
               ask(site, room, secret=owner_token, name="x"), ask(site, room, secret=owner_token, name=""),
               delete(site, room, owner_token)]
    digest = hashlib.sha256(owner_token.encode()).digest()
    for answer in answers:
        text = f"{answer.headers} {answer.text}"
        for secret in (owner_token, "owner_token", digest.hex(), tokens.b64url(digest)):
            assert secret not in text, answer


def test_an_owned_room_looks_like_any_other(site):
    room, token = owned(site, description="x")
    for bearer in (None, token):
        assert is_bare(shown(show(site, room, bearer)))
        listed = next(one for one in rooms(site, token=bearer)["rooms"] if one["id"] == room)
        assert is_bare(listed)


def bytes_of(folder):
    """What all files below a folder have in them, one after another."""
    content = b""
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    content += file.read()
    return content


def test_the_owner_token_is_in_no_file_and_no_log(make_site):
    own = make_site(log_level="debug")
    kept = [owned(own, visibility) for visibility in EVERY]
    for room, token in kept:
        say(own.joined(room, "olga", owner(own, room, token)), "hello")
        shown(put(own, room, token, description="x"))
        refused(put(own, room, token, title="x"), 105, field="title")
        refused(put(own, kept[0][0] if room != kept[0][0] else kept[1][0], token), 403, field="token")
    own.kill_and_wait("globes.fcgi")
    own.stop()
    content = bytes_of(own.data)
    assert b"hello" in content
    for room, token in kept:
        assert token.encode() not in content
        assert token[3:].encode() not in content
        assert hashlib.sha256(token.encode()).digest() in content
        assert tokens.b64url_decode(token[3:]) not in content


def test_the_store_has_the_sha_256_of_it_alone(site):
    room, token = owned(site)
    stored = rooms_db(site, "SELECT owner FROM rooms WHERE id = ?", room)[0][0]
    assert stored == hashlib.sha256(token.encode()).digest()
    assert rooms_db(site, "SELECT owner FROM rooms WHERE id = ?", site.room()) == [(None,)]


# ---- it lives on ----

def test_an_owner_token_outlives_restarts(make_site):
    own = make_site()
    room, token = owned(own, "private")
    own.kill_and_wait("globes.fcgi")
    shown(put(own, room, token, description="after a crash"), description="after a crash")
    own.stop()
    own.start()
    shown(put(own, room, token, description="after a restart"), description="after a restart")
    owner(own, room, token)


def test_an_owner_token_outlives_token_max_age(make_site):
    own = make_site(token_lifetime="10s", token_max_age="10s")
    room, token = owned(own, "private")
    rooms_db(own, "UPDATE rooms SET created = 0, updated = 0, version = version + 1 WHERE id = ?", room)
    shown(put(own, room, token, description="old"), description="old")
    owner(own, room, token)


@closed
def test_an_owner_token_outlives_a_new_password_and_an_owners_other_token_does_not(site, visibility):
    room, owner_token = owned(site, visibility)
    token = owner(site, room, owner_token)
    shown(put(site, room, owner_token, password="a new password"))
    refused(put(site, room, token, description="no"), 403, field="token")
    refused(renew(site, room, token), 403, field="token")
    shown(put(site, room, owner_token, description="yes"), description="yes")
    shown(put(site, room, owner(site, room, owner_token), description="again"), description="again")
    refused(ask(site, room, secret=PASSWORD, name="ann"), 304, field="secret")
    enter(site, room, secret="a new password")


@closed
def test_an_owner_token_outlives_opening_and_closing(site, visibility):
    room, token = owned(site, visibility)
    shown(put(site, room, token, visibility="public"), visibility="public")
    refused(put(site, room, description="everyone's?"), 403, field="token")
    refused(delete(site, room), 403, field="token")
    shown(put(site, room, token, description="mine"), description="mine")
    shown(put(site, room, token, visibility=visibility, password=PASSWORD), visibility=visibility)
    owner(site, room, token)
    done(delete(site, room, token))


def test_an_owner_token_dies_with_its_room(site):
    title = fresh("same door")
    first, token = owned(site, title=title)
    done(delete(site, first, token))
    second, _ = owned(site, title=title)
    refused(put(site, second, token, description="no"), 403, field="token")
    refused(ask(site, second, secret=token, name="olga"), 304, field="secret")
    refused(put(site, first, token, description="no"), 101, field=str(first))


# ---- a new one from the site's owner ----

def new_owner_token(site, room):
    ended = ctl("rooms", "owner", room, "--data", site.data)
    assert ended.returncode == 0, ended
    token = ended.stdout.rstrip("\n")
    assert OWNER_TOKEN.fullmatch(token), ended
    site.secrets.add(token)
    return token


@every
def test_a_new_owner_token_ends_the_old_one(site, visibility):
    room, old = owned(site, visibility)
    new = new_owner_token(site, room)
    assert new != old
    refused(put(site, room, old, description="no"), 403, field="token")
    refused(delete(site, room, old), 403, field="token")
    refused(ask(site, room, secret=old, name="olga"), 304, field="secret")
    if visibility != "public":
        refused(site.http("GET", f"/chats/events/{room}", token=old), 403, field="token")
    shown(put(site, room, new, description="yes"), description="yes")
    done(delete(site, room, owner(site, room, new)))


@every
def test_the_site_s_owner_gives_a_room_that_nobody_owns_to_somebody(site, visibility):
    room = created(make(site, visibility=visibility))["id"]
    token = member(site, room, visibility)
    new = new_owner_token(site, room)
    refused(put(site, room, description="no"), 403, field="token")
    refused(put(site, room, token, description="no"), 104)
    shown(put(site, room, new, description="yes"), description="yes")


@closed
def test_a_new_owner_token_puts_nobody_out(site, visibility):
    room, _ = owned(site, visibility)
    token = member(site, room, visibility)
    ws = site.joined(room, "mia", token)
    new_owner_token(site, room)
    say(ws, "still here")
    assert [event["msg"] for event in history(site, room, token)] == ["still here"]
    enter(site, room)


# ---- opening and deleting ----

@closed
def test_opening_by_the_owner_drops_password_tokens_and_what_was_said(site, visibility):
    room, owner_token = owned(site, visibility)
    token = member(site, room, visibility)
    ws = site.joined(room, "mia", token)
    before = say(ws, "between us")[0]
    shown(put(site, room, owner_token, visibility="public"), visibility="public")
    assert ws.wait_closed()[0] == 1008
    assert history(site, room) == history(site, room, owner_token) == history(site, room, token) == []
    done(ask(site, room, secret=PASSWORD, name="ann"))
    done(renew(site, room, token))
    after = say(site.joined(room, "bob"), "hello")[0]
    assert after["epoch"] != before["epoch"]
    assert [event["msg"] for event in history(site, room)] == ["hello"]


@every
def test_an_owned_room_is_deleted_whole(site, visibility):
    room, owner_token = owned(site, visibility)
    ws = site.joined(room, "mia", member(site, room, visibility))
    say(ws, "soon gone")
    assert len(site.log_rows(room)) == 1
    done(delete(site, room, owner_token))
    assert ws.wait_closed()[0] == 1001
    wait(lambda: not site.log_rows(room), what="the end of its messages")
    for answer in (show(site, room, owner_token), put(site, room, owner_token, description="x"),
                   delete(site, room, owner_token), ask(site, room, secret=owner_token, name="olga"),
                   renew(site, room, owner_token), site.http("GET", f"/chats/events/{room}", token=owner_token)):
        refused(answer, 101, field=str(room))
        assert_headers(answer)

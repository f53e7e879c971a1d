# SPDX-License-Identifier: MIT
"""globesctl rooms: what the site's owner does with rooms from the command line, and how it is told what went wrong."""

import hashlib
import os
import re
import sqlite3
import subprocess

import pytest

from ctl.supervisor import GLOBESCTL
from lib.globes import PASSWORD, quote, wait
from lib.ws import Refused, hear_only

OWNER_TOKEN = re.compile(r"go_[A-Za-z0-9_-]{43}\n")
HIDDEN_IDS = range(2 ** 40, 2 ** 53)
ROW = re.compile(r"(\d+) +(public|private|hidden) +(owned|-) +(.*)")


def call(*arguments, said="", **settings):
    """globesctl rooms, to its end; said: what it reads from standard input. Words may be bytes that are no text."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GLOBES_")}
    clean.update({f"GLOBES_{name.upper()}": str(value) for name, value in settings.items()})
    words = [word if isinstance(word, bytes) else str(word) for word in arguments]
    return subprocess.run([GLOBESCTL, "rooms", *words], env=clean, text=True, input=said, capture_output=True,
                          timeout=20, check=False)


def on(site, *arguments, said=""):
    """The same for a running site, with its settings."""
    return call(*arguments, "--data", site.data, said=said, **site.settings)


def good(done):
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def fails(done, code, *words):
    """It ended with this code, one sentence on stderr that has these words, and nothing on stdout."""
    assert done.returncode == code, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("globesctl: "), done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def misused(done, *words):
    """As fails(), with where help is in a second line."""
    assert done.returncode == 64, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 2 and "Try " in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def made(site, title, *more, said=""):
    """The id of a room made so."""
    room = int(good(on(site, "make", title, *more, said=said)))
    site.remember(room, said.rstrip("\n"))
    return room


def new_owner(site, room, *more):
    text = good(on(site, "owner", room, *more))
    assert OWNER_TOKEN.fullmatch(text), text
    site.secrets.add(text.strip())
    return text.strip()


def rows(site):
    """{id: (visibility, owned, title)} of `list`, and the ids in their order."""
    found = [ROW.fullmatch(line) for line in good(on(site, "list")).splitlines()]
    assert all(found), found
    return {int(row[1]): (row[2], row[3] == "owned", row[4]) for row in found}, [int(row[1]) for row in found]


def shown(site, room):
    answer = site.http("GET", f"/chats/{room}", headers={"Accept": "application/json"})
    assert answer.status == 200, answer
    return answer.json()


def put(site, room, token=None, **members):
    return site.http("PUT", f"/chats/{room}", members, token=token)


# ---- owner ----

@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_owner_prints_a_token_that_is_then_the_owners(site, visibility):
    room = site.room(visibility=visibility)
    token = new_owner(site, room)
    assert put(site, room, description="no").error() == (403, 403)
    assert put(site, room, token, description="mine").status == 200
    answer = site.http("POST", f"/chats/{room}/token", {"secret": token, "name": "olga"})
    assert answer.status == 201
    assert site.http("DELETE", f"/chats/{room}", token=token).status == 200


def test_a_new_owner_token_ends_the_one_before(site):
    room = site.room()
    tokens = [new_owner(site, room) for _ in range(3)]
    assert len(set(tokens)) == 3
    for old in tokens[:2]:
        assert put(site, room, old, description="no").error() == (403, 403)
        answer = site.http("POST", f"/chats/{room}/token", {"secret": old, "name": "olga"})
        assert answer.error() == (401, 304)
    assert put(site, room, tokens[2], description="mine").status == 200


def test_a_new_owner_token_ends_the_one_of_who_made_the_room(site):
    answer = site.http("POST", "/chats", {"title": site.title(), "visibility": "public", "owned": True})
    room, old = answer.json()["id"], answer.json()["owner_token"]
    site.secrets.add(old)
    new = new_owner(site, room)
    assert put(site, room, old, description="no").error() == (403, 403)
    assert put(site, room, new, description="mine").status == 200


def test_what_was_got_by_an_old_owner_token_ends_if_that_is_asked_for(site):
    room = site.room()
    old = new_owner(site, room)
    thief = site.token(room, "mallory", old)
    assert put(site, room, thief, description="mine").status == 200
    new_owner(site, room)
    assert put(site, room, thief, description="mine").status == 200
    new_owner(site, room, "--end-tokens")
    assert put(site, room, thief, description="still mine").error() == (403, 403)
    assert site.http("GET", f"/chats/{room}/token/renew", token=thief).status == 200  # as without one: it is public
    assert shown(site, room)["description"] == "mine"


def test_a_new_owner_leaves_the_room_as_it_is(site):
    room = site.room(description="as it was")
    ann = site.joined(room, "Ann")
    ann.echo("before")
    before = shown(site, room)
    new_owner(site, room)
    hear_only(ann)
    after = shown(site, room)
    for name in ("title", "description", "visibility", "createdAt", "id"):
        assert after[name] == before[name]
    assert [event["msg"] for event in site.events(room)][0] == "before"


@pytest.mark.parametrize("arguments", [["owner", "1"], ["list"], ["make", "Nowhere to be told"]], ids=" ".join)
def test_what_cannot_be_printed_is_a_failure(site, arguments):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GLOBES_")}
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([GLOBESCTL, "rooms", *arguments, "--data", site.data], env=clean, stdout=full, timeout=20,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1


def test_an_owner_token_is_kept_as_its_hash(site):
    room = site.room()
    token = new_owner(site, room)
    database = sqlite3.connect(f"file:{site.data}/rooms.db?mode=ro", uri=True, timeout=10)
    try:
        stored = database.execute("SELECT owner FROM rooms WHERE id = ?", (room,)).fetchone()[0]
    finally:
        database.close()
    assert stored == hashlib.sha256(token.encode()).digest()
    with open(f"{site.data}/rooms.db", "rb") as file:
        assert token.encode() not in file.read()


@pytest.mark.parametrize("verb", ["owner", "remove"])
@pytest.mark.parametrize("room", ["999999999", str(2 ** 52)])
def test_a_room_that_is_not_there_is_told(site, verb, room):
    fails(on(site, verb, room), 1, "no room")


@pytest.mark.parametrize("verb", ["owner", "remove"])
@pytest.mark.parametrize("room", ["lobby", "", "0", "1x", "1.0", " 1", "1 ", "9" * 30, str(2 ** 53), "+1", "0x1"])
def test_an_id_that_is_none_is_told(site, verb, room):
    misused(on(site, verb, room), "id")
    assert shown(site, "Lobby")["id"] == 1


# ---- list ----

def test_list_shows_every_room_of_whatever_kind(site):
    public, private, hidden = (site.room(visibility=visibility) for visibility in ("public", "private", "hidden"))
    owned = site.room("Mine, and nobody else's")
    new_owner(site, owned)
    listed, _ = rows(site)
    assert listed[public] == ("public", False, shown(site, public)["title"])
    assert listed[private][:2] == ("private", False)
    assert listed[owned] == ("public", True, "Mine, and nobody else's")
    assert listed[hidden][:2] == ("hidden", False)


def test_list_shows_rooms_made_secret_too(make_site):
    site = make_site(hidden_rooms="secret")
    room = site.room("Nobody finds me", visibility="hidden")
    assert rows(site)[0][room] == ("hidden", False, "Nobody finds me")


def test_list_has_more_rooms_than_a_page_has(make_site):
    site = make_site(room="none")
    ids = [site.room(visibility="public") for _ in range(405)]
    listed, order = rows(site)
    assert order == ids[::-1]
    assert len(listed) == 405


def test_list_of_no_rooms_is_empty(make_site):
    site = make_site(room="none")
    assert good(on(site, "list")) == ""


def test_list_shows_titles_in_any_script_as_they_are(site):
    for title in ("Caf\u00e9 \u4e16\u754c \U0001f600", "<b>&\"'\\", "a  b"):
        room = site.room(title)
        assert rows(site)[0][room][2] == title


def test_list_shows_no_secret(site):
    room = site.room(visibility="private")
    token = new_owner(site, room)
    text = good(on(site, "list"))
    assert token not in text and PASSWORD not in text and "$y$" not in text and "go_" not in text


# ---- make ----

def test_make_prints_the_id_of_a_public_room(site):
    title = site.title()
    room = made(site, title)
    about = shown(site, room)
    assert (about["title"], about["visibility"], about["description"]) == (title, "public", "")
    assert site.joined(room, "Ann").echo("hello")["room_id"] == room


def test_make_takes_a_description_and_a_visibility_in_any_case(site):
    room = made(site, site.title(), "--description", "Say hello", "--visibility", "Public")
    assert (shown(site, room)["visibility"], shown(site, room)["description"]) == ("public", "Say hello")


@pytest.mark.parametrize("visibility", ["private", "hidden"])
@pytest.mark.parametrize("line", [PASSWORD + "\n", PASSWORD, "\u4e16\u754c two words\n", "p" * 511 + "\n"], ids=ascii)
def test_make_reads_the_password_of_a_closed_room_from_standard_input(site, visibility, line):
    room = made(site, site.title(), "--visibility", visibility, said=line)
    assert shown(site, room)["visibility"] == visibility
    assert (room in HIDDEN_IDS) is (visibility == "hidden")
    token = site.token(room, "Ann", line.rstrip("\n"))
    site.joined(room, None, token).echo("hello")


def test_make_reads_one_line_and_no_more(site):
    room = made(site, site.title(), "--visibility", "private", said=PASSWORD + "\nanother line\n")
    site.passwords[room] = PASSWORD
    site.token(room, "Ann")


def test_make_does_not_read_a_password_for_a_public_room(site):
    room = made(site, site.title(), said="a line that nobody reads\n")
    answer = site.http("POST", f"/chats/{room}/token", {"name": "ann"})
    assert answer.json() == {"status": True}


def test_options_may_stand_before_the_verb_and_after_the_title(site):
    title = site.title()
    done = call("--data", site.data, "--description", "d", "make", title, "--visibility", "public", **site.settings)
    assert shown(site, int(good(done)))["description"] == "d"


@pytest.mark.parametrize("title", ["x", "t" * 71, "12345", "all", "Events", "..", " x y", "a\nb", "a\u202eb"],
                         ids=ascii)
def test_make_refuses_a_title_that_is_none(site, title):
    fails(on(site, "make", title), 1, "title")


def test_make_refuses_a_title_that_is_not_utf_8(site):
    fails(on(site, "make", b"bad \xff title"), 1, "title")


@pytest.mark.parametrize("word", ["", "open", "publi", "unlisted"])
def test_make_refuses_a_visibility_that_is_none(site, word):
    fails(on(site, "make", site.title(), "--visibility", word, said=PASSWORD + "\n"), 1, "visibility")


def test_make_refuses_a_description_that_is_too_long(site):
    fails(on(site, "make", site.title(), "--description", "d" * 71), 1, "description")


@pytest.mark.parametrize("line", ["\n", "short\n", "1234567", "p" * 512 + "\n", "p" * 5000 + "\n",
                                  "a password\0 with NUL\n"], ids=lambda line: ascii(line[:12]))
@pytest.mark.parametrize("visibility", ["private", "hidden"])
def test_make_refuses_a_password_that_is_none(site, visibility, line):
    title = site.title()
    fails(on(site, "make", title, "--visibility", visibility, said=line), 1, "password")
    assert site.http("GET", f"/chats/{quote(title)}").error() == (404, 101)


def test_make_refuses_a_closed_room_without_a_password(site):
    fails(on(site, "make", site.title(), "--visibility", "private"), 1, "password", "standard input")


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_make_refuses_a_title_that_is_taken(site, visibility):
    title = site.title()
    site.room(title)
    done = on(site, "make", title.upper(), "--visibility", visibility, said=PASSWORD + "\n")
    fails(done, 1, "title")


def test_make_goes_by_hidden_rooms(make_site):
    site = make_site(hidden_rooms="secret")
    room = made(site, "Secret of the house", "--visibility", "hidden", said=PASSWORD + "\n")
    assert site.http("GET", "/chats/Secret%20of%20the%20house").error() == (404, 101)
    assert shown(site, room)["title"] == "Secret of the house"


def test_make_goes_by_rooms_max(make_site):
    site = make_site(rooms_max="2")
    made(site, site.title())
    fails(on(site, "make", site.title()), 1, "rooms_max")


def test_a_password_in_the_command_line_is_not_asked_for(site):
    """There is no option for it: a command line is for all to read."""
    done = on(site, "make", site.title(), "--visibility", "private", "--password", PASSWORD)
    assert done.returncode == 64
    assert done.stdout == ""


# ---- remove ----

@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_remove_ends_a_room_its_sockets_and_its_messages(site, visibility):
    room = site.room(visibility=visibility)
    token = None if visibility == "public" else site.token(room, "Ann")
    ann = site.joined(room, "Ann", token)
    ann.echo("soon gone")
    assert good(on(site, "remove", room)) == ""
    assert ann.wait_closed()[0] == 1001
    wait(lambda: not site.log_rows(room), what="the end of its messages")
    assert site.http("GET", f"/chats/{room}").error() == (404, 101)
    with pytest.raises(Refused) as caught:
        site.ws(room, token)
    assert caught.value.error() == (404, 101)
    fails(on(site, "remove", room), 1, "no room")


def test_remove_takes_a_room_that_somebody_owns(site):
    answer = site.http("POST", "/chats", {"title": site.title(), "visibility": "public", "owned": True})
    site.secrets.add(answer.json()["owner_token"])
    good(on(site, "remove", answer.json()["id"]))
    assert site.http("GET", f"/chats/{answer.json()['id']}").error() == (404, 101)


def test_remove_leaves_other_rooms_alone(site):
    room, other = site.room(), site.room()
    bob = site.joined(other, "Bob")
    good(on(site, "remove", room))
    hear_only(bob)


# ---- only the owner's tool makes rooms ----

@pytest.mark.parametrize("body", [{}, {"owned": True}, {"visibility": "private", "password": PASSWORD}], ids=repr)
def test_with_create_rooms_owner_tool_it_makes_rooms_and_the_api_does_not(make_site, body):
    site = make_site(create_rooms="owner_tool")
    title = site.title()
    answer = site.http("POST", "/chats", {"title": title, "visibility": "public", **body})
    assert answer.error() == (401, 104)
    assert "go_" not in answer.text
    room = made(site, title)
    token = new_owner(site, room)
    assert put(site, room, description="no").error() == (403, 403)
    assert put(site, room, token, description="mine").status == 200
    closed = made(site, site.title(), "--visibility", "private", said=PASSWORD + "\n")
    site.joined(closed, None, site.token(closed, "Ann")).echo("hello")
    good(on(site, "remove", closed))


# ---- without a running site, and wrong calls ----

def test_it_works_on_the_store_of_a_site_that_is_not_running(make_site):
    site = make_site()
    room = site.room()
    site.joined(room, "Ann").echo("soon gone")
    site.stop()
    title = site.title()
    new = made(site, title)
    token = new_owner(site, new)
    good(on(site, "remove", room))
    assert set(rows(site)[0]) == {1, new}
    site.start()
    wait(lambda: not site.log_rows(room), what="the end of its messages")
    assert put(site, new, token, description="mine").status == 200
    assert site.http("GET", f"/chats/{room}").error() == (404, 101)


def test_a_relay_that_is_away_is_no_reason_to_fail(make_site):
    site = make_site()
    room = site.room()
    good(on(site, "owner", room))
    site.stop()
    good(on(site, "remove", room))
    assert list(rows(site)[0]) == [1]


@pytest.mark.parametrize("verb", [["list"], ["make", "A title"], ["owner", "1"], ["remove", "1"]], ids=lambda v: v[0])
def test_a_store_that_is_not_there_is_told_and_not_made(tmp_path, verb):
    """A slip in the path must not look like a site without rooms."""
    fails(call(*verb, "--data", tmp_path / "nowhere"), 1)
    assert not (tmp_path / "nowhere").exists()


def test_a_store_that_is_none_is_told_and_left_as_it_is(tmp_path):
    (tmp_path / "rooms.db").write_text("no database at all " * 400, encoding="ascii")
    fails(call("list", "--data", tmp_path), 1)
    assert (tmp_path / "rooms.db").read_text(encoding="ascii").startswith("no database")


@pytest.mark.parametrize("arguments", [
    [], ["dance"], ["list", "1"], ["make"], ["owner"], ["remove"], ["owner", "1", "2"], ["make", "Two", "titles"],
    ["make", "A title", "--visibility"], ["make", "A title", "--description"], ["make", "A title", "--colour", "red"],
    ["list", "--data"], ["LIST"]], ids=" ".join)
def test_a_wrong_call_is_refused_with_64_and_told_how(arguments):
    misused(call(*arguments), "globesctl rooms")


def test_wrong_settings_are_told_with_78(tmp_path):
    done = call("list", "--data", tmp_path, nonsense="1")
    fails(done, 78, "GLOBES_NONSENSE")


def test_help_tells_of_it():
    done = subprocess.run([GLOBESCTL, "help"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0
    for word in ("rooms", "owner", "list", "make", "remove", "--visibility", "--description"):
        assert word in done.stdout, word

# SPDX-License-Identifier: MIT
"""What must never be told: hashes, keys and secrets in no answer; tokens, passwords and what people wrote in no log."""
import os
import re
import stat

from expect import (JSON_ONLY, PASSWORD, done, enter, history, make, private, refused, rooms, say, show)
from lib import tokens
from lib.globes import wait
from stored import rooms_db

HASH = re.compile(r"\$(y|gy|2[abxy]|[0-9]|7|argon2\w*)\$")


def everything_said(site, room, token):
    """The texts of all answers about a room that anybody can get, heads included."""
    bad = {"title": "x", "visibility": "nonsense", "password": "short"}
    asked = [
        show(site, room), show(site, room, token), rooms(site), rooms(site, token=token),
        site.http("GET", "/chats/all"),
        site.http("GET", f"/chats/events/{room}"), site.http("GET", f"/chats/events/{room}", token=token),
        site.http("PUT", f"/chats/{room}", {"description": "d"}, token=token),
        site.http("PUT", f"/chats/{room}", bad, token=token),
        site.http("PUT", f"/chats/{room}", {"password": "x"}, token=token),
        site.http("POST", f"/chats/{room}/token", {"secret": PASSWORD, "name": "bob"}),
        site.http("POST", f"/chats/{room}/token", {"secret": "wrong", "name": "bob"}),
        site.http("GET", f"/chats/{room}/token/renew", token=token),
        site.http("GET", f"/chats/{room}/entrance"), site.http("DELETE", f"/chats/{room}"),
        make(site, visibility="private", password="another password"),
        make(site, visibility="private", password="short"),
        site.http("GET", "/healthz"),
    ]
    return [str(one) if isinstance(one, dict) else f"{one.headers}\n{one.text}" for one in asked]


def test_no_answer_has_a_hash_a_key_or_a_secret(site):
    room = private(site)
    token = enter(site, room)
    say(site.joined(room, "ann", token), "hello")
    stored, key = rooms_db(site, "SELECT password, key FROM rooms WHERE id = ?", room)[0]
    assert HASH.match(stored) and len(key) == 16
    secret = tokens.master_secret(site).decode()
    sub = tokens.read(token)[1]["sub"]
    for text in everything_said(site, room, token):
        assert not HASH.search(text), text
        for hidden in (stored, key.hex(), secret, PASSWORD, "another password", "password_hash", "title_key", sub):
            assert hidden.lower() not in text.lower(), (hidden, text)


def test_no_answer_has_a_member_for_them(site):
    room = private(site)
    token = enter(site, room)
    for one in [show(site, room, token).json()] + rooms(site, token=token)["rooms"]:
        assert not {"password", "hash", "key", "secret", "token", "owner"} & {name.lower() for name in one}


def test_no_log_has_a_token_a_password_or_a_message(make_site):
    own = make_site(log_level="debug")
    room = private(own, title="a title like any other")
    token = enter(own, room)
    say(own.joined(room, "ann", token), "what people wrote")
    wrong = {"secret": "a wrong password", "name": "ann"}
    refused(own.http("POST", f"/chats/{room}/token", wrong), 304, field="secret")
    refused(own.http("DELETE", f"/chats/{room}", token="a.stale.token"), 403, field="token")
    refused(own.http("POST", "/chats", '{"password":"broken and secret'), 103)
    own.http("GET", f"/chats/{room}", headers={**JSON_ONLY, "Cookie": "session=a-cookie"})
    own.kill_and_wait("globes.fcgi")
    own.kill_and_wait("globes-relay")
    wait(lambda: own.http("GET", f"/chats/events/{room}", token=token).status == 200)
    own.stop()
    log = own.log()
    assert log.count("\n") > 3
    sub = tokens.read(token)[1]["sub"]
    for text in (token, token.split(".")[2], PASSWORD, "what people wrote", "a wrong password", "a.stale.token",
                 "broken and secret", "a-cookie", tokens.master_secret(own).decode(), sub, "eyJ", "$y$"):
        assert text not in log, text


def test_a_wrong_password_and_a_missing_one_are_refused_alike(site):
    room = private(site)
    answers = [site.http("POST", f"/chats/{room}/token", {"name": "ann", **more})
               for more in ({}, {"secret": ""}, {"secret": "wrong password"}, {"secret": 7})]
    assert len({answer.text for answer in answers}) == 1
    refused(answers[0], 304, field="secret")


def test_no_file_of_a_site_is_open_to_others(site):
    room = private(site)
    history(site, room, enter(site, room))
    for name in ("secret", "rooms.db", "log.db"):
        mode = os.stat(os.path.join(site.data, name)).st_mode
        assert not stat.S_IMODE(mode) & 0o007, (name, oct(mode))
    for socket in ("relay.sock", "control.sock", "fcgi.sock"):
        mode = os.stat(os.path.join(site.data, "run", socket)).st_mode
        assert not stat.S_IMODE(mode) & 0o007, (socket, oct(mode))
    done(site.http("DELETE", f"/chats/{site.room()}"))

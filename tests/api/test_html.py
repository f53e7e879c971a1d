# SPDX-License-Identifier: MIT
"""The pages of GET /chats and GET /chats/{room}: who gets them, and that they read and lead on without JavaScript.
That what people wrote stays text: test_html_text.py; in a browser: tests/web.
"""
import re
import secrets
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

import pytest
from expect import PASSWORD, fresh, instant, private, refused, say
from pages import (HTML, OF_A_ROOM, OF_ROOMS, SCRIPT, Page, ids_of, is_html, is_json, messages_of, next_of, page,
                   rooms_of)
from payloads import MARKUP
from rights import CLOSED, delete, owned, put

NAVIGATION = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'",
    "connect-src": "'self'", "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'self'",
}
CLOSED_ONES = pytest.mark.parametrize("visibility", CLOSED)


# ---- who gets it ----

JSON_OF_ROOMS = ["application/json", "application/json, text/javascript, */*; q=0.01", "APPLICATION/JSON",
                 "*/*, application/json", "application/json;charset=utf-8", "application/json; q=0.5",
                 "application/json;q=0.001, */*", "text/plain, application/json", " application/json ,",
                 "application/json, text/html", "application/json, text/html;q=0.9", "application/json;q=1.0",
                 "application/json;profile=\"a,b\""]
HTML_OF_ROOMS = [None, "", "*/*", "text/html", NAVIGATION, "text/*", "application/*", "*/*;q=0.1", "text/plain",
                 "image/png", "application/jsonp", "application/json-seq", "application/ld+json", "xapplication/json",
                 "text/html;x=application/json", "application/json;q=0", "application/json;q=0.0, */*", "nonsense",
                 ",,,", ";q=1",
                 "application/xhtml+xml", "text/html, application/json;q=0", "application /json", "a" * 3000]


@pytest.mark.parametrize("accept", JSON_OF_ROOMS)
def test_rooms_come_as_json_where_json_is_named(site, accept):
    answer = site.http("GET", "/chats", headers={"Accept": accept})
    assert answer.status == 200 and is_json(answer)
    assert list(answer.json()) == ["rooms", "next"]


@pytest.mark.parametrize("accept", HTML_OF_ROOMS, ids=lambda accept: ascii(accept)[:40])
def test_rooms_come_as_a_page_to_all_others(site, accept):
    answer = site.http("GET", "/chats", headers={} if accept is None else {"Accept": accept})
    assert answer.status == 200 and is_html(answer)
    assert Page(answer.text).one("h1")["text"] == "Chat rooms"


@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "text/html, */*; q=0.01", NAVIGATION])
@pytest.mark.parametrize("name", ["X-Requested-With", "x-requested-with"])
def test_rooms_come_as_a_fragment_to_a_script_that_names_no_json(site, accept, name):
    site.room()
    headers = {name: "XMLHttpRequest", **({} if accept is None else {"Accept": accept})}
    answer = site.http("GET", "/chats", headers=headers)
    assert answer.status == 200 and is_html(answer)
    assert answer.text.lstrip().startswith("<ul")
    assert Page(answer.text).tags() <= {"ul", "li", "a", "span"}


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/javascript, */*; q=0.01"])
def test_a_script_that_names_json_gets_it(site, accept):
    answer = site.http("GET", "/chats", headers={"X-Requested-With": "XMLHttpRequest", "Accept": accept})
    assert answer.status == 200 and is_json(answer)


@pytest.mark.parametrize("value", ["", "fetch", "XMLHttpRequestX", "com.example.app"])
def test_another_requester_gets_the_whole_page(site, value):
    answer = site.http("GET", "/chats", headers={"X-Requested-With": value, "Accept": "*/*"})
    assert answer.status == 200 and Page(answer.text).one("h1")


@pytest.mark.parametrize("accept", ["text/html", NAVIGATION, "TEXT/HTML", "*/*, text/html", "text/html;charset=utf-8",
                                    "text/html;q=0.5", " text/html ", "text/html, application/json;q=0.9"])
def test_a_room_comes_as_a_page_where_html_is_named(site, accept):
    title = fresh()
    room = site.room(title)
    assert page(site, f"/chats/{room}", accept).one("h1")["text"] == title


@pytest.mark.parametrize("accept", [None, "", "*/*", "application/json", "text/*", "text/html;q=0", "text/htmlx",
                                    "xtext/html", "application/xhtml+xml", "text/plain;x=text/html",
                                    "application/json, text/html;q=0.5",
                                    "application/json, text/javascript, */*; q=0.01", "nonsense"])
def test_a_room_comes_as_json_to_all_others(site, accept):
    room = site.room()
    answer = site.http("GET", f"/chats/{room}", headers={} if accept is None else {"Accept": accept})
    assert answer.status == 200 and is_json(answer) and answer.json()["id"] == room


def test_two_accept_headers_are_one_list(site):
    room = site.room()
    pairs = [("Accept", "image/png"), ("Accept", "application/json")]
    assert is_json(site.http("GET", "/chats", headers=pairs))
    pairs = [("Accept", "image/png"), ("Accept", "text/html")]
    assert is_html(site.http("GET", f"/chats/{room}", headers=pairs))


@pytest.mark.parametrize("path", ["/chats/all", "/chats/events/{}", "/chats/{}/token/renew", "/healthz"])
def test_nothing_else_is_ever_a_page(site, path):
    answer = site.http("GET", path.format(site.room()), headers=HTML)
    assert answer.status == 200 and is_json(answer)


@pytest.mark.parametrize("path, code", [("/chats/nosuchroom", 101), ("/chats/a/b/c", 404), ("/chats?limit=0", 105),
                                        ("/chats?after=x", 105), ("/chats/nosuchroom/entrance", 101)])
def test_a_refusal_is_json_to_everyone(site, path, code):
    answer = site.http("GET", path, headers={"Accept": NAVIGATION})
    refused(answer, code, field={101: "nosuchroom", 404: None, 105: path[7:].split("=")[0]}[code])


@pytest.mark.parametrize("payload", MARKUP[:12], ids=ascii)
def test_what_is_not_there_is_never_named_as_markup(site, payload):
    answer = site.http("GET", "/chats/" + quote(payload, safe=""), headers=HTML)
    assert answer.status in (400, 404)
    assert is_json(answer) or payload not in answer.text


# ---- its head ----

def fetched(site, path, method="GET"):
    return site.http(method, path, headers=HTML)


@pytest.fixture(scope="module", name="paths")
def paths_of_pages(site):
    room = site.room()
    return ["/chats", "/chats?q=room&limit=3", f"/chats/{room}", f"/chats/{private(site)}",
            f"/chats/{private(site, 'hidden')}"]


def test_pages_have_a_policy_that_lets_nothing_foreign_in(site, paths):
    for path in paths:
        answer = fetched(site, path)
        (policy,) = answer.headers.all("Content-Security-Policy")
        parts = [part.split(None, 1) for part in policy.split(";")]
        assert dict(parts) == POLICY and len(parts) == len(POLICY)


def test_a_fragment_has_the_policy_too(site):
    answer = site.http("GET", "/chats", headers=SCRIPT)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_pages_say_what_every_answer_says(site, paths):
    for path in paths:
        headers = fetched(site, path).headers
        assert re.fullmatch(r"[\x21-\x7e]{8,}", headers["X-Request-Id"])
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert [word.strip().lower() for word in headers["Vary"].split(",")] == ["origin", "accept", "authorization"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in headers and "Access-Control-Allow-Origin" not in headers
        names = [name.lower() for name, _ in headers.pairs]
        assert len(names) == len(set(names))


def test_head_is_get_without_the_page(site, paths):
    for path in paths:
        got, head = fetched(site, path), fetched(site, path, "HEAD")
        assert head.status == 200 and head.body == b""
        for name in ("Content-Type", "Content-Length", "Content-Security-Policy", "Referrer-Policy", "Vary"):
            assert head.headers[name] == got.headers[name], name
        assert int(got.headers["Content-Length"]) == len(got.body)


def test_head_of_a_room_as_json_is_json(site):
    answer = site.http("HEAD", f"/chats/{site.room()}", headers={"Accept": "application/json"})
    assert answer.status == 200 and is_json(answer) and answer.body == b""


def test_pages_carry_no_script_or_style_of_their_own(site, paths):
    """The policy would not run it; and none is there."""
    for path in paths:
        shown = Page(fetched(site, path).text)
        script = shown.one("script")
        assert script["@type"] == "module" and script["@src"] == "/globes/page.js" and script["text"] == ""
        assert [link["@href"] for link in shown.all("link", rel="stylesheet")] == ["/globes/page.css"]
        for element in shown.elements:
            assert not [name for name in element if name.startswith("@on") or name == "@style"], element
            assert not str(element.get("@href", "")).lower().startswith(("javascript:", "//", "http"))
        assert not shown.all("style")


def test_pages_are_made_for_every_width_and_light(site, paths):
    for path in paths:
        text = fetched(site, path).text
        assert text.lower().startswith("<!doctype html>")
        shown = Page(text)
        assert shown.one("html")["@lang"] == "en"
        assert shown.elements[2]["tag"] == "meta" and shown.elements[2]["@charset"] == "utf-8"
        assert shown.one("meta", name="viewport")["@content"] == "width=device-width, initial-scale=1"
        assert shown.one("meta", name="color-scheme")["@content"] == "light dark"
        assert len(shown.all("title")) == len(shown.all("h1")) == len(shown.all("main")) == 1
        assert shown.one("title")["text"].strip()
        for field in shown.all("input"):
            assert "@aria-label" in field or "label" in field["in"], "a field without a label"


def test_the_files_a_page_names_are_there(site, paths):
    shown = Page(fetched(site, paths[0]).text)
    named = [link["@href"] for link in shown.all("link")] + [one["@src"] for one in shown.all("script")]
    assert len(named) >= 2
    for path in named:
        answer = site.http("GET", path)
        assert answer.status == 200 and answer.body, path


def test_a_page_has_the_words_that_the_script_begins_with(site):
    room = site.room()
    body = page(site, "/chats").one("body")
    assert (body["@data-base"], body["@data-view"]) == ("", "rooms")
    body = page(site, f"/chats/{room}").one("body")
    said = [body["@data-" + name] for name in ("base", "view", "room", "visibility")]
    assert said == ["", "room", str(room), "public"]


# ---- rooms ----

def test_each_room_has_a_link_its_visibility_and_its_description(site):
    word = fresh("shown")
    public = site.room(f"{word} 1", description="say hello")
    closed = private(site, title=f"{word} 2", description="")
    shown = page(site, "/chats?q=" + quote(word))
    assert shown.tags() <= OF_ROOMS
    assert rooms_of(shown) == [(closed, f"{word} 2", "private", ""), (public, f"{word} 1", "public", "say hello")]
    assert shown.links()[:2] == [f"/chats/{closed}", f"/chats/{public}"]
    shown.one("ul", class_="rooms")


def test_a_link_of_a_room_leads_to_its_page(site):
    title = fresh("by link")
    site.room(title)
    shown = page(site, "/chats?q=" + quote(title))
    assert page(site, shown.links()[0]).one("h1")["text"] == title


def test_the_newest_rooms_come_first_and_fifty_at_once(site):
    made = [site.room() for _ in range(55)]
    assert ids_of(page(site, "/chats")) == made[:4:-1]


def test_the_pages_of_all_rooms_are_turned_by_their_links(site):
    word = fresh("turned")
    made = [site.room(f"{word} {i}") for i in range(121)]
    path, ids, turned = "/chats?q=" + quote(word), [], 0
    while path:
        shown = page(site, path)
        ids += ids_of(shown)
        turned += 1
        link = next_of(shown)
        path = link and urljoin(path, link)
    assert ids == made[::-1] and turned == 3


def test_pages_without_words_are_turned_too_and_end(site):
    site.room()
    path, ids = "/chats", []
    while path:
        shown = page(site, path)
        ids += ids_of(shown)
        link = next_of(shown)
        assert link is None or set(parse_qs(urlsplit(link).query)) == {"after", "limit"}
        path = link and urljoin(path, link)
    assert len(ids) == len(set(ids)) and ids[-1] == 1


@pytest.mark.parametrize("limit", [1, 7, 200, 1000])
def test_a_page_has_as_many_rooms_as_asked_for(site, limit):
    word = fresh("limit")
    made = [site.room(f"{word} {i}") for i in range(9)]
    shown = page(site, f"/chats?limit={limit}&q={quote(word)}")
    assert ids_of(shown) == made[:-limit - 1:-1]
    assert (next_of(shown) is None) is (limit > 9)


@pytest.mark.parametrize("words", ["a&b=c", "50% o", "a+b", "\u00fcber \u4e16\u754c", "\"quoted\"", "'<b>'", "#hash?",
                                   "a;b", "  "], ids=ascii)
def test_words_go_with_the_link_to_the_next_page(site, words):
    mark = secrets.token_hex(4)
    made = [site.room(f"x{words}{mark} {i:02}") for i in range(52)]
    asked = f"{words}{mark}"
    shown = page(site, "/chats?" + urlencode({"q": asked}))
    assert ids_of(shown) == made[:1:-1]
    link = next_of(shown)
    assert parse_qs(urlsplit(link).query)["q"] == [asked]
    assert ids_of(page(site, link)) == made[1::-1]


def test_the_form_searches(site):
    title = fresh("By the Form & co")
    room = site.room(title)
    shown = page(site, "/chats")
    form, field = shown.one("form"), shown.one("input")
    assert form["@role"] == "search" and form.get("@method", "get").lower() == "get"
    assert field["@name"] == "q" and field["@type"] == "search" and "form" in field["in"]
    assert [button["text"] for button in shown.all("button")] == ["Search"]
    found = page(site, form["@action"] + "?" + urlencode({"q": title.upper()}))
    assert ids_of(found) == [room]
    assert found.one("input")["@value"] == title.upper()


def test_an_empty_search_finds_everything(site):
    room = site.room()
    assert ids_of(page(site, "/chats?q="))[0] == room


def test_a_search_that_finds_nothing_says_so(site):
    shown = page(site, "/chats?q=" + quote(fresh("nobody")))
    assert ids_of(shown) == [] and next_of(shown) is None
    assert shown.one("main")["text"].strip() and shown.one("form")


def test_a_site_without_rooms_has_a_page(make_site):
    empty = make_site(room="none")
    shown = page(empty, "/chats")
    assert ids_of(shown) == [] and shown.one("h1")["text"] == "Chat rooms"
    fragment = empty.http("GET", "/chats", headers=SCRIPT)
    assert fragment.status == 200 and Page(fragment.text).tags() <= {"ul"}


def test_the_lobby_is_on_the_first_page_of_a_new_site(make_site):
    own = make_site()
    shown = page(own, "/chats")
    assert [title for _, title, _, _ in rooms_of(shown)] == ["Lobby"]
    assert page(own, shown.links()[0]).one("h1")["text"] == "Lobby"


@pytest.mark.parametrize("setting", ["unlisted", "secret"])
def test_hidden_rooms_are_on_no_page(make_site, setting):
    own = make_site(hidden_rooms=setting)
    title = fresh("hidden")
    room, owner_token = owned(own, "hidden", title=title)
    for bearer in (None, owner_token):
        for path in ("/chats", "/chats?q=" + quote(title), "/chats?limit=200", f"/chats?after={2 ** 53}"):
            for headers in (HTML, SCRIPT):
                text = own.http("GET", path, token=bearer, headers=headers).text
                assert str(room) not in text
                assert title not in text.replace(f'value="{title}"', "")  # the search's own field repeats it


def test_a_search_word_of_another_encoding_is_refused(site):
    for query in ("q=%ff", "q=%C3%28"):
        answer = site.http("GET", "/chats?" + query, headers=HTML)
        assert answer.status in (200, 400)
        answer.body.decode("utf-8")


# ---- a room ----

def test_a_public_room_shows_what_was_said(site):
    title = fresh("talk")
    room = site.room(title, description="about tea")
    said = say(site.joined(room, "ann"), "hello", "how are you?") + say(site.joined(room, "bob"), "fine")
    shown = page(site, f"/chats/{room}")
    assert shown.tags() <= OF_A_ROOM
    assert shown.one("h1")["text"] == title and title in shown.one("title")["text"]
    assert shown.one("p", class_="description")["text"] == "about tea"
    assert "/chats" in shown.links()
    shown.one("ol", class_="messages")
    shown.one("noscript")
    assert messages_of(shown) == [(event["name"], event["time"], event["msg"]) for event in said]
    for _, time, _ in messages_of(shown):
        instant(time)


def test_a_public_room_shows_the_newest_fifty_messages(site):
    room = site.room()
    lines = [f"line {i}" for i in range(53)]
    say(site.joined(room, "ann"), *lines)
    assert [text for _, _, text in messages_of(page(site, f"/chats/{room}"))] == lines[3:]


def test_a_room_in_which_nobody_spoke_has_a_page(site):
    room = site.room()
    assert messages_of(page(site, f"/chats/{room}")) == []


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_a_page_is_found_by_title_too_and_names_the_room_by_its_id(site, visibility):
    title = fresh("\u00dcber & uns")
    room = private(site, visibility, title=title) if visibility != "public" else site.room(title)
    shown = page(site, "/chats/" + quote(title.upper()))
    assert shown.one("body")["@data-room"] == str(room)
    assert shown.one("body")["@data-visibility"] == visibility
    assert shown.one("h1")["text"] == title


@CLOSED_ONES
def test_the_page_of_a_closed_room_has_nothing_of_what_is_inside(site, visibility):
    room, owner_token = owned(site, visibility, description="for members")
    answer = site.http("POST", f"/chats/{room}/token", {"secret": PASSWORD, "name": "mia"})
    site.secrets.add(answer.json()["token"])
    ws = site.joined(room, "mia", answer.json()["token"])
    say(ws, "between us")
    answer = fetched(site, f"/chats/{room}")
    assert answer.status == 200 and is_html(answer)
    for text in ("between us", "mia", owner_token):
        assert text not in answer.text
    shown = Page(answer.text)
    assert shown.one("p", class_="description")["text"] == "for members"
    assert shown.one("body")["@data-visibility"] == visibility


def test_a_page_of_a_deleted_or_closed_room_has_nothing_of_before(site):
    room, owner_token = owned(site)
    say(site.joined(room, "ann"), "said in the open")
    assert "said in the open" in fetched(site, f"/chats/{room}").text
    assert put(site, room, owner_token, visibility="private", password=PASSWORD).status == 200
    assert "said in the open" not in fetched(site, f"/chats/{room}").text
    assert put(site, room, owner_token, visibility="public").status == 200
    assert "said in the open" not in fetched(site, f"/chats/{room}").text
    assert delete(site, room, owner_token).status == 200
    assert fetched(site, f"/chats/{room}").status == 404


def test_a_foreign_token_is_in_nobodys_way(site):
    room = site.room()
    for token in ("garbage", owned(site)[1]):
        for path in ("/chats", f"/chats/{room}"):
            answer = site.http("GET", path, headers=HTML, token=token)
            assert answer.status == 200 and is_html(answer)


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
@pytest.mark.parametrize("accept", [None, NAVIGATION, "application/json"])
def test_the_entrance_leads_a_browser_to_the_page(site, visibility, accept):
    room = private(site, visibility) if visibility != "public" else site.room()
    answer = site.http("GET", f"/chats/{room}/entrance", headers={} if accept is None else {"Accept": accept})
    assert answer.status == 303
    path = answer.headers["Location"].removeprefix(f"http://127.0.0.1:{site.port}")
    assert path == f"/chats/{room}"
    assert page(site, path, NAVIGATION).one("body")["@data-room"] == str(room)


# ---- below a part of a site ----

@pytest.mark.parametrize("base", ["/community", "/a/b-c/d"])
def test_every_link_stays_below_base_path(make_site, base):
    own = make_site(base_path=base)
    word = fresh("below")
    for i in range(51):
        answer = own.http("POST", f"{base}/chats", {"title": f"{word} {i}", "visibility": "public"})
        assert answer.status == 201, answer
    first = page(own, f"{base}/chats?q={quote(word)}")
    assert first.one("body")["@data-base"] == base
    assert first.one("form")["@action"] == f"{base}/chats"
    everything = first.links() + [one["@href"] for one in first.all("link")] + [first.one("script")["@src"]]
    assert len(everything) > 53 and all(path.startswith(base + "/") for path in everything)
    assert len(ids_of(page(own, next_of(first)))) == 1
    room = page(own, first.links()[0])
    assert room.one("body")["@data-base"] == base and room.links() == [f"{base}/chats"]
    fragment = own.http("GET", f"{base}/chats", headers=SCRIPT)
    link = Page(fragment.text).links()[0]
    answer = own.http("GET", link, headers=HTML)
    assert answer.status == 303
    assert page(own, answer.headers["Location"].removeprefix(f"http://127.0.0.1:{own.port}")).one("h1")

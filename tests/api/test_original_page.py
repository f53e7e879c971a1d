# SPDX-License-Identifier: MIT
"""The browser page of the originals, ChitChat and Globes, plays its sequences: the very requests and frames that both
send, and all that they look for in the answers. Ours has to be taken for theirs.
"""
import json
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from expect import fresh
from lib.globes import wait
from lib.ws import CLOSE, Ws

BROWSER = [
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
                   "Safari/537.36"),
    ("Accept-Encoding", "gzip, deflate, br"), ("Accept-Language", "en-US,en;q=0.9"), ("Cache-Control", "no-cache"),
    ("Pragma", "no-cache"),
]
NAVIGATION = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
PASSWORD = "8to20 characters"
PAGES = pytest.mark.parametrize("kind", ["ChitChat", "Globes"])
EVERY = pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
CLOSED = pytest.mark.parametrize("visibility", ["private", "hidden"])
# What a browser leaves in a path as it was typed; the page encodes nothing itself.
TYPED = "!$&'()*+,;=:@-._~[]|^"


class Page:
    """One page load in one tab."""

    def __init__(self, site, kind="Globes"):
        self.site = site
        self.kind = kind
        self.origin = f"http://127.0.0.1:{site.port}"
        self.token = None  # kept by every later jQuery call, to whatever room
        self.ws = None
        self.room = None
        self.name = None
        self.color = None

    # ---- requests ----

    def ajax(self, method, path, data=None):
        """jQuery.ajax(): the body is JSON, but says it were a form."""
        headers = BROWSER + [("Accept", "*/*"), ("X-Requested-With", "XMLHttpRequest"), ("Referer", self.origin + "/"),
                             ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")]
        if self.token:
            headers.append(("Authorization", "Bearer " + self.token))
        if data is not None:
            headers += [("Content-Type", FORM), ("Origin", self.origin)]
            data = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return self.site.http(method, path, data, headers=headers)

    def fetch(self, path):
        """fetch(): never with a token."""
        return self.site.http("GET", path, headers=BROWSER + [("Accept", "*/*"), ("Sec-Fetch-Site", "same-origin")])

    def go(self, path):
        """A link that is followed, or a bookmark."""
        return self.site.http("GET", path, headers=BROWSER + [
            ("Accept", NAVIGATION), ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate"),
            ("Upgrade-Insecure-Requests", "1")])

    # ---- sequences ----

    def exists(self, title):
        """Before a room is made; 200 is "Room already exists!"."""
        answer = self.ajax("GET", "/chats/" + quote(title, safe=TYPED))
        assert answer.status in (200, 404)
        as_json(answer)
        return answer.status == 200

    def create(self, title, description="", visibility="public", password=""):
        """The dialog "Create a chat room"; returns where the page goes next."""
        assert not self.exists(title)
        answer = self.ajax("POST", "/chats", {"title": title, "description": description, "visibility": visibility,
                                              "password": password})
        body = as_json(answer)
        if self.kind == "ChitChat":
            assert "error" not in body
            shown = self.ajax("GET", "/chats/" + quote(title, safe=TYPED))
        else:
            assert body["status"] is True
            shown = self.ajax("GET", f"/chats/{body['data']['id']}")
        assert shown.status == 200
        room = as_json(shown)["id"]
        assert type(room) is int
        return f"/chats/{room}/entrance"

    def entry(self, room, name, secret=None):
        """The button "Enter chat", as far as the token."""
        shown = self.ajax("GET", f"/chats/{room}")
        assert shown.status == 200
        taken = [user["username"] for user in as_json(shown)["users"] if user["username"] == name]
        assert not taken, "Username already taken!"
        body = {"room_id": room, "name": name}
        if secret is not None:
            body["secret"] = secret
        return self.ajax("POST", f"/chats/{room}/token", body)

    def enter(self, room, name, secret=None, color="blue"):
        """All of it: afterwards the page has a socket and has sent its join. Returns the history, if it asks for it."""
        answer = self.entry(room, name, secret)
        assert 200 <= answer.status < 300 and "error" not in as_json(answer)
        self.token = as_json(answer).get("token") or self.token
        history = self.fetch(f"/chats/events/{room}") if self.kind == "Globes" else None
        self.connect(room, name, color)
        return history

    def connect(self, room, name, color="blue"):
        fields = {"Origin": self.origin, "Pragma": "no-cache", "Cache-Control": "no-cache",
                  "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
                  "Accept-Encoding": "gzip, deflate, br", "Accept-Language": "en-US,en;q=0.9", **dict(BROWSER[:1])}
        self.room, self.name, self.color = room, name, color
        self.ws = Ws(self.site.address(), f"/chats/{room}/ws", token=self.token, fields=fields)
        self.site.sockets.append(self.ws)
        self.frame("join", "")

    def frame(self, event_type, msg):
        event = {"event_type": event_type, "name": self.name, "room_id": self.room, "color": self.color, "msg": msg}
        if self.kind == "Globes":
            event["verified"] = False
        self.ws.send_text(json.dumps(event, separators=(",", ":"), ensure_ascii=False))

    def say(self, msg):
        self.frame("send", msg)

    def balloon(self):
        """The next event, which the page shows whatever it is."""
        event = self.ws.recv()
        assert isinstance(event["msg"], str) and event["msg"]
        if event["event_type"] != "error":
            assert isinstance(event["name"], str) and isinstance(event["color"], str)
        return event

    def leave(self):
        """ "Join a chat room": the socket is closed, the list asked for."""
        self.ws.send_frame(CLOSE)
        return self.ajax("GET", "/chats")


def as_json(answer):
    """What jQuery makes of it: it goes by the type. No page knows a member `error` in a success."""
    assert answer.headers["Content-Type"].split(";")[0] == "application/json", answer
    body = answer.json()
    assert type(body) is dict
    if answer.status < 300:
        assert "error" not in body
    else:
        assert body["status"] is False and body["error"]["error"]
    return body


class Fragment(HTMLParser):
    """The list that the page puts in by innerHTML: elements, links in their order, text."""

    def __init__(self, answer):
        super().__init__()
        assert answer.status == 200, answer
        assert answer.headers["Content-Type"].replace(" ", "").lower() == "text/html;charset=utf-8", answer
        self.open = []
        self.tags = set()
        self.attributes = set()
        self.links = []
        self.said = ""
        self.feed(answer.text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag not in ("br", "hr", "input", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag

    def handle_data(self, data):
        self.said += data

    def handle_decl(self, decl):
        raise AssertionError(f"a whole page: {decl}")


def id_of(target):
    """The room's id in /chats/{id}/entrance, which is all that the page cuts out of it."""
    empty, chats, room, entrance = target.split("/")
    assert (empty, chats, entrance) == ("", "chats", "entrance") and room.isdigit()
    return int(room)


def made(site, visibility="public", title=None):
    page = Page(site)
    return id_of(page.create(title or fresh(), "", visibility, "" if visibility == "public" else PASSWORD))


# ---- the list ----

@pytest.mark.parametrize("token", [None, "own", "foreign", "garbage.of.old"])
def test_the_list_is_a_fragment_with_a_link_to_each_room(site, token):
    title = fresh("in the list")
    room, other = made(site, "private", title), made(site, "private")
    page = Page(site)
    if token in ("own", "foreign"):
        page.enter(room if token == "own" else other, "ann", PASSWORD)
    else:
        page.token = token
    fragment = Fragment(page.ajax("GET", "/chats"))
    assert id_of(fragment.links[1]) == room and title in fragment.said
    assert not fragment.tags & {"html", "head", "body", "script", "style", "link", "meta", "title", "form", "iframe"}
    assert not [name for name in fragment.attributes if name.startswith("on")]


def test_the_list_is_no_json(site):
    made(site)
    text = Page(site).ajax("GET", "/chats").text
    assert text.lstrip().startswith("<") and "[object" not in text
    with pytest.raises(ValueError):
        json.loads(text)


def test_the_newest_fifty_rooms_are_in_the_list_and_the_one_just_made_is_the_first(site):
    rooms = [site.room() for _ in range(52)]
    page = Page(site)
    new = id_of(page.create(fresh()))
    links = [id_of(target) for target in Fragment(page.ajax("GET", "/chats")).links if target.endswith("/entrance")]
    assert links == [new] + rooms[:2:-1]


def test_hidden_rooms_are_not_in_the_list(site):
    title = fresh("hidden")
    room = made(site, "hidden", title)
    page = Page(site)
    page.enter(room, "ann", PASSWORD)
    fragment = Fragment(page.ajax("GET", "/chats"))
    assert title not in fragment.said
    assert room not in [id_of(target) for target in fragment.links if target.endswith("/entrance")]


def test_a_link_of_the_list_leads_to_a_page(site):
    made(site)
    page = Page(site)
    target = Fragment(page.ajax("GET", "/chats")).links[0]
    answer = page.go(target)
    assert answer.status == 303
    shown = page.go(answer.headers["Location"].removeprefix(page.origin))
    assert shown.status == 200 and shown.headers["Content-Type"].startswith("text/html")


def test_all_rooms_are_asked_for_as_data(site):
    room = made(site)
    body = as_json(Page(site).ajax("GET", "/chats/all"))
    assert body["status"] is True and [one["id"] for one in body["data"]][0] == room


# ---- creating a room ----

@PAGES
@EVERY
def test_a_room_is_created(site, kind, visibility):
    page = Page(site, kind)
    title = fresh("made by the page")
    target = page.create(title, "a description", visibility, "" if visibility == "public" else PASSWORD)
    shown = as_json(page.ajax("GET", f"/chats/{id_of(target)}"))
    assert (shown["title"], shown["description"], shown["visibility"]) == (title, "a description", visibility)
    assert page.go(target).status == 303


@PAGES
@pytest.mark.parametrize("title", ["Tea & 'Biscuits' (now)", "\u00dcber uns \u4e16\u754c \U0001f600",
                                   "a+b=c; d, e:f @ g!", "[x] | ^y ~ z_", "<b>\"quoted\"<b> `x` {y}",
                                   "two  spaces"], ids=ascii)
def test_a_room_of_any_title_is_created(site, kind, title):
    page = Page(site, kind)
    id_of(page.create(fresh(title)))


@PAGES
@EVERY
def test_a_room_that_exists_is_told_before_and_when_it_is_created(site, kind, visibility):
    title = fresh("twice")
    made(site, visibility, title)
    page = Page(site, kind)
    assert page.exists(title) and page.exists(title.upper())
    answer = page.ajax("POST", "/chats", {"title": title, "description": "", "visibility": "public", "password": ""})
    assert answer.status == 400 and as_json(answer)["error"]["code"] == 102


@PAGES
@pytest.mark.parametrize("changed", [{"title": "x"}, {"visibility": "private"}, {"description": "d" * 71},
                                     {"visibility": "secret"}], ids=str)
def test_a_room_that_is_refused_is_told_as_a_failure(site, kind, changed):
    body = {"title": fresh(), "description": "", "visibility": "public", "password": "", **changed}
    answer = Page(site, kind).ajax("POST", "/chats", body)
    assert answer.status == 400 and as_json(answer)["status"] is False


@PAGES
def test_the_room_just_created_is_entered(site, kind):
    page = Page(site, kind)
    for visibility in ("public", "private", "hidden"):
        secret = None if visibility == "public" else PASSWORD
        room = id_of(page.create(fresh(), "", visibility, secret or ""))
        page.enter(room, "ann", secret)
        assert page.balloon()["msg"] == "ann entered the room."
        page.leave()


# ---- entering ----

@PAGES
def test_a_public_room_is_entered(site, kind):
    room = made(site)
    page = Page(site, kind)
    history = page.enter(room, "ann")
    assert page.token is None
    assert history is None or as_json(history)["data"] == []
    event = page.balloon()
    assert (event["name"], event["color"], event["msg"]) == ("ann", "blue", "ann entered the room.")
    assert event["verified"] is False


@PAGES
@CLOSED
def test_a_closed_room_is_entered(site, kind, visibility):
    room = made(site, visibility)
    page = Page(site, kind)
    history = page.enter(room, "ann", PASSWORD)
    assert page.token
    if history is not None:  # which comes without a token, and is survived
        assert history.status == 403 and as_json(history)["status"] is False
    event = page.balloon()
    assert (event["name"], event["msg"], event["verified"]) == ("ann", "ann entered the room.", True)


@PAGES
@CLOSED
@pytest.mark.parametrize("secret", ["not the password", "", None], ids=repr)
def test_a_wrong_password_is_told_by_401(site, kind, visibility, secret):
    answer = Page(site, kind).entry(made(site, visibility), "ann", secret)
    assert answer.status == 401 and as_json(answer)["error"]["field"] == "secret"


@PAGES
def test_a_name_that_is_taken_is_seen_before_in_a_public_room(site, kind):
    room = made(site)
    first = Page(site, kind)
    first.enter(room, "ann")
    first.balloon()
    with pytest.raises(AssertionError, match="already taken"):
        Page(site, kind).enter(room, "ann")


@PAGES
@EVERY
def test_a_name_that_is_taken_all_the_same_is_told_in_the_chat(site, kind, visibility):
    """In a closed room nobody sees it before; in a public one it differs by its case."""
    room = made(site, visibility)
    secret = None if visibility == "public" else PASSWORD
    first, second = Page(site, kind), Page(site, kind)
    first.enter(room, "ann", secret)
    first.balloon()
    second.enter(room, "ANN", secret)
    event = second.balloon()
    assert (event["event_type"], event["code"]) == ("error", 202)
    assert len(event["msg"]) > 10
    second.say("hello")
    event = second.balloon()
    assert (event["event_type"], event["code"]) == ("error", 201) and event["msg"]
    first.say("undisturbed")
    assert first.balloon()["msg"] == "undisturbed"


@PAGES
def test_who_has_a_token_sees_who_is_in_a_closed_room(site, kind):
    room = made(site, "private")
    page = Page(site, kind)
    assert as_json(page.ajax("GET", f"/chats/{room}"))["users"] == []
    page.enter(room, "ann", PASSWORD)
    page.balloon()
    assert [user["username"] for user in as_json(page.ajax("GET", f"/chats/{room}"))["users"]] == ["ann"]
    assert as_json(Page(site, kind).ajax("GET", f"/chats/{room}"))["users"] == []


def test_what_the_page_has_to_serve_itself_is_not_there(site):
    room = made(site)
    answer = Page(site).ajax("GET", f"/chats/{room}/chatbox")
    assert answer.status == 404 and as_json(answer)["error"]["code"] == 404


# ---- with the token of another room ----

@PAGES
def test_a_token_of_a_room_left_long_ago_is_in_nobodys_way(site, kind):
    page = Page(site, kind)
    first = made(site, "private")
    page.enter(first, "ann", PASSWORD)
    page.balloon()
    left = page.token
    page.leave()
    assert Fragment(page.ajax("GET", "/chats")).links
    public = id_of(page.create(fresh()))
    page.enter(public, "ann")
    assert page.token == left  # and was offered to the socket, which echoed it
    event = page.balloon()
    assert (event["name"], event["verified"]) == ("ann", False)
    page.say("hello")
    assert page.balloon()["msg"] == "hello"
    assert [user["username"] for user in as_json(page.ajax("GET", f"/chats/{public}"))["users"]] == ["ann"]
    page.leave()
    hidden = id_of(page.create(fresh(), "", "hidden", PASSWORD))
    page.enter(hidden, "bob", PASSWORD)
    assert page.token != left
    assert page.balloon()["name"] == "bob"


@PAGES
def test_a_stale_token_is_in_nobodys_way(site, kind):
    page = Page(site, kind)
    page.token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE1MDAwMDAwMDB9." + "A" * 43
    for visibility in ("public", "private", "hidden"):
        secret = None if visibility == "public" else PASSWORD
        room = id_of(page.create(fresh(), "", visibility, secret or ""))
        page.enter(room, "ann", secret)
        assert page.balloon()["name"] == "ann"
        page.leave()


# ---- talking ----

@pytest.fixture(params=["public", "private", "hidden"])
def two(site, request):
    """Ann in ChitChat's page and Bob in Globes', in one room."""
    room = made(site, request.param)
    secret = None if request.param == "public" else PASSWORD
    ann, bob = Page(site, "ChitChat"), Page(site, "Globes")
    ann.enter(room, "ann", secret, "red")
    ann.balloon()
    bob.enter(room, "bob", secret)
    assert ann.balloon() == bob.balloon()
    return ann, bob


MESSAGES = ["hello", "x", "\u4e16\u754c \U0001f600 \u00e9", "<b>bold</b><script>alert(1)</script>",
            "\"'\\ \u2028 &amp;", "m" * 513, "m" * 4096, "  spaces  ", "line one\nline two",
            "{\"event_type\":\"leave\"}"]


@pytest.mark.parametrize("msg", MESSAGES, ids=lambda msg: ascii(msg[:12]))
def test_what_one_says_both_see(two, msg):
    ann, bob = two
    for speaker, other in ((ann, bob), (bob, ann)):
        speaker.say(msg)
        event = speaker.balloon()
        assert (event["event_type"], event["msg"], event["name"]) == ("send", msg, speaker.name)
        assert (event["color"], event["room_id"]) == (speaker.color, speaker.room) and type(event["room_id"]) is int
        assert other.balloon() == event


def test_a_message_that_is_too_long_is_told_in_words(two):
    ann, bob = two
    ann.say("m" * 4097)
    event = ann.balloon()
    assert (event["event_type"], event["code"], event["field"]) == ("error", 105, "msg")
    bob.say("next")
    assert ann.balloon()["msg"] == "next"


@pytest.mark.parametrize("color", ["", "default", "#12345", "javascript:alert(1)", "red;background:url(x)"])
def test_a_colour_that_is_none_becomes_the_default(site, color):
    page = Page(site)
    page.enter(made(site), "ann", color=color)
    assert page.balloon()["color"] == ""
    page.say("hello")
    assert page.balloon()["color"] == ""


def test_twenty_lines_pasted_at_once_are_all_heard(make_site):
    own = make_site(send_rate="10/s", send_burst="30")
    page = Page(own)
    page.enter(made(own), "ann")
    page.balloon()
    lines = [f"line {i}" for i in range(20)]
    for line in lines:
        page.say(line)
    assert [page.balloon()["msg"] for _ in lines] == lines


# ---- leaving ----

@pytest.mark.parametrize("way", ["the list is asked for", "the tab is closed", "the browser dies"])
def test_who_leaves_is_said_goodbye_once(make_site, way):
    """Quick ones: a lost connection may be waited for."""
    own = make_site(leave_grace="100ms")
    room = made(own)
    ann, bob = Page(own), Page(own)
    ann.enter(room, "ann")
    ann.balloon()
    bob.enter(room, "bob")
    assert ann.balloon()["name"] == "bob"
    if way == "the list is asked for":
        bob.leave()
    elif way == "the tab is closed":
        bob.ws.close(1001)
    else:
        bob.ws.reset()
    event = ann.balloon()
    assert (event["event_type"], event["name"], event["msg"]) == ("leave", "bob", "bob has left the room.")
    ann.say("alone")
    assert ann.balloon()["msg"] == "alone"
    assert [user["username"] for user in as_json(ann.ajax("GET", f"/chats/{room}"))["users"]] == ["ann"]


@PAGES
def test_who_leaves_gets_the_list_and_may_come_back(site, kind):
    room = made(site, "private")
    page = Page(site, kind)
    for _ in range(2):
        page.enter(room, "ann", PASSWORD)
        assert page.balloon()["event_type"] == "join"
        assert Fragment(page.leave()).links
        assert page.ws.wait_closed()[0] in (1000, 1005)
        page = Page(site, kind)
        wait_for_nobody(site, room, PASSWORD)


def wait_for_nobody(site, room, secret):
    """A person with a token may be waited for, and the page refuses a name that it sees."""

    token = site.token(room, "reader", secret)
    wait(lambda: not site.http("GET", f"/chats/{room}", token=token).json()["users"], what="an empty room")


# ---- history ----

def test_the_history_of_a_public_room_is_shown_in_its_order(site):
    room = made(site)
    ann = Page(site)
    assert as_json(ann.enter(room, "ann"))["data"] == []
    ann.balloon()
    for i in range(60):
        ann.say(f"line {i}")
        ann.balloon()
    body = as_json(Page(site).enter(room, "bob"))
    assert body["status"] is True and type(body["data"]) is list
    sends = [event for event in body["data"] if event["event_type"] == "send"]
    assert [event["msg"] for event in sends] == [f"line {i}" for i in range(10, 60)]
    assert sends == body["data"]
    for event in sends:
        assert event["name"] == "ann" and event["color"] == "blue" and event["time"] and event["verified"] is False


def test_an_empty_history_is_an_empty_list(site):
    assert Page(site).fetch(f"/chats/events/{made(site)}").json() == {"status": True, "data": []}

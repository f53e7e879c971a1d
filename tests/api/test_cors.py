# SPDX-License-Identifier: MIT
"""allowed_origins: pages of other sites that may use the API, and what their browsers must be told; nobody else is
told anything, and cookies are never let through.
"""
import pytest
from expect import PASSWORD, created, done, enter, fresh, make, private, refused, shown
from lib.globes import Site
from lib.ws import Refused

PARTNER = "https://partner.example"
SECOND = "http://second.example:8080"
SETTINGS = {"allowed_origins": f"{PARTNER} {SECOND}"}
PATHS = {
    "/chats": {"GET", "POST"},
    "/chats/all": {"GET"},
    "/chats/events/{}": {"GET"},
    "/chats/{}": {"GET", "PUT", "DELETE"},
    "/chats/{}/entrance": {"GET"},
    "/chats/{}/token": {"POST"},
    "/chats/{}/token/renew": {"GET"},
}
NOT_ALLOWED = {
    "another": "https://evil.example",
    "null": "null",
    "another scheme": "http://partner.example",
    "another port": "https://partner.example:8443",
    "the second without its port": "http://second.example",
    "a subdomain": "https://www.partner.example",
    "another end": "https://partner.example.evil.example",
    "another begin": "https://evil-partner.example",
    "a slash behind": "https://partner.example/",
    "a user": "https://ann@partner.example",
    "both": f"{PARTNER}, {SECOND}",
    "both with a space": f"{PARTNER} {SECOND}",
    "twice": f"{PARTNER}, {PARTNER}",
    "*": "*",
}
other_origins = pytest.mark.parametrize("origin", NOT_ALLOWED.values(), ids=NOT_ALLOWED.keys())


def call(site, method, path, origin=PARTNER, body=None, token=None, **more):
    headers = {"Accept": "application/json", **more}
    if origin is not None:
        headers["Origin"] = origin
    return site.http(method, path, body, token=token, headers=headers)


def preflight(site, path, origin=PARTNER, method="POST", headers="authorization,content-type"):
    return call(site, "OPTIONS", path, origin,
                **{"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers})


def words(answer, name):
    return {word.strip() for word in answer.headers.get(name, "").split(",") if word.strip()}


def cors_headers(answer):
    return [name for name, _ in answer.headers.pairs if name.lower().startswith("access-control-")]


def told(answer, origin=PARTNER):
    """The browser may show this answer to the page that asked."""
    assert answer.headers.all("Access-Control-Allow-Origin") == [origin], answer
    assert "Access-Control-Allow-Credentials" not in answer.headers, answer
    assert "Origin" in words(answer, "Vary"), answer
    return answer


def not_told(answer):
    assert cors_headers(answer) == [], answer
    assert "Origin" in words(answer, "Vary"), answer
    return answer


@pytest.mark.parametrize("origin", [PARTNER, SECOND])
def test_an_allowed_page_may_do_what_the_sites_own_may(site, origin):
    room = created(told(call(site, "POST", "/chats", origin, {"title": fresh(), "visibility": "public"}), origin))["id"]
    shown(told(call(site, "GET", f"/chats/{room}", origin), origin), id=room)
    shown(told(call(site, "PUT", f"/chats/{room}", origin, {"description": "x"}), origin), description="x")
    done(told(call(site, "DELETE", f"/chats/{room}", origin), origin))
    closed = private(site)
    answer = told(call(site, "POST", f"/chats/{closed}/token", origin, {"secret": PASSWORD, "name": "ann"}), origin)
    assert answer.status == 201
    token = answer.json()["token"]
    site.secrets.add(token)
    assert told(call(site, "GET", f"/chats/{closed}/token/renew", origin, token=token), origin).status == 201


@pytest.mark.parametrize("origin", [PARTNER, SECOND])
def test_an_allowed_page_may_open_a_socket(site, origin):
    site.joined(site.room(), "Ann", fields={"Origin": origin}).echo("hello")


@other_origins
def test_no_other_page_may_change_anything(site, origin):
    answer = not_told(call(site, "POST", "/chats", origin, {"title": fresh(), "visibility": "public"}))
    refused(answer, 104, field="origin", http=403)


@other_origins
def test_no_other_page_may_open_a_socket(site, origin):
    with pytest.raises(Refused) as caught:
        site.ws(site.room(), fields={"Origin": origin})
    assert caught.value.error() == (403, 104) and caught.value.field() == "origin"


@other_origins
def test_no_other_page_is_told_anything(site, origin):
    room = site.room()
    assert not_told(call(site, "GET", f"/chats/{room}", origin)).status == 200
    assert not_told(call(site, "GET", "/chats/nosuchroom", origin)).status == 404


def test_nor_is_one_that_does_not_say_where_it_is(site):
    room = created(not_told(make(site)))["id"]
    shown(not_told(call(site, "GET", f"/chats/{room}", None)), id=room)


def test_errors_are_for_allowed_pages_to_read_too(site):
    room, closed = site.room(), private(site)
    token = enter(site, closed)
    for status, answer in {
        "no path": (404, call(site, "GET", "/chats/a/b/c")),
        "no method": (405, call(site, "PATCH", "/chats")),
        "no room": (404, call(site, "GET", "/chats/nosuchroom")),
        "no JSON": (400, call(site, "POST", "/chats", body="{")),
        "no title": (400, call(site, "PUT", f"/chats/{room}", body={"title": ""})),
        "no token": (403, call(site, "GET", f"/chats/events/{closed}")),
        "another room's token": (403, call(site, "DELETE", f"/chats/{private(site)}", token=token)),
        "no secret": (401, call(site, "POST", f"/chats/{closed}/token", body={"name": "ann"})),
        "too large": (413, call(site, "POST", "/chats", body="x" * 20000)),
    }.values():
        assert told(answer).status == status, answer
        refused(answer, answer.json()["error"]["code"], field=("origin", None, "nosuchroom", "title", "token", "secret"),
                http=status)


def test_an_allowed_page_may_read_when_to_come_back_and_what_to_report(site):
    exposed = {name.lower() for name in words(told(call(site, "GET", "/chats")), "Access-Control-Expose-Headers")}
    assert {"retry-after", "x-request-id"} <= exposed


def test_a_redirection_and_head_are_told_as_well(site):
    room = site.room()
    assert told(call(site, "GET", f"/chats/{room}/entrance")).status == 303
    assert told(call(site, "HEAD", f"/chats/{room}")).status == 200


# ---- asked before ----

@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [PARTNER, SECOND])
def test_a_browser_that_asks_before_is_told_what_is_allowed(site, path, origin):
    answer = told(preflight(site, path.format(site.room()), origin), origin)
    assert answer.status == 204 and answer.body == b""
    assert PATHS[path] <= words(answer, "Access-Control-Allow-Methods")
    allowed = {name.lower() for name in words(answer, "Access-Control-Allow-Headers")}
    assert {"authorization", "content-type"} <= allowed and "*" not in allowed
    assert 1 <= int(answer.headers["Access-Control-Max-Age"]) <= 86400
    assert answer.headers["X-Request-Id"] and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_only_methods_that_are_there_are_allowed(site):
    allowed = words(preflight(site, "/chats/all"), "Access-Control-Allow-Methods")
    assert "GET" in allowed and not allowed & {"PUT", "POST", "DELETE", "PATCH", "*"}


def test_asking_before_changes_nothing(site):
    room = site.room()
    assert preflight(site, f"/chats/{room}", method="DELETE").status == 204
    shown(call(site, "GET", f"/chats/{room}"), id=room, description="")


def test_asking_before_says_nothing_of_the_room(site):
    """It goes without a token: whether the room is there is none of its business."""
    there, away = preflight(site, f"/chats/{private(site)}"), preflight(site, "/chats/nosuchroom")
    assert there.status == away.status == 204


def test_asking_before_for_no_path_is_404(site):
    refused(told(preflight(site, "/chats/a/b/c")), 404)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", f"{PARTNER}, {SECOND}"], ids=str)
def test_others_who_ask_before_are_told_nothing(site, path, origin):
    answer = not_told(preflight(site, path.format(site.room()), origin))
    refused(answer, 405)
    assert PATHS[path] <= words(answer, "Allow")


# ---- one, all, none ----

@pytest.mark.parametrize("origin", [PARTNER, "https://evil.example", "http://localhost:3000", "http://[::1]:8080"])
def test_a_star_is_all(open_to_all, origin):
    created(told(call(open_to_all, "POST", "/chats", origin, {"title": fresh(), "visibility": "public"}), origin))
    assert told(preflight(open_to_all, "/chats", origin), origin).status == 204
    open_to_all.joined(open_to_all.room(), "Ann", fields={"Origin": origin})


@pytest.mark.parametrize("origin", ["null", "a, b", f"{PARTNER}, {SECOND}", "*", "garbage", "https://"])
def test_a_star_is_not_what_is_no_origin(open_to_all, origin):
    refused(not_told(call(open_to_all, "POST", "/chats", origin, {"title": fresh(), "visibility": "public"})), 104,
            field="origin", http=403)
    refused(not_told(preflight(open_to_all, "/chats", origin)), 405)
    with pytest.raises(Refused) as caught:
        open_to_all.ws(open_to_all.room(), fields={"Origin": origin})
    assert caught.value.error() == (403, 104)


def test_a_star_lets_no_cookies_through(open_to_all):
    for answer in (call(open_to_all, "GET", "/chats"), preflight(open_to_all, "/chats")):
        assert "Access-Control-Allow-Credentials" not in told(answer).headers


@pytest.fixture(scope="module")
def open_to_all():
    with Site(allowed_origins="*") as made:
        yield made


def test_one_is_that_one(make_site):
    own = make_site(allowed_origins=PARTNER)
    created(told(call(own, "POST", "/chats", PARTNER, {"title": fresh(), "visibility": "public"})))
    refused(not_told(call(own, "POST", "/chats", SECOND, {"title": fresh(), "visibility": "public"})), 104,
            field="origin", http=403)


def test_the_sites_own_pages_may_as_before(make_site):
    own = make_site(allowed_origins=PARTNER, site="https://example.org")
    created(call(own, "POST", "/chats", "https://example.org", {"title": fresh(), "visibility": "public"}))
    refused(call(own, "POST", "/chats", f"http://127.0.0.1:{own.port}", {"title": fresh(), "visibility": "public"}), 104,
            field="origin", http=403)


def test_upper_case_in_the_setting_is_the_same_origin(make_site):
    own = make_site(allowed_origins="HTTPS://Partner.Example")
    created(told(call(own, "POST", "/chats", PARTNER, {"title": fresh(), "visibility": "public"})))


def test_where_nobody_is_allowed_nobody_is_told(make_site):
    own = make_site()
    assert not_told(call(own, "GET", "/chats")).status == 200
    refused(not_told(preflight(own, "/chats")), 405)

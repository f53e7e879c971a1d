# SPDX-License-Identifier: MIT
"""Cross-site rules: pages of other sites cannot change anything nor open a WebSocket, whatever they call themselves,
and the site's own can, however that is written. What allowed_origins adds is in test_cors.py.
"""
import json

import pytest
from expect import (ANY_FIELD, JSON_ONLY, PASSWORD, created, done, enter, fresh, is_gone, make, private, refused,
                    show, shown)
from lib.answer import Answer, parse_head
from lib.globes import Site
from lib.ws import Refused, Ws

HERE = "example.org"
LONG = 4096

# Host and Origin of the site's own pages.
OWN = {
    "http": (HERE, "http://example.org"),
    "https": (HERE, "https://example.org"),
    "http with its port": (HERE, "http://example.org:80"),
    "https with its port": (HERE, "https://example.org:443"),
    "a Host with http's port": ("example.org:80", "http://example.org"),
    "a Host with https' port": ("example.org:443", "https://example.org"),
    "another port on both sides": ("example.org:8080", "http://example.org:8080"),
    "another port and TLS in front": ("example.org:8443", "https://example.org:8443"),
    "an Origin in upper case": (HERE, "HTTPS://EXAMPLE.ORG"),
    "a Host in upper case": ("EXAMPLE.Org", "https://example.org"),
    "an IPv4 address": ("192.0.2.1:8080", "http://192.0.2.1:8080"),
    "an IPv6 address": ("[2001:db8::1]", "https://[2001:db8::1]"),
    "an IPv6 address and a port": ("[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
    "an IPv6 address and http's port": ("[2001:db8::1]", "http://[2001:db8::1]:80"),
    "a name in punycode": ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    "no dot": ("localhost", "http://localhost"),
}
# Origins of which no browser would say that they are example.org's.
FOREIGN = {
    "null": "null",
    "null in upper case": "NULL",
    "another host": "https://evil.example",
    "a subdomain": "https://www.example.org",
    "the domain above": "https://org",
    "another begin": "https://evil-example.org",
    "another end": "https://example.org.evil.example",
    "another end without a dot": "https://example.orgevil",
    "one letter less": "https://example.or",
    "a dot behind": "https://example.org.",
    "another port": "https://example.org:8443",
    "https' port with http": "http://example.org:443",
    "http's port with https": "https://example.org:80",
    "port 0": "https://example.org:0",
    "an empty port": "https://example.org:",
    "a port of letters": "https://example.org:https",
    "a port too large": "https://example.org:65979",
    "a port that overflows": "https://example.org:18446744073709552059",
    "a negative port": "https://example.org:-443",
    "two ports": "https://example.org:443:443",
    "a slash behind": "https://example.org/",
    "a path": "https://example.org/chats",
    "a query": "https://example.org?a",
    "a fragment": "https://example.org#a",
    "a user": "https://ann@example.org",
    "a user and a password": "https://ann:secret@example.org",
    "the site as a user": "https://example.org@evil.example",
    "the site as a user and a port": "https://example.org:443@evil.example",
    "a backslash": "https://evil.example\\.example.org",
    "no scheme": "example.org",
    "an empty scheme": "://example.org",
    "two slashes alone": "//example.org",
    "one slash": "https:/example.org",
    "no slash": "https:example.org",
    "no colon": "https//example.org",
    "three slashes": "https:///example.org",
    "no host": "https://",
    "a port alone": "https://:443",
    "a file": "file://",
    "data": "data:text/html,example.org",
    "a blob": "blob:https://example.org",
    "an extension": "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "ftp": "ftp://example.org",
    "two with a comma": "https://example.org, https://example.org",
    "two with a comma alone": "https://example.org,https://evil.example",
    "two with a space": "https://example.org https://example.org",
    "a space in it": "https://exam ple.org",
    "a space before the host": "https:// example.org",
    "a tab in it": "https://example\t.org",
    "an escape": "https://example%2eorg",
    "a name in Unicode": "https://b\u00fccher.example",
    "a letter that looks the same": "https://ex\u0430mple.org",
    "an IPv6 address": "https://[::1]",
    "an IPv6 address without brackets": "https://::1",
    "an open bracket": "https://[::1",
    "*": "*",
    "4 KB of host": "https://" + "a" * LONG + ".example.org",
    "4 KB behind": "https://example.org/" + "a" * LONG,
}
FOREIGN_BY_HOST = {
    "IPv4 by IPv6": ("192.0.2.1", "https://[::ffff:192.0.2.1]"),
    "another IPv6 address": ("[2001:db8::1]", "https://[2001:db8::2]"),
    "an IPv6 address without its port": ("[2001:db8::1]:8080", "http://[2001:db8::1]"),
    "a name without its port": ("example.org:8080", "https://example.org"),
    "Unicode for punycode": ("xn--bcher-kva.example", "https://b\u00fccher.example"),
}
REFUSED = {**{name: (HERE, origin) for name, origin in FOREIGN.items()}, **FOREIGN_BY_HOST}


def of(table):
    return pytest.mark.parametrize("host, origin", table.values(), ids=table.keys())


def ask(site, method, path, *lines, host=HERE, body=None, token=None):
    """A request with this Host and these lines in its head, as they are."""
    data = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: application/json", "Connection: close",
            f"Content-Length: {len(data)}", *lines]
    head += [f"Authorization: Bearer {token}"] if token else []
    raw = site.raw_http("\r\n".join([*head, "", ""]).encode() + data)
    head, _, rest = raw.partition(b"\r\n\r\n")
    return Answer(*parse_head(head), rest)


def create(site, *lines, host=HERE, title=None):
    return ask(site, "POST", "/chats", *lines, host=host, body={"title": title or fresh(), "visibility": "public"})


def not_ours(answer):
    refused(answer, 104, field="origin", http=403)


def upgrade(site, room, host=HERE, **fields):
    """A socket by a handshake with these fields, or Refused."""
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    made = Ws(site.address(), f"/chats/{room}/ws", fields={"Host": host, **fields})
    site.sockets.append(made)
    return made


def upgrade_refused(site, room, **more):
    with pytest.raises(Refused) as caught:
        upgrade(site, room, **more)
    assert caught.value.error() == (403, 104) and caught.value.field() == "origin", caught.value


def as_sent(text):
    """Text whose UTF-8 is to be sent, for who sends text as latin-1."""
    return text.encode().decode("latin-1")


# ---- one Origin ----

@of(OWN)
def test_the_sites_own_pages_may_change_things(site, host, origin):
    created(create(site, f"Origin: {origin}", host=host))


@of(OWN)
def test_the_sites_own_pages_may_open_a_socket(site, host, origin):
    assert upgrade(site, site.room(), host=host, Origin=origin).join("Ann")["name"] == "Ann"


@of(REFUSED)
def test_another_origin_changes_nothing(site, host, origin):
    title = fresh()
    not_ours(create(site, f"Origin: {origin}", host=host, title=title))
    is_gone(site, title)


@of(REFUSED)
def test_another_origin_opens_no_socket(site, host, origin):
    upgrade_refused(site, site.room(), host=host, Origin=as_sent(origin))


@of(REFUSED)
def test_another_origin_may_look(site, host, origin):
    room = site.room()
    shown(ask(site, "GET", f"/chats/{room}", f"Origin: {origin}", host=host), id=room)


@pytest.mark.parametrize("second", ["http://example.org", "https://evil.example", "null"])
def test_an_origin_said_twice_is_none_of_ours(site, second):
    origin = "http://example.org"
    not_ours(create(site, f"Origin: {origin}", f"Origin: {second}"))
    not_ours(create(site, f"Origin: {second}", f"Origin: {origin}"))
    upgrade_refused(site, site.room(), Origin=[origin, second])
    upgrade_refused(site, site.room(), Origin=[second, origin])


def test_without_an_origin_all_is_open(site):
    """No browser: programs do not say where they are."""
    created(create(site))
    assert upgrade(site, site.room()).join("Ann")["name"] == "Ann"


# ---- every call ----

def writes(room, closed, token):
    """Each call that changes something or gives a token, good but for its Origin."""
    return [
        ("POST", "/chats", {"title": fresh(), "visibility": "public"}, None),
        ("PUT", f"/chats/{room}", {"description": "changed"}, None),
        ("POST", f"/chats/{room}/token", {"name": "ann"}, None),
        ("DELETE", f"/chats/{room}", None, None),
        ("POST", f"/chats/{closed}/token", {"secret": PASSWORD, "name": "ann"}, None),
        ("PUT", f"/chats/{closed}", {"description": "changed"}, token),
        ("DELETE", f"/chats/{closed}", None, token),
    ]


@pytest.mark.parametrize("line", ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"])
def test_every_call_that_changes_something_is_refused(site, line):
    room, closed = site.room(), private(site)
    token = enter(site, closed)
    for method, path, body, bearer in writes(room, closed, token):
        not_ours(ask(site, method, path, line, body=body, token=bearer))
    shown(show(site, room), description="")
    shown(show(site, closed), description="")


def test_every_call_that_changes_something_is_open_to_the_sites_own_pages(site):
    room, closed = site.room(), private(site)
    for method, path, body, bearer in writes(room, closed, enter(site, closed)):
        answer = ask(site, method, path, f"Origin: http://{HERE}", "Sec-Fetch-Site: same-origin", body=body, token=bearer)
        assert answer.status in (200, 201), (method, path, answer)


@pytest.mark.parametrize("line", ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site",
                                  "Origin: a, b"])
def test_whatever_only_looks_is_open_to_all(site, line):
    room, closed = site.room(), private(site)
    token = enter(site, closed)
    for path, status in (("/chats", 200), ("/chats/all", 200), (f"/chats/{room}", 200), (f"/chats/{room}/entrance", 303),
                         (f"/chats/events/{room}", 200), (f"/chats/{closed}/token/renew", 201),
                         (f"/chats/events/{closed}", 200), ("/healthz", 200)):
        for method in ("GET", "HEAD"):
            assert ask(site, method, path, line, token=token).status == status, (method, path)


# ---- what else browsers and proxies say ----

@pytest.mark.parametrize("value", ["same-origin", "same-site", "none", "anything else"])
def test_a_fetch_that_does_not_cross_sites_is_open(site, value):
    created(create(site, f"Sec-Fetch-Site: {value}"))
    upgrade(site, site.room(), Sec_Fetch_Site=value)


def test_a_fetch_across_sites_without_an_origin_is_refused(site):
    title = fresh()
    not_ours(create(site, "Sec-Fetch-Site: cross-site", title=title))
    is_gone(site, title)
    upgrade_refused(site, site.room(), Sec_Fetch_Site="cross-site")


def test_where_there_is_an_origin_it_alone_decides(site):
    own, foreign = f"Origin: http://{HERE}", "Origin: https://evil.example"
    created(create(site, own, "Sec-Fetch-Site: cross-site"))
    not_ours(create(site, foreign, "Sec-Fetch-Site: same-origin"))
    upgrade(site, site.room(), Origin=f"http://{HERE}", Sec_Fetch_Site="cross-site")
    upgrade_refused(site, site.room(), Origin="https://evil.example", Sec_Fetch_Site="same-origin")


@pytest.mark.parametrize("name, value", [
    ("X-Forwarded-Host", "evil.example"), ("X-Host", "evil.example"), ("X-Original-Host", "evil.example"),
    ("Forwarded", "host=evil.example"), ("X-Forwarded-Server", "evil.example"), ("Referer", "http://example.org/"),
    ("X-Forwarded-Proto", "https")])
def test_no_other_header_makes_an_origin_ours(site, name, value):
    not_ours(create(site, "Origin: https://evil.example", f"{name}: {value}"))
    created(create(site, f"Origin: https://{HERE}", f"{name}: {value}"))
    upgrade_refused(site, site.room(), **{"Origin": "https://evil.example", name: value})
    upgrade(site, site.room(), **{"Origin": f"https://{HERE}", name: value})


def test_a_foreign_referer_is_no_origin(site):
    created(create(site, "Referer: https://evil.example/page"))


# ---- the order of checks ----

EVIL = "Origin: https://evil.example"


def test_the_path_is_looked_at_before_the_origin(site):
    for method in ("POST", "PUT", "DELETE"):
        refused(ask(site, method, "/chats/a/b/c", EVIL), 404)


def test_the_method_is_looked_at_before_the_origin(site):
    room = site.room()
    for method, path in (("PATCH", "/chats"), ("PUT", "/chats"), ("POST", f"/chats/{room}"), ("POST", "/chats/all"),
                         ("DELETE", f"/chats/{room}/token"), ("POST", "/healthz")):
        refused(ask(site, method, path, EVIL), 405)


def test_the_origin_is_looked_at_before_the_size(site):
    not_ours(ask(site, "POST", "/chats", EVIL, body="x" * 20000))
    refused(ask(site, "POST", "/chats", body="x" * 20000), 413)


def test_the_origin_is_looked_at_before_the_room(site):
    for method in ("PUT", "DELETE"):
        not_ours(ask(site, method, "/chats/nosuchroom", EVIL))
        refused(ask(site, method, "/chats/nosuchroom"), 101, field=ANY_FIELD)
    not_ours(ask(site, "POST", "/chats/nosuchroom/token", EVIL, body={"name": "ann"}))


def test_the_origin_is_looked_at_before_the_token(site):
    closed = private(site)
    for token in (None, "no.good.token"):
        not_ours(ask(site, "DELETE", f"/chats/{closed}", EVIL, token=token))
        refused(ask(site, "DELETE", f"/chats/{closed}", token=token), 403, field="token")


def test_the_origin_is_looked_at_before_the_body(site):
    for body in ("{", "", '{"title":1}', '{"title":"x","visibility":"public"}'):
        not_ours(ask(site, "POST", "/chats", EVIL, body=body))
    not_ours(ask(site, "POST", f"/chats/{private(site)}/token", EVIL, body={"name": "ann", "secret": "wrong secret"}))


def test_a_refusal_says_nothing_of_the_room(site):
    """A page elsewhere learns by no refusal whether a room is there, nor whether a password is right."""
    closed = private(site)
    answers = [ask(site, "POST", f"/chats/{room}/token", EVIL, body={"name": "ann", "secret": secret})
               for room in (closed, "nosuchroom") for secret in (PASSWORD, "wrong password")]
    assert len({answer.body for answer in answers}) == 1


# ---- the setting site ----

SITES = "https://example.org http://localhost:8080"
SITE_OWN = {
    "the first": "https://example.org",
    "the first by http": "http://example.org",
    "the first with its port": "https://example.org:443",
    "the first in upper case": "HTTPS://EXAMPLE.ORG",
    "the second": "http://localhost:8080",
    "the second by https": "https://localhost:8080",
}
SITE_FOREIGN = {
    "what Host says": "http://{host}",
    "the second without its port": "http://localhost",
    "the first with the second's port": "https://example.org:8080",
    "both": "https://example.org http://localhost:8080",
    "a subdomain": "https://www.example.org",
    "null": "null",
    "another": "https://evil.example",
    "a path": "https://example.org/",
}


@pytest.fixture(scope="module")
def named():
    """A site that is told what it is called."""
    with Site(site=SITES) as made:
        yield made


@pytest.mark.parametrize("origin", SITE_OWN.values(), ids=SITE_OWN.keys())
def test_where_the_site_is_named_its_pages_may(named, origin):
    created(make_from(named, origin))
    upgrade(named, named.room(), host="relay.internal", Origin=origin)


@pytest.mark.parametrize("origin", SITE_FOREIGN.values(), ids=SITE_FOREIGN.keys())
def test_where_the_site_is_named_no_other_page_may(named, origin):
    host = f"127.0.0.1:{named.port}"
    not_ours(make_from(named, origin.format(host=host)))
    upgrade_refused(named, named.room(), host=host, Origin=origin.format(host=host))


def make_from(site, origin):
    body = {"title": fresh(), "visibility": "public"}
    return site.http("POST", "/chats", body, headers={"Origin": origin})


def test_where_the_site_is_named_programs_still_may(named):
    room = created(make(named))["id"]
    done(named.http("DELETE", f"/chats/{room}"))
    upgrade(named, named.room())
    assert named.http("GET", "/chats", headers={"Origin": "https://evil.example", **JSON_ONLY}).status == 200


def test_where_the_site_is_named_a_fetch_across_sites_is_refused(named):
    answer = named.http("POST", "/chats", {"title": fresh(), "visibility": "public"}, headers={"Sec-Fetch-Site": "cross-site"})
    not_ours(answer)


def test_a_site_named_with_its_port_is_the_one_without(make_site):
    own = make_site(site="https://example.org:443")
    created(make_from(own, "https://example.org"))
    created(make_from(own, "https://example.org:443"))
    not_ours(make_from(own, "https://example.org:8443"))

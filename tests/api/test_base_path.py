# SPDX-License-Identifier: MIT
"""base_path: the whole API, its sockets and its health live below a part of a site, and nothing of it outside."""
import re

import pytest
from expect import (JSON_ONLY, PASSWORD, assert_headers, assert_room, created, done, fresh, refused, shown)
from lib.globes import Site
from lib.ws import Refused, Ws

BASE = "/community"
SETTINGS = {"base_path": BASE}


def call(site, method, path, body=None, token=None, base=BASE, headers=None):
    return site.http(method, base + path, body, token=token, headers=headers or JSON_ONLY)


def make(site, base=BASE, visibility="public", **members):
    body = {"title": fresh(), "visibility": visibility, **members}
    if visibility != "public":
        body["password"] = PASSWORD
    return created(call(site, "POST", "/chats", body, base=base))["id"]


def enter(site, room, base=BASE):
    answer = call(site, "POST", f"/chats/{room}/token", {"secret": PASSWORD, "name": "ann"}, base=base)
    assert answer.status == 201, answer
    token = answer.json()["token"]
    site.secrets |= {token, PASSWORD}
    return token


def open_socket(site, path, direct=False, **more):
    made = Ws(site.address(direct), path, **more)
    site.sockets.append(made)
    return made


def test_rooms_are_made_shown_changed_and_removed_below_the_base(site):
    room = make(site)
    shown(call(site, "GET", f"/chats/{room}"), id=room)
    shown(call(site, "PUT", f"/chats/{room}", {"description": "x"}), description="x")
    done(call(site, "DELETE", f"/chats/{room}"))
    refused(call(site, "GET", f"/chats/{room}"), 101, field=str(room))


def test_rooms_are_found_by_title_below_the_base(site):
    title = fresh("Caf\u00e9")
    room = created(call(site, "POST", "/chats", {"title": title, "visibility": "public"}))["id"]
    shown(call(site, "GET", "/chats/" + title.replace(" ", "%20").replace("\u00e9", "%C3%A9")), id=room)


def test_lists_are_below_the_base(site):
    room = make(site)
    answer = call(site, "GET", "/chats")
    assert answer.status == 200
    assert_headers(answer)
    assert room in [one["id"] for one in answer.json()["rooms"]]
    assert_room(call(site, "GET", "/chats/all").json()["data"][0])
    assert len(call(site, "GET", "/chats?limit=1&q=room").json()["rooms"]) == 1


def test_tokens_and_events_are_below_the_base(site):
    room = make(site, visibility="private")
    token = enter(site, room)
    renewed = call(site, "GET", f"/chats/{room}/token/renew", token=token)
    assert renewed.status == 201
    site.secrets.add(renewed.json()["token"])
    assert call(site, "GET", f"/chats/events/{room}", token=token).json() == {"status": True, "data": []}
    refused(call(site, "GET", f"/chats/events/{room}"), 403, field="token")


def test_the_entrance_leads_to_the_room_below_the_base(site):
    room = make(site)
    answer = call(site, "GET", f"/chats/{room}/entrance")
    assert answer.status == 303
    target = answer.headers["Location"].removeprefix(f"http://127.0.0.1:{site.port}")
    assert target == f"{BASE}/chats/{room}"
    shown(site.http("GET", target, headers=JSON_ONLY), id=room)


def test_health_is_below_the_base(site):
    answer = call(site, "GET", "/healthz")
    assert answer.status == 200
    assert_headers(answer)


@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_sockets_are_below_the_base(site, direct):
    room, private = make(site), make(site, visibility="private")
    ann = open_socket(site, f"{BASE}/chats/{room}/ws", direct)
    ann.join("Ann")
    bob = open_socket(site, f"{BASE}/chats/{room}/ws", direct)
    bob.join("Bob")
    ann.recv_until("join", name="Bob")
    ann.echo("hello")
    assert bob.recv()["msg"] == "hello"
    assert [event["msg"] for event in call(site, "GET", f"/chats/events/{room}").json()["data"]] == ["hello"]
    open_socket(site, f"{BASE}/chats/{private}/ws", direct, token=enter(site, private)).join()


def test_the_pages_lead_to_what_is_below_the_base(site):
    room = make(site)
    for path in ("/chats", f"/chats/{room}"):
        page = call(site, "GET", path, headers={"Accept": "text/html"})
        assert page.status == 200 and f'data-base="{BASE}"' in page.text
        links = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
        assert links and all(link.startswith(BASE + "/") for link in links), links
    assert f"{BASE}/chats/{room}" in call(site, "GET", "/chats", headers={"Accept": "text/html"}).text
    assert f"{BASE}/chats/{room}/entrance" in call(site, "GET", "/chats", headers={"X-Requested-With": "XMLHttpRequest"}).text


def test_the_pages_files_are_below_the_base(site):
    answer = call(site, "GET", "/globes/page.js")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/javascript")
    for base in ("", "/x", "/communityx"):
        assert call(site, "GET", "/globes/page.js", base=base).status == 404
    for path in ("/globes/..%2f..%2fREADME.md", "/globes/../globes.conf", "/globes/%2e%2e/README.md"):
        assert call(site, "GET", path).status in (400, 403, 404)


@pytest.mark.parametrize("path", ["/chats/{}/x", "/chats/a/b/c", "/chats/{}/token/x"])
def test_what_is_no_path_below_the_base_is_not_found(site, path):
    refused(call(site, "GET", path.format(make(site))), 404)


@pytest.mark.parametrize("path, method, allowed", [
    ("/chats", "PATCH", {"GET", "POST"}), ("/chats/all", "POST", {"GET"}), ("/chats/{}", "POST", {"GET", "PUT", "DELETE"}),
    ("/chats/{}/token", "GET", {"POST"}), ("/healthz", "POST", {"GET"})])
def test_methods_are_looked_at_below_the_base(site, path, method, allowed):
    answer = call(site, method, path.format(make(site)))
    refused(answer, 405)
    assert allowed <= {word.strip() for word in answer.headers["Allow"].split(",")}


def test_other_sites_are_refused_below_the_base(site):
    body = {"title": fresh(), "visibility": "public"}
    answer = call(site, "POST", "/chats", body, headers={"Origin": "https://evil.example"})
    refused(answer, 104, field="origin", http=403)
    created(call(site, "POST", "/chats", body, headers={"Origin": f"http://127.0.0.1:{site.port}"}))


OUTSIDE = ["/chats", "/chats/", "/chats/all", "/chats/{}", "/chats/{}/entrance", "/chats/{}/token/renew", "/chats/events/{}",
           "/healthz", "/communitychats", "/communityx/chats", "/communit/chats", "/Community/chats", "/community2/chats/{}",
           "/x/community/chats", "/x/community/chats/{}", "/community/community/chats", "/community/x/chats/{}",
           "/chats/community/{}", "/community/chatsx", "/community", "/community/", "/community/{}", "/communityhealthz"]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_outside_the_base(site, path, method):
    answer = call(site, method, path.format(make(site)), base="", body={} if method == "POST" else None)
    assert answer.status == 404 or (answer.status in (403, 405) and "X-Request-Id" not in answer.headers), answer
    assert '"rooms"' not in answer.text and '"title"' not in answer.text and '"data"' not in answer.text


@pytest.mark.parametrize("path", ["/chats/{}/ws", "/communityx/chats/{}/ws", "/x/community/chats/{}/ws", "/Community/chats/{}/ws",
                                  "/community/community/chats/{}/ws", "/x/../chats/{}/ws"])
@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_no_socket_is_outside_the_base(site, path, direct):
    with pytest.raises(Refused) as caught:
        open_socket(site, path.format(make(site)), direct)
    assert caught.value.status == 404


@pytest.mark.parametrize("path", ["/community//chats/{}/ws", "//community/chats/{}/ws", "/community/./chats/{}/ws",
                                  "/x/../community/chats/{}/ws", "/communit%79/chats/{}/wsx"])
def test_the_relay_takes_a_path_as_it_is(site, path):
    """lighttpd may have tidied it up before."""
    with pytest.raises(Refused) as caught:
        open_socket(site, path.format(make(site)), direct=True)
    assert caught.value.status in (400, 404)


def test_dots_do_not_lead_out_of_the_base_nor_in(site):
    room = make(site)
    for path in ("/community/../chats", "/community/..%2fchats", f"/x/../chats/{room}", "/community/%2e%2e/chats/all"):
        raw = site.raw_http(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close\r\n\r\n".encode())
        assert raw.split(None, 2)[1] in (b"400", b"403", b"404"), raw
        assert b'"title"' not in raw and b'"data"' not in raw


@pytest.mark.parametrize("base", ["/a/b/c", "/v1.0", "/~ann", "/A-b_c", "/chats"])
def test_any_path_may_be_the_base(base):
    with Site(base_path=base) as own:
        room = make(own, base)
        shown(call(own, "GET", f"/chats/{room}", base=base), id=room)
        assert call(own, "GET", f"/chats/{room}/entrance", base=base).headers["Location"].endswith(f"{base}/chats/{room}")
        assert call(own, "GET", "/healthz", base=base).status == 200
        open_socket(own, f"{base}/chats/{room}/ws").join("Ann")
        assert call(own, "GET", "/healthz", base="").status == 404
        if base != "/chats":  # there it may be asked for as a room of this name
            assert call(own, "GET", "/chats/all", base="").status == 404


@pytest.mark.parametrize("base, path", [("/v1.0", "/v1x0/chats/all"), ("/v1.0", "/v100/chats/all"), ("/a/b", "/a/x/b/chats/all"),
                                        ("/a/b", "/b/chats/all"), ("/a/b", "/a/chats/all")])
def test_a_base_stands_for_itself_alone(base, path):
    with Site(base_path=base) as own:
        assert call(own, "GET", "/chats/all", base=base).status == 200
        answer = call(own, "GET", path, base="")
        assert answer.status == 404 and '"data"' not in answer.text


def test_the_root_is_the_base_where_none_is_set(make_site):
    own = make_site(base_path="/")
    room = make(own, "")
    shown(call(own, "GET", f"/chats/{room}", base=""), id=room)
    assert call(own, "GET", f"/chats/{room}/entrance", base="").headers["Location"].endswith(f"/chats/{room}")
    assert call(own, "GET", "/chats/all").status == 404

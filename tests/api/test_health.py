# SPDX-License-Identifier: MIT
"""/healthz, for whoever watches the site."""
from expect import assert_headers, refused


def test_a_site_that_runs_is_healthy(site):
    answer = site.http("GET", "/healthz")
    assert answer.status == 200
    assert_headers(answer)
    assert "error" not in answer.json()


def test_health_is_only_looked_at(site):
    for method in ("POST", "PUT", "DELETE"):
        answer = site.http(method, "/healthz")
        refused(answer, 405)
        assert {"GET", "HEAD"} <= {word.strip() for word in answer.headers["Allow"].split(",")}


def test_health_says_nothing_of_rooms(site):
    title = "a room of which health knows nothing"
    site.room(title)
    assert title not in site.http("GET", "/healthz").text


def test_what_is_for_the_owner_alone_is_not_served_to_all(site):
    for path in ("/readyz", "/metrics"):
        assert site.http("GET", path).status == 404
    assert site.http("GET", "/healthz").status == 200

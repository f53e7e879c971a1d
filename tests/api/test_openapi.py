# SPDX-License-Identifier: MIT
"""docs/openapi.yaml against the running program: each answer that stands there comes true here, whatever is not listed is
refused as it says, and bodies are read as it says. That nothing else is ever answered, all other tests see, since
lib.globes and lib.ws ask lib.openapi about every answer that they get.
"""
import json
import os
import re
import resource

import jsonschema
import pytest
from answers import FRIEND, World, come_true, fcgi_or_ask, room_json, target_of, ways
from expect import JSON_ONLY, PASSWORD, fresh
from lib.globes import ROOT
from lib.openapi import book

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]
# Only between a store that did not say whether it has stored and the relay's restart, which follows at once.
NEVER_SEEN = {("GET", "/readyz", "503", "NotReadyRelay", None)}
DOCUMENTED = sorted(set(book.documented()) - NEVER_SEEN, key=str)


@pytest.fixture(scope="module")
def world():
    made = World()
    yield made
    made.close()


@pytest.mark.parametrize("answer", DOCUMENTED, ids=lambda answer: " ".join(map(str, answer)))
def test_each_answer_comes_true(world, answer):
    come_true(world, answer)
    assert world.last == answer


def test_no_way_leads_to_an_answer_that_is_not_documented():
    assert set(ways) <= set(DOCUMENTED)


def test_a_password_that_there_is_no_memory_to_hash_is_a_fault_of_ours(world):
    pid = world.site("poor").pid("globes.fcgi")
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        now = 1024 * int(re.search(r"VmSize:\s*(\d+) kB", file.read())[1])
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (now + (4 << 20), before[1]))  # a hash takes 16 MiB
    try:
        world.ask("POST", "/chats", room_json(visibility="private", password=PASSWORD), site="poor")
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)
    assert world.last == ("POST", "/chats", "500", "ErrorInternal", None)


# ---- what is not listed ----

def test_the_routes_of_the_program_are_those_of_the_document():
    with open(os.path.join(ROOT, "fcgi", "routes.c"), encoding="utf-8") as file:
        routes = re.findall(r'^    \{ "([A-Z]+)", "([^"]+)", NEEDS_', file.read(), re.M)
    assert len(routes) >= 13
    assert {(at, method) for method, at in routes} == {key for key in book.operations if key[1] != "OPTIONS"}


@pytest.mark.parametrize("at", sorted(book.document["paths"]))
@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_is_not_listed_is_not_allowed(world, at, method):
    if (at, "GET" if method == "HEAD" else method) in book.operations:
        assert method == "OPTIONS" or method in book.allow(at)
        return
    target = target_of(world, at)
    status = fcgi_or_ask(world, at)(method, target).status
    assert status == 405 or str(status) in book.others[at]


@pytest.mark.parametrize("at", sorted(book.document["paths"]))
def test_head_is_answered_as_get_without_a_body(world, at):
    target = target_of(world, at)
    get = fcgi_or_ask(world, at)("GET", target, headers=JSON_ONLY)
    head = fcgi_or_ask(world, at)("HEAD", target, headers=JSON_ONLY)
    assert (head.status, head.body) == (get.status, b"")
    assert head.headers.get("Content-Type") == get.headers.get("Content-Type")


@pytest.mark.parametrize("target", ["/chats/1/x", "/chats/events", "/chats/all/token", "/chats/1/token/x", "/chats/1/2/3/4"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_path_that_is_not_listed_is_not_found(world, target, method):
    assert world.ask(method, target).status == 404


def test_a_page_of_an_allowed_origin_is_told_so_with_every_answer(world):
    for target in ("/chats/all", "/chats/nosuchroom", "/chats/1/2/3"):
        answer = world.ask("GET", target, site="friends", headers={"Origin": FRIEND})
        assert answer.headers["Access-Control-Allow-Origin"] == FRIEND


def test_pages_have_their_policy(world):
    for target in ("/chats", f"/chats/{world.site().room()}"):
        answer = world.ask("GET", target, headers={"Accept": "text/html"})
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none';")
        assert answer.headers["Referrer-Policy"] == "no-referrer"


# ---- what is sent ----

ODD = [None, True, 0, -1, 1.5, "", "x", "\0", [], {}, "public", "Hidden", "x" * 600]


def request_schema(at, method):
    return book.document["paths"][at][method]["requestBody"]["content"]["application/json"]["schema"]


def bodies(at, method):
    """(body, whether it fits) with each member missing and of each odd value, from one that fits."""
    good = {"title": None, "description": "d", "visibility": "private", "password": PASSWORD, "owned": False}
    good = {"name": "ann", "secret": PASSWORD, "guest": False} if at.endswith("token") else good
    for member in good:
        for value in ["missing", *ODD]:
            body = {**good, member: value}
            if value == "missing":
                del body[member]
            yield member, body


@pytest.mark.parametrize("at, method", [("/chats", "post"), ("/chats/{room}", "put"), ("/chats/{room}/token", "post")])
def test_what_does_not_fit_is_refused(world, at, method):
    """What fits may still be against a rule that no schema can say."""
    room, token, _ = world.private()
    schema = request_schema(at, method)
    refused = 0
    for member, body in bodies(at, method):
        if body.get("title", "") is None and member != "title":
            body["title"] = fresh()
        answer = world.ask(method.upper(), at.replace("{room}", str(room)), body, token=token)
        if answer.status == 201 and "token" in answer.json():
            world.site().secrets.add(answer.json()["token"])
        if not book.schemas.fits(schema, body):
            assert answer.status in (400, 401), (body, answer)
            refused += 1
        room, token = (room, token) if answer.status != 200 else world.private()[:2]
    assert refused > 20


@pytest.mark.parametrize("at, method, body", [
    ("/chats", "post", {"title": "T%", "visibility": "public"}),
    ("/chats", "post", {"title": "T%", "visibility": "HIDDEN", "password": PASSWORD, "description": "x" * 70, "owned": True}),
    ("/chats", "post", {"title": "T%", "visibility": "Public", "password": "", "id": 7, "unknown": None}),
    ("/chats/{room}", "put", {}),
    ("/chats/{room}", "put", {"title": "T%", "description": "", "owned": True}),
    ("/chats/{room}/token", "post", {"name": "ann"}),
    ("/chats/{room}/token", "post", {"name": "ann", "guest": True, "secret": "x"}),
])
def test_what_fits_is_taken(world, at, method, body):
    body = json.loads(json.dumps(body).replace("T%", fresh()))
    known = {name: value for name, value in body.items() if name in book.schemas.follow(request_schema(at, method))["properties"]}
    assert book.schemas.fits(request_schema(at, method), known)
    answer = world.ask(method.upper(), at.replace("{room}", str(world.site().room())), body)
    assert answer.status in (200, 201)
    world.site().secrets |= {answer.json()[name] for name in ("token", "owner_token") if name in answer.json()}


# ---- the document itself ----

def error_rows():
    with open(os.path.join(ROOT, "common", "error.def"), encoding="utf-8") as file:
        rows = re.findall(r'^ERR\([A-Z_]+, *(\d+), (\d+), "([^"]+)", *"([^"]+)"\)', file.read(), re.M)
    return {(int(code), status, text): when for code, status, text, when in rows}


def documented_errors():
    for responses in [*book.operations.values(), book.everywhere]:
        for status, response in responses.items():
            for schema in response.content.values():
                for one in schema.get("oneOf", [schema]):
                    error = book.schemas.follow(one).get("properties", {}).get("error")
                    if error:
                        made = error["properties"]
                        yield made["code"]["const"], "500" if status == "default" else status, made["error"]["const"]


def test_errors_are_those_of_the_programs_table():
    said, rows = set(documented_errors()), error_rows()
    assert said <= set(rows)
    missing = {row for row in set(rows) - said if not re.match("reserved|WebSocket", rows[row])}
    assert not missing


def test_all_that_is_made_for_the_document_is_used():
    with open(os.path.join(ROOT, "docs", "openapi.yaml"), encoding="utf-8") as file:
        text = file.read()
    for kind in ("schemas", "responses", "headers", "parameters"):
        for name in book.document["components"][kind]:
            assert f"#/components/{kind}/{name}'" in text or f"`{name}`" in text, name


def test_its_schemas_are_schemas_and_its_operations_have_names_of_their_own():
    for schema in book.document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [operation["operationId"] for item in book.document["paths"].values() for verb, operation in item.items()
             if verb in ("get", "post", "put", "delete")]
    assert len(names) == len(set(names)) >= 13


def mutations(value):
    """The value with something changed, in all places."""
    yield value
    yield from (None, True, 1, 0, "", "x", [], {})
    if isinstance(value, dict):
        yield {**value, "another": 1}
        for name, member in value.items():
            yield {key: one for key, one in value.items() if key != name}
            yield from ({**value, name: one} for one in mutations(member))
    if isinstance(value, list) and value:
        yield value + value * 100
        yield from ([one] for one in mutations(value[0]))


def test_the_fast_judge_and_jsonschema_are_of_one_mind(world):
    room, token, _ = world.private()
    world.site().joined(room, None, token, color="red").echo("hello")
    samples = [("Room", world.ask("GET", f"/chats/{room}", token=token).json()),
               ("RoomPage", world.ask("GET", "/chats?limit=1", headers=JSON_ONLY).json()),
               ("Events", world.ask("GET", f"/chats/events/{room}", token=token).json()),
               ("ErrorRoomJson", world.ask("POST", "/chats", {"title": 1}).json()),
               ("NewRoom", room_json(owned=True)), ("Login", {"name": "ann", "secret": "x"})]
    fitting = 0
    for name, sample in samples:
        schema = {"$ref": f"#/components/schemas/{name}"}
        assert book.schemas.fits(schema, sample)
        for value in mutations(sample):
            assert book.schemas.fits(schema, value) == (book.schemas.why(schema, value) is None), (name, value)
            fitting += book.schemas.fits(schema, value)
    assert fitting >= 20

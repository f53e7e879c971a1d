# SPDX-License-Identifier: MIT
"""docs/openapi.yaml as a judge of answers: check() fails for whatever is not documented there.

It knows the rules of that document which no OpenAPI tool knows: HEAD is as GET, what is not listed for a path is 405
with the Allow that follows from the list, what is no listed path is 404, and a web server may answer by itself.
"""

import os
import re
import urllib.parse

from lib.schemas import Schemas, load, read_json

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = os.path.join(ROOT, "docs", "openapi.yaml")
VERBS = ("get", "post", "put", "delete", "options", "patch", "trace", "head")
# HTTP's own, of connection and body.
TRANSPORT = {"content-type", "content-length", "connection", "date", "server", "transfer-encoding", "keep-alive"}
# What a web server says without asking us. 404 only where it does not ask us at all.
WEB_SERVERS_OWN = {400, 411, 413, 414, 417, 431, 500, 501, 502, 503, 504, 505}
OURS = ("chats", "healthz", "readyz")


class Response:
    """One documented answer."""

    def __init__(self, book, node):
        self.book = book
        node = book.schemas.follow(node)
        self.headers = {}
        for name, header in node.get("headers", {}).items():
            header = book.schemas.follow(header)
            self.headers[name.lower()] = (header.get("required", False), header["schema"])
        self.required = {name for name, (needed, _) in self.headers.items() if needed}
        self.content = {kind: media["schema"] for kind, media in node.get("content", {}).items()}

    def check_headers(self, headers, what):
        seen = set()
        for name, value in headers.pairs:
            name = name.lower()
            if name in TRANSPORT:
                continue
            assert name not in seen, f"{what}: {name} comes twice"
            assert name in self.headers, f"{what}: the header {name} is not documented: {headers}"
            seen.add(name)
            schema = self.headers[name][1]
            if schema.get("type") == "integer":
                assert re.fullmatch("[0-9]+", value), f"{what}: {name}: {value}"
                value = int(value)
            self.book.schemas.check(schema, value, f"{what}: {name}")
        assert self.required <= seen, f"{what}: these headers are missing: {self.required - seen}"

    def variants(self):
        """[(schema's name or media type, field)] of all the bodies it may have."""
        made = []
        for kind, schema in self.content.items():
            if kind != "application/json":
                made.append((kind, None))
                continue
            for one in schema.get("oneOf", [schema]):
                made += [(name_of(one), field) for field in self.book.fields(one)]
        return made or [(None, None)]

    def check_body(self, answer, what):
        """Which of the variants it is."""
        kind = answer.headers.get("Content-Type")
        if not self.content or not answer.body:
            assert not answer.body, f"{what}: a body is not documented: {answer.body[:200]}"
            return None, None
        kind = re.sub(r"; *charset=utf-8$", "", kind or "")
        assert kind in self.content, f"{what}: Content-Type {kind} is not documented"
        if kind != "application/json":
            answer.body.decode("utf-8")
            return kind, None
        value = read_json(answer.text)
        schema = self.content[kind]
        self.book.schemas.check(schema, value, what)
        fitting = [one for one in schema.get("oneOf", [schema]) if self.book.schemas.fits(one, value)]
        error = value.get("error")
        field = error.get("field") if isinstance(error, dict) else None
        return name_of(fitting[0]), field if field in self.book.fields(fitting[0]) else None


def name_of(schema):
    return schema["$ref"].rsplit("/", 1)[1]


class Book:
    """The document, compiled."""

    def __init__(self, document):
        self.document = document
        self.schemas = Schemas(document)
        self.operations = {}  # (path, METHOD): {status: Response}
        self.others = {}      # path: what methods that are not listed may be answered besides 405
        self._made = {}
        self.templates = []
        for path, item in document["paths"].items():
            self.templates.append((path, path[1:].split("/")))
            self.others[path] = self._responses(item.get("x-other-methods", {}))
            for verb in VERBS:
                if verb in item:
                    self.operations[path, verb.upper()] = self._responses(item[verb]["responses"])
        # Those with the fewest parameters first: /chats/all is no room.
        self.templates.sort(key=lambda one: one[0].count("{"))
        everywhere = {"404": "NotFound", "405": "MethodNotAllowed", "431": "HeadTooLarge", "500": "Internal"}
        self.everywhere = self._responses(
            {status: {"$ref": f"#/components/responses/{name}"} for status, name in everywhere.items()})

    def _responses(self, nodes):
        return {str(status): self._response(node) for status, node in nodes.items()}

    def _response(self, node):
        node = self.schemas.follow(node)
        if id(node) not in self._made:
            self._made[id(node)] = Response(self, node)
        return self._made[id(node)]

    def fields(self, schema):
        """The values that `field` of an error may have, None for no field or any text."""
        node = self.schemas.follow(schema).get("properties", {}).get("error", {})
        node = self.schemas.follow(node)
        field = node.get("properties", {}).get("field")
        if field is None:
            return [None]
        values = field.get("enum") or ([field["const"]] if "const" in field else [None])
        return values + ([] if "field" in node["required"] else [None])

    def allow(self, path):
        """What Allow says of a path."""
        listed = [verb for at, verb in self.operations if at == path and verb != "OPTIONS"]
        return set(listed) | ({"HEAD"} if "GET" in listed else set())

    def documented(self):
        """All (METHOD, path, status, schema, field) that stand there, but for the faults that have no status."""
        for (path, method), responses in self.operations.items():
            for status, response in responses.items():
                if status != "default":
                    for variant in response.variants():
                        yield method, path, status, *variant

    def match(self, segments):
        for path, parts in self.templates:
            if len(parts) == len(segments) and all(
                    part == segment or (part == "{room}" and is_room(segment)) for part, segment in zip(parts, segments)):
                return path
        return None

    def check(self, method, target, answer, base="/"):
        """Fails when this answer is not documented. Returns what it is: (METHOD, path, status, schema, field)."""
        segments = segments_of(target, base)
        if not segments or segments[0] not in OURS:
            return None  # the site's own
        what = f"{method} {target[:200]}: {answer.status}"
        if "X-Request-Id" not in answer.headers and answer.status != 101:
            allowed = WEB_SERVERS_OWN | (set() if segments[0] == "chats" else {404})
            assert answer.status in allowed, f"{what} without X-Request-Id: {answer}"
            return None
        path = self.match(segments)
        verb = "GET" if method == "HEAD" else method
        response = self._documented(path, verb, str(answer.status))
        assert response, f"{what} is not documented: {answer}"
        response.check_headers(answer.headers, what)
        if answer.status == 405:
            allow = set(answer.headers["Allow"].split(", "))
            assert allow == self.allow(path) and method not in allow, f"{what}: {allow}"
        if method == "HEAD":
            assert not answer.body, f"{what}: a body"
            return None
        return (verb, path, str(answer.status), *response.check_body(answer, what))

    def _documented(self, path, verb, status):
        responses = self.operations.get((path, verb))
        if responses:
            return responses.get(status) or (responses.get("default") if status == "500" else None)
        if path and status in self.others[path]:
            return self.others[path][status]
        if status == "405" and not path:
            return None
        if status == "404" and path and "{" not in path:
            return None
        return self.everywhere.get(status)


def is_room(segment):
    return segment not in ("all", "events", ".", "..", "")


def segments_of(target, base):
    """The decoded parts of a path below the base; what does not decode is None, which no path has."""
    path = re.sub(r"^https?://[^/?]*", "", target).split("?")[0]
    base = base.rstrip("/")
    if not path.startswith(base + "/"):
        return []
    return [decoded(part) for part in path[len(base) + 1:].split("/")]


def decoded(part):
    if re.search(r"%(?![0-9A-Fa-f]{2})|%00", part):
        return ""
    try:
        return urllib.parse.unquote_to_bytes(part).decode("utf-8")
    except UnicodeDecodeError:
        return ""


book = Book(load(PATH))
check = book.check

# SPDX-License-Identifier: MIT
"""What the documents say is so: links and names lead somewhere, README's calls are answered as it says, no setting is
left out, and each deviation from the originals has its test."""

import glob
import json
import os
import re
import subprocess

import pytest

from installed import clean_environment
from lib.globes import ROOT
from lib.ws import TEXT

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ +(.+)$", re.M)
FILE = re.compile(r"(?:[\w.-]+/)*[\w.*-]+\.(?:c|h|js|py|def|md|yaml|sql|conf|css|svg)|(?:[\w.-]+/)+[\w.*-]+")
CALL = re.compile(r"^    (curl .+?) +# (\d{3})$", re.M)
TEST = re.compile(r"`([\w/]+/test_\w+\.py)(?:::(test_\w+))?`")
MARKS = re.compile(r"^- \*\*", re.M)


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def documents():
    found = glob.glob("*.md", root_dir=ROOT) + [
        path for folder in ("docs", "tests", "packaging", "httpd-conf", "sql", "web")
        for path in glob.glob(folder + "/**/*.md", root_dir=ROOT, recursive=True)]
    return sorted(found)


def anchors(path):
    """As the places that show Markdown make them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text_of(path))}


def is_broken(path, link):
    if re.match(r"[a-z]+:", link):
        return False
    target, _, anchor = link.partition("#")
    place = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
    if not os.path.exists(os.path.join(ROOT, place)):
        return True
    return bool(anchor) and anchor not in anchors(place)


def test_the_documents_of_the_tree_are_found():
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/compat.md",
            "docs/privacy.md"} <= set(documents())


@pytest.mark.parametrize("path", documents())
def test_every_link_leads_somewhere(path):
    links = [a or b for a, b in LINK.findall(text_of(path))]
    assert [link for link in links if is_broken(path, link)] == []


def test_a_link_that_leads_nowhere_is_seen():
    assert is_broken("docs/compat.md", "nowhere.md") and is_broken("docs/compat.md", "../README.md#no-such-heading")
    assert not is_broken("docs/compat.md", "../README.md#where-it-is")


def test_every_file_of_the_architecture_is_there():
    named = {word for word in CODE.findall(text_of("docs/architecture.md")) if FILE.fullmatch(word)}
    assert len(named) > 50
    # A bare name stands for the document's own folder, or for a file named with its folder before.
    folders = ["", "docs/"]
    assert [name for name in sorted(named) if not any(glob.glob(os.path.join(ROOT, at + name)) for at in folders)] == []


# ---- README's calls ----

def calls():
    part = re.search(r"^## The API\n(.*?)^## ", text_of("README.md"), re.M | re.S)
    return CALL.findall(part[1])


def call(command, variables):
    """(status, JSON of the answer or None)"""
    done = subprocess.run(["bash", "-c", 'curl() { command curl -sS --max-time 15 -w "\\n%{http_code}" "$@"; }; ' + command],
                          env={**clean_environment(), **variables}, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def test_every_line_with_curl_says_what_comes_of_it():
    part = re.search(r"^## The API\n(.*?)^## ", text_of("README.md"), re.M | re.S)[1]
    lines = re.findall(r"^    curl .*$", part, re.M)
    assert len(lines) > 10
    assert len(lines) == len(calls())


def test_every_call_of_the_readme_is_answered_as_it_says(site):
    variables = {"SITE": f"http://127.0.0.1:{site.port}"}
    wrong = []
    for command, expected in calls():
        status, answer = call(command, variables)
        if status != int(expected):
            wrong.append((command, expected, status, answer))
        for member, name in (("owner_token", "OWNER"), ("token", "TOKEN")):
            if member in answer:
                variables[name] = answer[member]
    assert not wrong
    assert {"OWNER", "TOKEN"} <= set(variables)


def test_the_readme_calls_every_kind_of_path():
    """Each path of the API but those of WebSockets, bookmarks and the site's owner."""
    paths = re.findall(r'^ {4}\{ "(\w+)", "(/[^"]*)"', text_of("fcgi/routes.c"), re.M)
    assert len(paths) > 10
    said = text_of("README.md")
    for _, path in paths:
        if path in ("/readyz", "/chats/{room}/entrance"):
            continue
        form = re.escape(path).replace(r"\{room\}", r"(\{room\}|\w+)")
        assert re.search(form + r"(?![\w/])", said), path


# ---- settings ----

def test_the_readme_has_every_setting():
    names = re.findall(r"^SETTING\((\w+)", text_of("common/settings.def"), re.M)
    said = {word for code in CODE.findall(text_of("README.md")) for word in re.findall(r"\w+", code)}
    assert [name for name in names if name not in said] == []


def test_defaults_in_the_readme_are_those_of_the_table():
    default = dict(re.findall(r'^SETTING\((\w+), *\w+, *"([^"]*)"', text_of("common/settings.def"), re.M))
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ([^|]+) \|", text_of("README.md"), re.M)
    assert len(rows) > 4
    for names, values in rows:
        said = [value.split()[0] for value in values.split(",")]
        assert said == [default[name] for name in CODE.findall(names)], names


# ---- deviations ----

def test_every_test_of_a_deviation_is_there():
    named = TEST.findall(text_of("docs/compat.md"))
    assert len(named) > 60
    missing = []
    for path, name in named:
        place = os.path.join("tests", path)
        if not os.path.exists(os.path.join(ROOT, place)) or (name and f"\ndef {name}(" not in text_of(place)):
            missing.append((path, name))
    assert missing == []


def test_every_deviation_has_a_test():
    body = text_of("docs/compat.md")
    entries = MARKS.split(body)[1:]
    assert len(entries) > 35
    assert [entry.split("\n")[0] for entry in entries if not TEST.search(re.split(r"^## ", entry, flags=re.M)[0])] == []


def test_frames_without_a_mask_are_taken(site):
    """Known of libwebsockets 4.1.6 (docs/compat.md). Should this fail, a newer one refuses them, and that line may go."""
    room = site.room()
    ann, bob = site.joined(room, "ann"), site.joined(room, "bob")
    ann.recv_until("join", name="bob")
    ann.send_frame(TEXT, b'{"event_type":"send","msg":"bare"}', mask=False)
    assert [ws.recv()["msg"] for ws in (ann, bob)] == ["bare", "bare"]

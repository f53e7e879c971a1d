# SPDX-License-Identifier: MIT
"""Pages as a parser reads them: every element in its order, with its attributes and its text. A page that is not well
formed fails the test that reads it.
"""
from html.parser import HTMLParser

HTML = {"Accept": "text/html"}
SCRIPT = {"X-Requested-With": "XMLHttpRequest"}
VOID = ("meta", "link", "input", "br", "hr", "img")
COMMON = {"html", "head", "meta", "title", "link", "script", "body", "main", "h1", "p", "a", "span", "noscript"}
OF_ROOMS = COMMON | {"form", "label", "input", "button", "ul", "li"}
OF_A_ROOM = COMMON | {"ol", "li", "b", "time"}


class Page(HTMLParser):
    """A page as read by a parser: its elements in their order, each with its attributes and the text in it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.skeleton = []
        self._open = []
        self.feed(text)
        self.close()
        assert not self._open, f"left open: {[e['tag'] for e in self._open]}"

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {attrs}"
        element = {"tag": tag, "text": "", **{f"@{name}": value for name, value in attrs}}
        element["in"] = [one["tag"] for one in self._open]
        self.elements.append(element)
        self.skeleton.append((tag, tuple(name for name, _ in attrs)))
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open and self._open[-1]["tag"] == tag, f"</{tag}> in {[e['tag'] for e in self._open]}"
        self._open.pop()
        self.skeleton.append("/" + tag)

    def handle_data(self, data):
        for element in self._open:
            element["text"] += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data):
        raise AssertionError(f"a processing instruction: {data}")

    def unknown_decl(self, data):
        raise AssertionError(f"a declaration: {data}")

    def all(self, tag, **having):
        """Elements of this name with these attributes (class_ for class)."""
        wanted = {"@" + name.rstrip("_").replace("_", "-"): value for name, value in having.items()}
        return [e for e in self.elements if e["tag"] == tag and all(e.get(k) == v for k, v in wanted.items())]

    def one(self, tag, **having):
        found = self.all(tag, **having)
        assert len(found) == 1, (tag, having, found)
        return found[0]

    def tags(self):
        return {element["tag"] for element in self.elements}

    def links(self):
        return [element["@href"] for element in self.all("a")]


def is_html(answer):
    return answer.headers["Content-Type"].replace(" ", "").lower() == "text/html;charset=utf-8"


def is_json(answer):
    return answer.headers["Content-Type"].split(";")[0] == "application/json"


def page(site, path, accept="text/html", **headers):
    answer = site.http("GET", path, headers={"Accept": accept, **headers})
    assert answer.status == 200, answer
    assert is_html(answer), answer.headers
    return Page(answer.text)


def rooms_of(shown):
    """[(id, title, visibility, description)] of a page of rooms, in its order."""
    found = []
    for link, word, text in zip(*(shown.all(tag, **having) for tag, having in (
            ("a", {}), ("span", {"class_": "visibility"}), ("span", {"class_": "description"})))):
        found.append((int(link["@href"].rsplit("/", 1)[1]), link["text"], word["text"], text["text"]))
    return found


def ids_of(shown):
    """The rooms of a page, by their links."""
    return [int(one["@href"].rsplit("/", 1)[1]) for one in shown.all("a") if "ul" in one["in"]]


def next_of(shown):
    found = shown.all("a", rel="next")
    assert len(found) <= 1
    return found[0]["@href"] if found else None


def messages_of(shown):
    """[(name, time, text)] of a room's page."""
    found = [shown.all(tag) for tag in ("b", "time")]
    texts = [one for one in shown.all("span") if "ol" in one["in"]]
    return [(name["text"], time["@datetime"], text["text"]) for name, time, text in zip(*found, texts)]

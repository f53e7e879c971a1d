# SPDX-License-Identifier: MIT
"""docs/asyncapi.yaml as a judge of events and closes: the check functions fail for whatever is not documented there.

"Out" is what the relay sends, "in" what clients send.
"""

import os
import re

from lib.schemas import Schemas, load

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATH = os.path.join(ROOT, "docs", "asyncapi.yaml")

REASONS = {1000: "(?s).*", 1002: "[a-z0-9 ]*", 1007: "[a-z0-9 ]*", 1012: "[0-9]+"}


class Book:
    """The document, compiled."""

    def __init__(self, document):
        self.document = document
        self.schemas = Schemas(document)
        self.out = self._messages("send")
        self.into = self._messages("receive")
        self._out = {kind: self.schemas.predicate(schema) for kind, schema in self.out.items()}
        self.close_codes = document["channels"]["room"]["x-close-codes"]

    def _messages(self, action):
        """{event_type: payload's schema} of an operation's messages."""
        made = {}
        for operation in self.document["operations"].values():
            if operation["action"] == action:
                for message in operation["messages"]:
                    message = self.schemas.follow(message)
                    made[message["name"]] = message["payload"]
        return made

    def documented_errors(self):
        """All (schema, field) of error events."""
        for one in self.out["error"]["oneOf"]:
            field = self.schemas.follow(one)["properties"].get("field", {})
            needed = "field" in self.schemas.follow(one)["required"]
            for value in field.get("enum", [None] if needed else []):
                yield name_of(one), value
            if not needed:
                yield name_of(one), None

    def error(self, event):
        """Which (schema, field) an error event is."""
        name = next(name_of(one) for one in self.out["error"]["oneOf"] if self.schemas.fits(one, event))
        field = event.get("field")
        return name, field if (name, field) in set(self.documented_errors()) else None

    def check_out(self, event):
        """Fails when the relay may not send this event."""
        test = self._out.get(event.get("event_type"))
        assert test, f"this kind of event is not documented: {event}"
        if not test(event):
            self.schemas.check(self.out[event["event_type"]], event, "the event")

    def check_in(self, event):
        """Fails when a client may not send this event. Members that are not documented are ignored, as they are there."""
        assert isinstance(event, dict), event
        kind = event.get("event_type")
        schema = self.into.get(kind) if isinstance(kind, str) else None
        assert schema, f"this kind of event is not documented: {event}"
        known = {name: value for name, value in event.items() if name in schema["properties"]}
        self.schemas.check(schema, known, "the event")

    def check_close(self, code, reason):
        """Fails when the relay may not close like this; 1005 (no code) is an answer to a close without one."""
        assert code == 1005 or code in self.close_codes, f"the close code {code} is not documented"
        assert re.fullmatch(REASONS.get(code, ""), reason), f"{code}: the reason {reason!r} is not documented"


def name_of(schema):
    return schema["$ref"].rsplit("/", 1)[1]


book = Book(load(PATH))
check_out, check_in, check_close = book.check_out, book.check_in, book.check_close

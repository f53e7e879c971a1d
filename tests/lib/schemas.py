# SPDX-License-Identifier: MIT
"""JSON Schemas (draft 2020-12, what docs/*.yaml use of it) as fast functions: tests look at every frame and every body.

`Schemas` compiles those of one document. Objects are closed: a member that is not described is refused, since the
document is to say all that is sent, though clients must live with more. Where a value does not fit, python3-jsonschema
says why; tests/api/test_openapi.py sees that the two are of one mind. A keyword that is not known here is an error.
"""

import json
import re

import jsonschema
import yaml

TYPES = {
    "object": lambda v: type(v) is dict,
    "array": lambda v: type(v) is list,
    "string": lambda v: type(v) is str,
    "boolean": lambda v: type(v) is bool,
    "integer": lambda v: type(v) is int,
    "null": lambda v: v is None,
}
ANNOTATIONS = {"description", "default", "examples", "format", "title"}


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def without_repeats(pairs):
    members = dict(pairs)
    assert len(members) == len(pairs), f"repeated members: {pairs}"
    return members


def read_json(text):
    return json.loads(text, object_pairs_hook=without_repeats)


def same(a, b):
    """Equal as JSON is: true is not 1."""
    return type(a) is type(b) and a == b


def closed(schema):
    """The schema with all its objects closed, for jsonschema."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: value if name in ("const", "enum") else closed(value) for name, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


class Schemas:
    def __init__(self, document):
        self.document = document
        self._closed = None
        self._made = {}

    def resolve(self, reference):
        assert reference.startswith("#/"), reference
        node = self.document
        for part in reference[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def follow(self, node):
        """The node itself, or the one it points to."""
        while isinstance(node, dict) and "$ref" in node:
            assert set(node) == {"$ref"}, node
            node = self.resolve(node["$ref"])
        return node

    def fits(self, schema, value):
        return self.predicate(schema)(value)

    def why(self, schema, value):
        """What jsonschema has against the value; None where it fits."""
        if self._closed is None:
            self._closed = closed(self.document)
        resolver = jsonschema.RefResolver("", self._closed)
        validator = jsonschema.Draft202012Validator(closed(schema), resolver=resolver)
        found = jsonschema.exceptions.best_match(validator.iter_errors(value))
        return found and f"{found.json_path}: {found.message[:500]}"

    def check(self, schema, value, what):
        if not self.fits(schema, value):
            raise AssertionError(f"{what} is not as documented: {self.why(schema, value)}: {str(value)[:1000]}")

    def predicate(self, schema):
        key = id(schema)
        if key not in self._made:
            self._made[key] = (self._compile(schema), schema)  # which keeps the schema, and so its id
        return self._made[key][0]

    def _compile(self, schema):
        if schema is True:
            return lambda value: True
        if "$ref" in schema:
            assert set(schema) == {"$ref"}, schema
            return self.predicate(self.resolve(schema["$ref"]))
        tests = []
        for word in schema:
            if word in ANNOTATIONS or word.startswith("x-"):
                continue
            made = getattr(self, "_" + word)(schema[word], schema)
            tests += [made] if made else []
        if len(tests) == 1:
            return tests[0]
        return lambda value: all([test(value) for test in tests])

    # One method for each keyword: a function that says whether a value fits.

    @staticmethod
    def _type(kinds, _):
        if isinstance(kinds, str):
            return TYPES[kinds]
        tests = [TYPES[kind] for kind in kinds]
        return lambda v: any([test(v) for test in tests])

    @staticmethod
    def _const(const, _):
        return lambda v: type(v) is type(const) and v == const

    @staticmethod
    def _enum(values, _):
        return lambda v: any([same(v, one) for one in values])

    @staticmethod
    def _pattern(pattern, _):
        search = re.compile(re.sub(r"\$(?=$|\|)", r"\\Z", pattern), re.ASCII).search
        return lambda v: type(v) is not str or search(v) is not None

    @staticmethod
    def _minLength(least, _):
        return lambda v: type(v) is not str or len(v) >= least

    @staticmethod
    def _maxLength(most, _):
        return lambda v: type(v) is not str or len(v) <= most

    @staticmethod
    def _minimum(least, _):
        return lambda v: type(v) is not int or v >= least

    @staticmethod
    def _maximum(most, _):
        return lambda v: type(v) is not int or v <= most

    @staticmethod
    def _maxItems(most, _):
        return lambda v: type(v) is not list or len(v) <= most

    def _items(self, schema, _):
        test = self.predicate(schema)
        return lambda v: type(v) is not list or all([test(one) for one in v])

    def _not(self, schema, _):
        test = self.predicate(schema)
        return lambda v: not test(v)

    def _oneOf(self, schemas, _):
        tests = [self.predicate(one) for one in schemas]
        return lambda v: sum([test(v) for test in tests]) == 1

    def _required(self, names, schema):
        assert set(names) <= set(schema.get("properties", {})), schema
        names = frozenset(names)
        return lambda v: type(v) is not dict or names <= v.keys()

    def _properties(self, properties, schema):
        tests = {name: self.predicate(one) for name, one in properties.items()}
        is_open = schema.get("additionalProperties", False)

        def fits(value):
            if type(value) is not dict:
                return True
            for name, member in value.items():
                test = tests.get(name)
                if not (test(member) if test else is_open):
                    return False
            return True
        return fits

    @staticmethod
    def _additionalProperties(value, schema):
        assert isinstance(value, bool) and "properties" in schema, schema

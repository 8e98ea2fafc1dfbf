"""/openapi.json, as tests need it: which route a path is of, what it takes, what it may answer.

    api = Document(stack.ask("GET", "/openapi.json").json)
    api.route_of("GET", "/users/7")      # ("GET", "/users/{telegram_id}")
    api.errors                           # {(method, path): {(status, code), ...}}
"""
import re

UUID = "00000000-0000-4000-8000-0000000000ff" # of nothing

FORMATS = {"uuid": UUID, "date-time": "2099-01-01T00:00:00Z"}
TEXTS = ["x", "xxx", "192.0.2.1", "a.example.net", "http://a.example.net", "0" * 20, "/x"]


def refusals_of(responses):
    """(status, code) of all that an operation may refuse with."""
    return {(int(status), code) for status, answer in responses.items() for code in answer.get("x-codes", [])}


class Document:
    def __init__(self, document):
        self.document = document
        self.operations = {(method.upper(), path): operation
                           for path, operations in document["paths"].items()
                           for method, operation in operations.items()}
        self.errors = {route: refusals_of(operation["responses"])
                       for route, operation in self.operations.items()}
        # Fixed paths first, as handlers and nginx have it.
        self.patterns = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path)
                         for path in sorted(document["paths"], key=lambda path: "{" in path)]

    def route_of(self, method, target):
        path = target.partition("?")[0]
        for pattern, name in self.patterns:
            if pattern.fullmatch(path):
                return ("GET" if method == "HEAD" else method, name)
        return (method, None)

    def at(self, node):
        """The node itself, or what it refers to."""
        while "$ref" in node:
            found = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            node = found
        return node

    def body_of(self, route):
        """The schema of its body; None when it takes none."""
        body = self.operations[route].get("requestBody")
        return body and self.at(body["content"]["application/json"]["schema"])

    def parameters(self, route, where, required=False):
        for one in map(self.at, self.operations[route].get("parameters", [])):
            if one["in"] == where and (one.get("required") or not required):
                yield one["name"], self.at(one["schema"])

    def example(self, schema):
        """The plainest value that the schema takes."""
        schema = self.at(schema)
        kind = schema.get("type", "object")
        kind = kind[0] if isinstance(kind, list) else kind
        if "enum" in schema:
            return schema["enum"][0]
        if kind == "object":
            return {name: self.example(schema["properties"][name]) for name in schema.get("required", [])}
        if kind == "array":
            return [self.example(schema["items"])] * schema.get("minItems", 0)
        if kind == "string":
            return text(schema)
        return {"integer": schema.get("minimum", 1), "number": 1, "boolean": True}[kind]


def text(schema):
    if "format" in schema:
        return FORMATS[schema["format"]]
    pattern = schema.get("pattern", "").replace("[:cntrl:]", r"\x00-\x1f\x7f")
    return next(text for text in TEXTS if re.search(pattern, text)
                and schema.get("minLength", 1) <= len(text) <= schema.get("maxLength", 1 << 20))

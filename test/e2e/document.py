"""/openapi.json, as tests need it: which route a path is of, what it takes, what it may answer.

    api = Document(stack.ask("GET", "/openapi.json").json)
    api.route_of("GET", "/users/7")      # ("GET", "/users/{telegram_id}")
    api.errors                           # {(method, path): {code, ...}}
"""
import re

UUID = "00000000-0000-4000-8000-0000000000ff" # of nothing

EXAMPLES = {"uuid": UUID, "date-time": "2099-01-01T00:00:00Z"}


def codes_of(responses):
    """Each response says its codes: `code: sentence; code; ...`."""
    return {code for answer in responses.values()
            if "application/problem+json" in answer.get("content", {})
            for code in re.findall(r"(?:^|; )([a-z0-9_]+)(?=:|;|$)", answer["description"])}


def example(schema):
    """The plainest value that the schema takes."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: example(schema["properties"][name]) for name in schema.get("required", [])}
    if kind == "array":
        return [example(schema["items"])] * schema.get("minItems", 0)
    if kind == "string":
        return EXAMPLES.get(schema.get("format"), "x" * schema.get("minLength", 1))
    return {"integer": schema.get("minimum", 1), "number": 1, "boolean": True}[kind]


class Document:
    def __init__(self, document):
        self.operations = {(method.upper(), path): operation
                           for path, operations in document["paths"].items()
                           for method, operation in operations.items()}
        self.errors = {route: codes_of(operation["responses"])
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

    def body_of(self, route):
        """The schema of its body; None when it takes none."""
        body = self.operations[route].get("requestBody")
        return body and body["content"]["application/json"]["schema"]

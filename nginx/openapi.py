"""OpenAPI 3.1 of the handlers' route tables.

    document(apps)   where each app is what a handler prints with --routes

Nothing here knows a route: what an operation takes, answers and refuses is its row of the table;
what all share is written once below. Records become named schemas, called after their C types.
"""
import re

PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")

INTRODUCTION = """\
JSON in UTF-8, `application/problem+json` for errors: programs go by `code`, people read `detail`.
HEAD works wherever GET does. Unknown members are ignored. Integers may also be numeric strings and are
exact to 64 bits; `1.0` is none. Times are RFC 3339 with an offset. UUIDs may lack their hyphens.

Lists are arrays; when there is more, `Link` names the next page. A body may have 1 MiB. The rate of
a token is limited, and that of an address without a valid one: 429 with `Retry-After`.

An `Idempotency-Key` makes a change happen once: within 24 hours the same request gets the same
answer, with `Idempotency-Replayed: true`.

With `X-Actor-Telegram-Id` the rights of that user bind on top of the token's.
"""

REQUEST_ID = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$", "example": "order-66"}
RETRY_AFTER = {"type": "integer", "minimum": 0}

# Of requests. An empty header is none.
PARAMETERS = {
    "X-Request-Id": {
        "description": "Echoed, logged, and kept with what the request changes, when it is 1 to 128 of "
                       "[A-Za-z0-9._-]; else another is made",
        "schema": {"type": "string"}, "example": "order-66"},
    "Idempotency-Key": {
        "description": "Makes the change happen once; kept for 24 hours",
        "schema": {"type": "string", "pattern": "^[ -~]{0,128}$"}, "example": "order-66-device-1"},
    "X-Actor-Telegram-Id": {
        "description": "The user for whom the token acts",
        "schema": {"type": "string", "pattern": "^([1-9][0-9]{0,17})?$"}, "example": "123456789"},
}

# Of answers.
HEADERS = {
    "X-Request-Id": {"required": True, "description": "The request's own, or one that was made",
                     "schema": REQUEST_ID},
    "Link": {"description": "The next page, when there is one",
             "schema": {"type": "string", "example": "</users?cursor=A0>; rel=\"next\""}},
    "Idempotency-Replayed": {"description": "The answer is that of an earlier request",
                             "schema": {"type": "string", "const": "true"}},
    "Retry-After": {"description": "Seconds", "schema": RETRY_AFTER},
    "Allow": {"required": True, "description": "The methods of this path",
              "schema": {"type": "string", "example": "GET, HEAD"}},
    "WWW-Authenticate": {"required": True, "description": "Which credential is wanted",
                         "schema": {"type": "string", "const": "Bearer"}},
    "Content-Disposition": {"description": "Names the file", "schema": {"type": "string"}},
    "Cache-Control": {"description": "The answer holds a credential",
                      "schema": {"type": "string", "const": "no-store"}},
}
HEADERS_OF_STATUS = {401: ["WWW-Authenticate"], 405: ["Allow"], 429: ["Retry-After"],
                     502: ["Retry-After"], 503: ["Retry-After"], 504: ["Retry-After"]}

# What nginx says for the handlers, besides what is theirs.
EDGE = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 408: "timeout",
        413: "too_large", 414: "uri_too_long", 429: "rate_limit", 431: "headers_too_large",
        502: "bad_gateway", 503: "unavailable", 504: "gateway_timeout"}

PATH_TYPES = {
    "": {"type": "string"},
    "int": {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2 ** 63 - 1},
    "uuid": {"type": "string", "format": "uuid"},
}

# -- examples: one table for the members of all records ----------------------------------------

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
EXAMPLES = {
    "telegram_id": 123456789, "user_id": 123456789, "actor_telegram_id": 123456789,
    "target_telegram_id": 123456789, "telegram_username": "ada", "telegram_first_name": "Ada",
    "telegram_last_name": "Lovelace", "devices_max": 5, "name": "Phone", "profile_name": "default",
    "base_url": "https://vps-t-1.example.com:8070", "public_ipv4": "203.0.113.7",
    "fqdn": "vps-t-1.example.com", "proxy_fqdn": "cdn.example.com", "scopes": ["users:read"],
    "reason": "asked for by its owner", "provider": "other", "pid": "dfba11ae6bff86d789ee",
    "custom_overrides_json": {}, "search": "ada", "limit": 50, "purpose": "reality",
    "hours": 24, "chat_id": 123456789, "message_id": 4711,
}
TIME = "2031-05-04T12:00:00Z"


def example(name, schema):
    """A value that the schema takes; None when there is none to be had."""
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if "enum" in schema:
        return schema["default"] if schema.get("default") in schema["enum"] else schema["enum"][0]
    if name in EXAMPLES and isinstance(EXAMPLES[name], {"integer": int, "string": str, "array": list,
                                                        "object": dict}.get(kind, ())):
        return EXAMPLES[name]
    if "default" in schema:
        return schema["default"]
    if schema.get("format") == "uuid":
        return UUID
    if schema.get("format") == "date-time":
        return TIME
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    if kind == "array":
        return [example(name, schema["items"])] * max(1, schema.get("minItems", 1))
    if kind == "object":
        return example_of_record(schema)
    return {"boolean": True, "string": "x" * max(1, schema.get("minLength", 1))}.get(kind)


def example_of_record(schema):
    return {name: example(name, member) for name, member in schema.get("properties", {}).items()
            if member.get("format") != "cursor"}


# -- schemas ------------------------------------------------------------------------------------


class Schemas:
    """Records by name; two records that differ never share one."""

    def __init__(self):
        self.named = {}

    def name(self, title, record, kind):
        camel = "".join(word.capitalize() for word in title.split("_"))
        for name in [camel, camel + kind, *(f"{camel}{kind}{number}" for number in range(2, 100))]:
            if self.named.setdefault(name, record) == record:
                return name
        raise SystemExit(f"too many records are called {title}")

    def refer(self, schema, kind=""):
        """The schema with a reference for each record in it. `kind` tells records apart that have
        one C type."""
        if schema is None:
            return None
        schema = dict(schema)
        title = schema.pop("title", None)
        if schema.get("minLength") == 0:
            del schema["minLength"]
        if "items" in schema:
            schema["items"] = self.refer(schema["items"], kind)
        if "properties" in schema:
            schema["properties"] = {name: self.refer(member, kind)
                                    for name, member in schema["properties"].items()}
        if title is None:
            return schema
        nullable = isinstance(schema["type"], list)
        reference = {"$ref": "#/components/schemas/" + self.name(
            title, schema | {"type": "object"}, kind)}
        return {"anyOf": [reference, {"type": "null"}]} if nullable else reference


def problem_schema(codes):
    fault = {
        "type": "object",
        "properties": {
            "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
            "type": {"type": "string"},
            "msg": {"type": "string"},
            "input": {},
        },
        "required": ["loc", "type", "msg"],
    }
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": "about:blank"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": sorted(codes), "description":
                     "What programs go by; releases add some and never change one"},
            "detail": {"type": "string", "description": "One sentence for people"},
            "request_id": REQUEST_ID,
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Fault"}},
        },
        "required": ["type", "title", "status", "code", "detail", "request_id"],
    }, fault


# -- what an operation refuses ------------------------------------------------------------------


def is_change(route):
    return bool(route["scopes"]) and route["method"] != "GET"


def shared_codes(route):
    """Codes of the steps before the route, and of nginx."""
    codes = ["bad_request", "not_found", "method_not_allowed", "uri_too_long", "headers_too_large",
             "timeout", "rate_limit", "internal", "bad_gateway", "unavailable", "retry",
             "database_slow", "database_away", "late", "gateway_timeout", "too_large"]
    if route["scopes"]:
        codes += ["token", "scope", "actor_not_found", "user_blocked", "actor_mismatch"]
    if "{" in route["path"] or route["query"] or route["body"] or route["scopes"]:
        codes.append("input")
    if route["body"]:
        codes.append("media_type")
    if is_change(route):
        codes += ["idempotency_running", "idempotency_mismatch"]
    return codes


def shared_errors(apps):
    """Code to error, of all that routes share."""
    errors = {code: {"status": status, "code": code, "detail": code.replace("_", " ").capitalize()}
              for status, code in EDGE.items()}
    return errors | {error["code"]: error for app in apps for error in app["shared"]}


def errors_by_status(route, shared):
    """Status to code to sentence."""
    found = {}
    for error in [*(shared[code] for code in shared_codes(route)), *route["errors"]]:
        found.setdefault(error["status"], {}).setdefault(error["code"], error["detail"])
    return found


def header_refs(names):
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def refusal(status, errors):
    return {
        "description": "; ".join(f"`{code}`: {detail}" for code, detail in errors.items()),
        "headers": header_refs(["X-Request-Id", *HEADERS_OF_STATUS.get(status, [])]),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "x-codes": list(errors),
    }


# -- operations ---------------------------------------------------------------------------------


def operation_id(route):
    words = [word for word in re.split(r"[^A-Za-z0-9]+", route["name"]) if word]
    return "_".join([route["method"].lower(), *words])


def path_parameter(name, kind):
    schema = PATH_TYPES[kind]
    return {"name": name, "in": "path", "required": True, "schema": schema,
            "example": example(name, schema)}


def query_parameters(route, schemas):
    query = route["query"] or {"properties": {}, "required": []}
    for name, schema in query["properties"].items():
        parameter = {"name": name, "in": "query", "required": name in query["required"],
                     "schema": schemas.refer(schema)}
        if schema.get("format") != "cursor":
            parameter["example"] = example(name, schema)
        yield parameter


def parameters(route, schemas):
    headers = ["X-Request-Id"]
    if route["scopes"]:
        headers.append("X-Actor-Telegram-Id")
    if is_change(route):
        headers.append("Idempotency-Key")
    return [*(path_parameter(*found) for found in PARAMETER.findall(route["path"])),
            *query_parameters(route, schemas),
            *({"$ref": f"#/components/parameters/{name}"} for name in headers)]


def success(route, schemas):
    names = ["X-Request-Id"]
    if "list" in route["flags"] and "cursor" in (route["query"] or {"properties": {}})["properties"]:
        names.append("Link")
    if is_change(route):
        names.append("Idempotency-Replayed")
    if "secret" in route["flags"]:
        names.append("Cache-Control")
    found = {"description": "Done" if route["method"] != "GET" else "What is there"}
    schema = schemas.refer(route["answer"], "Created" if route["status"] == 201 else "Shown")
    if "list" in route["flags"]:
        schema = {"type": "array", "items": schema}
    if schema is not None:
        found["content"] = {"application/json": {"schema": schema}}
    elif route["status"] != 204:
        found["content"] = {media: {} for media in route["media"].split() or ["*/*"]}
        if "application/json" not in found["content"]:
            names.append("Content-Disposition")
    found["headers"] = header_refs(names)
    return found


def security(route):
    """Either form of the token, with the scopes that it must hold."""
    if not route["scopes"]:
        return []
    scopes = [scope for scope in route["scopes"].split() if scope != "any"]
    return [{"bearer": scopes}, {"token": scopes}]


def operation(app, route, schemas, shared):
    answer = success(route, schemas)
    responses = {str(route["status"]): answer}
    for status, errors in sorted(errors_by_status(route, shared).items()):
        responses.setdefault(str(status), refusal(status, errors))
    also = responses.setdefault(str(route.get("also", route["status"])), answer)
    also["content"] = also.get("content", {}) | answer.get("content", {})
    if not also["content"]:
        del also["content"]
    found = {"tags": [app], "operationId": operation_id(route), "summary": summary(route),
             "parameters": parameters(route, schemas), "responses": responses,
             "security": security(route), "x-scopes": route["scopes"].split()}
    if route["body"]:
        found["requestBody"] = {"required": True, "content": {"application/json": {
            "schema": schemas.refer(route["body"], "Given"), "example": example_of_record(route["body"])}}}
    return found


def summary(route):
    return f"{route['method']} {route['name']}"


# -- links: what was created is the argument of what comes next ----------------------------------

# The record that is created, and what it is called where other routes ask for it.
ARGUMENTS = {
    "user": {"telegram_id": "telegram_id", "user_id": "telegram_id"},
    "device": {"device_id": "id"},
    "connection": {"connection_id": "id"},
    "revision": {"revision_id": "id"},
    "node": {"node_id": "id"},
}


def own_key(route):
    """The pointer to the key of what a POST creates, by which /path/{key} goes on."""
    members = route["answer"]["properties"]
    if "id" in members:
        return "id"
    for name, member in members.items():
        if "id" in member.get("properties", {}):
            return f"{name}/id"
    return None


def links(route, others):
    """The links of a POST that creates."""
    found = {}
    title = (route["answer"] or {}).get("title")
    named = ARGUMENTS.get(title, {})
    for other in others:
        names = [name for name, _ in PARAMETER.findall(other["path"])]
        if len(names) != 1:
            continue
        below = other["name"].startswith(f"{route['name']}/{{")
        pointer = named.get(names[0]) or (own_key(route) if below or title and
                                          other["name"].startswith(f"/{title}s/{{") else None)
        if pointer is not None:
            found[operation_id(other)] = {"operationId": operation_id(other),
                                          "parameters": {names[0]: f"$response.body#/{pointer}"}}
    return found


# -- all of it ----------------------------------------------------------------------------------


def name_of(path):
    """A path as OpenAPI writes it."""
    return PARAMETER.sub(r"{\1}", path)


def itself():
    """The one path that no handler serves."""
    return {"get": {
        "tags": ["openapi"], "operationId": "get_openapi_json", "summary": "This document",
        "parameters": [{"$ref": "#/components/parameters/X-Request-Id"}], "security": [],
        "x-scopes": [],
        "responses": {"200": {"description": "OpenAPI 3.1",
                              "headers": header_refs(["X-Request-Id"]),
                              "content": {"application/json": {"schema": {"type": "object"}}}}}}}


def document(apps):
    schemas, shared, paths = Schemas(), shared_errors(apps), {}
    routes = [(app["app"], dict(route, name=name_of(route["path"])))
              for app in apps for route in app["routes"] if "internal" not in route["flags"]]
    routes.sort(key=lambda found: found[1]["method"] != "GET") # what is shown gives the names
    for app, route in routes:
        found = operation(app, route, schemas, shared)
        if route["method"] == "POST" and route["status"] == 201 and route["answer"]:
            to = links(route, [other for _, other in routes])
            if to:
                found["responses"]["201"]["links"] = to
        paths.setdefault(route["name"], {})[route["method"].lower()] = found
    paths["/openapi.json"] = itself()
    problem, fault = problem_schema({*shared, *(error["code"] for _, route in routes
                                                for error in route["errors"])})
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tracegate", "version": "1", "description": INTRODUCTION,
                 "license": {"name": "GPL-3.0-only", "identifier": "GPL-3.0-only"}},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**dict(sorted(schemas.named.items())), "Problem": problem, "Fault": fault},
            "parameters": {name: {"name": name, "in": "header", **parameter}
                           for name, parameter in PARAMETERS.items()},
            "headers": HEADERS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "token": {"type": "apiKey", "in": "header", "name": "X-API-Token"},
            },
        },
    }

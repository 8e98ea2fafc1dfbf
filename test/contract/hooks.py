"""What schemathesis cannot read in openapi.json: one more check, and what JSON Schema cannot say."""
import base64
import collections
import datetime
import itertools
import json
import os
import re

import schemathesis
from hypothesis import strategies as st

# -- forms of text, as `format` names them ---------------------------------------------------------

FIRST = datetime.datetime(2031, 1, 1) # in the future, as ends of things must be
LAST = datetime.datetime(2090, 1, 1)


def cursor(usec, uuid):
    return base64.urlsafe_b64encode(usec.to_bytes(8, "big") + uuid.bytes).decode()


schemathesis.openapi.format("date-time", st.datetimes(FIRST, LAST).map(lambda at: f"{at.isoformat()}Z"))
schemathesis.openapi.format("cursor", st.builds(cursor, st.integers(1, 10 ** 15), st.uuids()))

# -- requests ------------------------------------------------------------------------------------

EXAMPLES = {"Idempotency-Key": "order-66-device-1", "X-Actor-Telegram-Id": "123456789"}

# What there is, as members of the things that WORLD and the answers since then have shown: by the name
# of a parameter, and by the first segment of a path for {id}.
there = collections.defaultdict(collections.deque, {
    name: collections.deque(values, 16) for name, values in json.loads(os.environ["WORLD"]).items()})
KEYS = {"users": ("telegram_id", "user_id"), "devices": ("device_id",), "connections": ("connection_id",),
        "revisions": ("revision_id",), "nodes": ("node_id",)}
numbers = itertools.count()


def family(case):
    return case.operation.path.split("/")[1]


def known(name, case, number):
    """A value of what there is; None when nothing is known of the kind."""
    values = there[f"{family(case)}.id" if name == "id" else name]
    return values[number % len(values)] if values else None


def keep_headers_apart(case, number):
    """The example of a key would make each request the replay of another, and that of an actor would
    refuse all for the rights of one: a key of its own for each, and an actor now and then."""
    headers = case.headers or {}
    if headers.get("Idempotency-Key") == EXAMPLES["Idempotency-Key"]:
        headers["Idempotency-Key"] = f"key {number}"
    actor = headers.get("X-Actor-Telegram-Id", "")
    if actor == EXAMPLES["X-Actor-Telegram-Id"] and number % 8 != 0:
        del headers["X-Actor-Telegram-Id"]
    elif case.meta.phase.name == "stateful" and not actor.isdigit():
        headers.pop("X-Actor-Telegram-Id", None) # an id of something else, which looked alike


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Most of the requests that are well formed go to things that are there: what is made up is not."""
    number = next(numbers)
    if case.meta is None:
        return
    keep_headers_apart(case, number)
    if case.meta.phase.name == "stateful" or not case.meta.generation.mode.is_positive or number % 4 == 0:
        return
    for part in (case.path_parameters, case.query, case.body):
        for name in part if isinstance(part, dict) else ():
            value = known(name, case, number // 4)
            if value is not None and isinstance(part[name], (int, str)):
                part[name] = value


@schemathesis.hook
def after_call(ctx, case, response):
    if case.method != "POST" or response.status_code != 201 or family(case) not in KEYS:
        return
    made = response.json()
    key = made.get("id", made.get("telegram_id"))
    for name in (f"{family(case)}.id", *KEYS[family(case)]):
        there[name].append(key)


# -- answers -------------------------------------------------------------------------------------


@schemathesis.check
def promised_code(ctx, response, case):
    """A problem has one of the codes that the operation's answer of this status names."""
    answer = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    if response.headers.get("content-type") != ["application/problem+json"]:
        return
    code = response.json().get("code")
    promised = answer.get("x-codes", [])
    if response.status_code in (405, 404) and code in ("method_not_allowed", "not_found"):
        return # of a path or a method that is none of the operation's
    assert code in promised, f"{code} is none of {promised}"


def text_of(case):
    """The body as it was sent."""
    return json.dumps(case.body) if isinstance(case.body, (dict, list, str, int)) else ""


# Faults in input that JSON Schema takes for good: type of the fault to what excuses it.
EXCUSES = {
    # 1.0 is an integer there; here integers are exact
    "int_parsing": lambda fault, case: isinstance(fault["input"], float),
    # U+0000 and integers beyond 64 bits anywhere in a document, also in members that mean nothing
    "json_invalid": lambda fault, case: "\\u0000" in text_of(case)
                    or re.search(r"(?<![\d.])-?\d{19,}(?![\d.e])", text_of(case)) is not None,
    # a place in a list is more than its letters; a token's name has no space at its ends
    "string_pattern": lambda fault, case: fault["loc"] == ["query", "cursor"]
                      or fault["loc"] == ["body", "name"] and fault["input"].strip(" ") != fault["input"],
    # what is to end is not past; one of two is needed
    "greater_than_equal": lambda fault, case: fault["loc"][1] in ("expires_at", "grace_ends_at"),
    "missing": lambda fault, case: fault["loc"] == ["query", "node_id"],
}


def excuse_of(problem, case):
    """Why input that JSON Schema takes for good was refused with 422; None when there is no reason."""
    if problem["code"] == "idempotency_mismatch":
        return "the key of another request came again"
    if problem.get("errors") and all(EXCUSES.get(fault["type"], lambda *_: False)(fault, case) for fault in problem["errors"]):
        return problem["errors"][0]["type"]
    return None


@schemathesis.hook
def filter_failure(ctx, failure, case, response):
    """False drops it."""
    if type(failure).__name__ == "UseAfterFree" and family(case) != "nodes":
        return False # what is deleted is revoked, and still there to be seen
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 422:
        return True
    excuse = excuse_of(response.json(), case)
    with open(os.environ["EXCUSED"], "a") as file:
        file.write(f"{excuse}\n")
    return excuse is None

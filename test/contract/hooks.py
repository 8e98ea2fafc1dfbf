"""What schemathesis cannot read in openapi.json: one more check, and what JSON Schema cannot say."""
import base64
import datetime
import itertools
import json
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

numbers = itertools.count()


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """The example of a key would make each request the replay of another, and that of an actor would
    refuse all for the rights of one: a key of its own for each, and an actor now and then."""
    number = next(numbers)
    headers = case.headers or {}
    if headers.get("Idempotency-Key") == EXAMPLES["Idempotency-Key"]:
        headers["Idempotency-Key"] = f"key {number}"
    if headers.get("X-Actor-Telegram-Id") == EXAMPLES["X-Actor-Telegram-Id"] and number % 8 != 0:
        del headers["X-Actor-Telegram-Id"]


EXAMPLES = {"Idempotency-Key": "order-66-device-1", "X-Actor-Telegram-Id": "123456789"}

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
    # a place in a list is more than its letters
    "string_pattern": lambda fault, case: fault["loc"] == ["query", "cursor"],
}


@schemathesis.hook
def filter_failure(ctx, failure, case, response):
    """False drops it."""
    if type(failure).__name__ == "RejectedPositiveData" and response.status_code == 422:
        problem = response.json()
        if problem["code"] == "idempotency_mismatch": # the key of another request came again
            return False
        faults = problem.get("errors", [])
        return not faults or not all(
            EXCUSES.get(fault["type"], lambda *_: False)(fault, case) for fault in faults)
    return True

"""The stories of test/handlers once more, over HTTP through nginx.

Each test of test/handlers runs with TEST_WIRE, so that it hands its calls to us in place of its app
(test/harness/wire.h): we make the request to the family's program with the settings and the
database that the table is for.
"""
import hashlib
import json
import os
import socket
import subprocess
import sys
import uuid

from stack import ROOT, Session, Stack

# Said by nginx, or kept apart.
UNTOLD = {"date", "server", "connection", "content-length", "content-type", "transfer-encoding"}


class Family(Stack):
    """Of all programs those that a table needs: auth, and its own."""

    def __init__(self, build):
        super().__init__(build, None, nginx={"RATE_PER_ADDRESS": "100000", "RATE_PER_TOKEN": "100000"},
                         only=["none yet"])
        self.told = self.session = None
        self.replayed, self.wrong = [], [] # requests; replays that were none

    def __exit__(self, *_):
        self.forget()
        super().__exit__()

    def forget(self):
        if self.session:
            self.session.close()
        self.session = None

    def serve(self, app, database, settings, catalog):
        """With these settings, on this database."""
        told = (app, database, settings, catalog)
        if told == self.told:
            return
        for name in [name for name in self.processes if name != "nginx"]:
            self.stop(name)
        self.forget()
        names = self.run / "sni.yaml"
        names.write_text(json.dumps(catalog))
        self.database = database
        self.settings = {**environment(settings), "API_INTERNAL_TOKEN": self.token,
                         "SNI_CATALOG": str(names)}
        for name in ["auth", app]:
            self.start_handler(name)
        self.told = told

    def sql(self, statement):
        self.session = self.session or Session(self.database)
        self.session.sql(statement)


def environment(settings):
    """As handlers read it, from what test/harness/told.h tells."""
    return {name.upper(): value if isinstance(value, str) else json.dumps(value)
            for name, value in settings.items() if value is not None}


# -- a call --------------------------------------------------------------------------------------


class Scoped:
    """A token with these scopes, for one request."""

    def __init__(self, family, scopes):
        self.family, self.scopes, self.text = family, scopes, f"only {scopes} {uuid.uuid4()}"
        self.id = str(uuid.uuid4())

    def __enter__(self):
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        self.family.sql("insert into api_token (id, name, token_hash, scopes) values ("
                        f"'{self.id}', 'test', '{digest}', '{json.dumps(self.scopes.split())}')")
        return self.text

    def __exit__(self, *_):
        self.family.sql(f"delete from api_token where id = '{self.id}'")


def request(family, call, token, *more):
    headers = [("X-Request-Id", "test-1"), *more]
    if call["body"] is not None:
        headers.append(("Content-Type", call["type"]))
    if call["send"]:
        headers.append(tuple(call["send"].split(": ", 1)))
    return family.ask(call["method"], call["path"], call["body"], token, headers)


def is_same(first, again):
    """What was shown once is null in a replay."""
    if isinstance(first, dict) and isinstance(again, dict):
        return first.keys() == again.keys() and all(is_same(first[name], again[name]) for name in first)
    return again is None or first == again


def twice(family, call, token):
    """A change with a key of its own; when it has succeeded, once more: it must be a replay."""
    if call["method"] not in ("POST", "PATCH", "DELETE") or "Idempotency-Key" in (call["send"] or ""):
        return request(family, call, token)
    key = ("Idempotency-Key", str(uuid.uuid4()))
    first = request(family, call, token, key)
    if first.status < 300:
        again = request(family, call, token, key)
        family.replayed.append((call["method"], call["path"]))
        if (again.status, again.headers["Idempotency-Replayed"]) != (first.status, "true") or \
                not (first.body == again.body or is_same(first.json, again.json)):
            family.wrong.append((call["title"], first.status, first.body[:300], again.status, again.body[:300]))
    return first


def make(family, call):
    family.serve(call["app"], call["database"], call["settings"], call["catalog"])
    if call["scopes"] in ("*", "none"):
        return twice(family, call, family.token if call["scopes"] == "*" else None)
    with Scoped(family, call["scopes"]) as token:
        return twice(family, call, token)


def body_of(family, call, answer):
    """A HEAD's is what GET has."""
    if call["method"] != "HEAD":
        return answer.body
    return make(family, {**call, "method": "GET"}).body


def told(answer, body):
    kind = answer.headers.get("Content-Type")
    text = body.decode() if kind and "json" in kind else None
    return {"status": answer.status, "type": kind if body else None, "body": text,
            "headers": {name: value for name, value in answer.headers.items()
                        if name.lower() not in UNTOLD}}


# -- a table -------------------------------------------------------------------------------------


def serve(family, wire, seen):
    """Until the test closes its end."""
    for line in wire:
        call = json.loads(line)
        answer = make(family, call)
        seen(call["method"], call["path"], answer)
        wire.write(json.dumps(told(answer, body_of(family, call, answer))) + "\n")
        wire.flush()


def play(family, program, seen):
    """A test's own verdict: (whether it passed, what it says)."""
    ours, theirs = socket.socketpair()
    with ours, open(family.run / "said", "w+") as said:
        with theirs:
            test = subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=said, pass_fds=[theirs.fileno()],
                                    env={**os.environ, "TEST_WIRE": str(theirs.fileno())}, cwd=ROOT)
        try:
            with ours.makefile("rw") as wire:
                serve(family, wire, seen)
        finally:
            test.terminate() if sys.exc_info()[0] else test.wait()
        said.seek(0)
        return test.wait() == 0, said.read()


def play_all(build, seen):
    """(title, whether all is well, what is wrong) of each, then of the replays."""
    with Family(build) as family:
        for program in sorted((build / "test/handlers").glob("*_test")):
            before = seen.rows
            good, said = play(family, program, seen)
            yield f"{program.name}: {seen.rows - before} rows", good, said
        yield f"{len(family.replayed)} changes again with their keys", not family.wrong, family.wrong[:5]
        changes = {route for route in seen.api.operations if route[0] != "GET"}
        missing = changes - {seen.api.route_of(*one) for one in family.replayed}
        yield "every change has been replayed", not missing, missing

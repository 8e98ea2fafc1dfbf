"""The errors that routes share, asked of every route of /openapi.json: what is wrong with the request, with who
asks, and with the parts behind nginx.

    Shared(stack, proxy, database, api, seen).all()    # [(what, route, want, have), ...]: those that were wrong

`seen` is told each answer, for the count of what is covered.
"""
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from document import UUID
from stack import Stack

NIL = "00000000-0000-0000-0000-000000000000"
ACTOR, BLOCKED, NOBODY, OTHER = 7, 8, 999999, 9

# They touch no table: nothing can go wrong inside.
WITHOUT_DATABASE = {("GET", "/health"), ("GET", "/health/ready"), ("GET", "/auth/scopes"),
                    ("GET", "/auth/self"), ("GET", "/sni"), ("GET", "/metrics"), ("GET", "/openapi.json")}

# Beyond what must be given, where one of several will do.
ALSO = {("GET", "/dispatch/deliveries"): {"aggregate_id": "x"}, ("GET", "/bot-messages"): {"telegram_id": 9},
        ("POST", "/bot-messages/cleanup"): {"telegram_id": 9}}

# What a statement_timeout does, without the wait; it ends with whoever has that lock.
IMPATIENT = 1
CANCEL_ALL_THAT_WAIT = f"""do $$ begin
    while exists (select from pg_locks where locktype = 'advisory' and objid = {IMPATIENT}) loop
        perform pg_cancel_backend(pid) from pg_locks where not granted; perform pg_sleep(0.01);
    end loop; end $$"""

TOO_MUCH = (1 << 20) + 1

# Families for people with a rank; an actor without one gets no further.
RANKED = ("/admin/", "/audit", "/auth/", "/bot-messages", "/dispatch/", "/metrics", "/nodes")

# nginx gives up on a body that does not come by closing the connection; and what takes ten seconds of work
# is tried where the clock can be set.
APART = {"timeout", "late"}

OF_DATABASE = {"internal", "retry", "database_slow", "database_away"}


def takes_actor(api, route):
    """In its body."""
    return "actor_telegram_id" in (api.body_of(route) or {}).get("properties", {})


def can_meet(api, route, status, code):
    """Whether there is a way to this error; the rest is said of all routes for simplicity."""
    scopes = api.operations[route]["x-scopes"]
    if code in APART:
        return False
    if code == "actor_mismatch":
        return takes_actor(api, route)
    if (status, code) == (403, "actor_not_found"):
        return not route[1].startswith("/admin/")
    if code == "scope":
        return scopes != ["any"]
    if code in OF_DATABASE:
        return route not in WITHOUT_DATABASE
    return scopes or code not in ("rate_limit", "unavailable")


def problem(answer, status, code):
    body = answer.json if answer.body[:1] == b"{" else {}
    return ((answer.status, body.get("code"), body.get("status"), answer.headers.get("Content-Type"))
            == (status, code, status, "application/problem+json")
            and answer.headers.get_all("X-Request-Id") == [body.get("request_id")] and body["detail"])


class Shared:
    def __init__(self, stack, proxy, database, api, seen):
        self.stack, self.proxy, self.database, self.api, self.seen = stack, proxy, database, api, seen
        self.wrong = []
        database.sql("insert into tg_user (telegram_id, bot_blocked_until) values "
                     f"({ACTOR}, null), ({OTHER}, null), ({BLOCKED}, now() + interval '1 hour')")

    # -- requests that are right, but for one thing ----------------------------------------------

    def target(self, route):
        names = {name: str(OTHER) if schema["type"] == "integer" else UUID
                 for name, schema in self.api.parameters(route, "path")}
        query = {name: self.api.example(schema) for name, schema in self.api.parameters(route, "query", required=True)}
        if route[0] == "GET":
            query |= ALSO.get(route, {})
        return route[1].format(**names) + (f"?{urlencode(query)}" if query else "")

    def body(self, route):
        schema = self.api.body_of(route)
        return None if schema is None else {**self.api.example(schema), **ALSO.get(route, {})}

    def send(self, route, headers=None, target=None, token="", body="", stack=None):
        stack = stack or self.stack
        return stack.ask(route[0], target or self.target(route), self.body(route) if body == "" else body,
                         stack.token if token == "" else token, headers)

    def want(self, what, route, answer, status, code):
        self.seen(*route, answer)
        if not problem(answer, status, code):
            self.wrong.append((what, route, (status, code), (answer.status, answer.body[:200])))

    def each(self, what, routes, ask, status, code):
        """Of every route, some at once."""
        routes = list(routes)
        with ThreadPoolExecutor(8) as pool:
            for route, answer in zip(routes, pool.map(ask, routes)):
                self.want(what, route, answer, status, code)

    def served(self):
        """By a family: all but the document itself, which is a file."""
        return set(self.api.operations) - {("GET", "/openapi.json")}

    def guarded(self):
        return [route for route in self.api.operations if self.api.operations[route]["x-scopes"]]

    def changes(self):
        return [route for route in self.guarded() if route[0] != "GET"]

    # -- the request -----------------------------------------------------------------------------

    def spelling(self):
        self.each("another spelling of the path", self.api.operations,
                  lambda route: self.send(route, target=self.target(route).partition("?")[0] + "/"),
                  404, "not_found")
        self.each("no such method", self.api.operations,
                  lambda route: self.stack.ask("BREW", self.target(route)), 405, "method_not_allowed")
        self.each("a broken query", self.served(),
                  lambda route: self.send(route, target=self.target(route).partition("?")[0] + "?a=%zz"),
                  400, "bad_request")

    def bodies(self):
        routes = [route for route in self.api.operations if self.api.body_of(route) is not None]
        self.each("a text", routes, lambda route: self.send(route, {"Content-Type": "text/plain"}),
                  415, "media_type")

    def sizes(self):
        self.each("a body of 1 MiB + 1", self.served(),
                  lambda route: self.send(route, {"Content-Length": str(TOO_MUCH)}, body=b""), 413, "too_large")
        self.each("a path of 60 KB", self.served(),
                  lambda route: self.send(route, target=self.target(route) + "?" + "x" * 60000), 414, "uri_too_long")
        self.each("a header of 20 KB", self.served(), lambda route: self.send(route, {"X-Much": "x" * 20000}),
                  431, "headers_too_large")

    def order(self):
        """Of two faults the earlier one is told: 404, 405, 413, 401, 403, 415, 422."""
        text = {"Content-Type": "text/plain"}
        guarded = self.guarded()
        bodied = [route for route in guarded if self.api.body_of(route) is not None]
        self.each("too much, and no token", guarded, lambda route: self.send(
            route, {"Content-Length": str(TOO_MUCH)}, token=None, body=b""), 413, "too_large")
        self.each("no such method, and no token", guarded,
                  lambda route: self.stack.ask("BREW", self.target(route)), 405, "method_not_allowed")
        self.each("no token, and a text", bodied, lambda route: self.send(route, text, token=None), 401, "token")
        narrow = self.issue("audit:read")
        self.each("no scope, and a text", bodied, lambda route: self.send(route, text, token=narrow), 403, "scope")
        self.each("a text, and an odd actor", bodied,
                  lambda route: self.send(route, {**text, "X-Actor-Telegram-Id": "x"}), 415, "media_type")
        self.each("an odd body, and an unknown actor", bodied, lambda route: self.send(
            route, {"X-Actor-Telegram-Id": str(NOBODY)}, body="{"), 422, "input")

    def heads(self):
        """As GET, without the body."""
        for route in self.served():
            if route[0] == "GET":
                get, head = self.send(route), self.stack.ask("HEAD", self.target(route), token=self.stack.token)
                told = (head.status, head.headers.get("Content-Type"), head.body)
                if told != (get.status, get.headers.get("Content-Type"), b""):
                    self.wrong.append(("HEAD", route, get.status, told))

    def issue(self, scope):
        return self.stack.ask("POST", "/auth/tokens", {"name": f"only {scope}", "scopes": [scope]},
                              self.stack.token).json["token"]

    def tokens(self):
        self.each("no token", self.guarded(), lambda route: self.send(route, token=None), 401, "token")
        made = {scope: self.issue(scope) for scope in ("sni:read", "metrics:read")}
        closed = [route for route in self.guarded() if self.api.operations[route]["x-scopes"] != ["any"]]
        self.each("a token of another scope", closed, lambda route: self.send(
            route, token=made["sni:read" if route[1].startswith("/metrics") else "metrics:read"]), 403, "scope")

    def keys(self):
        keys = {route: f"{number} {' '.join(route)}" for number, route in enumerate(self.changes())}

        def ask(route):
            return self.send(route, {"Idempotency-Key": keys[route]})

        values = ", ".join(f"('{NIL}', '{key}', '', '{{}}', now())" for key in keys.values())
        self.database.sql(f"insert into idempotency (token_id, key, request_hash, answer, created_at) values {values}")
        self.each("a key of another request", keys, ask, 422, "idempotency_mismatch")
        locks = "), (".join(f"'{NIL} {key}'" for key in keys.values())
        with self.database.holding("select pg_advisory_xact_lock(hashtextextended(lock, 73284924)) "
                                   f"from (values ({locks})) as held (lock)"):
            self.each("a key in use", keys, ask, 409, "idempotency_running")

    def actors(self):
        def unlike(route):
            return self.send(route, {"X-Actor-Telegram-Id": str(ACTOR)},
                             body={**self.body(route), "actor_telegram_id": OTHER})

        self.each("an actor that is no number", self.guarded(), self.as_actor("x"), 422, "input")
        admin = [route for route in self.guarded() if route[1].startswith("/admin/")]
        self.each("an unknown actor", set(self.guarded()) - set(admin), self.as_actor(NOBODY), 403, "actor_not_found")
        self.each("an unknown admin", admin, self.as_actor(NOBODY), 404, "actor_not_found")
        self.each("a blocked actor", self.guarded(), self.as_actor(BLOCKED), 403, "user_blocked")
        self.each("an actor without a rank", [route for route in self.guarded() if route[1].startswith(RANKED)
                                              and route != ("GET", "/auth/self")], self.as_actor(OTHER), 403, "rank")
        self.each("two actors", [route for route in self.guarded() if takes_actor(self.api, route)], unlike, 400,
                  "actor_mismatch")

    def as_actor(self, number):
        """By the header; where the body must name him, by both."""
        def ask(route):
            body = self.body(route)
            if body and "actor_telegram_id" in body:
                body = {**body, "actor_telegram_id": number}
            return self.send(route, {"X-Actor-Telegram-Id": str(number)}, body=body)
        return ask

    # -- behind nginx ----------------------------------------------------------------------------

    def rates(self):
        with Stack(self.stack.build, self.database.conninfo,
                   nginx={"RATE_PER_TOKEN": "1", "RATE_PER_ADDRESS": "1"}) as slow:
            def ask(route):
                answers = [self.send(route, stack=slow) for _ in range(4)]
                return next((answer for answer in answers if answer.status == 429), answers[0])
            self.each("too often", self.guarded(), ask, 429, "rate_limit")

    def on_tables(self):
        return set(self.guarded()) - WITHOUT_DATABASE

    def moments(self):
        """Of the database: it is locked, it takes too long, it is away."""
        tables = self.database.sql("select string_agg(tablename, ', ') from pg_tables where schemaname = 'public'")
        lock = f"lock table {tables} in access exclusive mode"
        with self.database.holding(lock):
            self.each("locked", self.on_tables(), self.send, 503, "retry")
        with self.database.holding(f"{lock}; select pg_advisory_xact_lock({IMPATIENT})"):
            impatient = subprocess.Popen(["psql", "-qAtX", self.database.conninfo, "-c", CANCEL_ALL_THAT_WAIT])
            self.each("too slow", self.on_tables(), self.send, 503, "database_slow")
        impatient.wait()
        self.proxy.shut()
        self.each("away", self.on_tables(), self.send, 503, "database_away")
        self.proxy.open()

    def inside(self):
        """Nothing of the inside shows, even when all tables are gone."""
        self.database.sql("set client_min_messages = error; drop schema public cascade; create schema public")
        self.each("no tables", self.on_tables(), self.send, 500, "internal")

    def families(self):
        return [name for name in self.stack.processes if name not in ("nginx", "auth")]

    def behind(self):
        """The families hang, then they are dead, then auth is."""
        for name in self.families():
            self.stack.halt(name)
        served = self.served()
        with ThreadPoolExecutor(len(served)) as pool:
            for route, answer in zip(served, pool.map(self.send, served)):
                self.want("hanging", route, answer, 504, "gateway_timeout")
        for name in self.families():
            self.stack.stop(name, signal.SIGKILL)
        self.each("dead", served, self.send, 502, "bad_gateway")
        self.stack.stop("auth", signal.SIGKILL)
        self.each("without auth", self.guarded(), self.send, 503, "unavailable")

    def all(self):
        for stage in (self.spelling, self.bodies, self.sizes, self.order, self.heads, self.tokens, self.keys, self.actors, self.rates,
                      self.moments, self.inside, self.behind):
            stage()
            yield stage.__name__, self.wrong
            self.wrong = []

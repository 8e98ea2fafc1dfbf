"""Rates over HTTP, each beside its ceiling: wrk against our handlers, then wrk against hello or pgbench with the
statements that our handler really sent."""

import contextlib
import pathlib
import re
import statistics
import subprocess
import tempfile

from lab import wait_until

SECONDS, TURNS = 4, 3
CLIENTS = 8
END = "the end of what was captured"
WAKE = "begin; set local synchronous_commit = off; notify" # not with every request: it would slow only the ceiling
OURS = ("alter system", "select pg_reload_conf", f"select '{END}", WAKE)
NEW_ID = re.compile(r"^(?!00000000-0000-0000)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def alternately(ours, ceiling):
    """The medians of both, measured in turns: what disturbs, as a vacuum does, is to meet both."""
    seen = [(ours(), ceiling()) for _ in range(TURNS)]
    return [statistics.median(rates) for rates in zip(*seen)]


def wrk(url, script, *args, connections=16):
    """Requests per second; raises when an answer is not 2xx."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{SECONDS}s", "-s", file.name, url, "--", *args],
                              capture_output=True, text=True, timeout=60, check=True)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    if bad:
        raise AssertionError(f"{url}: {bad.group(1)} answers were no success\n{done.stdout}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout).group(1))


GET = """
wrk.headers["x-api-token"] = "%s"
"""

READ = """
local count = tonumber("%s")
function request()
    return wrk.format("GET", "%s" .. math.random(1, count), {["x-api-token"] = "%s"})
end
"""

POST = """
local bodies = {}
for line in io.lines("%s") do bodies[#bodies + 1] = line end
local headers = {["x-api-token"] = "%s", ["Content-Type"] = "application/json"}
function init(args) math.randomseed(tonumber(tostring({}):match("0x(%%x+)"), 16)) end
function request()
    local path, body = bodies[math.random(#bodies)]:match("(%%S+) (.*)")
    return wrk.format("POST", path, headers, body)
end
"""


def read_rate(url, token, prefix, count):
    return wrk(url, READ % (count, prefix, token))


def get_rate(url, token):
    return wrk(url, GET % token)


def post_rate(url, token, rows):
    """rows: "PATH BODY" lines, of which each request takes one at random."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(rows))
        file.flush()
        return wrk(url, POST % (file.name, token))


# -- the same statements through pgbench -----------------------------------------------------------

@contextlib.contextmanager
def logging(stack):
    """PostgreSQL logs every statement with its parameters."""
    stack.database("alter system set log_min_duration_statement = 0")
    stack.database("alter system set log_parameter_max_length = -1")
    stack.database("select pg_reload_conf()")
    yield
    stack.database("alter system reset all")
    stack.database("select pg_reload_conf()")


def captured(stack, request, mark="audit_log"):
    """[(sql, [parameter or None])] that the request sent, from PostgreSQL's log: of the backend one of whose
    statements holds `mark`, since the others are the dispatcher's and our own."""
    log = stack.state / "log" / "postgres" / "current"
    before = log.stat().st_size
    request()
    stack.database(f"select '{END}'")

    def written():
        with open(log, encoding="utf-8", errors="replace") as file:
            file.seek(before)
            text = file.read()
        return text if END in text else None
    return parse_log(wait_until(written, "the log has what was sent"), mark)


def parse_log(text, mark):
    backends, executed = {}, False
    for entry in re.split(r"^(?=\d{4}-\d\d-\d\d [0-9:.]+ UTC \[\d+\])", text, flags=re.M):
        body = re.match(r"\S+ \S+ UTC \[(\d+)\] (LOG|DETAIL):\s+(.*)", entry, re.S)
        if not body:
            continue
        backend, kind, rest = body.groups()
        statements = backends.setdefault(backend, [])
        sql = re.match(r"duration: [0-9.]+ ms\s+(?:execute [^:]+|statement): (.*)", rest, re.S)
        if kind == "LOG":
            executed = sql is not None  # a bind is logged, too, with the same detail
        if kind == "LOG" and sql and not sql.group(1).startswith(OURS):
            statements.append((" ".join(sql.group(1).split()), []))
        elif kind == "DETAIL" and executed and statements and rest.lower().startswith("parameters:"):
            statements[-1] = (statements[-1][0], parse_parameters(rest))
    return next(s for s in backends.values() if any(mark in sql for sql, _ in s))


def parse_parameters(text):
    values = []
    for value in re.finditer(r"\$\d+ = ('(?:[^']|'')*'|NULL)", text):
        word = value.group(1)
        values.append(None if word == "NULL" else word[1:-1].replace("''", "'"))
    return values


def pgbench_script(statements, known):
    """The statements with what differs per request made to differ: `known` maps captured values to SQL, and each
    new id becomes one made from a random number."""
    made, lines = {}, []
    for sql, values in statements:
        for number in range(len(values), 0, -1):
            sql = re.sub(rf"\${number}(?!\d)", lambda _, v=values[number - 1]: literal(v, known, made), sql)
        lines.append(sql.rstrip(";") + ";")
    sets = [r"\set person random(1, :people)"]
    sets += [rf"\set {name} random(1, 9000000000000000000)" for name in made.values()]
    return "\n".join(sets + lines)


def literal(value, known, made):
    if value is None:
        return "null"
    if value in known:
        return known[value]
    if NEW_ID.match(value):
        name = made.setdefault(value, f"id{len(made)}")
        return f"(md5(:{name}::text)::uuid::text)::uuid"
    escaped = value.replace("'", "''").replace(":", "' || chr(58) || '") if ":" in value else value.replace("'", "''")
    return f"('{escaped}')" if ":" in value else f"'{escaped}'"


def pgbench_rate(stack, script, people):
    """Transactions per second with as many clients as the family has workers."""
    path = stack.state / "tmp" / "bench.sql"
    path.write_text(script)
    path.chmod(0o644)
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS), "-D", f"people={people}",
               "-f", str(path), (stack.state / "env" / "api" / "DATABASE_URL").read_text()]
    owner = stack.state.stat()
    command = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", *command] if owner.st_uid else command
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd="/")
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode != 0 or not rate:  # a client that gave up is no ceiling
        raise AssertionError(done.stdout + done.stderr)
    return float(rate.group(1))

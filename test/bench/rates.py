"""Rates of the API, each beside its ceiling: hello for reads, pgbench with our own statements for writes."""

import contextlib
import hashlib
import json
import pathlib
import random
import subprocess
import tempfile
import uuid

import load
import node
from lab import ROOT, free_port, wait_until

PEOPLE = 10_000


@contextlib.contextmanager
def hello(stack):
    """The ceiling's nginx and its two programs, with as many workers as a family has: (address, processes)."""
    run = pathlib.Path((stack.state / "nginx" / "nginx.conf").read_text().split("pid ")[1].split("/nginx.pid")[0])
    conninfo = (stack.state / "env" / "api" / "DATABASE_URL").read_text()
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o755)
        port = free_port()
        text = (ROOT / "test" / "bench" / "hello.conf.in").read_text()
        for token, value in (("DIR", folder), ("PORT", port), ("RUN", run), ("NGINX", stack.state / "nginx")):
            text = text.replace(f"@{token}@", str(value))
        pathlib.Path(folder, "nginx.conf").write_text(text)
        program = ROOT / "build" / "release" / "bench" / "hello"
        owner = owner_of(stack)
        commands = [["spawn-fcgi", "-F", "2", "-s", f"{folder}/hello.sock", "-M", "0666", "-P", f"{folder}/1", "--", program]]
        pathlib.Path(folder).chmod(0o777)
        subprocess.run(commands[0], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*owner, "env", f"DATABASE_URL={conninfo}", "spawn-fcgi", "-F", "2", "-s", f"{folder}/hello-db.sock",
                        "-M", "0666", "-P", f"{folder}/2", "--", copy(program, folder)], check=True, stdout=subprocess.DEVNULL)
        nginx = subprocess.Popen([*owner, "nginx", "-p", folder, "-e", "stderr", "-c", f"{folder}/nginx.conf", "-g", "daemon off;"])
        try:
            wait_until(lambda: subprocess.run(["curl", "-sf", "-o", "/dev/null", f"http://127.0.0.1:{port}/hello"]).returncode == 0,
                       "the ceiling's nginx answers")
            yield f"http://127.0.0.1:{port}"
        finally:
            nginx.terminate()
            nginx.wait()
            for name in "12":
                subprocess.run(["kill", *pathlib.Path(folder, name).read_text().split()], check=False)


def copy(program, folder):
    """Where the owner of the run can reach it."""
    path = pathlib.Path(folder, "hello")
    path.write_bytes(program.read_bytes())
    path.chmod(0o755)
    return str(path)


def owner_of(stack):
    """The beginning of a command that must run as the owner of the state."""
    owner = stack.state.stat()
    return ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"] if owner.st_uid else []


def http(table, world):
    """Without a dispatcher: a node that catches up with the one half of a comparison would take the cores from the
    other. What telling nodes costs is measured apart (node.py)."""
    world.stack.down("dispatcher")
    world.person()  # whose configuration the others copy
    node.fill_database(world, PEOPLE)
    reads_and_writes(table, world, PEOPLE)


def reads_and_writes(table, world, people):
    url, token = world.stack.url, world.api.token
    with hello(world.stack) as ceiling:
        table.ratio("GET /health", *load.alternately(
            lambda: load.get_rate(f"{url}/health", token), lambda: load.get_rate(f"{ceiling}/hello", token)), 0.9)
        table.ratio(f"GET /users/{{id}}, token cached, {people:,} users", *load.alternately(
            lambda: load.read_rate(url, token, "/users/", people), lambda: load.read_rate(ceiling, token, "/users/", people)), 0.8)
    writes(table, world, people)


def device_of(person):
    return row_id("device", person)


def row_id(kind, person):
    """As people.sql makes them."""
    digest = hashlib.md5(f"{kind}{person}".encode()).hexdigest()
    return str(uuid.UUID(digest[:12] + "4" + digest[13:16] + "8" + digest[17:]))


def sql_id(kind):
    """The same in SQL, for a pgbench script whose variable is :person."""
    h = f"md5('{kind}' || :person)"
    return f"((substr({h}, 1, 12) || '4' || substr({h}, 14, 3) || '8' || substr({h}, 18))::uuid)"


def writes(table, world, people):
    person = people // 2
    cases = (
        ("POST /devices", lambda n: ("/devices", {"user_id": n, "name": "bench"})),
        ("POST /connections with issue", lambda n: ("/connections", {
            "user_id": n, "device_id": device_of(n), "protocol": "vless_reality", "mode": "direct", "variant": "B1",
            "issue": {}})),
        ("POST /revisions (issue)", lambda n: (f"/revisions/by-connection/{row_id('connection', n)}", {})),
    )
    known = {str(person): ":person", device_of(person): sql_id("device"), row_id("connection", person): sql_id("connection")}
    for what, request in cases:
        with load.logging(world.stack):
            statements = load.captured(world.stack, lambda: world.api.call("POST", *request(person)))
        script = load.pgbench_script(statements, known)
        sample = random.sample(range(1, people + 1), min(people, 10_000))
        rows = [f"{path} {json.dumps(body)}" for path, body in map(request, sample)]
        table.ratio(f"{what}, {people:,} users", *load.alternately(
            lambda: load.post_rate(world.stack.url, world.api.token, rows),
            lambda: load.pgbench_rate(world.stack, script, people)), 0.7)

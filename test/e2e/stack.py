"""The API as it runs, for tests: nginx, all handlers on their sockets, a database of its own.

    with Database("build/debug") as database, Stack("build/debug", database.conninfo) as stack:
        answer = stack.ask("GET", "/users", token=stack.token)
        assert database.sql("select count(*) from tg_user") == "0"

Everything lives in one temporary directory and ends with the block. As a program it runs a command
against a stack, which finds it in URL, TOKEN, RUN and DATABASE_URL:

    test/with-database python3 test/e2e/stack.py build/debug -- curl ...
"""
import contextlib
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "bootstrap-token-of-the-tests"

SETTINGS = {
    "APP_ENV": "dev",
    "API_INTERNAL_TOKEN": TOKEN,
    "PSEUDONYM_SECRET": "pseudonym-secret-of-the-tests-0123456789",
    "BUNDLE_ROOT": str(ROOT / "bundles"),
    "SNI_CATALOG": str(ROOT / "staticdata/sni_catalog.yaml"),
}


# As chart/image/services starts handlers.
SMALL = {"GLIBC_TUNABLES": "glibc.malloc.arena_max=4", "GNUTLS_NO_IMPLICIT_INIT": "1"}

# What tests take over from whoever runs them: nothing that is a setting.
INHERITED = {name: value for name, value in os.environ.items()
             if name in ("PATH", "HOME", "LANG", "TMPDIR", "LD_PRELOAD", "GLIBC_TUNABLES")
             or name.endswith("SAN_OPTIONS") or name.startswith("RATE_PER_")}


def wait_until(condition, what, seconds=30):
    """Ask until it is so; a test never sleeps for a time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.01)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(path):
    """A socket is there before anybody listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


class Session:
    """A psql that stays, for many small statements."""

    def __init__(self, conninfo):
        self.process = subprocess.Popen(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", conninfo], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def sql(self, statement):
        self.process.stdin.write(f"{statement};\n\\echo .\n")
        self.process.stdin.flush()
        lines = list(iter(self.process.stdout.readline, ".\n"))
        assert "" not in lines[-1:], statement
        return "".join(lines).strip()

    def close(self):
        self.process.communicate()


class Database:
    """A new one, as tracegate-init-db makes it, on the server of test/with-database; or a copy of `template`, which
    has the tables and nothing else."""

    def __init__(self, build, template=None):
        self.build, self.template = Path(build).resolve(), template
        self.server = os.environ["TEST_DATABASE"]
        self.name = f"e2e_{os.getpid()}_{time.monotonic_ns()}"
        self.conninfo = re.sub(r"dbname=\S+", f"dbname={self.name}", self.server)

    def __enter__(self):
        self.sql(f"create database {self.name} template {self.template or 'template0'}", self.server)
        if self.template:
            return self
        subprocess.run([self.build / "bin/tracegate-init-db"], check=True, cwd=ROOT,
                       env={**INHERITED, **SETTINGS, "DATABASE_URL": self.conninfo},
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.sql(f"drop database {self.name} with (force)", self.server)

    def sql(self, statement, conninfo=None):
        command = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", conninfo or self.conninfo]
        return subprocess.run([*command, "-c", statement], check=True, stdout=subprocess.PIPE,
                              text=True).stdout.strip()


    @contextlib.contextmanager
    def holding(self, statements):
        """A transaction that has run them, and is rolled back at the end of the block."""
        process = subprocess.Popen(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.conninfo], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(f"begin; {statements}; select 'held';\n")
        process.stdin.flush()
        assert any("held" in line for line in process.stdout), statements
        try:
            yield
        finally:
            process.communicate("rollback;")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """Of a problem."""
        return self.json.get("code") if self.body[:1] == b"{" else None


class Stack:
    """`only`: of the families, instead of all."""

    def __init__(self, build, database, settings=None, nginx=None, only=None):
        self.only = only
        self.build = Path(build).resolve()
        self.database = database
        self.settings = {**SETTINGS, **(settings or {})}
        self.nginx_settings = nginx or {}
        self.token = self.settings["API_INTERNAL_TOKEN"]
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.run = Path(tempfile.mkdtemp(prefix="tracegate-"))
        self.run.chmod(0o755)
        self.processes = {}

    # -- start and stop --------------------------------------------------------------------------

    def __enter__(self):
        try:
            for handler in sorted((self.build / "bin").iterdir()):
                if (ROOT / "handlers" / f"{handler.name}.c").exists() and handler.name in (
                        self.only or [handler.name]):
                    self.start_handler(handler.name)
            self.start_nginx()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in reversed(list(self.processes)):
            self.stop(name)
        if os.environ.get("KEEP"):
            print(f"# logs are in {self.run}", file=sys.stderr)
        else:
            shutil.rmtree(self.run, ignore_errors=True)

    def spawn(self, name, command, env=None):
        with open(self.run / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**INHERITED, **(env or {})}, cwd=ROOT)

    def start_handler(self, name, *arguments):
        path = self.run / f"{name}.sock"
        path.unlink(missing_ok=True)
        command = ["spawn-fcgi", "-n", "-s", path, "-M", "0666", "--", self.build / "bin" / name, *arguments]
        service = self.run / "service" / name
        service.mkdir(parents=True, exist_ok=True)
        (service / "run").write_text(f"#!/bin/sh\ncd {ROOT}\nexec {shlex.join(map(str, command))} 2>&1\n")
        (service / "run").chmod(0o755)
        self.spawn(name, ["runsv", service],
                   {"DATABASE_URL": self.database, "METRICS_DIR": str(self.run / "metrics"),
                    **SMALL, **self.settings})
        wait_until(lambda: listens(path), f"{name}.sock")

    def start_nginx(self):
        target = self.run / "nginx"
        subprocess.run(
            [ROOT / "nginx/render", self.build / "nginx", target], check=True,
            env={**INHERITED, "RUN": str(self.run), "API_PORT": str(self.port),
                 **self.nginx_settings})
        self.spawn("nginx", ["nginx", "-p", target, "-e", "stderr", "-c", target / "nginx.conf",
                             "-g", "daemon off;"])
        wait_until(self.answers, "nginx")

    def answers(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} has ended: {self.log(name)}")
        try:
            return self.ask("GET", "/openapi.json").status == 200
        except OSError:
            return False

    def end(self, supervise):
        """A service, by SIGTERM alone. A runsv that ends sends SIGCONT too, which also takes back the SIGSTOP by
        which LeakSanitizer looks at a process that exits: it would wait for ever."""
        (supervise / "control").write_bytes(b"o") # it is not started again
        wait_until(lambda: (supervise / "stat").read_text() != "run\n", supervise)
        pid = (supervise / "pid").read_text().strip()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGTERM)
        wait_until(lambda: (supervise / "stat").read_text() == "down\n", supervise)

    def stop(self, name, signo=signal.SIGTERM):
        process = self.processes.pop(name)
        supervise = self.run / "service" / name / "supervise"
        try:
            if signo == signal.SIGTERM and process.poll() is None and supervise.exists():
                self.end(supervise)
            process.send_signal(signo)
            process.wait(15)
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    # -- looking inside --------------------------------------------------------------------------

    def log(self, name):
        return (self.run / f"{name}.log").read_text(errors="replace")

    def pid(self, name):
        """Of a handler's process, which its supervisor starts anew when it dies."""
        return int((self.run / "service" / name / "supervise" / "pid").read_text())

    def halt(self, name):
        """Stops it for the time being: all its threads, which the signal alone does not wait for."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: all(stat.read_text().rpartition(")")[2].split()[0] == "T"
                               for stat in Path(f"/proc/{pid}/task").glob("*/stat")), f"{name} is stopped")

    # -- requests --------------------------------------------------------------------------------

    def ask(self, method, path, body=None, token=None, headers=None, timeout=20):
        """`body`: bytes or text as they are, else JSON. `headers` may be pairs, to repeat one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        lines = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
        names = {name.lower() for name, _ in lines}
        if isinstance(body, str):
            body = body.encode()
        elif body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None and "content-type" not in names:
            lines.append(("Content-Type", "application/json"))
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            lines.append(("Content-Length", str(len(body))))
        if token is not None:
            lines.append(("Authorization", f"Bearer {token}"))
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in lines:
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def raw(self, data, timeout=20):
        """Bytes as they are; all that comes back until the connection is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(data)
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except ConnectionResetError: # what it had not read, it will not read
                pass
        return received


def main(arguments):
    if len(arguments) < 3 or arguments[1] != "--":
        raise SystemExit(__doc__)
    with Database(arguments[0]) as database, Stack(arguments[0], database.conninfo) as stack:
        env = {**os.environ, "URL": stack.url, "TOKEN": stack.token, "RUN": str(stack.run),
               "DATABASE_URL": database.conninfo}
        return subprocess.run(arguments[2:], env=env).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

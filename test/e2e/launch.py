"""A stack of its own for a test: everything that `make run` starts, with its state in a temporary folder and
ports from the kernel."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from lab import ROOT, Failure, Stack, free_port

PORTS = ("PORT", "AGENT_PORT", "DISPATCHER_METRICS_PORT", "CAMOUFLAGE_PORT", "VLESS_REALITY_PORT")
LOCAL = ROOT / "chart" / "local"


def build():
    """The folder of the programs under test; `make e2e` says which."""
    return pathlib.Path(os.environ.get("BUILD", ROOT / "build" / "debug")).resolve()


def environment(state, **extra):
    ports = {name: str(free_port()) for name in PORTS}
    # An ASan build looks for leaks by stopping itself, which one that was started with capabilities cannot.
    return {**os.environ, **ports, "ASAN_OPTIONS": "detect_leaks=0", "STATE": str(state), **extra}


def command(name, env, *args):
    """One of chart/local's commands, to its end: (status, output)."""
    done = subprocess.run([LOCAL / name, *args], env=env, text=True, timeout=180, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


@contextlib.contextmanager
def folder():
    """A state folder that the owner of the processes can reach."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="tracegate-"))
    path.chmod(0o755)
    try:
        yield path / "state"
    finally:
        shutil.rmtree(path, ignore_errors=True)


def logs(state):
    """The last lines of every service, for a failure's sake."""
    lines = []
    for path in sorted(pathlib.Path(state).glob("log/*/current")):
        lines += [f"# {path.parent.name}: {line}" for line in path.read_text(errors="replace").splitlines()[-8:]]
    return "\n".join(lines)


@contextlib.contextmanager
def stack(**extra):
    with folder() as state:
        env = environment(state, **extra)
        status, output = command("run", env, str(build()))
        try:
            if status != 0:
                raise Failure(f"run ended with {status}: {output}\n{logs(state)}")
            yield Stack(state)
        finally:
            if os.environ.get("KEEP_LOGS"):
                print(logs(state), flush=True)
            command("stop", env)

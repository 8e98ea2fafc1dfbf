"""What the path from a commit to Xray costs: a change becoming live, a revocation, 10,000 users, memory."""

import datetime
import hashlib
import hmac
import pathlib
import subprocess
import time

from lab import ROOT, Client, wait_until
from world import INBOUND

XRAYCTL = ROOT / "build" / "peers" / "xrayctl"
MANY = 10_000
STEP = 50_000


class Watch:
    """Asks Xray in a tight loop whether it has a user; a process of its own, so that we cost it nothing."""

    def __init__(self, stack):
        self.secret = (stack.state / "secrets" / "pseudonym_secret").read_bytes().strip()
        self.process = subprocess.Popen([XRAYCTL, socket_of(stack), "watch", INBOUND], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1)

    def pid(self, kind, raw):
        return hmac.new(self.secret, f"{kind}:{raw}".encode(), hashlib.sha256).hexdigest()[:20]

    def marker(self, connection, revision):
        return f"b1-{self.pid('connection', connection)[:12]}-{self.pid('revision', revision)[:8]}"

    def ask(self, line):
        self.process.stdin.write(line + "\n")

    def answer(self):
        """Unix seconds."""
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def socket_of(stack):
    return (stack.state / "env" / "agent" / "AGENT_XRAY_API_SERVER").read_text()


def instant(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def live(table, world, changes=500):
    """From the transaction's start (its commit comes later, so this is an upper bound) to Xray having the user."""
    watch = Watch(world.stack)
    connection, _ = world.person()
    world.wait_ready(connection)
    times = []
    for _ in range(changes):
        revision = world.api.call("POST", f"/revisions/by-connection/{connection}", {})
        watch.ask("+" + watch.marker(connection, revision["id"]))
        times.append(watch.answer() - instant(revision["created_at"]))
    watch.close()
    table.times(f"change → live in Xray, {changes} changes, calm", times, 0.010, 0.050)


def revocation(table, world, source, rounds=50):
    """A second user, from the same address, keeps one download over all rounds."""
    watch = Watch(world.stack)
    neighbour_connection, neighbour_revision = world.person()
    world.wait_ready(neighbour_connection)
    refused, ended = [], []
    with Client(world.stack.xray(), world.link(neighbour_revision)) as neighbour:
        spared = neighbour.download(source)
        for _ in range(rounds):
            one_revocation(world, source, watch, refused, ended)
            if not spared.goes_on():
                table.row("a neighbour's download", "ended", "goes on", False)
                return
        spared.close()
    watch.close()
    table.times(f"revocation: request → refused, {rounds} rounds", refused, None, 0.050)
    if ended:
        table.times(f"revocation: request → live download ended, {rounds} rounds", ended, None, 0.100)
    table.row("a neighbour's download from the same address", f"went on through {rounds} rounds", "goes on", True)


def one_revocation(world, source, watch, refused, ended):
    connection, revision = world.person()
    world.wait_ready(connection)
    with Client(world.stack.xray(), world.link(revision)) as client:
        wait_until(lambda: client.works(source), "the client works")
        download = client.download(source)
        watch.ask("-" + watch.marker(connection, revision))
        before = time.time(), time.monotonic()
        world.revoke(revision)
        refused.append(watch.answer() - before[0])
        if world.stack.agent_can_cut():
            ended.append(download.wait_end() - before[1])
        if client.works(source, 2):
            raise AssertionError("a revoked link works")
        download.close()


def fill_database(world, count):
    """People number 1 to `count`, as far as they are not there yet, by the set."""
    stack = world.stack
    have = int(stack.database(f"select count(*) from tg_user where telegram_id <= {count}")[0][0])
    text = (pathlib.Path(__file__).parent / "people.sql").read_text()
    stack.database("alter system set max_wal_size = '8GB'")
    stack.database("select pg_reload_conf()")
    for start in range(have + 1, count + 1, STEP):
        end = min(count, start + STEP - 1)
        stack.database(text.replace("@FROM@", str(start)).replace("@TO@", str(end)), seconds=600)
        if count > STEP:
            print(f"# {end:,} of {count:,} people", flush=True)
    stack.database("vacuum analyze", seconds=1800)
    world.api.forget() # the server has closed it meanwhile


def many_users(world):
    world.person()  # whose configuration the others copy
    fill_database(world, MANY // 2)  # with two connections each
    world.wait_agreement(60)


def xrayctl(world, *args):
    done = subprocess.run([XRAYCTL, socket_of(world.stack), *args], capture_output=True, text=True, timeout=90, check=True)
    return done.stdout.strip()


def refill(table, world):
    """Adding: everything is removed behind the agent's back, and its next comparison puts it back; then the same
    number by a client that does nothing else. Death: kill -9, and until all are there again."""
    count = len(world.users_of_database())
    filling = subprocess.Popen([XRAYCTL, socket_of(world.stack), "fill", INBOUND, str(count)], text=True, stdout=subprocess.PIPE)
    filling.communicate(timeout=60)
    xrayctl(world, "clear", INBOUND)
    ours = float(xrayctl(world, "fill", INBOUND, str(count)))
    world.wait_agreement(60)
    xrayctl(world, "clear", INBOUND)
    ceiling = float(xrayctl(world, "add", INBOUND, str(count)))
    world.wait_agreement(120)
    table.ratio(f"Xray: add {count:,} users", count / ours, count / ceiling, 0.9)
    started = time.monotonic()
    world.stack.kill("xray")
    world.wait_agreement(60)
    seconds = time.monotonic() - started
    table.row(f"Xray killed with {count:,} users: all back", f"{seconds:.2f} s", "≤ 3 s", seconds <= 3)


def pss(pids):
    """MB of proportional set size (proc(5), smaps_rollup)."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


SPINE = ("auth", "tokens", "health", "users", "devices", "connections", "revisions", "nodes", "sni", "dispatch")


def memory(table, world):
    stack = world.stack
    others = {"nginx", "camouflage", "xray", "postgres", "dispatcher", "agent"}
    handlers = [unit.name for unit in (stack.state / "service").iterdir() if unit.name not in others]
    count = len(world.users_of_database())

    for what, limit, pids in (
            (f"memory (PSS): {len(SPINE)} handlers of the spine", 20, [stack.pid(name) for name in SPINE]),
            (f"memory (PSS): all {len(handlers)} handlers", 30, [stack.pid(name) for name in handlers]),
            ("memory (PSS): dispatcher", 12, [stack.pid("dispatcher")]),
            (f"memory (PSS): agent with {count:,} users", 16, [stack.pid("agent")])):
        seen = pss(pids)
        table.row(what, f"{seen:.1f} MB", f"≤ {limit} MB", seen <= limit)

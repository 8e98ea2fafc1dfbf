"""What the size of the database costs: the API's rates at a thousand users and at SIZE, side by side; and issuing
where there is a long past."""

import pathlib
import time

import rates
from figures import percentile

SMALL = 1_000
STEP = 50_000


def growth(table, world, size):
    world.stack.down("dispatcher")
    world.person()  # whose configuration the others copy
    for count in (SMALL, size):
        fill(world, count)
        rates.reads_and_writes(table, world, count)
    long_past(table, world)


def fill(world, count):
    have = int(world.stack.database("select max(telegram_id) from tg_user where telegram_id <= 1000000000")[0][0] or 0)
    text = (pathlib.Path(__file__).parent / "many.sql").read_text()
    world.stack.database("alter system set max_wal_size = '8GB'")
    world.stack.database("select pg_reload_conf()")
    for start in range(have + 1, count + 1, STEP):
        end = min(count, start + STEP - 1)
        world.stack.database(text.replace("@FROM@", str(start)).replace("@TO@", str(end)), seconds=600)
        print(f"# {end:,} of {count:,} people", flush=True)
    world.stack.database("vacuum analyze", seconds=1800)
    world.api.forget() # the server has closed it meanwhile


LONG = """insert into connection_revision (id, connection_id, slot, status, effective_config_json, credential_key, created_at, revoked_at)
    select gen_random_uuid(), connection_id, 0, 'revoked', effective_config_json, gen_random_uuid()::text, now() - n * interval '1 hour', now()
    from connection_revision, generate_series(1, 1000) as n where connection_id = '{}' and status = 'active'"""


def long_past(table, world, rounds=100):
    """By turns, so that both meet the same machine."""
    ways = {past: world.person()[0] for past in (1, 1000)}
    world.stack.database(LONG.format(ways[1000]))
    times = {past: [] for past in ways}
    for _ in range(rounds):
        for past, connection in ways.items():
            started = time.monotonic()
            world.issue(connection)
            times[past].append(time.monotonic() - started)
    table.row("issue where 1,000 revisions are past, against 1",
              "  against  ".join(f"p50 {1000 * percentile(times[past], 0.5):.2f} ms" for past in (1000, 1)), "the same",
              percentile(times[1000], 0.5) <= 1.2 * percentile(times[1], 0.5))

"""What the size of the database costs: the API's rates at a thousand users and at SIZE, side by side; and issuing
where there is a long past."""

import time

import node
import rates
from figures import percentile

SMALL = 1_000


def growth(table, world, size):
    world.stack.down("dispatcher")
    world.person()  # whose configuration the others copy
    for count in (SMALL, size):
        node.fill_database(world, count)
        rates.reads_and_writes(table, world, count)
    long_past(table, world)


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

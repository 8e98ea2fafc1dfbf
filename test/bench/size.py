"""Every list and single read in a small and in a large database, side by side."""

import os
import subprocess

from lab import ROOT

SMALL = 1_000
RUNS = int(os.environ.get("RUNS") or 1_000)
LIMIT = 5.0  # milliseconds that 99 of 100 reads stay below


def reads(users):
    """{title: (rows, [p50, p99, and the same of the server's own work])}, the times in milliseconds."""
    program = ROOT / os.environ.get("BUILD", "build/release") / "bench" / "size"
    done = subprocess.run([ROOT / "test" / "with-database", program, str(users), str(RUNS), ROOT / "build" / f"size-{users}.explained"],
                          cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {title: (int(count), [int(time) / 1000 for time in times]) for title, count, *times in rows}


def size(table, users):
    small, large = reads(SMALL), reads(users)
    print(f"Of {RUNS:,} reads, in ms: p50 and p99, then the same of the server's own work, with {SMALL:,} and with {users:,} users.\n"
          "What is promised is the last figure. Plans: build/size-*.explained")
    for title, (rows, times) in large.items():
        seen = "  |".join("".join(f"{time:7.2f}" for time in side) for side in (small[title][1], times))
        table.row(f"{title} ({rows} rows)", seen, f"p99 ≤ {LIMIT:.0f} ms", times[-1] <= LIMIT)

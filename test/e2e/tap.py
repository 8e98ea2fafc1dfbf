"""TAP for tests that are scripts."""
import sys

count = 0
failed = 0


def check(title, good, have=None):
    global count, failed
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {title}", flush=True)
    if not good:
        failed += 1
        print(f"#   have {have!r}", file=sys.stderr)
    return good


def equal(title, want, have):
    return check(title, want == have, f"{have!r}, want {want!r}")


def finish():
    print(f"1..{count}")
    sys.exit(failed != 0)

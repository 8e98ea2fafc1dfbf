"""Figures: percentiles, and the table that a benchmark ends with."""

import json


def percentile(values, share):
    """The smallest value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values):
    """Milliseconds as text: p50, p99, max."""
    return "p50 {:.1f}  p99 {:.1f}  max {:.1f} ms".format(
        1000 * percentile(values, 0.5), 1000 * percentile(values, 0.99), 1000 * max(values))


class Table:
    """Rows of (what, seen, reach, met). Bench never passes or fails: it says."""

    def __init__(self):
        self.rows = []

    def row(self, what, seen, reach="", met=None):
        self.rows.append({"figure": what, "seen": seen, "reach": reach, "met": met})
        mark = {True: "reached", False: "NOT REACHED", None: ""}[met]
        print(f"{what:<52} {seen:<44} {reach:<24} {mark}", flush=True)

    def ratio(self, what, have, ceiling, reach):
        share = have / ceiling if ceiling else 0.0
        self.row(what, f"{have:,.0f}/s of {ceiling:,.0f}/s = {share:.2f}", f"≥ {reach}", share >= reach)

    def times(self, what, values, p50=None, p99=None):
        reach = ", ".join(f"{name} ≤ {1000 * limit:.0f} ms" for name, limit in (("p50", p50), ("p99", p99)) if limit)
        met = all(percentile(values, share) <= limit for share, limit in ((0.5, p50), (0.99, p99)) if limit)
        self.row(what, spread(values), reach, met if reach else None)

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.rows, file, indent=1, ensure_ascii=False)

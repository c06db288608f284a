"""Growth: the same at 1,000, 10,000 and 100,000 environments: time, Redis, memory of the web server, cost of a change.

python -m benchmarks.growth [environments …]
"""

import sys
import time
from itertools import repeat
from random import Random

from benchmarks.load import press
from benchmarks.ratios import Report
from benchmarks.rows import changed
from benchmarks.serve import installed, redis_memory, site, store_of
from dashboard.fleet.entities import Kind, kind_of
from dashboard.fleet.query import Context, Query, run
from dashboard.fleet.snapshot import load
from dashboard.fleet.store import Change

SIZES = (1_000, 10_000, 100_000)
MOST_MEMORY = {10_000: 120.0, 100_000: 450.0}
LIST = "/environments/?q=phase:running&sort=name"


def measure(report: Report, many: int, python: str) -> None:
    with site(many, python=python) as one:
        store, page = store_of(one), one.page(LIST)
        for path in ("/", "/services/", "/tasks/", "/executions/"):
            one.page(path)
        listed = press(one.port, lambda _: repeat(one.get(LIST)), connections=1, seconds=3)
        polled = press(one.port, lambda _: repeat(one.poll(page)), connections=1, seconds=3)
        figures = f"list page p50 {listed.p50 * 1e3:.2f} ms, unchanged poll p50 {polled.p50 * 1e3:.2f} ms"
        report.note(f"{many:>7,}  {figures}")
        redis = redis_memory(one)
        report.note(f"{many:>7,}  Redis {redis:.0f} MB, {redis * 1e3 / many:.1f} MB for 1,000 environments")
        start = time.process_time()
        fleet = load(store)
        took, rows = time.process_time() - start, sum(map(len, fleet.rows.values()))
        report.note(f"{many:>7,}  {rows:,} rows loaded in {took:.2f} s of CPU")
        query, context = Query("phase:running", "name"), Context(time.time())
        run(fleet, Kind.ENVIRONMENT, query, context)
        start = time.process_time()
        for _ in range(50):
            run(fleet, Kind.ENVIRONMENT, query, context)
        report.note(f"{many:>7,}  a page chosen in {(time.process_time() - start) * 20:.2f} ms")
        for share in (1 / many, 0.01):
            some = changed(list(fleet.environments.values()), share, Random(1))
            changes = [Change(fleet.version + 1, kind_of(row), row.id, row) for row in some]
            start = time.process_time()
            fleet.applied(fleet.epoch, changes)
            report.note(
                f"{many:>7,}  {len(changes):,} changes applied in {(time.process_time() - start) * 1e3:.1f} ms"
            )
        pages, watcher = one.memory()
        report.note(
            f"{many:>7,}  web server {pages + watcher:.0f} MB in all, {watcher:.0f} of them its watcher"
        )
        wanted = MOST_MEMORY.get(many, 120.0)
        report.at_most(f"memory of the process with the pages, {many:,}", (pages, wanted), 1.0, "MB")


def main() -> None:
    sizes = [int(one) for one in sys.argv[1:]] or SIZES
    report = Report("growth: environments, each with three services, two tasks and two executions")
    with installed() as python:
        for many in sizes:
            measure(report, many, python)
    report.finish()


if __name__ == "__main__":
    main()

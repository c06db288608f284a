"""A crowd: 500 open pages of different people polling at their real rate while the fleet moves.

    python -m benchmarks.crowd

A writer beside it plays the worker: every three seconds one percent of the environments is in another phase.
"""

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.load import crowd
from benchmarks.ratios import ROOT, Report
from benchmarks.serve import HTMX, Site, poll_address, site

ENVIRONMENTS = 10_000
PAGES = 500
EVERY = 2.0
SECONDS = 30.0
ADDRESSES = (
    "/environments/",
    "/environments/?q=phase:running&sort=name",
    "/environments/?q=phase:stopped",
    "/environments/?sort=active",
    "/services/",
    "/executions/",
    "/",
)
ROLES = ("viewer", "operator", "admin")


class _Pages:
    """What each open page polls next."""

    def __init__(self, one: Site) -> None:
        self._site = one
        kinds = [(path, role) for path in ADDRESSES for role in ROLES]
        first = {kind: poll_address(one.page(*kind)) for kind in kinds}
        self._roles = [kinds[n % len(kinds)][1] for n in range(PAGES)]
        self._next = [first[kinds[n % len(kinds)]] for n in range(PAGES)]
        self.changed = 0

    def requests(self, number: int) -> Iterator[bytes]:
        while True:
            yield self._site.get(self._next[number], self._roles[number], **HTMX)

    def answered(self, number: int, body: bytes) -> None:
        if body:
            self.changed += 1
            self._next[number] = poll_address(body.decode())


def main() -> None:
    report = Report(f"crowd: {PAGES} pages over {ENVIRONMENTS:,} environments, each polls every {EVERY:g} s")
    with site(ENVIRONMENTS) as one:
        pages = _Pages(one)
        writer = subprocess.Popen([sys.executable, "-m", "benchmarks.mover"], cwd=ROOT, env=one.environ)
        try:
            before, start = one.cpu(), time.monotonic()
            load = crowd(one.port, pages.requests, pages.answered, pages=PAGES, every=EVERY, seconds=SECONDS)
            cpu = (one.cpu() - before) / (time.monotonic() - start)
        finally:
            writer.terminate()
            writer.wait(10)
        report.note(
            f"{len(load.latencies):,} polls, {load.rate:.0f} a second, {pages.changed:,} brought changes"
        )
        report.note(
            f"p50 {load.p50 * 1e3:.1f} ms, the web server used {cpu:.0%} of a core, {sum(one.memory()):.0f} MB"
        )
        report.at_most("p99 of a poll", (load.p99, 0.1), 1.0)
        report.at_most("errors", (float(load.errors), 1.0), 0.0, "")
    report.finish()


if __name__ == "__main__":
    main()

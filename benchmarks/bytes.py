"""Bytes and rendering: what a changed poll sends, and what a row costs while the fleet moves.

python -m benchmarks.bytes
"""

import os
import time
from dataclasses import replace
from random import Random

from benchmarks.load import fetch
from benchmarks.ratios import Report
from benchmarks.serve import Site, poll_address, site, store_of

ENVIRONMENTS = 10_000
LIST = "/environments/?sort=created"
ROUNDS = 12
SHARE, EVERY = 0.01, 3.0


def changed_poll(report: Report, one: Site) -> None:
    """Ten percent of the rows in view have changed since the page was made."""
    from benchmarks.rows import write
    from dashboard.fleet.snapshot import load

    store = store_of(one)
    page = one.page(LIST)
    shown = sorted(load(store).environments.values(), key=lambda row: (row.created or 0.0, row.id))[:50]
    shown = [row for row in shown if row.id in page][:5]
    write(store, [replace(row, branch="changed", status_version=row.status_version + 1) for row in shown])
    time.sleep(1.5)
    status, body = fetch(one.port, one.poll(page))
    table = page[page.index("<table") : page.index("</table>")]
    if status != 200 or len(shown) != 5:
        raise RuntimeError(f"{status} for a poll after {len(shown)} changes")
    report.at_most(
        "a poll after 5 of 50 rows changed, against the table", (len(body), len(table.encode())), 1 / 5, "B"
    )
    again, nothing = fetch(one.port, one.get(poll_address(body.decode()), HX_Request="true"))
    report.at_most("an unchanged poll, against the table", (len(nothing), len(table.encode())), 0, "B")
    if again != 204:
        raise RuntimeError(f"{again} for an unchanged poll")


def rendering(report: Report, one: Site) -> None:
    """The rows of a page while one percent of the fleet changes every three seconds, against the plain template."""
    os.environ |= one.environ
    import django

    django.setup()
    from django.template.loader import render_to_string

    from benchmarks.rows import changed, write
    from dashboard.control.models import User
    from dashboard.fleet.snapshot import Snapshot
    from dashboard.web.lists import row_blocks
    from dashboard.web.pages.environments import LIST as LISTING

    store, rng, user = store_of(one), Random(1), User.objects.get(username="admin")
    snapshot = Snapshot(store, time.monotonic)
    ours, theirs = 0.0, 0.0
    polls = int(EVERY / 2 * 10)  # ten people look at the same page, each polls every two seconds
    for _ in range(ROUNDS):
        fleet = snapshot.now().fleet
        rows = sorted(fleet.environments.values(), key=lambda row: (row.created or 0.0, row.id))[:50]
        for number in range(polls):
            start = time.process_time()
            blocks = row_blocks(LISTING, rows, fleet, user)
            for block in blocks:
                block.html(None)
            middle = time.process_time()
            ours += middle - start
            if not number:
                for block in blocks:
                    render_to_string(block.template, {**block.context(), "swap": False})
                theirs += (time.process_time() - middle) * polls
        write(store, changed(list(fleet.environments.values()), SHARE, rng))
        time.sleep(0.3)
    rows_rendered = 50 * polls * ROUNDS / 1e6
    report.at_most(
        "a row on average, 1 % changed every 3 s, against its template",
        (ours / rows_rendered, theirs / rows_rendered), 1 / 4, "us",
    )  # fmt: skip


def main() -> None:
    report = Report(f"bytes: {ENVIRONMENTS:,} environments")
    with site(ENVIRONMENTS) as one:
        changed_poll(report, one)
        rendering(report, one)
    report.finish()


if __name__ == "__main__":
    main()

"""Pages: lists and polls against Django's admin, Flower, and bare views behind the same middleware.

    python -m benchmarks.pages

Everything is measured over loopback with the same load generator. Flower is installed into a venv of its own.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from statistics import median

from benchmarks.load import HOST, Load, fetch, get, press
from benchmarks.ratios import ROOT, Report
from benchmarks.serve import HTMX, Site, running, site, wait
from dashboard.stack import parts

ENVIRONMENTS = 10_000
MANY = 100_000
CONNECTIONS = 8
SECONDS = 2.0
ROUNDS = 3
LIST = "/environments/?q=phase:running&sort=name"
ADMIN = "/admin/site/listed/?phase__exact=running&o=1"
FLOWER = ("flower==2.0.1", "celery[redis]==5.5.3")
TASKS = 10_000


def _pressed(port: int, request: bytes, connections: int = CONNECTIONS) -> Load:
    load = press(port, lambda _: repeat(request), connections=connections, seconds=SECONDS)
    if load.errors:
        raise RuntimeError(f"{dict(load.statuses)} for {request[:80]!r}")
    return load


def _best(port: int, *requests: bytes) -> list[float]:
    """Requests a second of each, taking turns; the best of the rounds, since what disturbs only slows."""
    rates = [[_pressed(port, request).rate for request in requests] for _ in range(ROUNDS)]
    return [max(found) for found in zip(*rates, strict=True)]


def against_bare_views(report: Report, one: Site) -> float:
    page = one.page(LIST)
    constant = one.get(f"/constant/?size={len(page.encode())}")
    listed, bare = _best(one.port, one.get(LIST), constant)
    report.rate_at_least("list page, against a constant of its size", (listed, bare), 1 / 3)
    polled, nothing = _best(one.port, one.poll(page), one.get("/nothing/?seen=x", **HTMX))
    report.rate_at_least("unchanged poll, against a bare 204", (polled, nothing), 1 / 2)
    return listed


def against_admin(report: Report, one: Site) -> float:
    listed, admin = _best(one.port, one.get(LIST), one.get(ADMIN))
    report.rate_at_least("list page, against Django's admin", (listed, admin), 15)
    return listed


def steadiness(report: Report, one: Site) -> float:
    """Returns the p50 of a list page, in seconds."""
    crowded = [_pressed(one.port, one.get(LIST), connections=32) for _ in range(ROUNDS)]
    slow, usual = median(load.p99 for load in crowded), median(load.p50 for load in crowded)
    report.at_most("p99 of a list page at 32 connections, against p50", (slow, usual), 3)
    return min(_pressed(one.port, one.get(LIST), connections=1).p50 for _ in range(ROUNDS))


@contextmanager
def flower() -> Iterator[int]:
    """Flower over a broker of its own, with as many tasks as we have environments."""
    with tempfile.TemporaryDirectory(prefix="ona-flower-") as name:
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        python = folder / "venv" / "bin" / "python"
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *FLOWER], check=True
        )
        port, url = parts.free_port(), f"redis+socket://{folder}/v.sock"
        with running(parts.valkey(folder / "v.sock", folder).argv, None):
            wait((folder / "v.sock").exists)
            options = [f"--port={port}", f"--address={HOST}", f"--max-tasks={2 * TASKS}", "--logging=error"]
            with running([str(python), "-m", "celery", "-b", url, "flower", *options], None):
                wait(lambda: _tasks_of(port) is not None)
                sender = ROOT / "benchmarks" / "clients" / "flower_tasks.py"
                subprocess.run([python, sender, url, str(TASKS)], check=True)
                wait(lambda: (_tasks_of(port) or 0) >= TASKS, 120)
                yield port


def _tasks_of(port: int) -> int | None:
    """How many tasks Flower knows; None while it does not answer."""
    try:
        status, body = fetch(port, get(_flower_tasks(0)))
    except OSError:
        return None
    return int(json.loads(body)["recordsTotal"]) if status == 200 else None


def _flower_tasks(start: int) -> str:
    """What Flower's list of tasks asks for: fifty of them, filtered and sorted."""
    order = "order[0][column]=0&order[0][dir]=asc&columns[0][data]=name&search[value]=state:SUCCESS"
    return f"/tasks/datatable?draw=1&start={start}&length=50&{order}"


def main() -> None:
    report = Report(f"pages: {ENVIRONMENTS:,} environments, signed in, {CONNECTIONS} connections")
    with site(ENVIRONMENTS) as one:
        listed = against_bare_views(report, one)
        against_admin(report, one)
        few = steadiness(report, one)
        report.note(f"memory of the web server: {sum(one.memory()):.0f} MB")
    with flower() as port:
        tasks = max(_pressed(port, get(_flower_tasks(0))).rate for _ in range(ROUNDS))
        report.rate_at_least(f"list page, against Flower's {TASKS:,} tasks", (listed, tasks), 10)
    with site(MANY) as one:
        one.page(LIST)
        many = steadiness(report, one)
        report.at_most(f"p50 of a list page, {MANY:,} against {ENVIRONMENTS:,}", (many, few), 1.5)
    report.finish()


if __name__ == "__main__":
    main()

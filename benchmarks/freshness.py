"""From a change in Ona to Redis and to the DOM of an open page: `python -m benchmarks.freshness`.

A whole `manage.py up`, a page open in Chromium, and environments that are renamed at odd moments. `SIZES=10000`
measures only that fleet, `WAYS=0` only without events.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.ratios import ROOT, Report, percentile
from dashboard.config.base import valkey_socket
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.store import Store, connect, namespace
from dashboard.stack import parts
from scripts.chromium import install
from tests.browser.conftest import Stack, sign_in, until
from tests.test_stack import environ

HOT_SECONDS = 5.0
PAGE_SECONDS = 2.0
"""Between two polls of an open page."""
CHANGES = 12
RATE = "200"
"""Requests a second: half of ten thousand environments are up, and with 20 a hot poll outlasts its interval."""
PATIENCE = 60.0


@contextmanager
def running(environments: int, **variables: str) -> Iterator[Stack]:
    """`manage.py up` over this many environments, until the fleet has been read once."""
    with tempfile.TemporaryDirectory(prefix="ona-fresh-") as base:
        folder, port = Path(base) / "var", parts.free_port()
        argv = [sys.executable, "manage.py", "up", "--port", str(port), "--environments", str(environments)]
        with folder.with_name("said").open("wb") as said:
            process = subprocess.Popen(
                argv, cwd=ROOT, env=environ(folder, **variables), stdout=said, stderr=said
            )
        stack = Stack(folder, port, process)
        try:
            until(lambda: "Dashboard: " in stack.said or process.poll() is not None, 120)
            yield stack
        finally:
            process.terminate()
            process.wait(60)


def api(stack: Stack) -> str:
    return str(json.loads((stack.folder / "up.json").read_text(encoding="utf-8"))["api"])


def rename(address: str, identifier: str, name: str) -> None:
    message = {"environmentId": identifier, "metadata": {"name": name}}
    request = urllib.request.Request(  # noqa: S310 - the simulator of this run
        f"{address}/gitpod.v1.EnvironmentService/UpdateEnvironment",
        json.dumps(message).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {parts.SIMULATED_KEY}"},
    )
    urllib.request.urlopen(request).read()  # noqa: S310


def measure(stack: Stack, browser: Browser) -> tuple[list[float], list[float]]:
    """Seconds to Redis and to the DOM of each change."""
    store = Store(
        connect(f"unix://{valkey_socket(stack.folder)}"), namespace(api(stack), parts.SIMULATED_KEY)
    )
    until(lambda: "full:ok" in store.sweeps(), 600)
    rows = [row for _, row in store.rows(Kind.ENVIRONMENT) if isinstance(row, Environment)]
    targets = [row.id for row in rows if row.phase == "running"]
    page = browser.new_page(base_url=stack.url)
    page.goto("/accounts/login/")
    sign_in(page, "viewer", stack.password("viewer"))
    to_redis, to_page = [], []
    for number in range(CHANGES):
        identifier, name = random.choice(targets), f"fresh{number}x{random.randrange(10**9)}"
        page.goto(f"/environments/?q=id:{identifier}")
        time.sleep(random.uniform(1, 1 + HOT_SECONDS))
        redis_took, page_took = once(page, store, api(stack), (identifier, name))
        to_redis.append(redis_took)
        to_page.append(page_took)
    page.close()
    return to_redis, to_page


def once(page: Page, store: Store, address: str, change: tuple[str, str]) -> tuple[float, float]:
    identifier, name = change
    took: list[float] = []
    rename(address, identifier, name)
    began = time.monotonic()

    def look() -> None:
        while time.monotonic() - began < PATIENCE:
            row = store.row(Kind.ENVIRONMENT, identifier)
            if row is not None and row.name == name:  # type: ignore[union-attr]
                took.append(time.monotonic() - began)
                return
            time.sleep(0.02)

    looker = threading.Thread(target=look)
    looker.start()
    page.get_by_text(name).first.wait_for(timeout=PATIENCE * 1000)
    seen = time.monotonic() - began
    looker.join()
    return (took[0] if took else seen), seen


def main() -> None:
    sizes = [int(one) for one in os.environ.get("SIZES", "1000 10000").split()]
    ways = os.environ.get("WAYS", "1 0").split()
    report = Report(f"freshness: {CHANGES} changes each, seconds from the change")
    bound = HOT_SECONDS + PAGE_SECONDS + 1
    with sync_playwright() as playwright:
        sandboxed = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=install(), args=sandboxed)
        for size in sizes:
            for listening in ways:
                with running(size, WATCH_EVENTS=listening, ONA_REQUESTS_PER_SECOND=RATE) as stack:
                    to_redis, to_page = measure(stack, browser)
                how = "events" if listening == "1" else "polls alone"
                for where, took in (("Redis", to_redis), ("the DOM", to_page)):
                    middle, late = percentile(took, 0.5), percentile(took, 0.95)
                    report.note(
                        f"{size} environments, {how}: to {where} p50 {middle:.2f} s, p95 {late:.2f} s"
                    )
                name = f"to the DOM, p95, {size}, {how} / allowed"
                report.at_most(name, (percentile(to_page, 0.95), bound), 1)
        browser.close()
    report.finish()


if __name__ == "__main__":
    main()

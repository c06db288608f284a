"""A long run with everything against it: `python -m benchmarks.soak [--minutes 15] [--environments 10000]`.

A simulator in which a minute passes in a second and every fault strikes now and then, and one process that sweeps
it without a pause, hot and full. After the warm-up its memory must stay flat, and at the end, with the faults off and
time standing still, what Redis holds must be the simulator's world, field by field.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.ratios import ROOT, Report, child
from dashboard.fleet.budget import Budget, Lead
from dashboard.fleet.memory import Memory
from dashboard.fleet.snapshot import Snapshot
from dashboard.fleet.store import Store, connect
from dashboard.fleet.sync import Sync
from dashboard.ona import Ona
from dashboard.stack import parts
from scripts.truth import differences, world_of
from tests.conftest import until

FAULTS = {
    "429": 0.01,
    "500": 0.005,
    "503": 0.01,
    "502": 0.005,
    "reset": 0.005,
    "truncate": 0.005,
    "html": 0.003,
    "unknown-enum": 0.01,
    "loop-token": 0.002,
    "vanish": 0.01,
    "latency": 0.002,
}
GROWTH = 1.15
"""Times its size after the warm-up that memory may have at the end."""
HISTORY = 1
"""Finished executions of a task that are kept: an hour passes in a minute here, and the history is to be full soon."""


class WorldTime:
    """The simulator's time, roughly, until it stands still; from then on ours passes. To a clock that is an hour
    behind the API's everything would seem just made.
    """

    def __init__(self, speed: float) -> None:
        self.speed, self.began = speed, time.time()
        self.origin = self.began

    def __call__(self) -> float:
        return self.origin + (time.time() - self.began) * self.speed

    def freeze(self) -> None:
        self.origin, self.began, self.speed = self(), time.time(), 1.0


def tell(address: str, path: str, document: dict[str, Any] | None) -> None:
    request = urllib.request.Request(  # noqa: S310 - the simulator of this run
        address.removesuffix("/api") + path,
        None if document is None else json.dumps(document).encode(),
        {"Content-Type": "application/json"},
        method="DELETE" if document is None else "POST",
    )
    urllib.request.urlopen(request).read()  # noqa: S310


def resident() -> float:
    """Memory of this process, MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    spec = parts.valkey(folder / "soak.sock", folder)
    process = subprocess.Popen(spec.argv, stdout=subprocess.DEVNULL)
    try:
        until(lambda: spec.ready(""))
        yield f"unix://{folder / 'soak.sock'}"
    finally:
        process.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--environments", type=int, default=10_000)
    parser.add_argument("--speed", type=float, default=60)
    options = parser.parse_args()
    report = Report(
        f"soak: {options.environments} environments, {options.minutes:g} min, speed {options.speed:g}"
    )
    argv = [sys.executable, "manage.py", "simulate", "--port", "0", "--admin"]
    argv += ["--environments", str(options.environments), "--speed", str(options.speed)]
    os.chdir(ROOT)
    clock = WorldTime(options.speed)
    with (
        tempfile.TemporaryDirectory(prefix="ona-soak-") as folder,
        child(*argv, mark="Simulated") as line,
        valkey(Path(folder)) as redis_url,
    ):
        address = line.split()[-1]
        client = connect(redis_url)
        store = Store(client, "soak")
        budget = Budget(client, "soak", 1000.0, Lead.SOON)
        with Ona.open(address, "key", pace=budget, clock=clock) as ona:
            snapshot = Snapshot(store, time.monotonic)
            sync = Sync(ona, store, snapshot, clock, memory=Memory(), kept=HISTORY)
            soak(sync, address, options.minutes, report)
            tell(address, "/simulator/faults", None)
            tell(address, "/simulator/freeze", {})
            clock.freeze()
            settle(ona, sync, store, report)
    report.finish()


def soak(sync: Sync, address: str, minutes: float, report: Report) -> None:
    """Sweep on and on; memory of the last fifth against that of the second."""
    tell(address, "/simulator/faults", FAULTS)
    began, sizes, failed, sweeps = time.monotonic(), list[tuple[float, float]](), 0, 0
    rows: list[int] = []
    while (past := time.monotonic() - began) < 60 * minutes:
        sweep = sync.full() if sweeps % 4 == 0 else sync.hot()
        sweeps += 1
        failed += bool(sweep.error)
        sizes.append((past, resident()))
        rows.append(sum(sweep.counts.values()) if sweep.name == "full" else rows[-1])
        time.sleep(random.uniform(0, 0.5))
    early = [size for past, size in sizes if 0.2 <= past / (60 * minutes) < 0.4]
    late = [size for past, size in sizes if past / (60 * minutes) >= 0.8]
    report.note(
        f"{sweeps} sweeps, of which {failed} failed for the faults; "
        f"{rows[len(rows) // 3]} rows after the warm-up, {rows[-1]} at the end"
    )
    middle = (sorted(late or [resident()])[len(late) // 2], sorted(early or [resident()])[len(early) // 2])
    report.at_most("memory at the end / after the warm-up", middle, GROWTH, "MB")


def settle(ona: Ona, sync: Sync, store: Store, report: Report) -> None:
    """What moves on while it is read differs for a moment; what stays different is drift."""
    drift: set[str] = set()
    for attempt in range(5):
        sweep = sync.full(whole_history=True)
        now = set(differences(store, world_of(ona, HISTORY)))
        drift = now if attempt == 0 else drift & now
        report.note(
            f"full sweep {sweep.seconds:.1f} s {sweep.error}: {len(now)} fields differ, {len(drift)} all along"
        )
        kinds = Counter(" ".join((one.split()[0], one.split(": ")[1].split(" is ")[0])) for one in drift)
        report.note(", ".join(f"{what} {count}" for what, count in sorted(kinds.items())))
        if not drift:
            break
    for one in sorted(drift)[:10]:
        report.note(one)
    report.at_most("fields that differ at the end", (float(len(drift)), 1.0), 0, "")


if __name__ == "__main__":
    main()

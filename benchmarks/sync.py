"""Sync against the official client's own paging, over the same stand-in: `python -m benchmarks.sync`."""

import json
import math
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.ratios import Measured, Report, child, medians, run
from dashboard.stack import parts
from tests.conftest import until
from tests.referee import venv
from tests.referee.conftest import GENERATED

CLIENTS = Path(__file__).with_name("clients")
ENVIRONMENTS = 10_000
REPEATS = 3


@dataclass(frozen=True)
class Bench:
    """Both sides and what they talk to."""

    address: str
    sizes: dict[str, int]
    redis_url: str

    def latency(self, milliseconds: float) -> None:
        order = urllib.request.Request(  # noqa: S310 - the stand-in of this run
            self.address.removesuffix("/api") + "/standin",
            json.dumps({"latency_ms": milliseconds}).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(order).read()  # noqa: S310

    def ours(self, **order: Any) -> Callable[[], Measured]:
        given = {"base_url": self.address, "redis_url": self.redis_url, **order}
        return lambda: run([sys.executable, "-m", "benchmarks.clients.ours"], given)

    def binary(self, kind: str, *, read: bool = False) -> Callable[[], Measured]:
        """gitpod-sdk 1.2.0, the newest. `read`: what the dashboard keeps of each item is read once."""
        order = {"base_url": self.address, "kind": kind, "read": read}
        return lambda: run([venv.python(GENERATED), CLIENTS / "sdk_binary.py"], order)

    def text(self, kind: str) -> Callable[[], Measured]:
        """gitpod-sdk 0.11.0, the last one that speaks JSON by itself."""
        order = {"base_url": self.address, "kind": kind}
        return lambda: run([venv.python(), CLIENTS / "sdk_json.py"], order)


@contextmanager
def bench(environments: int, *binary: str) -> Iterator[Bench]:
    """A stand-in and a Valkey of this run's own."""
    argv = [sys.executable, "-m", "benchmarks.standin", "--environments", str(environments)]
    argv += ["--binary", *binary]
    with tempfile.TemporaryDirectory(prefix="ona-bench-") as folder, child(*argv, mark="address") as line:
        socket = Path(folder) / "valkey.sock"
        spec = parts.valkey(socket, Path(folder))
        with child(*spec.argv, mark="Ready to accept"):
            until(lambda: spec.ready(""))
            said = json.loads(line)
            yield Bench(said["address"], said["sizes"], f"unix://{socket}")


def main() -> None:
    report = Report(f"sync: {ENVIRONMENTS} environments, medians of {REPEATS}")
    with bench(ENVIRONMENTS, "ListEnvironments") as both:
        at_distance(both, report)
        at_hand(both, report)
    with bench(ENVIRONMENTS // 5, "ListServices") as both:
        services(both, report)
    report.finish()


def services(both: Bench, report: Report) -> None:
    """At 150 ms a request, a fifth of the fleet: environments and services in batches, against a chain of services."""
    both.latency(150)
    ours, theirs = medians(1, both.ours(kinds=["environment", "service"], before=1), both.binary("services"))
    report.at_least("services in batches at 150 ms, seconds", (ours["seconds"], theirs["seconds"]), 4)
    pages = math.ceil(both.sizes["services"] / 100) + math.ceil(both.sizes["environments"] / 100)
    report.at_most("requests with services, of the pages there are", (ours["requests"], pages), 1.5, "")


def at_distance(both: Bench, report: Report) -> None:
    """At 50 ms a request, what takes time is waiting: a sweep of what is known already, in windows."""
    both.latency(50)
    ours, theirs = medians(REPEATS, both.ours(kinds=["environment"], before=1), both.binary("environments"))
    report.at_least("a sweep at 50 ms a request, seconds", (ours["seconds"], theirs["seconds"]), 8)
    pages = math.ceil(both.sizes["environments"] / 100)
    report.at_most("requests of a sweep, of the pages there are", (ours["requests"], pages), 1.15, "")


def at_hand(both: Bench, report: Report) -> None:
    """At 0 ms, what takes time is computing."""
    both.latency(0)
    first, changed, binary, values, text = medians(
        REPEATS,
        both.ours(kinds=["environment"]),
        both.ours(kinds=["environment"], before=2, change=0.01),
        both.binary("environments"),
        both.binary("environments", read=True),
        both.text("environments"),
    )
    report.at_most("CPU, first sweep into Redis / 0.11.0 JSON", (first["cpu"], text["cpu"]), 0.3)
    report.at_most("CPU, sweep of 1 % changed / 0.11.0 JSON", (changed["cpu"], text["cpu"]), 0.15)
    report.at_most("CPU, first sweep into Redis / 1.2.0, decoded", (first["cpu"], binary["cpu"]), 3)
    report.at_most("CPU, sweep of 1 % changed / 1.2.0, decoded", (changed["cpu"], binary["cpu"]), 1.5)
    report.at_most("CPU, first sweep into Redis / 1.2.0, read", (first["cpu"], values["cpu"]), 3)
    report.at_most("CPU, sweep of 1 % changed / 1.2.0, read", (changed["cpu"], values["cpu"]), 1.5)
    report.note(f"1.2.0 decodes in {binary['cpu'] / text['cpu']:.3f} of the CPU that 0.11.0 takes")


if __name__ == "__main__":
    main()

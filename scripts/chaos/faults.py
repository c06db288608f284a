"""What is done to the stack: each fault lasts for so many seconds, and is over when its function returns."""

import contextlib
import os
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from scripts.chaos.api import Api
from scripts.chaos.clock import StackClock
from scripts.postgres import Server
from scripts.stack import Stack, until

HOUR = 3600


@dataclass(frozen=True)
class Victim:
    """What there is to be broken. `database` is None with SQLite."""

    stack: Stack
    api: Api
    clock: StackClock
    database: Server | None


Strike = Callable[[Victim, float], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`what` is the part that suffers; nobody breaks one part twice at the same time."""

    name: str
    what: str
    strike: Strike


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault as it happened, in monotonic seconds."""

    fault: Fault
    at: float
    until: float


def _killed(name: str) -> Strike:
    def strike(victim: Victim, _seconds: float) -> None:
        until(lambda: victim.stack.pid(name), f"{name} runs")
        victim.stack.kill(name)

    return strike


def _frozen(name: str) -> Strike:
    def strike(victim: Victim, seconds: float) -> None:
        until(lambda: victim.stack.pid(name), f"{name} runs")
        with contextlib.suppress(ProcessLookupError), victim.stack.frozen(name):
            time.sleep(seconds)

    return strike


def _trouble(rates: Mapping[str, float]) -> Strike:
    def strike(victim: Victim, seconds: float) -> None:
        victim.api.world.faults.update(rates)
        time.sleep(seconds)
        victim.api.world.faults.clear()

    return strike


def _cut(victim: Victim, seconds: float) -> None:
    victim.api.cut()
    time.sleep(seconds)
    victim.api.join()


def _moved(by: int) -> Strike:
    def strike(victim: Victim, seconds: float) -> None:
        victim.clock.move(by)
        time.sleep(seconds)
        victim.clock.move(0)

    return strike


def _locked(victim: Victim, seconds: float) -> None:
    """Somebody else writes, and does not end."""
    path = victim.stack.folder / "var" / "dashboard.sqlite3"
    with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        database.execute("ROLLBACK")


def _database_killed(victim: Victim, seconds: float) -> None:
    assert victim.database is not None  # noqa: S101 - only planned where there is one
    victim.database.kill()
    time.sleep(seconds)
    victim.database.start()


def _database_frozen(victim: Victim, seconds: float) -> None:
    assert victim.database is not None  # noqa: S101
    with victim.database.frozen():
        time.sleep(seconds)


def _disk_full(victim: Victim, seconds: float) -> None:
    """No process of ours can write to a file any more: the kernel refuses as it does where a disk is full."""
    with _limited([victim.stack.pid(name) for name in ("worker", "web", "beat", "watch")]):
        time.sleep(seconds)


@contextmanager
def _limited(groups: list[int]) -> Iterator[None]:
    members = [pid for group in groups if group for pid in _members(group)]
    before = {}
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def _members(group: int) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(process.name)) == group:
                found.append(int(process.name))
    return found


def _everything(victim: Victim, _seconds: float) -> None:
    """SIGKILL of the supervisor, whose guard ends the rest; then the same command again."""
    victim.stack.process.kill()
    victim.stack.process.wait()
    victim.stack.begin()
    until(victim.stack.greeted, "the dashboard answers again")


CHILDREN = ("worker", "beat", "watch", "web", "valkey")
SLOW = {"latency": 1.0}
STORM = {"429": 0.5}
BROKEN = {"500": 0.2, "503": 0.2, "502": 0.1}
CORRUPT = dict.fromkeys(("truncate", "html", "reset", "unknown-enum", "missing-field", "loop-token"), 0.08)
HALTING = {"stall": 0.1}
EVERYTHING = Fault("SIGKILL of everything at once", "everything", _everything)


def faults(*, postgres: bool, movable: bool) -> list[Fault]:
    """All that can be done here."""
    of_database = [
        Fault("SIGKILL of the database", "database", _database_killed),
        Fault("SIGSTOP of the database", "database", _database_frozen),
    ]
    of_clock = [
        Fault("clock one hour ahead, and back", "clock", _moved(HOUR)),
        Fault("clock one hour behind, and back", "clock", _moved(-HOUR)),
    ]
    return [
        *(Fault(f"SIGKILL of {name}", name, _killed(name)) for name in CHILDREN),
        *(Fault(f"SIGSTOP of {name}", name, _frozen(name)) for name in CHILDREN),
        Fault("API cut", "api", _cut),
        Fault("API slow by a second", "api", _trouble(SLOW)),
        Fault("API refuses half of all calls with 429", "api", _trouble(STORM)),
        Fault("API answers with 500, 502 and 503", "api", _trouble(BROKEN)),
        Fault("API corrupts its answers", "api", _trouble(CORRUPT)),
        Fault("API halts within its answers", "api", _trouble(HALTING)),
        *(of_database if postgres else [Fault("database locked by a writer", "database", _locked)]),
        Fault("disk full", "disk", _disk_full),
        *(of_clock if movable else []),
        EVERYTHING,
    ]


def schedule(found: list[Fault], many: int, rng: Random) -> list[list[Fault]]:
    """`many` faults in turns of one or two at once, each of them before any of them comes again."""
    order: list[Fault] = []
    while len(order) < many:
        order += rng.sample(found, len(found))
    turns: list[list[Fault]] = []
    for fault in order[:many]:
        alone = {EVERYTHING.what, fault.what}
        last = turns[-1] if turns else []
        fits = len(last) == 1 and fault is not EVERYTHING and last[0].what not in alone
        if fits and rng.random() < 0.4:
            last.append(fault)
        else:
            turns.append([fault])
    return turns

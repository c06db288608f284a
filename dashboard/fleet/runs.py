"""What past executions tell of a task: how often they succeed, how long they take, whether that changes.

Also who is alike: tasks and services of one reference, in all environments, counted without looking at their rows.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import ceil
from statistics import median
from typing import cast

from dashboard.fleet.entities import Execution, Kind, Service, Task, kind_of
from dashboard.fleet.index import Key
from dashboard.fleet.places import PlaceSet, places_in
from dashboard.fleet.query.indexes import INDEXES, everything, left_out
from dashboard.fleet.snapshot import Fleet

LOOKED_AT = 60
"""Of a task's runs, so many of the newest are judged."""
RECENT = 10
ENOUGH = 5
"""Fewer runs than this have no usual duration."""
MOST_SHARED = 300
SLOWER = 1.25
FLAKY = 2
"""Failures of which each was followed by a success."""
BY_REFERENCE = Key(lambda _, row: row.reference or row.name)
BY_NAME = Key(lambda _, row: row.name)
STANDS = {Kind.SERVICE: INDEXES["phase"], Kind.TASK: INDEXES["last"]}
"""What is counted of those that are alike: a service's phase, that of a task's last run."""


@dataclass(frozen=True, slots=True)
class Record:
    """How a task has done: `ended` runs of which `succeeded` and `failed` so many (the others were stopped), the
    usual durations of those that succeeded in seconds (None of too few), the median of the last runs and of those
    before them, and how often a run failed and the next one passed.
    """

    ended: int = 0
    succeeded: int = 0
    failed: int = 0
    median: float | None = None
    p95: float | None = None
    recent: float | None = None
    before: float | None = None
    turns: int = 0

    @property
    def judged(self) -> int:
        return self.succeeded + self.failed

    @property
    def stopped(self) -> int:
        return max(0, self.ended - self.judged)

    @property
    def rate(self) -> float | None:
        """Successes in percent of the runs that succeeded or failed."""
        return 100 * self.succeeded / self.judged if self.judged else None

    @property
    def slower(self) -> float | None:
        """By how much the last runs take longer than those before, in percent, when that is worth a word."""
        if self.recent is None or not self.before or self.recent < SLOWER * self.before:
            return None
        return 100 * (self.recent / self.before - 1)

    @property
    def flaky(self) -> bool:
        return self.turns >= FLAKY


def record_of(runs: Sequence[Execution]) -> Record:
    """Of one task's executions, newest first."""
    ended = [run for run in runs if not run.live][:LOOKED_AT]
    took = [
        seconds
        for run in ended
        if run.phase == "succeeded" and not run.failed and (seconds := run.duration(0.0)) is not None
    ]
    good = sum(run.phase == "succeeded" and not run.failed for run in ended)
    usual = sorted(took) if len(took) >= ENOUGH else []
    recent, before = took[:RECENT], took[RECENT : 3 * RECENT]
    trend = len(recent) >= ENOUGH and len(before) >= ENOUGH
    return Record(
        ended=len(ended),
        succeeded=good,
        failed=sum(run.failed for run in ended),
        median=median(usual) if usual else None,
        p95=usual[ceil(0.95 * len(usual)) - 1] if usual else None,
        recent=median(recent) if trend else None,
        before=median(before) if trend else None,
        turns=sum(older.failed and newer.phase == "succeeded" for newer, older in pairwise(ended)),
    )


@dataclass(frozen=True, slots=True)
class Usual:
    """The record that says what is usual: of the task's own runs, or of its namesakes' in the project where it has too
    few (`shared`).
    """

    record: Record
    shared: bool = False


def usual_of(fleet: Fleet, task_id: str, name: str, environment_id: str, besides: str = "") -> Usual:
    """What is usual for a task, without the execution `besides`."""
    own = record_of([run for run in fleet.runs_of(task_id) if run.id != besides]) if task_id else Record()
    if own.median is not None:
        return Usual(own)
    environment = fleet.environments.get(environment_id)
    if environment is None or not environment.project_id or not name:
        return Usual(own)
    found = fleet.postings(Kind.EXECUTION, BY_NAME)[name]
    found &= fleet.postings(Kind.EXECUTION, INDEXES["project"])[environment.project_id]
    table = fleet.table(Kind.EXECUTION)
    some = [cast("Execution", table.at(place)) for place in deque(places_in(found), maxlen=MOST_SHARED)]
    some.sort(key=lambda run: run.created or 0.0, reverse=True)
    shared = record_of([run for run in some if run.id != besides])
    return Usual(shared, shared=True) if shared.median is not None else Usual(own)


def last_success(fleet: Fleet, run: Execution) -> Execution | None:
    """The newest other execution of its task that succeeded, before this one if there is one."""
    others = [
        one
        for one in fleet.runs_of(run.task_id)
        if one.id != run.id and one.phase == "succeeded" and not one.failed
    ]
    before = [one for one in others if (one.created or 0.0) <= (run.created or 0.0)]
    return next(iter(before or others), None)


@dataclass(frozen=True, slots=True)
class Alike:
    """The things with one reference, without what lists leave out.

    How many are in each phase, of tasks by that of their last run ("": never run), `here` in the project, or everywhere
    where there is none, and `everywhere`. In how many other environments one is in a phase (`homes`), and in how many
    of those one has failed (`failing`). The others themselves, those that `failed` and the `rest`, those of the project
    first, of both as many as were asked for.
    """

    reference: str
    here: dict[str, int]
    everywhere: dict[str, int]
    homes: int
    failing: int
    failed: tuple[Service | Task, ...]
    rest: tuple[Service | Task, ...]

    @property
    def scattered(self) -> bool:
        """Whether other projects have it too."""
        return self.here != self.everywhere


def alike(fleet: Fleet, row: Service | Task, most: int) -> Alike:
    """`row` itself is counted by phase, and is none of the others."""
    kind, value = kind_of(row), row.reference or row.name
    found = fleet.postings(kind, BY_REFERENCE)[value] & everything(fleet, kind) & ~left_out(fleet, kind)
    phases, table = fleet.postings(kind, STANDS[kind]), fleet.table(kind)
    environment = fleet.environments.get(row.environment_id)
    project = environment.project_id if environment is not None else ""
    own = found & fleet.postings(kind, INDEXES["project"])[project] if project else found
    failed, never = found & phases["failed"], found & phases[""]

    def first(*parts: PlaceSet) -> tuple[Service | Task, ...]:
        rows = (cast("Service | Task", table.at(place)) for part in parts for place in places_in(part))
        return tuple(islice((one for one in rows if one.id != row.id), most))

    def homes(some: PlaceSet) -> int:
        rows = (cast("Service | Task", table.at(place)) for place in places_in(some))
        return len({one.environment_id for one in rows} - {row.environment_id})

    rest = found & ~failed & ~never
    return Alike(
        value,
        here=cast("dict[str, int]", phases.counts(own)),
        everywhere=cast("dict[str, int]", phases.counts(found)),
        homes=homes(found & ~never),
        failing=homes(failed),
        failed=first(failed & own, failed & ~own),
        rest=first(rest & own, rest & ~own, never & own, never & ~own),
    )

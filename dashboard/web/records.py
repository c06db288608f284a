"""What the last runs of tasks tell, in rows of lists: worked out once for each state of a task's runs."""

import time
from functools import lru_cache
from typing import NamedTuple

from dashboard.control.models import Action
from dashboard.fleet.entities import Execution, Kind
from dashboard.fleet.runs import Record, record_of, usual_of
from dashboard.fleet.snapshot import Fleet
from dashboard.web.kept import Kept

STRIP = 8
"""Last runs in a row."""
EDITS_KEPT = 60.0
"""Seconds for which a row believes what it knows of edits."""

SHARED_KEPT = 300.0

_records: Kept[Record] = Kept(4_096)
_shared: Kept[Record] = Kept(1_024)


class Health(NamedTuple):
    """How a task does: phases of its last runs, oldest first, successes of those that were judged, its usual seconds,
    by how much (percent) it has become slower, and whether it fails and then passes unchanged.
    """

    strip: tuple[str, ...] = ()
    succeeded: int = 0
    judged: int = 0
    median: float | None = None
    slower: float | None = None
    flaky: bool = False


def record(fleet: Fleet, task_id: str, runs: list[Execution]) -> Record:
    """Of all runs of this task, newest first."""
    version = max((fleet.version_of(Kind.EXECUTION, run.id) for run in runs), default=0)
    key = (fleet.epoch, task_id, len(runs), version)
    found = _records.get(key)
    if found is None:
        found = record_of(runs)
        _records.put(key, found)
    return found


def health(fleet: Fleet, task_id: str, runs: list[Execution]) -> Health:
    known = record(fleet, task_id, runs)
    return Health(
        tuple("failed" if run.failed else run.phase for run in runs[:STRIP])[::-1],
        known.succeeded,
        known.judged,
        known.median,
        known.slower,
        known.flaky and is_flaky(runs, _edited_about(task_id, int(time.time() // EDITS_KEPT))),
    )


def usual(fleet: Fleet, run: Execution) -> float | None:
    """Median seconds of an execution's task, or of its namesakes in the project; those are known for some time."""
    own = record(fleet, run.task_id, fleet.runs_of(run.task_id)) if run.task_id else Record()
    if own.median is not None:
        return own.median
    key = (fleet.epoch, run.environment_id, run.name, int(time.time() // SHARED_KEPT))
    found = _shared.get(key)
    if found is None:
        found = usual_of(fleet, "", run.name, run.environment_id).record
        _shared.put(key, found)
    return found.median


def is_flaky(runs: list[Execution], edited: float | None) -> bool:
    """Whether it failed and then passed more than once since it was edited from here (epoch seconds)."""
    since = [run for run in runs if edited is None or (run.created or 0.0) >= edited]
    return record_of(since).flaky


def edited(kind: Kind, identifier: str) -> float | None:
    """When a task or service was last edited from here (epoch seconds)."""
    edits = Action.objects.for_target(kind.value, identifier).filter(verb=f"{kind.value}.edit")
    last = edits.values_list("created", flat=True).first()
    return last.timestamp() if last is not None else None


@lru_cache(maxsize=4_096)
def _edited_about(task_id: str, _minute: int) -> float | None:
    return edited(Kind.TASK, task_id)

"""What the last runs of tasks tell, in rows of lists: worked out once for each state of a task's runs."""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dashboard.control import wishes
from dashboard.control.models import Action
from dashboard.fleet.entities import Execution, Kind, Task
from dashboard.fleet.runs import FLAKY, Record, Usual, record_of, usual_of
from dashboard.fleet.snapshot import Fleet
from dashboard.web.kept import Kept

STRIP = 8
"""Last runs in a row."""
EDITS_KEPT = 10.0
"""Seconds for which edits are believed while so much is asked for that nobody counts whether there are new ones."""

SHARED_KEPT = 300.0

_records: Kept[Record] = Kept(4_096)
_shared: Kept[Usual] = Kept(1_024)
_edits: Kept[float] = Kept(4_096)


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
        turns(task_id, runs, known) >= FLAKY,
    )


def usual(fleet: Fleet, task_id: str, name: str, environment_id: str) -> Usual:
    """What is usual for a task, or for its namesakes in the project; those are known for some time."""
    own = record(fleet, task_id, fleet.runs_of(task_id)) if task_id else Record()
    if own.median is not None:
        return Usual(own)
    key = (fleet.epoch, environment_id, name, int(time.time() // SHARED_KEPT))
    found = _shared.get(key)
    if found is None:
        found = usual_of(fleet, "", name, environment_id)
        _shared.put(key, found)
    return found if found.shared else Usual(own)


def turns(task_id: str, runs: Sequence[Execution], known: Record) -> int:
    """How often it failed and then passed, of the runs since it was last edited from here. `known`: of all of them."""
    since = edited(Kind.TASK, task_id) if known.flaky else None
    if since is None:
        return known.turns
    return record_of([run for run in runs if (run.created or 0.0) >= since]).turns


def ask_of_edits(fleet: Fleet, rows: Iterable[Task]) -> None:
    """All at once, before `health` asks of one after the other."""
    edits(Kind.TASK, (row.id for row in rows if record(fleet, row.id, fleet.runs_of(row.id)).flaky))


def edited(kind: Kind, identifier: str) -> float | None:
    """When a task or service was last edited from here (epoch seconds)."""
    return edits(kind, [identifier])[identifier] or None


def edits(kind: Kind, identifiers: Iterable[str]) -> dict[str, float]:
    """The same of many, 0.0 for never. Asked again when anything new was asked for."""
    stamp = wishes.stamp()
    turn = ("at", time.time() // EDITS_KEPT) if stamp is None else ("stamp", stamp)
    known = {key: _edits.get((turn, kind, key)) for key in identifiers}
    if missing := [key for key, at in known.items() if at is None]:
        found = Action.objects.last_asked(f"{kind.value}.edit", missing)
        for key in missing:
            at = found[key].timestamp() if key in found else 0.0
            known[key] = at
            _edits.put((turn, kind, key), at)
    return {key: at or 0.0 for key, at in known.items()}

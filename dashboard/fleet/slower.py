"""Which tasks have become slower than they were: a few of their last runs beside those before, over the whole fleet.

Worked out once a step, in one pass over the executions, of the tasks that ran last: bounded, however large the fleet.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from heapq import nlargest

from dashboard.fleet.entities import Execution
from dashboard.fleet.runs import ENOUGH, LOOKED_AT, Record, record_of
from dashboard.fleet.snapshot import Fleet

STEP = 300.0
SETTLED = 60.0
"""Seconds after which every process has heard of an execution's end."""
SINCE = 7 * 86_400.0
"""A task that has not run for longer says nothing of now."""
MOST_TASKS = 2_000
WORTH = 5.0
"""Seconds: what became slower by less is nothing that anybody waits for."""

_known: tuple[object, Mapping[str, Record]] = (None, {})


def slower_tasks(fleet: Fleet, now: float) -> Mapping[str, Record]:
    """Task id → its record, those that slowed down most first; `now` in epoch seconds."""
    global _known  # noqa: PLW0603  one value, replaced as a whole
    until = math.floor((now - SETTLED) / STEP) * STEP
    key = (fleet.epoch, until)
    known = _known
    if known[0] != key:
        known = (key, _slower(fleet, until))
        _known = known
    return known[1]


def _slower(fleet: Fleet, until: float) -> Mapping[str, Record]:
    by_task: defaultdict[str, list[Execution]] = defaultdict(list)
    for run in fleet.executions.values():
        if run.task_id and run.completed is not None and run.completed < until and run.task_id in fleet.tasks:
            by_task[run.task_id].append(run)
    last = {
        key: newest
        for key, runs in by_task.items()
        if len(runs) >= 2 * ENOUGH and (newest := max(run.completed or 0.0 for run in runs)) >= until - SINCE
    }
    found = {}
    for key in nlargest(MOST_TASKS, last, key=lambda one: last[one]):
        newest_first = nlargest(LOOKED_AT, by_task[key], key=lambda run: run.created or 0.0)
        record = record_of(newest_first)
        if record.slower is not None and (record.recent or 0.0) - (record.before or 0.0) >= WORTH:
            found[key] = record
    return dict(sorted(found.items(), key=lambda one: (-(one[1].slower or 0.0), one[0])))

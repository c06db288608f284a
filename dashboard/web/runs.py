"""What past executions tell, on the pages of executions, tasks and services."""

import math
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.fleet import runs
from dashboard.fleet.entities import Execution
from dashboard.fleet.query.language import quoted
from dashboard.fleet.runs import Record
from dashboard.fleet.spans import spoken_length as length
from dashboard.web import plots, records
from dashboard.web.details import Subject
from dashboard.web.live import Block
from dashboard.web.plots import Axis, Frame, Series
from dashboard.web.templatetags.words import moment_of

STRIP = 24
"""Runs in a strip."""
LEAST = 12
"""In percent, of a bar: also what ended at once is seen."""
TICK = 5.0
"""The bar of an execution that runs grows every so many seconds."""
SECONDS = Axis(_("Duration"), length)


# An execution beside its task's usual


@dataclass(frozen=True, slots=True)
class Pace:
    """How long it took, or takes, beside the usual: seconds, and their places on a bar in percent."""

    seconds: float
    record: Record
    width: float
    median_at: float
    p95_at: float

    @property
    def slow(self) -> bool:
        return self.record.p95 is not None and self.seconds > self.record.p95


def pace_block(subject: Subject) -> Block:
    row: Execution = subject.row
    task = (row.task_id, row.name, row.environment_id)
    usual = records.usual(subject.fleet, *task) if row.live else runs.usual_of(subject.fleet, *task, row.id)
    last = runs.last_success(subject.fleet, row) if row.task_id else None
    context = {
        "row": row,
        "pace": _pace(row, usual.record),
        "shared": usual.shared,
        "last": last,
        "longer": _longer(row, last),
        "more": f"{reverse('executions-list')}?{urlencode({'q': f'task:={quoted(row.name)}'})}",
    }
    state = (row, context["pace"], usual.shared, last)
    return Block("pace", state, "executions/pace.html", context)


def _pace(row: Execution, record: Record) -> Pace | None:
    took = row.duration(math.floor(time.time() / TICK) * TICK)
    if took is None:
        return None
    whole = max(took, record.p95 or 0.0, 0.001) * 1.04
    return Pace(
        took,
        record,
        round(100 * took / whole, 1),
        round(100 * (record.median or 0.0) / whole, 1),
        round(100 * (record.p95 or 0.0) / whole, 1),
    )


def _longer(row: Execution, other: Execution | None) -> str:
    """Beside the last that succeeded: "12 s longer"; "" when that cannot be said."""
    took, usual = row.duration(0.0), other.duration(0.0) if other is not None else None
    if row.live or took is None or usual is None or abs(took - usual) < 1:
        return ""
    words = gettext("{time} longer") if took > usual else gettext("{time} shorter")
    return words.format(time=length(abs(took - usual)))


# A task's record


@dataclass(frozen=True, slots=True)
class Dash:
    """One run in a strip; `height` in percent of the longest."""

    id: str
    phase: str
    words: str
    height: float

    @property
    def top(self) -> float:
        return 100 - self.height


def record_block(subject: Subject) -> Block:
    """The last runs of a task as a strip, its rate, durations and their trend."""
    fleet, task_id = subject.fleet, subject.row.id
    own = fleet.runs_of(task_id)
    record, ended = records.record(fleet, task_id, own), [run for run in own if not run.live]
    turns = records.turns(task_id, own, record)
    context = {
        "row": subject.row,
        "record": record,
        "dashes": _dashes(ended[:STRIP]),
        "turns": turns,
        "flaky": turns >= runs.FLAKY,
        "figure": _durations(ended[: runs.LOOKED_AT]),
    }
    return Block("record", (record, context["dashes"], turns), "tasks/record.html", context)


def _dashes(ended: list[Execution]) -> tuple[Dash, ...]:
    """Oldest first."""
    took = [run.duration(0.0) or 0.0 for run in ended]
    most = max(took, default=0.0) or 1.0
    found = [
        Dash(
            run.id,
            "failed" if run.failed else run.phase,
            length(seconds),
            max(LEAST, round(100 * seconds / most)),
        )
        for run, seconds in zip(ended, took, strict=True)
    ]
    return tuple(found[::-1])


def _durations(ended: list[Execution]) -> SafeString | str:
    """Seconds of each run that succeeded, oldest first; "" of too few."""
    known = [
        (run.created or 0.0, seconds)
        for run in reversed(ended)
        if run.phase == "succeeded" and (seconds := run.duration(0.0)) is not None
    ]
    if len(known) < runs.ENOUGH:
        return ""
    labels = [
        date_format(timezone.localtime(moment), "j M H:i") for at, _ in known if (moment := moment_of(at))
    ]
    if len(labels) < len(known):
        return ""
    frame = Frame("durations", gettext("Durations of the runs that succeeded"))
    return plots.lines(
        frame,
        gettext("Run"),
        labels,
        [Series(gettext("Duration"), tuple(took for _, took in known))],
        SECONDS,
    )

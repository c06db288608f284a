"""What past executions tell, on the pages of executions, tasks and services."""

import math
import time
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.models import Action
from dashboard.fleet import runs
from dashboard.fleet.entities import Execution, Kind, Service, Task, kind_of
from dashboard.fleet.query import PHASE_ORDER
from dashboard.fleet.runs import Record, record_of
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.spans import spoken_length as length
from dashboard.web import plots
from dashboard.web.details import Subject
from dashboard.web.live import Block
from dashboard.web.offers import SECTIONS, address
from dashboard.web.plots import Axis, Frame, Series
from dashboard.web.templatetags.words import moment_of

STRIP = 24
"""Runs in a strip."""
TICK = 5.0
"""The bar of an execution that runs grows every so many seconds."""
OTHERS = 6
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
    usual = runs.usual_of(subject.fleet, row.task_id, row.name, row.environment_id, row.id)
    last = runs.last_success(subject.fleet, row) if row.task_id else None
    context = {
        "row": row,
        "pace": _pace(row, usual.record),
        "shared": usual.shared,
        "last": last,
        "longer": _longer(row, last),
        "more": f"{reverse('executions-list')}?{urlencode({'q': f'task:={_quoted(row.name)}'})}",
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


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


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
    ended = [run for run in subject.fleet.runs_of(subject.row.id) if not run.live]
    record = record_of(ended)
    edited = _edited(subject.row.id) if record.turns else None
    flaky = record.flaky and (edited is None or _turns_since(ended, edited) > 1)
    context = {
        "row": subject.row,
        "record": record,
        "dashes": _dashes(ended[:STRIP]),
        "flaky": flaky,
        "figure": _durations(ended[: runs.LOOKED_AT]),
    }
    return Block("record", (record, context["dashes"], flaky), "tasks/record.html", context)


def _edited(task_id: str) -> float | None:
    """When the task was last edited from here (epoch seconds)."""
    edits = Action.objects.for_target(Kind.TASK.value, task_id).filter(verb="task.edit")
    last = edits.values_list("created", flat=True).first()
    return last.timestamp() if last is not None else None


def _turns_since(ended: list[Execution], moment: float) -> int:
    return record_of([run for run in ended if (run.created or 0.0) >= moment]).turns


def _dashes(ended: list[Execution]) -> tuple[Dash, ...]:
    """Oldest first."""
    took = [run.duration(0.0) or 0.0 for run in ended]
    most = max(took, default=0.0) or 1.0
    found = [
        Dash(
            run.id,
            "failed" if run.failed else run.phase,
            length(seconds),
            max(12.0, round(100 * seconds / most)),
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


# The same elsewhere


@dataclass(frozen=True, slots=True)
class Share:
    """A phase with its number, and where those are listed."""

    phase: str
    count: int
    url: str


def elsewhere_block(subject: Subject) -> Block:
    """Whether what bears the same name fails in other environments too."""
    row: Service | Task = subject.row
    found = runs.alike(subject.fleet, row, OTHERS)
    kind = Kind.SERVICE if isinstance(row, Service) else Kind.EXECUTION
    table = subject.fleet.of(kind)
    others = [
        _other(subject.fleet, cast("Service | Execution", table[key])) for key in found.failed if key in table
    ]
    field = "task" if kind is Kind.EXECUTION else "reference" if row.reference else "name"
    query = f"{field}:={_quoted(found.reference)}"
    context = {
        "row": row,
        "is_service": kind is Kind.SERVICE,
        "reference": found.reference,
        "verdict": _verdict(row, found, kind),
        "here": _shares(found.here, query, kind),
        "everywhere": _shares(found.everywhere, query, kind) if found.everywhere != found.here else (),
        "others": others,
    }
    state = (found, context["verdict"], others)
    return Block("elsewhere", state, "parts/elsewhere.html", context)


def _other(fleet: Fleet, row: Service | Execution) -> tuple[str, str, str]:
    """(address, name of its environment, why it failed)."""
    return (address(kind_of(row), row.id), fleet.environment_name(row.environment_id), row.failure)


def _shares(counts: dict[str, int], query: str, kind: Kind) -> tuple[Share, ...]:
    listing = reverse(f"{SECTIONS[kind]}-list")
    ordered = sorted(counts.items(), key=lambda one: (PHASE_ORDER.get(one[0], len(PHASE_ORDER)), one[0]))
    return tuple(
        Share(phase, count, f"{listing}?{urlencode({'q': f'{query} phase:{phase}'})}")
        for phase, count in ordered
    )


def _verdict(row: Service | Task, found: runs.Alike, kind: Kind) -> str:
    """One sentence: everywhere, only here, or nowhere."""
    if kind is Kind.EXECUTION:
        return ""
    failed = found.everywhere.get("failed", 0)
    own = isinstance(row, Service) and row.failed
    others, total = failed - own, sum(found.everywhere.values()) - 1
    if total < 1:
        return gettext("No other environment has one of this name.")
    if not failed:
        return gettext("It fails nowhere.")
    if own and not others:
        return gettext("It fails only here; {total} other environments have one.").format(total=total)
    if own:
        return gettext("It fails here and in {others} of {total} other environments.").format(
            others=others, total=total
        )
    return gettext("It fails in {others} of {total} other environments.").format(others=others, total=total)

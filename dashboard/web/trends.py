"""How the fleet went: environments by phase over a day and a week, how executions ended, who is busiest.

All of it moves on in steps, so that the polls between find nothing new, and is worked out once a step.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.record import cost, phase_counts
from dashboard.control.record.cost import Bill, State
from dashboard.control.record.phase_counts import PhaseCount
from dashboard.fleet.snapshot import Fleet
from dashboard.web import plots
from dashboard.web.groups import group_names
from dashboard.web.live import Block
from dashboard.web.pages.costs import days_of
from dashboard.web.plots import Axis, Frame, Series
from dashboard.web.templatetags.money import hours

HOUR = 3_600.0
DAY = 24 * HOUR
STEP = 300.0
SETTLED = 60.0
"""Seconds after which every process has heard of an execution's end."""
GROUPS = {
    "Running": ("good", ("running", "updating")),
    "Starting": ("move", ("creating", "starting")),
    "Stopping": ("warn", ("stopping", "deleting")),
}
ENDS = {"Failed": "bad", "Stopped": "rest", "Succeeded": "good"}
BUSIEST = 5
ENVIRONMENTS = Axis(_("Environments"))
EXECUTIONS = Axis(_("Task executions"))
HOURS = Axis(_("Hours"), hours, HOUR)
Counts = Sequence[tuple[float, dict[str, int]]]


class Bins(NamedTuple):
    """So many bars of so many seconds, and how their beginnings read."""

    number: int
    length: float
    words: str


DAILY, WEEKLY = Bins(24, HOUR, "H:i"), Bins(28, 6 * HOUR, "D H:i")


# Environments by phase


def phases_block() -> Block:
    newest = PhaseCount.objects.order_by("-at").values_list("at", flat=True).first()
    until = newest or math.floor(time.time() / HOUR) * HOUR
    day, week = _phases(newest, until, timezone.get_current_timezone_name(), get_language())
    context = {"day": day, "week": week, "url": f"{reverse('environments-list')}?phase=running"}
    return Block("phases", (newest,), "overview/phases.html", context)


@lru_cache(4)
def _phases(
    newest: float | None, until: float, _zone: str, _language: str | None
) -> tuple[SafeString, SafeString]:
    found = phase_counts.since(until - 7 * DAY) if newest is not None else ()
    empty = gettext("Nothing is recorded yet.")
    about = gettext("Averages. Stopped environments are left out; where nobody looked there is no bar.")
    return (
        _bars(Frame("phases-day", gettext("Last 24 hours"), about, empty=empty), found, until, DAILY),
        _bars(Frame("phases-week", gettext("Last 7 days"), about, empty=empty), found, until, WEEKLY),
    )


def _bars(frame: Frame, found: Counts, newest: float, bins: Bins) -> SafeString:
    step, last = bins.length, math.floor(newest / bins.length)
    numbers = range(last - bins.number + 1, last + 1)
    known = {
        number: [counts for _, counts in some if counts]
        for number, some in groupby(found, key=lambda one: math.floor(one[0] / step))
    }
    series = [
        Series(gettext(name), tuple(_average(known.get(number, []), phases) for number in numbers), tone)
        for name, (tone, phases) in GROUPS.items()
    ]
    return plots.bars(
        frame, gettext("From"), [_at(number * step, bins.words) for number in numbers], series, ENVIRONMENTS
    )


def _average(counts: list[dict[str, int]], phases: Sequence[str]) -> float | None:
    if not counts:
        return None
    return round(sum(one.get(phase, 0) for one in counts for phase in phases) / len(counts), 1)


def _at(at: float, words: str) -> str:
    return date_format(timezone.localtime(datetime.fromtimestamp(at, UTC)), words)


# Executions


@dataclass(frozen=True, slots=True)
class Runs:
    """How the executions of the last 24 hours by the clock ended, from the hour that begins at `since` on (name of the
    end → a number for each), and of the last seven days how many did and how many of them failed.
    """

    since: float
    by_hour: dict[str, tuple[int, ...]]
    week: int
    week_failed: int

    @property
    def ended(self) -> int:
        return sum(sum(numbers) for numbers in self.by_hour.values())

    @property
    def failed(self) -> int:
        return sum(self.by_hour["Failed"])


_known: tuple[object, Runs | None] = (None, None)


def runs_of(fleet: Fleet, now: float) -> Runs:
    """Worked out once a step; `now` in epoch seconds."""
    global _known  # noqa: PLW0603  one value, replaced as a whole
    until = math.floor((now - SETTLED) / STEP) * STEP
    key = (fleet.epoch, until)
    if _known[0] != key or _known[1] is None:
        _known = (key, _runs(fleet, until))
    return _known[1] or _runs(fleet, until)


def _runs(fleet: Fleet, until: float) -> Runs:
    counts: dict[str, Counter[int]] = {name: Counter() for name in ENDS}
    since = (math.floor(until / HOUR) - 23) * HOUR
    week = week_failed = 0
    for run in fleet.executions.values():
        if run.live or run.completed is None or not until - 7 * DAY <= run.completed < until:
            continue
        week += 1
        week_failed += run.failed
        if run.completed >= since:
            name = "Failed" if run.failed else "Succeeded" if run.phase == "succeeded" else "Stopped"
            counts[name][math.floor((run.completed - since) / HOUR)] += 1
    by_hour = {name: tuple(found[hour] for hour in range(24)) for name, found in counts.items()}
    return Runs(since, by_hour, week, week_failed)


def runs_block(runs: Runs) -> Block:
    frame = Frame(
        "runs-day",
        gettext("Last 24 hours"),
        gettext("How the executions of each hour ended."),
        empty=gettext("None ended in 24 hours."),
    )
    labels = [_at(runs.since + hour * HOUR, "H:i") for hour in range(24)]
    ended = [
        Series(gettext(name), tuple(map(float, runs.by_hour[name])) if runs.ended else (None,) * 24, tone)
        for name, tone in ENDS.items()
    ]
    context = {
        "runs": runs,
        "figure": plots.bars(frame, gettext("From"), labels, ended, EXECUTIONS),
        "failed_url": f"{reverse('executions-list')}?{urlencode({'q': 'phase:failed age:<1d'})}",
    }
    return Block("runs", (runs,), "overview/runs.html", context)


# Hours and who is busiest


def hours_figure(state: State) -> SafeString:
    """The running hours of each of the last seven days, used and idle."""
    first, last = days_of("7d", timezone.localdate())
    bills = {str(line.key): line.bill.hours for line in cost.lines("day", first, last, state)}
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    known = [bills.get(str(day)) for day in days]
    series = [
        Series(gettext("Idle"), tuple(None if one is None else round(one.idle, -2) for one in known), "warn"),
        Series(
            gettext("Used"),
            tuple(None if one is None else round(one.running - one.idle, -2) for one in known),
            "good",
        ),
    ]
    about, empty = gettext("Running hours, used and idle."), gettext("Nothing is recorded yet.")
    frame = Frame("hours-week", gettext("Hours a day"), about, empty=empty)
    return plots.bars(frame, gettext("Day"), [date_format(day, "D j") for day in days], series, HOURS)


@dataclass(frozen=True, slots=True)
class Busy:
    """One of the busiest; `share` is in percent of the first."""

    name: str
    bill: Bill
    share: float
    url: str


def busiest_block(fleet: Fleet, state: State) -> Block:
    """Projects and classes with the most running hours of the last seven days."""
    lists = []
    for by, title, query in (("project", gettext("Projects"), "project"), ("class", gettext("Classes"), "")):
        lines = cost.lines(by, *days_of("7d", timezone.localdate()), state)
        top = sorted(lines, key=lambda line: -line.bill.hours.running)[:BUSIEST]
        names = group_names(by, [str(line.key) for line in top], fleet)
        most = max((line.bill.hours.running for line in top), default=0.0)
        link = _environments(query)
        busy = tuple(
            Busy(
                names[str(line.key)],
                line.bill,
                round(100 * line.bill.hours.running / most, 1),
                link(str(line.key)),
            )
            for line in top
            if line.bill.hours.running > 0
        )
        if busy:
            lists.append(
                (
                    title,
                    busy,
                    f"{reverse('costs')}?{urlencode({'by': by, 'range': '7d', 'sort': '-running'})}",
                )
            )
    return Block("busiest", tuple(lists), "overview/busiest.html", {"lists": lists})


def _environments(parameter: str) -> Callable[[str], str]:
    """Where the environments of a group are listed; "" where no parameter of the list names it."""
    listing = reverse("environments-list")
    return lambda key: f"{listing}?{urlencode({parameter: key})}" if parameter and key else ""

"""Hours out of spans: how long an environment ran, how long of that nobody used it, and what is not known. Pure.

*Running* is the time in a phase in which the environment is usable. *Idle* is the part of it in which the last sign of
use (a signal, a start, a task execution under way) is longer ago than a limit: with a limit of two hours, an
environment that is left at 10:00 and stopped at 15:00 was idle for three. Time in which nobody looked is never called
idle.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dashboard.fleet.history import Span, What

RUNNING = ("running", "updating")
IDLE_AFTER = 7_200.0
"""Seconds without a sign of use after which a running environment counts as idle."""

Interval = tuple[float, float]


class Hours(NamedTuple):
    """Seconds; `idle` is a part of `running`."""

    running: float = 0.0
    idle: float = 0.0
    unknown: float = 0.0

    def __bool__(self) -> bool:
        return any(self)


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a time zone: 23, 24 or 25 hours, in epoch seconds."""

    date: date
    start: float
    end: float


def day_of(at: float, zone: ZoneInfo) -> Day:
    """The day in which a moment lies."""
    return the_day(datetime.fromtimestamp(at, zone).date(), zone)


def the_day(wanted: date, zone: ZoneInfo) -> Day:
    following = wanted + timedelta(days=1)
    first, last = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (wanted, following))
    return Day(wanted, first.timestamp(), last.timestamp())


def days_between(start: float, end: float, zone: ZoneInfo) -> Iterator[Day]:
    """Every day that has a part of the time from `start` to `end`, oldest first."""
    day = day_of(start, zone)
    while max(start, day.start) < end:
        yield day
        day = the_day(day.date + timedelta(days=1), zone)


def measure(
    spans: Iterable[Span],
    window: Interval,
    *,
    gaps: Iterable[Interval] = (),
    idle_after: float = IDLE_AFTER,
) -> Hours:
    """The hours of one environment within `window` (epoch seconds), which must not reach beyond what can be known of
    it. `spans` may begin and end outside; of those before it, what ended within `idle_after` counts.
    """
    phases: list[Interval] = []
    running: list[Interval] = []
    used: list[Interval] = list(gaps)
    for span in spans:
        if span.what is What.PHASE:
            phases.append((span.start, span.end))
            if span.word in RUNNING:
                running.append((span.start, span.end))
        elif span.what is What.GAP:
            used.append((span.start, span.end))
        else:
            used.append((span.start, span.end + idle_after))
    ran = within(union(running), window)
    known = within(union(phases), window)
    return Hours(total(ran), total(without(ran, union(used))), max(0.0, window[1] - window[0]) - total(known))


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as disjoint intervals in order."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def within(intervals: Iterable[Interval], window: Interval) -> list[Interval]:
    cut = ((max(start, window[0]), min(end, window[1])) for start, end in intervals)
    return [(start, end) for start, end in cut if start < end]


def without(intervals: list[Interval], taken: list[Interval]) -> list[Interval]:
    """What `taken` leaves; both disjoint and in order."""
    left: list[Interval] = []
    for start, end in intervals:
        rest = start
        for from_, to in taken:
            if from_ >= end:
                break
            if from_ > rest:
                left.append((rest, from_))
            rest = max(rest, to)
        if rest < end:
            left.append((rest, end))
    return left


def total(intervals: Iterable[Interval]) -> float:
    return sum(end - start for start, end in intervals)

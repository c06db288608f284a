"""What a sweep that succeeded should still tell a person: items left out, words nobody knows, a clock that is off."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from dashboard.fleet.entities import KIND_OF, Environment, Execution, Kind, Row, Service, Task
from dashboard.fleet.sentences import counted_sentence, counted_template, sentence
from dashboard.fleet.store import Observation
from dashboard.ona.enums import KNOWN

MOST_NOTES = 5
MOST_AHEAD = 60.0
"""Seconds by which a clock may differ before anybody is told."""
PHASES = {
    Kind.ENVIRONMENT: frozenset(KNOWN["EnvironmentPhase"].words),
    Kind.SERVICE: frozenset(KNOWN["ServicePhase"].words),
    Kind.EXECUTION: frozenset(KNOWN["TaskExecutionPhase"].words),
}
UNKNOWN = {
    Kind.ENVIRONMENT: counted_template(
        "{many} environment reads “{phase}”, a phase that this version does not know; it is shown as it came.",
        "{many} environments read “{phase}”, a phase that this version does not know; it is shown as it came.",
    ),
    Kind.SERVICE: counted_template(
        "{many} service reads “{phase}”, a phase that this version does not know; it is shown as it came.",
        "{many} services read “{phase}”, a phase that this version does not know; it is shown as it came.",
    ),
    Kind.EXECUTION: counted_template(
        "{many} execution reads “{phase}”, a phase that this version does not know; it is shown as it came.",
        "{many} executions read “{phase}”, a phase that this version does not know; it is shown as it came.",
    ),
}
MOMENTS: dict[type[Any], Callable[[Any], Iterable[float | None]]] = {
    Environment: attrgetter("created", "started", "signal_at"),
    Service: attrgetter("created", "created"),
    Task: attrgetter("created", "created"),
    Execution: attrgetter("created", "started", "completed"),
}
"""The times that a row tells (two at least: of one, attrgetter makes no tuple)."""


def notes(seen: Sequence[Observation], left_out: Sequence[str]) -> Iterator[str]:
    """A sentence each; of what was left out only the first few."""
    yield from left_out[:MOST_NOTES]
    if len(left_out) > MOST_NOTES:
        yield sentence("The same of {more} more.", more=len(left_out) - MOST_NOTES)
    yield from list(_unknown_words(one.row for one in seen))[:MOST_NOTES]
    ahead = _most_ahead(seen)
    if ahead > MOST_AHEAD:
        minutes = max(1, round(ahead / 60))
        yield sentence(
            "Ona's times are up to {minutes} min ahead of this machine's clock; one of the two is wrong.",
            minutes=minutes,
        )


def _unknown_words(rows: Iterable[Row]) -> Iterator[str]:
    met = Counter((type(row), getattr(row, "phase", "")) for row in rows)
    found = [(KIND_OF[row_type], phase, number) for (row_type, phase), number in met.items() if phase]
    for kind, phase, number in sorted(found):
        if phase in PHASES.get(kind, {phase}):
            continue
        one, more = UNKNOWN[kind]
        yield counted_sentence(one, more, number, many=number, phase=phase[:60])


def _most_ahead(seen: Iterable[Observation]) -> float:
    """By how many seconds the latest of all times lies after the request that told of it; 0.0 when none does."""
    most = 0.0
    for one in seen:
        if (times := MOMENTS.get(type(one.row))) is not None:
            most = max(most, max(filter(None, times(one.row)), default=0.0) - one.asked)
    return most

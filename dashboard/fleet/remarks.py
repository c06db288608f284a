"""What a sweep that succeeded should still tell a person: items left out, words nobody knows, a clock that is off."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dashboard.fleet.entities import Kind, Row, kind_of
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
MOMENTS = ("created", "started", "completed", "signal_at")


def notes(seen: Sequence[Observation], left_out: Sequence[str]) -> Iterator[str]:
    """A sentence each; of what was left out only the first few."""
    yield from left_out[:MOST_NOTES]
    if len(left_out) > MOST_NOTES:
        yield f"The same of {len(left_out) - MOST_NOTES} more."
    yield from list(_unknown_words(one.row for one in seen))[:MOST_NOTES]
    ahead = max((_ahead(one) for one in seen), default=0.0)
    if ahead > MOST_AHEAD:
        minutes = max(1, round(ahead / 60))
        yield f"Ona's times are up to {minutes} min ahead of this machine's clock; one of the two is wrong."


def _unknown_words(rows: Iterable[Row]) -> Iterator[str]:
    found = Counter(
        (kind_of(row), phase)
        for row in rows
        if (phase := getattr(row, "phase", "")) and phase not in PHASES.get(kind_of(row), {phase})
    )
    for (kind, phase), number in sorted(found.items()):
        many = f"1 {kind.value} reads" if number == 1 else f"{number} {kind.value}s read"
        yield f"{many} “{phase[:60]}”, a phase that this version does not know; it is shown as it came."


def _ahead(seen: Observation) -> float:
    moments = (getattr(seen.row, name, None) for name in MOMENTS)
    return max((moment - seen.asked for moment in moments if moment is not None), default=0.0)

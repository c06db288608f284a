"""What a limit would have saved and whom it would have annoyed, counted from the simulator's own log.

Deliberately plain: each environment is followed from one noted moment to the next. It shares no code with the what-if
of the dashboard.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from dashboard.simulator import World, enums
from scripts.fortnight.witness import Seen, periods

SOON = 900.0
GRAIN = 60.0
"""Seconds: decisions that hang on less are counted as close."""


@dataclass
class Tally:
    """Stops that would have been, the seconds they had saved, and after how many somebody was back within a quarter of
    an hour. `close` counts the decisions that hang on less than a minute.
    """

    stops: int = 0
    saved: float = 0.0
    regrets: int = 0
    close: int = 0


class _Part(NamedTuple):
    """A time in which nothing was noted of an environment."""

    begins: float
    ends: float
    runs: bool
    active: float
    work: bool
    exempt: bool = False


def count(
    world: World, log: Iterable[Seen], held: dict[str, list[tuple[float, float]]], limit: float, end: float
) -> Tally:
    """`held` are the exemptions by environment."""
    known: dict[str, list[_Part]] = {}
    for identifier, begins, ends, was in periods(log, end):
        part = _Part(begins, ends, was.phase == enums.RUNNING, was.active_at, bool(was.runs))
        known.setdefault(identifier, []).append(part)
    tally = Tally()
    for identifier, parts in known.items():
        if world.environment_table.rows[identifier].role == enums.DEFAULT_ROLE:
            _follow(_cut(parts, held.get(identifier, [])), limit, tally)
    return tally


def _follow(parts: Iterator[_Part], limit: float, tally: Tally) -> None:
    stopped: float | None = None
    active = back = 0.0
    for part in parts:
        if stopped is not None and (part.active > active or part.work):
            moment = part.active if part.active > active else part.begins
            tally.regrets += moment - stopped <= SOON
            tally.close += abs(moment - stopped - SOON) <= GRAIN
            stopped, back = None, moment
        active = max(active, part.active)
        if not part.runs:
            stopped = None
            continue
        due = max(active, back) + limit
        if stopped is None and not part.work and not part.exempt:
            tally.close += abs(part.ends - due) <= GRAIN
            if max(part.begins, due) < part.ends:
                stopped = max(part.begins, due)
                tally.stops += 1
        if stopped is not None:
            tally.saved += part.ends - max(part.begins, stopped)


def _cut(parts: list[_Part], held: Sequence[tuple[float, float]]) -> Iterator[_Part]:
    """The parts, cut where an exemption begins or ends."""
    for part in parts:
        inside = (at for span in held for at in span if part.begins < at < part.ends)
        for begins, ends in pairwise(sorted({part.begins, part.ends, *inside})):
            exempt = any(since <= begins < until for since, until in held)
            yield part._replace(begins=begins, ends=ends, exempt=exempt)

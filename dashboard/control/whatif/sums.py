"""What many environments' stops come to, for every limit of the curve at once. Pure, and bounded.

Of each limit the sums are kept, the stops that save most, and the regrets that came soonest; of the policy's own limit
also when so many stops would have come together that it had paused itself.
"""

import heapq
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from dashboard.control.whatif.judge import Past, Regret, Rule, Stop, stops
from dashboard.fleet.hours import total, within

MINUTE, HOUR = 60.0, 3_600.0
LIMITS = (
    *(minutes * MINUTE for minutes in (15, 30, 45)),
    *(hours * HOUR for hours in (1, 1.5, 2, 3, 4, 6, 8, 12, 24)),
)
"""Seconds: what the curve is drawn through."""
MOST_LISTED = 150
"""Stops, and as many regrets, that are kept of each limit."""


@dataclass(frozen=True, slots=True)
class About:
    """The environment that a stop is of."""

    id: str
    name: str
    class_id: str


@dataclass(slots=True)
class Sum:
    """What one limit comes to. `seconds` are those saved by class and by part of the time, see `Sums.edges`."""

    limit: float
    stops: int = 0
    environments: int = 0
    saved: float = 0.0
    back: int = 0
    work: int = 0
    seconds: dict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))
    longest: list[tuple[Any, ...]] = field(default_factory=list)
    soonest: list[tuple[Any, ...]] = field(default_factory=list)

    def listed(self) -> list[tuple[About, Stop]]:
        """The stops that save most, most first."""
        return [(one[-2], one[-1]) for one in sorted(self.longest, reverse=True)]

    def regrets(self) -> list[tuple[About, Stop]]:
        """What would have been regretted, soonest first."""
        return [(one[-2], one[-1]) for one in sorted(self.soonest, reverse=True)]


@dataclass(frozen=True, slots=True)
class TooMany:
    """When it would have paused itself: `many` stops at once (or within an hour), and `most` is allowed."""

    at: float
    many: int
    most: int
    within_an_hour: bool


class Sums:
    """Adds up one environment after another. `own` is the policy's limit, which is one of `limits`; `edges` are the
    moments (epoch seconds, in order) at which some price changes.
    """

    def __init__(self, limits: Iterable[float], own: float, edges: Sequence[float], last: float) -> None:
        self.of_limit = [Sum(limit) for limit in sorted({*limits, own})]
        self.environments, self.running = 0, 0.0
        self._own, self._edges, self._last = own, edges, last
        self._moments = array("d")
        self._tie = count()

    def add(self, about: About, past: Past, rule: Rule) -> None:
        """One environment's record, with what holds for it beside the limit."""
        self.environments += 1
        self.running += past.running
        for one in self.of_limit:
            before = one.stops
            for stop in stops(past, one.limit, rule, self._last):
                self._count(one, about, stop)
            if one.stops > before:
                one.environments += 1

    def _count(self, one: Sum, about: About, stop: Stop) -> None:
        one.stops += 1
        one.saved += stop.seconds
        if one.limit == self._own:
            self._moments.append(stop.at)
        for start, end in stop.saved:
            for part in range(bisect_right(self._edges, start), bisect_right(self._edges, end) + 1):
                one.seconds[about.class_id, part] += self._of_part(part, start, end)
        _keep(one.longest, (stop.seconds, -next(self._tie), about, stop))
        if stop.regret is not None:
            one.back += stop.regret is Regret.BACK
            one.work += stop.regret is Regret.WORK
            _keep(one.soonest, (-stop.after, -next(self._tie), about, stop))

    def _of_part(self, part: int, start: float, end: float) -> float:
        begin = self._edges[part - 1] if part else float("-inf")
        over = self._edges[part] if part < len(self._edges) else float("inf")
        return total(within([(start, end)], (begin, over)))

    def too_many(self, most_a_run: int, most_an_hour: int) -> TooMany | None:
        """The first moment at which it would have paused itself, None when there is none. A run is once a minute."""
        moments = sorted(self._moments)
        for place, at in enumerate(moments):
            run = place + 1 - bisect_right(moments, at - MINUTE)
            if run > most_a_run:
                begun = moments[place + 1 - run]
                return TooMany(
                    begun, bisect_right(moments, begun + MINUTE) + run - place - 1, most_a_run, False
                )
            hour = place + 1 - bisect_right(moments, at - HOUR)
            if hour > most_an_hour:
                return TooMany(at, hour, most_an_hour, True)
        return None


def _keep(heap: list[tuple[Any, ...]], one: tuple[Any, ...]) -> None:
    if len(heap) < MOST_LISTED:
        heapq.heappush(heap, one)
    elif one > heap[0]:
        heapq.heapreplace(heap, one)

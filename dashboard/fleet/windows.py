"""Where to cut a list of environments, newest first, into windows that are walked side by side. Pure.

The API has an upper bound (`createdBefore`) and no lower one: a walk ends when it meets what is older than its
window. The list is sorted by id, and ids are made in the order of time; that this holds for the environments
that are known is checked before any cut, so that none of them can hide behind a younger one and seem gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil

from dashboard.fleet.entities import Environment

OVERLAP = 2.0
"""Seconds by which neighbours overlap, and by which the order of ids may differ from that of time."""
PAGE = 100
MOST_WINDOWS = 25
SLACK = 10
"""Items by which a window stays below whole pages, for what is made meanwhile and what overlaps."""
FEWEST_PAGES = 4
"""Fewer than these are walked in one chain: there is nothing to gain."""


@dataclass(frozen=True, slots=True)
class Window:
    """Environments made at `since` or later and before `before` (epoch seconds; None: no bound)."""

    since: float | None = None
    before: float | None = None

    @property
    def created_before(self) -> datetime | None:
        """The bound to ask for, a little later than its own."""
        return None if self.before is None else datetime.fromtimestamp(self.before + OVERLAP, UTC)

    def ends_with(self, created: Iterable[float | None]) -> bool:
        """Whether a page with these creation times reaches beyond the window's end."""
        if self.since is None:
            return False
        bound = self.since - OVERLAP
        return any(moment is not None and moment < bound for moment in created)


WHOLE = (Window(),)


def windows(known: Iterable[Environment], most: int = MOST_WINDOWS, page: int = PAGE) -> Sequence[Window]:
    """At most `most` windows with as many environments each; one window when they cannot be told apart by time."""
    rows = sorted(((row.id, row.created) for row in known if not row.archived), reverse=True)
    times = in_order(rows)
    pages = ceil(len(rows) / page)
    if times is None or pages < FEWEST_PAGES:
        return WHOLE
    step = _size(len(rows), most, page)
    cuts = list(dict.fromkeys(times[place] for place in range(step, len(times), step)))
    return [Window(since=older, before=newer) for newer, older in pairwise([None, *cuts, None])]


def _size(many: int, most: int, page: int) -> int:
    """How many environments a window has: a little less than the fewest whole pages with which `most` windows do."""
    pages = ceil(many / page / most)
    while ceil(many / (pages * page - SLACK)) > most:
        pages += 1
    return pages * page - SLACK


def in_order(rows: Sequence[tuple[str, float | None]]) -> list[float] | None:
    """The creation times in the order of ids; None when one is missing or out of order by more than the overlap."""
    lowest, times = float("inf"), []
    for _, created in rows:
        if created is None or created > lowest + OVERLAP:
            return None
        lowest = min(lowest, created)
        times.append(lowest)
    return times

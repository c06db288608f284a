"""What a sweep has seen so far, and what that says about what is gone."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboard.fleet.entities import Kind, Row, kind_of
from dashboard.fleet.parallel import Chain, walked
from dashboard.fleet.remarks import PHASES
from dashboard.fleet.sentences import sentence
from dashboard.fleet.store import Addressed, Observation
from dashboard.ona import Page, errors

OF_ONE_KIND = (
    errors.PermissionDenied,
    errors.Unimplemented,
    errors.NotFound,
    errors.InvalidRequest,
    errors.ServerError,
    errors.BadAnswer,
)
"""Troubles that say nothing about the next question; others (no answer, a bad key, a rate limit) end the sweep."""


@dataclass
class Tally:
    """Rows as they were seen, what is gone, and what went wrong. `apart` are environments that are not counted,
    `homes` those that are there (None: not all are known); `listed` has the ids that were seen.
    """

    seen: list[Observation] = field(default_factory=list)
    gone: list[Addressed] = field(default_factory=list)
    apart: set[str] = field(default_factory=set)
    homes: set[str] | None = None
    departed: set[str] = field(default_factory=set)
    """Environments that were found gone: what a list still shows of what was in them goes with them."""
    troubles: list[errors.OnaError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    odd: list[Observation] = field(default_factory=list)
    """Of what was met, not written: phases that this version does not know."""
    skipped: int = 0
    twice: int = 0
    """Pages that were read again by the slower reader."""
    landed: int = 0
    changed: int = 0
    listed: dict[Kind, set[str]] = field(default_factory=dict)

    def add(self, page: Page[Any], convert: Callable[[Any], Row]) -> None:
        self.take(page.of(convert))

    def take(self, page: Page[Row]) -> None:
        """The rows of a page, those that are as they were, and what was wrong with its other items."""
        if page.recalled:
            self.meet(Kind.ENVIRONMENT, [trace.row for trace in page.recalled], page.asked_at)
        self.extend([Observation(row, page.asked_at) for row in page.items])
        self.skipped += len(page.skipped)
        self.twice += page.twice
        self.notes += [
            sentence("{item} could not be read: {reason}.", item=item.id or "One item", reason=item.reason)
            for item in page.skipped
        ]

    def extend(self, seen: Iterable[Observation]) -> None:
        for one in seen:
            self.seen.append(one)
            self.listed.setdefault(kind_of(one.row), set()).add(one.row.id)

    def meet(self, kind: Kind, rows: Collection[Row], asked: float) -> None:
        """These were seen and are what the store holds: there is nothing to write."""
        self.listed.setdefault(kind, set()).update([row.id for row in rows])
        known = PHASES.get(kind, frozenset())
        self.odd += [Observation(row, asked) for row in rows if getattr(row, "phase", "") not in known]

    def walk(self, chains: Sequence[Chain], convert: Callable[[Any], Row]) -> None:
        """Add every page of these lists, read side by side; raises the first trouble after adding what came."""
        walk = walked(chains, convert)
        for page in walk.pages:
            self.take(page)
        if walk.trouble is not None:
            raise walk.trouble

    def withhold(self, kind: Kind, identifiers: Collection[str]) -> None:
        """These have been seen and are not to be written."""
        kept = [
            one
            for one in self.seen[self.landed :]
            if one.row.id not in identifiers or kind_of(one.row) != kind
        ]
        self.seen[self.landed :] = kept

    def ids(self, kind: Kind) -> set[str]:
        return self.listed.get(kind, set())

    def missing(self, kind: Kind, known: Iterable[str]) -> None:
        """After a complete scan of a kind: what was known before it and did not turn up is gone."""
        self.gone += [(kind, identifier) for identifier in set(known) - self.ids(kind)]

    def counts(self) -> dict[str, int]:
        """How many of each kind were seen, without those set apart."""
        return {kind.value: len(self.ids(kind) - self.apart) for kind in Kind}

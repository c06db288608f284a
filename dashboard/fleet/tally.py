"""What one sweep has seen so far."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from dashboard.fleet.entities import Kind, Row, kind_of
from dashboard.fleet.store import Addressed, Observation
from dashboard.ona import Page, errors


@dataclass
class Tally:
    """`apart` are environments that are not counted, `left` those that are gone."""

    seen: list[Observation] = field(default_factory=list)
    gone: list[Addressed] = field(default_factory=list)
    apart: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    troubles: list[errors.OnaError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: int = 0
    landed: int = 0
    changed: int = 0

    def add(self, page: Page[Any], convert: Callable[[Any], Row]) -> None:
        self.seen += [Observation(convert(item), page.asked_at) for item in page.items]
        self.skipped += len(page.skipped)
        self.notes += [f"{item.id or 'One item'} could not be read: {item.reason}." for item in page.skipped]

    def ids(self, kind: Kind) -> set[str]:
        return {one.row.id for one in self.seen if kind_of(one.row) == kind}

    def missing(self, kind: Kind, known: Iterable[str]) -> None:
        """After a complete scan of a kind: what was known before it and did not turn up is gone."""
        self.gone += [(kind, identifier) for identifier in set(known) - self.ids(kind)]

    def counts(self) -> dict[str, int]:
        """How many of each kind were seen, without those set apart."""
        return {kind.value: len(self.ids(kind) - self.apart) for kind in Kind}

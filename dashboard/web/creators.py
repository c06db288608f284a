"""A person in a filter: by name where only one has it, which says more in the box than an id."""

from collections import Counter

from dashboard.fleet.entities import Kind, Person, Row
from dashboard.fleet.query.language import quoted
from dashboard.fleet.query.values import fold
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.table import Table


class _Names:
    """How often each name is there, counted once for a table of people."""

    def __init__(self) -> None:
        self._last: tuple[Table[Row] | None, Counter[str]] = (None, Counter())

    def of(self, fleet: Fleet) -> Counter[str]:
        table = fleet.table(Kind.PERSON)
        known, counts = self._last
        if known is not table:
            counts = Counter(fold(row.name) for row in table.values() if isinstance(row, Person))
            self._last = (table, counts)
        return counts


_names = _Names()


def made_by(fleet: Fleet, identifier: str) -> str:
    """What asks a list of environments for those of this person."""
    known = fleet.people.get(identifier)
    alone = known is not None and known.name and _names.of(fleet)[fold(known.name)] == 1
    return f"creator:={quoted(known.name) if known is not None and alone else identifier}"

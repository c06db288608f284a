"""A person in a filter: by name where that means nobody else, which says more in the box than an id."""

from collections import Counter

from dashboard.fleet.entities import Kind, Person, Row
from dashboard.fleet.query.language import quoted
from dashboard.fleet.query.values import fold
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.table import Table


class _Texts:
    """How many people each text means, as name, id or e-mail address, counted once for a table of people."""

    def __init__(self) -> None:
        self._last: tuple[Table[Row] | None, Counter[str]] = (None, Counter())

    def of(self, fleet: Fleet) -> Counter[str]:
        table = fleet.table(Kind.PERSON)
        known, counts = self._last
        if known is not table:
            people = (row for row in table.values() if isinstance(row, Person))
            counts = Counter(text for row in people for text in {*map(fold, (row.name, row.id, row.email))})
            self._last = (table, counts)
        return counts


_texts = _Texts()


def made_by(fleet: Fleet, identifier: str) -> str:
    """What asks a list of environments for those of this person, and if at all possible of nobody else."""
    known, counts = fleet.people.get(identifier), _texts.of(fleet)
    texts = (known.name, identifier, known.email) if known is not None else ()
    alone = (text for text in texts if text and counts[fold(text)] == 1)
    return f"creator:={quoted(next(alone, identifier))}"

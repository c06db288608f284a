"""Which rows of a table have a value. Like the table, what is here never changes: a changed table gets its own."""

from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dashboard.fleet.entities import Kind
from dashboard.fleet.places import PlaceSet, place_set, places_in
from dashboard.fleet.table import Touched

if TYPE_CHECKING:
    from dashboard.fleet.snapshot import Fleet


@dataclass(frozen=True, slots=True)
class Key:
    """What rows are found or sorted by. `of(fleet, row)` may read rows of the kinds in `through` too: an
    environment's name and project, a person's or a project's name, a task's executions.
    """

    of: "Callable[[Fleet, Any], Any]"
    through: frozenset[Kind] = frozenset()


class Postings:
    """Value → the rows that have it. Rare values are kept as lists of places, which are smaller."""

    __slots__ = ("_found", "_size")

    def __init__(self, found: dict[Hashable, "PlaceSet | array[int]"], size: int) -> None:
        self._found, self._size = found, size

    @classmethod
    def build(cls, fleet: "Fleet", kind: Kind, key: Key) -> "Postings":
        table, by_value = fleet.table(kind), dict[Hashable, list[int]]()
        for place, row in table.placed():
            by_value.setdefault(key.of(fleet, row), []).append(place)
        size = table.places
        return cls(
            {value: _packed(place_set(places, size), size) for value, places in by_value.items()}, size
        )

    def __getitem__(self, value: Hashable) -> PlaceSet:
        """The rows with this value, none for one that is not there."""
        found = self._found.get(value, 0)
        return found if isinstance(found, int) else place_set(found, self._size)

    def __iter__(self) -> Iterator[Hashable]:
        """The values that are there."""
        return iter(self._found)

    def counts(self, among: PlaceSet) -> dict[Hashable, int]:
        """How many of the rows `among` have each value; values that none has are left out."""
        if not among:
            return {}
        found = ((value, (self[value] & among).bit_count()) for value in self._found)
        return {value: count for value, count in found if count}

    def changed(
        self, old: "Fleet", new: "Fleet", kind: Kind, key: Key, touched: Iterable[Touched[Any]]
    ) -> "Postings":
        """After rows were `touched` between two fleets."""
        size = new.table(kind).places
        flips: dict[Hashable, list[int]] = {}
        for one in touched:
            was = (key.of(old, one.old),) if one.old is not None else ()
            now = (key.of(new, one.new),) if one.new is not None else ()
            if was != now:
                for value in (*was, *now):
                    flips.setdefault(value, []).append(one.place)
        if not flips and size == self._size:
            return self
        found = dict(self._found)
        for value, places in flips.items():
            flipped = self[value] ^ place_set(places, size)
            if flipped:
                found[value] = _packed(flipped, size)
            else:
                found.pop(value, None)
        return Postings(found, size)


def _packed(chosen: PlaceSet, size: int) -> "PlaceSet | array[int]":
    """The smaller of the two forms: four bytes a place, or a bit for every place there is."""
    return array("I", places_in(chosen)) if chosen.bit_count() * 32 < size else chosen

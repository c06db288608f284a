"""Rows by id that never change: a changed table shares with the old one all that stayed the same.

Each row has a place, a small number that it keeps for as long as it is there: indexes speak of places. Rows
and their versions lie in chunks by place, places in chunks by the id's hash; a change copies the chunks it
touches. So a request can hold a table for as long as it likes, and a change costs what changed.
"""

import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from dashboard.fleet.places import PlaceSet, place_set

CHUNK = 256
"""Rows in a chunk."""
IDS = 150
"""At most so many ids in a chunk on average: a dictionary of up to 170 takes the same room, one more doubles it."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Touched(Generic[R]):
    """A place whose row changed: None where there was none, or is none now."""

    place: int
    old: R | None
    new: R | None


class _Rows(ValuesView[R]):
    """The rows of a table, read chunk by chunk."""

    _mapping: "Table[R]"

    def __iter__(self) -> Iterator[R]:
        for chunk in self._mapping.chunks:
            for row in chunk:
                if row is not None:
                    yield row


_numbers: list[int] = []
_counting = threading.Lock()


def numbered(place: int) -> int:
    """The same number, as the one object of 32 bytes that every table shares."""
    if place >= len(_numbers):
        with _counting:
            _numbers.extend(range(len(_numbers), place + CHUNK))
    return _numbers[place]


Places = dict[str, int]
Edit = tuple[str, R | None, int]
"""(id, row or None when it is gone, version)"""


class Table(Mapping[str, R]):
    """id → row; equal to a dictionary with the same content."""

    __slots__ = ("_free", "_places", "_rows", "_size", "_used", "_versions")

    def __init__(self, rows: Iterable[tuple[int, str, R]] = ()) -> None:
        """A table of (version, id, row)."""
        self._places: tuple[Places, ...] = ({},)
        self._rows: tuple[list[R | None], ...] = ()
        self._versions: tuple[array[int], ...] = ()
        self._free: tuple[int, ...] = ()
        self._size = self._used = 0
        draft = _Draft(self)
        for version, identifier, row in rows:
            draft.put(identifier, row, version)
        self._take(draft)

    @classmethod
    def of(cls, rows: Mapping[str, R], version: int = 0) -> "Table[R]":
        return rows if isinstance(rows, Table) else cls((version, key, row) for key, row in rows.items())

    def _take(self, draft: "_Draft") -> None:
        self._places, self._rows = tuple(draft.places), tuple(draft.rows)
        self._versions, self._free = tuple(draft.versions), tuple(draft.free)
        self._size, self._used = draft.size, draft.used

    # Reading

    def place_of(self, identifier: str) -> int | None:
        places = self._places
        return places[hash(identifier) % len(places)].get(identifier)

    def set_of(self, identifiers: Iterable[str]) -> PlaceSet:
        """Those of the ids that are there."""
        return place_set((at for one in identifiers if (at := self.place_of(one)) is not None), self._used)

    def __getitem__(self, identifier: str) -> R:
        places = self._places
        place = places[hash(identifier) % len(places)][identifier]
        row: Any = self._rows[place // CHUNK][place % CHUNK]
        return row  # type: ignore[no-any-return]

    @overload
    def get(self, identifier: str, /) -> R | None: ...
    @overload
    def get(self, identifier: str, /, default: R) -> R: ...
    @overload
    def get(self, identifier: str, /, default: Any) -> Any: ...
    def get(self, identifier: str, /, default: Any = None) -> Any:
        place = self.place_of(identifier)
        return default if place is None else self._rows[place // CHUNK][place % CHUNK]

    def __contains__(self, identifier: object) -> bool:
        return isinstance(identifier, str) and self.place_of(identifier) is not None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        for chunk in self._places:
            yield from chunk

    def values(self) -> ValuesView[R]:
        return _Rows(self)

    @property
    def chunks(self) -> tuple[list[R | None], ...]:
        """The rows by place; None where a place is free."""
        return self._rows

    def placed(self) -> Iterator[tuple[int, R]]:
        """Every (place, row)."""
        for number, chunk in enumerate(self._rows):
            for place, row in enumerate(chunk, number * CHUNK):
                if row is not None:
                    yield place, row

    def by_id(self) -> list[int]:
        """The places that are taken, in the order of their ids."""
        places = self._places
        return [places[hash(one) % len(places)][one] for one in sorted(self)]

    def at(self, place: int) -> R:
        """The row at a place that is taken."""
        row: Any = self._rows[place // CHUNK][place % CHUNK]
        return row  # type: ignore[no-any-return]

    @property
    def places(self) -> int:
        """All places are below this number."""
        return self._used

    def version_of(self, identifier: str) -> int:
        """The version at which the row last changed, 0 when it is not there."""
        place = self.place_of(identifier)
        return 0 if place is None else self._versions[place // CHUNK][place % CHUNK]

    def versions(self) -> dict[str, int]:
        """id → version, of all."""
        return {identifier: self.version_of(identifier) for identifier in self}

    # Changing

    def changed(self, edits: Iterable[Edit[R]]) -> tuple["Table[R]", list[Touched[R]]]:
        """The table after `edits`, and what they touched, each place once."""
        draft = _Draft(self)
        before: dict[int, R | None] = {}
        for identifier, row, version in edits:
            place = draft.remove(identifier) if row is None else draft.put(identifier, row, version)
            if place is not None and place not in before:
                before[place] = self._at_or_none(place)
        new: Table[R] = Table.__new__(Table)
        new._take(draft)
        return new, [Touched(place, old, new._at_or_none(place)) for place, old in before.items()]

    def _at_or_none(self, place: int) -> R | None:
        return self._rows[place // CHUNK][place % CHUNK] if place < self._used else None


class _Draft:
    """A table being changed: chunks are copied when they are touched first."""

    def __init__(self, table: Table[Any]) -> None:
        self.places: list[Places] = list(table._places)
        self.rows: list[list[Any]] = list(table._rows)
        self.versions: list[array[int]] = list(table._versions)
        self.free = list(table._free)
        self.size, self.used = table._size, table._used
        self._own_places: set[int] = set()
        self._own_rows: set[int] = set()

    def put(self, identifier: str, row: Any, version: int) -> int:
        chunk = self._places_for(identifier)
        place = chunk.get(identifier)
        if place is not None:
            self._set(place, row, version)
            return place
        if self.free:
            place = self.free.pop()
            self._set(place, row, version)
        else:
            place = self._append(row, version)
        chunk[identifier] = place
        self.size += 1
        if self.size > IDS * len(self.places):
            self._spread()
        return place

    def remove(self, identifier: str) -> int | None:
        chunk = self._places_for(identifier)
        place = chunk.pop(identifier, None)
        if place is not None:
            self.size -= 1
            self.free.append(place)
            self._set(place, None, 0)
        return place

    def _places_for(self, identifier: str) -> Places:
        number = hash(identifier) % len(self.places)
        if number not in self._own_places:
            self._own_places.add(number)
            self.places[number] = dict(self.places[number])
        return self.places[number]

    def _append(self, row: Any, version: int) -> int:
        """At a place of its own after all others."""
        place = numbered(self.used)
        self.used += 1
        if place % CHUNK == 0:
            self._own_rows.add(place // CHUNK)
            self.rows.append([])
            self.versions.append(array("Q"))
        number = self._own(place)
        self.rows[number].append(row)
        self.versions[number].append(version)
        return place

    def _own(self, place: int) -> int:
        number = place // CHUNK
        if number not in self._own_rows:
            self._own_rows.add(number)
            self.rows[number] = list(self.rows[number])
            self.versions[number] = self.versions[number][:]
        return number

    def _set(self, place: int, row: Any, version: int) -> None:
        number = self._own(place)
        self.rows[number][place % CHUNK] = row
        self.versions[number][place % CHUNK] = version

    def _spread(self) -> None:
        """A quarter more chunks of ids."""
        count = len(self.places) * 5 // 4 + 1
        spread: list[Places] = [{} for _ in range(count)]
        for chunk in self.places:
            for identifier, place in chunk.items():
                spread[hash(identifier) % count][identifier] = place
        self.places = spread
        self._own_places = set(range(count))

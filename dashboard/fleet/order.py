"""The rows of a table in an order, so that a page is a walk that stops early. A change costs what changed."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dashboard.fleet.entities import Kind
from dashboard.fleet.index import Key
from dashboard.fleet.places import PlaceSet, bits_of, place_set, places_in
from dashboard.fleet.table import Table, Touched

if TYPE_CHECKING:
    from dashboard.fleet.snapshot import Fleet

LONGEST, SHORTEST = 512, 64
"""Places in a chunk: longer ones are split, shorter ones joined to their neighbour."""


class Order:
    """Places sorted by (key, id)."""

    __slots__ = ("_chunks", "_length")

    def __init__(self, chunks: "Iterable[array[int]]") -> None:
        self._chunks = tuple(chunks)
        self._length = sum(len(chunk) for chunk in self._chunks)

    @classmethod
    def build(cls, fleet: "Fleet", kind: Kind, key: Key) -> "Order":
        """By id and then by key, which leaves what is equal as it was: no pair of the two is made for each row."""
        table = fleet.table(kind)
        ranked = table.by_id()
        ranked.sort(key=lambda place: key.of(fleet, table.at(place)))
        places, half = array("I", ranked), LONGEST // 2
        return cls(places[start : start + half] for start in range(0, len(places), half))

    def __len__(self) -> int:
        return self._length

    def walk(self, *, descending: bool = False) -> Iterator[int]:
        if descending:
            for chunk in reversed(self._chunks):
                yield from reversed(chunk)
        else:
            for chunk in self._chunks:
                yield from chunk

    def stretch(self, start: int, end: int) -> list[int]:
        """The places from position `start` to before `end`."""
        found: list[int] = []
        for chunk in self._chunks:
            if start < len(chunk) and end > 0:
                found += chunk[max(0, start) : end]
            start, end = start - len(chunk), end - len(chunk)
            if end <= 0:
                break
        return found

    def up_to(self, mark: "Mark", rank: "Rank", *, with_it: bool) -> int:
        """How many places come before `mark`, which need not be there; and it too, if it is, `with_it`."""
        side = bisect_right if with_it else bisect_left
        number = side(self._chunks, mark, key=lambda chunk: rank(chunk[0])) - 1
        if number < 0:
            return 0
        inside = side(self._chunks[number], mark, key=rank)
        return sum(len(chunk) for chunk in self._chunks[:number]) + inside

    def equal(self, fleet: "Fleet", table: Table[Any], key: Key, value: Any) -> list[int]:
        """The places whose key is `value`, in order."""

        def key_at(place: int) -> Any:
            return key.of(fleet, table.at(place))

        chunks = self._chunks
        first = max(0, bisect_left(chunks, value, key=lambda chunk: key_at(chunk[0])) - 1)
        found: list[int] = []
        for chunk in chunks[first:]:
            start, end = bisect_left(chunk, value, key=key_at), bisect_right(chunk, value, key=key_at)
            found += chunk[start:end]
            if end < len(chunk):
                break
        return found

    def changed(
        self, old: "Fleet", new: "Fleet", kind: Kind, key: Key, touched: Iterable[Touched[Any]]
    ) -> "Order":
        """After rows were `touched` between two fleets."""
        leave: list[tuple[Any, str]] = []
        leaving: set[int] = set()
        enter: list[tuple[Any, str, int]] = []
        for one in touched:
            was = (key.of(old, one.old), one.old.id) if one.old is not None else None
            now = (key.of(new, one.new), one.new.id) if one.new is not None else None
            if was == now:
                continue
            if was is not None:
                leave.append(was)
                leaving.add(one.place)
            if now is not None:
                enter.append((*now, one.place))
        if not leave and not enter:
            return self
        chunks = _without(list(self._chunks), leave, leaving, _ranks(old, kind, key))
        return Order(_even(_with(chunks, sorted(enter), _ranks(new, kind, key))))


Mark = tuple[Any, str]
"""A key and an id: a place in an order, also where no row stands."""
Rank = Callable[[int], Mark]


def _ranks(fleet: "Fleet", kind: Kind, key: Key) -> Rank:
    table = fleet.table(kind)

    def rank(place: int) -> tuple[Any, str]:
        row = table.at(place)
        return key.of(fleet, row), row.id

    return rank


def _chunk_for(chunks: "list[array[int]]", wanted: tuple[Any, str], rank: Rank) -> int:
    return max(0, bisect_right(chunks, wanted, key=lambda chunk: rank(chunk[0])) - 1)


def _without(
    chunks: "list[array[int]]", leave: list[tuple[Any, str]], leaving: set[int], rank: Rank
) -> "list[array[int]]":
    """The chunks without what leaves, found by what it was ranked before."""
    for number in {_chunk_for(chunks, one, rank) for one in leave}:
        chunks[number] = array("I", (place for place in chunks[number] if place not in leaving))
    return [chunk for chunk in chunks if chunk]


def _with(chunks: "list[array[int]]", enter: list[tuple[Any, str, int]], rank: Rank) -> "list[array[int]]":
    """The chunks with what enters at its place."""
    if not chunks:
        return [array("I", (place for _, _, place in enter))] if enter else []
    by_chunk: dict[int, list[tuple[Any, str, int]]] = {}
    for one in enter:
        by_chunk.setdefault(_chunk_for(chunks, one[:2], rank), []).append(one)
    for number, some in by_chunk.items():
        chunk = chunks[number] = chunks[number][:]
        for value, identifier, place in some:
            chunk.insert(bisect_left(chunk, (value, identifier), key=rank), place)
    return chunks


def _even(chunks: "list[array[int]]") -> "Iterator[array[int]]":
    """The chunks, none of them much too long or too short."""
    held: array[int] = array("I")
    for chunk in chunks:
        held = held + chunk if held else chunk
        if len(held) < SHORTEST:
            continue
        if len(held) > LONGEST:
            half = LONGEST // 2
            yield from (held[start : start + half] for start in range(0, len(held), half))
        else:
            yield held
        held = array("I")
    if held:
        yield held


def select(  # noqa: PLR0913 - which rows, in which order, from where to where
    fleet: "Fleet", kind: Kind, key: Key, chosen: PlaceSet, *, start: int, end: int, descending: bool = False
) -> list[Any]:
    """The rows at positions `start` to before `end` among the `chosen`, sorted by `key`.

    A walk through the order that stops early; of few rows, the sorted few.
    """
    table, total = fleet.table(kind), chosen.bit_count()
    end = min(end, total)
    if start >= end:
        return []
    if descending:
        start, end = total - end, total - start
    order = fleet.order(kind, key)
    if total == len(order):
        places = order.stretch(start, end)
    elif total * 16 < min(end, total - start) * len(order) // total:
        rank = _ranks(fleet, kind, key)
        places = sorted(places_in(chosen), key=rank)[start:end]
    else:
        places = _walked(order, bits_of(chosen, table.places), total, start, end)
    rows = [table.at(place) for place in places]
    return rows[::-1] if descending else rows


def past(  # noqa: PLR0913 - which rows, in which order, up to where
    fleet: "Fleet", kind: Kind, key: Key, chosen: PlaceSet, mark: Mark, *, descending: bool
) -> int:
    """How many of the `chosen`, sorted by `key`, come up to and with `mark`: where the rows after it start."""
    table, rank = fleet.table(kind), _ranks(fleet, kind, key)
    order = fleet.order(kind, key)
    before = order.up_to(mark, rank, with_it=not descending)
    some = place_set(order.stretch(0, before), table.places) & chosen
    return chosen.bit_count() - some.bit_count() if descending else some.bit_count()


def _walked(order: Order, bits: bytes, total: int, start: int, end: int) -> list[int]:
    """From whichever end is nearer."""
    backwards = total - start < end
    if backwards:
        start, end = total - end, total - start
    found: list[int] = []
    left = end
    for place in order.walk(descending=backwards):
        if bits[place >> 3] >> (place & 7) & 1:
            found.append(place)
            left -= 1
            if not left:
                break
    found = found[start:]
    return found[::-1] if backwards else found

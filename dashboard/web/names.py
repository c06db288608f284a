"""The names of whole tables, searched for the best.

Of each chunk of a table its names are kept as one text, in which what is looked for is found without looking at every
name; a chunk that stays the same from one moment of the fleet to the next keeps its text. What is worse is looked for
only where there is not enough of what is better.
"""

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from dashboard.fleet.table import CHUNK, Table
from dashboard.web.wanted import BEGINS, EXACT, NEARLY, SCATTERED, Wanted, loosened

ENOUGH = 6
"""Where so many are called as was typed, no slip is looked for and no scattered letters."""
MOST_SLIPS = 2_000
"""Names in which a slip is looked for, at most."""

R = TypeVar("R")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Numbered = Iterator[tuple[int, str]]
"""Lines of a text, each with its number."""


class Hit(NamedTuple):
    """A line of a chunk that is meant."""

    rank: int
    letters: int
    chunk: int
    number: int


def text_of(names: Iterable[str]) -> str:
    """Names as one text: a line of each, with a line break before and after it."""
    return "\n".join(("", *map(loosened, names), ""))


def lines_with(text: str, piece: str) -> Numbered:
    """The lines of a text that have the piece in them, or begin with it where it begins with a line break."""
    number, counted, at = -1, 0, text.find(piece)
    while at >= 0:
        start = text.rfind("\n", 0, at + 1) + 1
        number, counted = number + text.count("\n", counted, start), start
        end = text.index("\n", start)
        yield number, text[start:end]
        at = text.find(piece, end)


def _begun(text: str, wanted: Wanted) -> Iterator[tuple[int, int, int]]:
    for number, line in lines_with(text, f"\n{wanted.loose}"):
        yield EXACT if line == wanted.loose else BEGINS, len(line), number


def _placed(text: str, wanted: Wanted) -> Iterator[tuple[int, int, int]]:
    words = sorted(wanted.words, key=len)
    if not all(word in text for word in words):
        return
    for number, line in lines_with(text, words[-1]):
        if (rank := wanted.placed(line)) is not None:
            yield rank, len(line), number


def _scattered(text: str, wanted: Wanted) -> Iterator[tuple[int, int, int]]:
    number, counted = -1, 0
    for match in wanted.scattered.finditer(text):
        start = match.start() + 1
        number, counted = number + text.count("\n", counted, start), start
        yield SCATTERED, text.index("\n", start) - start, number


def _slipped(texts: list[str], wanted: Wanted) -> Iterator[Hit]:
    may = (
        (chunk, number, line)
        for chunk, text in enumerate(texts)
        for number, line in dict(one for piece in wanted.halves for one in lines_with(text, piece)).items()
    )
    for chunk, number, line in islice(may, MOST_SLIPS):
        if wanted.nearly(line):
            yield Hit(NEARLY, len(line), chunk, number)


def _kinds(texts: list[str], wanted: Wanted, most: int) -> Iterator[tuple[int, Iterable[Hit]]]:
    """What is meant, a kind after the other, each with the number of better ones before which it is not needed."""

    def hits(find: Callable[[str, Wanted], Iterator[tuple[int, int, int]]]) -> Iterator[Hit]:
        for chunk, text in enumerate(texts):
            for rank, letters, number in find(text, wanted):
                yield Hit(rank, letters, chunk, number)

    yield most, hits(_begun)
    yield most, hits(_placed)
    if wanted.forgives:
        yield min(most, ENOUGH), _slipped(texts, wanted)
    if wanted.scatters:
        yield min(most, ENOUGH), hits(_scattered)


def best(texts: list[str], wanted: Wanted, most: int, thing: Callable[[Hit], tuple[str, K]]) -> list[K]:
    """The things that are meant, the best first, the shorter name before the longer, then by the key of `thing`."""
    found = dict[tuple[str, K], tuple[int, int]]()
    for enough, hits in _kinds(texts, wanted, most) if wanted else ():
        if len(found) >= enough:
            break
        for hit in hits:
            key, value = thing(hit), (hit.rank, hit.letters)
            if value < found.get(key, (SCATTERED + 1, 0)):
                found[key] = value
    ranked = heapq.nsmallest(most, ((*value, *key) for key, value in found.items()), key=lambda one: one[:3])
    return [one[3] for one in ranked]


class OfChunks(Generic[T]):
    """What is made of each chunk of a table, made anew where the chunk has changed."""

    def __init__(self, make: Callable[[list[Any]], T]) -> None:
        self._make = make
        self._known: dict[int, tuple[list[Any], T]] = {}

    def of(self, table: Table[Any]) -> list[T]:
        known = dict[int, tuple[list[Any], T]]()
        for number, chunk in enumerate(table.chunks):
            kept = self._known.get(number)
            known[number] = kept if kept and kept[0] is chunk else (chunk, self._make(chunk))
        self._known = known
        return [made for _, made in known.values()]


class Names:
    """The names of the rows of one kind. `called` gives what a row is called; "" for one that is not to be found."""

    def __init__(self, called: Callable[[Any], str]) -> None:
        self._texts = OfChunks(lambda chunk: text_of("" if row is None else called(row) for row in chunk))

    def best(self, table: Table[R], wanted: Wanted, most: int) -> list[R]:
        """The rows that are meant."""

        def thing(hit: Hit) -> tuple[str, int]:
            place = hit.chunk * CHUNK + hit.number
            return getattr(table.at(place), "id", ""), place

        return [table.at(place) for place in best(self._texts.of(table), wanted, most, thing)]


@dataclass(slots=True)
class Namesakes:
    """The rows of one name, and how many of them failed."""

    rows: list[Any] = field(default_factory=list)
    failed: int = 0


class _Shared:
    """Of a chunk: the rows of each name, and the text of what they are called by: a name or a reference."""

    __slots__ = ("named", "names", "text")

    def __init__(self, chunk: list[Any]) -> None:
        self.named = dict[str, Namesakes]()
        called = dict[tuple[str, str], None]()
        for row in chunk:
            if row is None or getattr(row, "platform", False):
                continue
            some = self.named.setdefault(row.name, Namesakes())
            some.rows.append(row)
            some.failed += row.failed
            called[row.name, row.name] = called[getattr(row, "reference", ""), row.name] = None
        self.names = [name for _, name in called]
        self.text = text_of(one for one, _ in called)


class SharedNames:
    """The names of the rows of one kind, without those of the platform itself; many rows may have the same one."""

    def __init__(self) -> None:
        self._chunks = OfChunks(_Shared)

    def best(self, table: Table[Any], wanted: Wanted, most: int) -> list[str]:
        """The names that are meant, by themselves or by the reference of who bears them."""
        chunks = self._chunks.of(table)

        def thing(hit: Hit) -> tuple[str, str]:
            name = chunks[hit.chunk].names[hit.number]
            return name, name

        return best([one.text for one in chunks], wanted, most, thing)

    def namesakes(self, table: Table[Any], name: str) -> Namesakes:
        """All rows of that name."""
        found = Namesakes()
        for chunk in self._chunks.of(table):
            if some := chunk.named.get(name):
                found.rows += some.rows
                found.failed += some.failed
        return found

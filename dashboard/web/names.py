"""Names that are searched: how well one is what somebody means, and the best of a whole table.

The names of a table are kept as one text for each of its chunks, which most of the time says at once that nothing in
it is meant. A chunk that stays the same from one moment of the fleet to the next keeps its text.
"""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from dashboard.fleet.query.values import fold
from dashboard.fleet.table import CHUNK, Table

BETWEEN = str.maketrans("-_\n", "   ")
"""What stands between words: `web-server` finds “Web server”."""
NEARLY, SCATTERED = 5, 6
"""The last two ranks."""
SHORTEST_SLIP, LONGEST_SLIP = 4, 32
"""Letters of a text that may have one wrong; in a longer one it is not looked for."""
MOST_SLIPS = 2_000
"""Names in which a slip is looked for, at most."""

Ranked = tuple[int, int, int]
"""Rank, letters of the name, place in the table."""
R = TypeVar("R")
T = TypeVar("T")


class Wanted:
    """What is looked for, and how well a name is that: 0 the best, None not at all."""

    def __init__(self, text: str) -> None:
        """`text` as `fold` gives it."""
        self.text = text
        self.loose = text.translate(BETWEEN)
        self.words = self.loose.split()

    def __bool__(self) -> bool:
        return bool(self.text)

    def begins(self, name: str) -> bool:
        """Enough of its first letters to mean it."""
        return len(self.text) > 2 and fold(name).startswith(self.text)

    def rank(self, name: str) -> int | None:
        """The whole, its beginning, that of a word in it, somewhere in it, all words, its letters in their order."""
        line = loosened(name)
        found = self.placed(line)
        return SCATTERED if found is None and self.scattered(line) else found

    def placed(self, line: str) -> int | None:
        """As `rank`, without what is scattered; `line` is a name as it is compared."""
        if self.loose in line:
            if line == self.loose:
                return 0
            place = line.index(self.loose)
            return 1 if place == 0 else 3 if line[place - 1].isalnum() else 2
        return 4 if len(self.words) > 1 and all(word in line for word in self.words) else None

    def may_be_placed(self, lines: str) -> bool:
        """Whether one of the lines may have such a rank."""
        words = self.words
        return all(word in lines for word in words) if len(words) > 1 else self.loose in lines

    def scattered(self, line: str) -> bool:
        return len(self.text) > 2 and bool(self._scattered.match(line))

    @cached_property
    def _scattered(self) -> re.Pattern[str]:
        letters = map(re.escape, self.loose.replace(" ", ""))
        return re.compile("".join(f"[^{one}]*+{one}" for one in letters))

    def nearly(self, line: str) -> bool:
        """With one letter too many, too few or another, or two that changed places."""
        return self._slip is not None and bool(self._slip.search(line))

    def may_be_nearly(self, line: str) -> bool:
        """A slip leaves one half as it is, unless it is right between them. `line` may be many lines."""
        first, second, swapped = self._halves
        return first in line or second in line or swapped in line

    @cached_property
    def _halves(self) -> tuple[str, str, str]:
        text, half = self.loose, len(self.loose) // 2
        swapped = text[: half - 1] + text[half] + text[half - 1] + text[half + 1 :]
        return text[:half], text[half:], swapped

    @cached_property
    def _slip(self) -> re.Pattern[str] | None:
        text = self.loose
        if not SHORTEST_SLIP <= len(text) <= LONGEST_SLIP:
            return None
        ways = list[str]()
        for place in range(len(text)):
            before, one, after = text[:place], text[place], text[place + 1 :]
            ways.append(f"{re.escape(before)}.?{re.escape(after)}")
            ways.append(f"{re.escape(before)}.{re.escape(one + after)}")
            if after:
                ways.append(re.escape(before + after[0] + one + after[1:]))
        return re.compile("|".join(ways))

    @property
    def forgives(self) -> bool:
        """Whether it is long enough for a slip, and short enough."""
        return self._slip is not None


def loosened(name: str) -> str:
    """A name as it is compared: one line."""
    return fold(name).translate(BETWEEN)


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
        def lines(chunk: list[Any]) -> str:
            return "\n".join(loosened(called(row)) if row is not None else "" for row in chunk)

        self._texts = OfChunks(lines)

    def best(self, table: Table[R], wanted: Wanted, most: int) -> list[R]:
        """The rows that are meant, the best first, the shorter name before the longer."""
        texts = self._texts.of(table)
        found = list(self._ranked(texts, wanted.placed, wanted.may_be_placed))
        if len(found) < most and wanted.forgives:
            found += _others(found, self._slips(texts, wanted))
        if len(found) < most and len(wanted.text) > 2:
            loose = self._ranked(texts, lambda line: SCATTERED if wanted.scattered(line) else None)
            found += _others(found, loose)
        rows = ((rank, length, table.at(place)) for rank, length, place in found)
        best = heapq.nsmallest(most, rows, key=lambda one: (one[0], one[1], getattr(one[2], "id", "")))
        return [row for _, _, row in best]

    @staticmethod
    def _ranked(
        texts: Iterable[str],
        rank: Callable[[str], int | None],
        may: Callable[[str], bool] = lambda _: True,
    ) -> Iterator[Ranked]:
        """The lines that have a rank, in the chunks that `may` have one."""
        for number, text in enumerate(texts):
            if not may(text):
                continue
            for place, line in enumerate(text.split("\n"), number * CHUNK):
                if line and (found := rank(line)) is not None:
                    yield found, len(line), place

    def _slips(self, texts: list[str], wanted: Wanted) -> list[Ranked]:
        tried = 0

        def rank(line: str) -> int | None:
            nonlocal tried
            if tried >= MOST_SLIPS or not wanted.may_be_nearly(line):
                return None
            tried += 1
            return NEARLY if wanted.nearly(line) else None

        return list(self._ranked(texts, rank, wanted.may_be_nearly))


def _others(found: list[Ranked], more: Iterable[Ranked]) -> list[Ranked]:
    taken = {place for _, _, place in found}
    return [one for one in more if one[2] not in taken]


def best_of(named: Iterable[tuple[str, R]], wanted: Wanted, most: int) -> list[R]:
    """The best of a few (name, thing), ranked as `Names` does."""
    ranked = list[tuple[int, int, int, R]]()
    for place, (name, thing) in enumerate(named):
        line = loosened(name)
        rank = wanted.rank(line)
        if rank in {None, SCATTERED} and wanted.forgives and wanted.nearly(line):
            rank = NEARLY
        if rank is not None:
            ranked.append((rank, len(line), place, thing))
    return [thing for *_, thing in heapq.nsmallest(most, ranked, key=lambda one: one[:3])]


@dataclass(slots=True)
class Namesakes:
    """The rows of one name: how many, how many of them failed, and the first of them."""

    first: Any
    count: int = 0
    failed: int = 0


@dataclass(slots=True)
class Shared:
    """Names that rows share: name → its rows, and what each is called by: its name, or its reference."""

    named: dict[str, Namesakes] = field(default_factory=dict)
    called: dict[tuple[str, str], None] = field(default_factory=dict)


def _shared(chunk: list[Any]) -> Shared:
    made = Shared()
    for row in chunk:
        if row is None or getattr(row, "platform", False):
            continue
        known = made.named.setdefault(row.name, Namesakes(row))
        known.count += 1
        known.failed += row.failed
        for one in (row.name, getattr(row, "reference", "")):
            if one:
                made.called[one, row.name] = None
    return made


class SharedNames:
    """Of the rows of one kind, without those of the platform itself."""

    def __init__(self) -> None:
        self._chunks = OfChunks(_shared)
        self._last: tuple[Table[Any] | None, Shared] = (None, Shared())

    def of(self, table: Table[Any]) -> Shared:
        known, shared = self._last
        if known is table:
            return shared
        whole = Shared()
        for part in self._chunks.of(table):
            for name, some in part.named.items():
                all_of_them = whole.named.setdefault(name, Namesakes(some.first))
                all_of_them.count += some.count
                all_of_them.failed += some.failed
            whole.called |= part.called
        self._last = (table, whole)
        return whole

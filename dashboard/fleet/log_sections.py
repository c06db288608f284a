"""The sections of a log: where each begins and ends, what the log calls it, and how long it took.

They outlast their lines: a long log loses its beginning, and what its first sections took stays known. All of them
are read by every poll of a log, hence few and small: a section takes some 100 bytes, whatever it is called.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from dashboard.ona.words import LONGEST_SECTION

MOST_SECTIONS = 1_000
"""Of a log that has more, some that ended are forgotten: the innermost (steps are outside), and of those the oldest."""


@dataclass(frozen=True, slots=True)
class Section:
    """`number` is that of its beginning among the entries, `within` that of the section around it (0: none), `closed`
    that of its end (0: it has not ended); `source` is what the log calls it, it and its title as `named` has them;
    `seconds` is 0.0 where the log does not say.
    """

    number: int
    within: int = 0
    source: str = ""
    title: str = ""
    closed: int = 0
    seconds: float = 0.0

    @property
    def took(self) -> float | None:
        """Seconds, None where that is not known."""
        return self.seconds if self.closed and 0 < self.seconds <= LONGEST_SECTION else None


def named(text: str) -> str:
    """A digest, which is as long for every name: names of sections are only compared. "" of none."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest() if text else ""


class Sections:
    """Those of one log, as its writer keeps them."""

    def __init__(self, known: Iterable[Section] = ()) -> None:
        """`known`: in the order in which they began."""
        self._known: dict[int, Section] = {}
        self._depths: dict[int, int] = {}
        self._changed: set[int] = set()
        for section in known:
            self._add(section)

    def __len__(self) -> int:
        return len(self._known)

    def clear(self) -> None:
        self._known.clear()
        self._depths.clear()
        self._changed.clear()

    def begin(self, section: Section) -> None:
        if section.number not in self._known:
            self._add(section)
            self._changed.add(section.number)

    def end(self, number: int, closed: int, seconds: float) -> None:
        known = self._known.get(number)
        if known is not None and not known.closed:
            self._known[number] = replace(known, closed=closed, seconds=seconds)
            self._changed.add(number)

    def _add(self, section: Section) -> None:
        self._known[section.number] = section
        self._depths[section.number] = self._depths.get(section.within, 0) + 1 if section.within else 0

    def changes(self) -> tuple[dict[int, bytes], list[int]]:
        """What has come or changed since the last time, by number, and the numbers of those that are forgotten."""
        gone = self._too_many()
        for number in gone:
            del self._known[number], self._depths[number]
        found = {number: written(self._known[number]) for number in self._changed if number in self._known}
        self._changed.clear()
        return found, gone

    def _too_many(self) -> list[int]:
        beyond = len(self._known) - MOST_SECTIONS
        if beyond <= 0:
            return []
        ranked = sorted(
            self._known.values(), key=lambda one: (not one.closed, -self._depths[one.number], one.number)
        )
        return [one.number for one in ranked[:beyond]]


def written(section: Section) -> bytes:
    facts = [section.within, section.source, section.title, section.closed, section.seconds]
    return json.dumps(facts, separators=(",", ":")).encode()


def read(stored: Mapping[bytes, bytes]) -> list[Section]:
    """In the order in which they began; what another version wrote in another way is left out."""
    found = []
    for number, text in stored.items():
        facts: Any = json.loads(text)
        if isinstance(facts, list) and len(facts) == len(Section.__slots__) - 1:
            found.append(Section(int(number), *facts))
    return sorted(found, key=lambda one: one.number)

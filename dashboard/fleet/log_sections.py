"""The sections of a log: where each begins and ends, what the log calls it, how it ended, and after how long.

They outlast their lines: a long log loses its beginning, and what its first sections took stays known.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

MOST_SECTIONS = 1_000
"""Of a log that has more, those that ended first are forgotten."""


@dataclass(frozen=True, slots=True)
class Section:
    """`number` is that of its beginning among the entries, `within` that of the section around it (0: none), `closed`
    that of its end (0: it has not ended); `seconds` is 0.0 where the log does not say.
    """

    number: int
    within: int = 0
    source: str = ""
    title: str = ""
    closed: int = 0
    outcome: str = ""
    seconds: float = 0.0

    @property
    def took(self) -> float | None:
        return self.seconds if self.closed and self.seconds > 0 else None


class Sections:
    """Those of one log, as its writer keeps them."""

    def __init__(self, known: Iterable[Section] = ()) -> None:
        self._known = {one.number: one for one in known}
        self._changed: set[int] = set()

    def clear(self) -> None:
        self._known.clear()
        self._changed.clear()

    def begin(self, section: Section) -> None:
        if section.number not in self._known:
            self._put(section)

    def end(self, number: int, closed: int, outcome: str, seconds: float) -> None:
        known = self._known.get(number)
        if known is not None and not known.closed:
            self._put(replace(known, closed=closed, outcome=outcome, seconds=seconds))

    def _put(self, section: Section) -> None:
        self._known[section.number] = section
        self._changed.add(section.number)

    def changes(self) -> tuple[dict[int, bytes], list[int]]:
        """What has come or changed since the last time, by number, and the numbers of those that are forgotten."""
        gone = []
        while len(self._known) > MOST_SECTIONS:
            first = next((one.number for one in self._known.values() if one.closed), next(iter(self._known)))
            del self._known[first]
            gone.append(first)
        found = {number: written(self._known[number]) for number in self._changed if number in self._known}
        self._changed.clear()
        return found, gone


def written(section: Section) -> bytes:
    facts = [
        section.within,
        section.source,
        section.title,
        section.closed,
        section.outcome,
        section.seconds,
    ]
    return json.dumps(facts).encode()


def read(stored: Mapping[bytes, bytes]) -> list[Section]:
    """In the order in which they began; what another version wrote in another way is left out."""
    found = []
    for number, text in stored.items():
        facts: Any = json.loads(text)
        if isinstance(facts, list) and len(facts) == len(Section.__slots__) - 1:
            found.append(Section(int(number), *facts))
    return sorted(found, key=lambda one: one.number)

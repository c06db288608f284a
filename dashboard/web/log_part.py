"""Which lines of an execution's log are whose: its sections beside the steps of its plan.

A log calls its sections by the ids of steps, or gives them their labels as titles; one that does neither is not told
apart, and is shown whole.
"""

import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from dashboard.fleet.details import Step
from dashboard.fleet.log_entries import CLOSE, GAP, OPEN, Entry
from dashboard.fleet.log_sections import Section, named


class Apart:
    """The sections of a log by the step they belong to."""

    def __init__(self, steps: Sequence[Step], sections: Sequence[Section]) -> None:
        self.sections = sections
        self.own: dict[str, list[Section]] = {}
        ids, labels = {named(step.id): step.id for step in steps}, Counter(step.label for step in steps)
        titles = {named(step.label): step.id for step in steps if step.label and labels[step.label] == 1}
        by_id = any(section.source in ids for section in sections)
        for section in sections:
            step = ids.get(section.source) if by_id else titles.get(section.title)
            if step is not None:
                self.own.setdefault(step, []).append(section)

    def took(self, step: str) -> float | None:
        """Seconds, None where the log does not say."""
        told = [section.took for section in self.own.get(step, ()) if section.took is not None]
        return sum(told) if told else None

    def cut(self, step: str) -> "Cut":
        if not self.own:
            return Cut(step=step)
        own = self.own.get(step, [])
        inside = {section.number for section in own}
        roots = frozenset(inside)
        for section in self.sections:  # what is inside another begins after it
            if section.within in inside:
                inside.add(section.number)
        spans = tuple((section.number, section.closed) for section in own)
        return Cut(step=step, whole=False, spans=spans, roots=roots, inside=inside)


@dataclass(slots=True)
class Cut:
    """What of a log is shown: what is `inside` the sections `roots`, which begin and end (0: not yet) at the entries
    `spans`; `whole`: all of it, for want of a `step` or of sections that say which lines are whose.
    """

    step: str = ""
    whole: bool = True
    roots: frozenset[int] = frozenset()
    inside: set[int] = field(default_factory=set)
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def first(self) -> int:
        """The number of the entry that it begins at."""
        return self.spans[0][0] if self.spans else 0

    @property
    def last(self) -> int:
        """The number of the entry that it ends at, 0: it goes on."""
        ends = [closed for _, closed in self.spans]
        return max(ends) if ends and all(ends) else 0

    def dropped(self, kept_from: int) -> int:
        """How many of its entries had to make room, where the first that is still there has the number `kept_from`."""
        count = reached = 0
        for number, closed in self.spans:
            if number >= reached:
                reached = min(closed or kept_from, kept_from)
                count += max(0, reached - number - 1)
        return count

    @property
    def digest(self) -> str:
        """What a page has that polls; where it changes, that page begins anew. "" of a whole log."""
        said = repr((self.step, self.whole, sorted(self.roots)))
        return blake2b(said.encode(), digest_size=3).hexdigest() if self.step else ""

    def take(self, entries: Sequence[Entry]) -> list[Entry]:
        """What of `entries`, in their order, is shown. A section that begins inside is inside from then on, also one
        that nobody knows of any more.
        """
        return [entry for entry in entries if self._has(entry)]

    def _has(self, entry: Entry) -> bool:
        inside = entry.section in self.inside
        if inside and entry.kind == OPEN:
            self.inside.add(entry.number)
            return True
        bound = entry.kind == CLOSE and entry.section in self.roots
        return self.whole or (inside and not bound) or (entry.kind == GAP and bool(self.roots))


def latest(after: Callable[[int], list[Entry]], cut: Cut, until: int, most: int) -> tuple[list[Entry], int]:
    """The last entries of a part, oldest first, up to the number `until`, and how many come before them. `after` gives
    some of those that follow a number.
    """
    found: deque[Entry] = deque(maxlen=most)
    number, count = cut.first - 1, 0
    until = min(until, cut.last or until)
    while cut.roots and number < until and (page := after(number)):
        number = page[-1].number
        mine = cut.take([entry for entry in page if entry.number <= until])
        count += len(mine)
        found.extend(mine)
    return list(found), count - len(found)


def seen(text: str) -> tuple[str, int, str]:
    """(epoch, number, digest) of a poller; what cannot be read is as if nothing had been seen."""
    found = re.fullmatch(r"([0-9a-f]{0,16})\.(\d{1,12})\.([0-9a-f]{0,16})", text[:60], re.ASCII)
    return (found[1], int(found[2]), found[3]) if found else ("-", 0, "")

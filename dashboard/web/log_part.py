"""Which lines of an execution's log are whose: its sections beside the steps of its plan.

A log calls its sections by the ids of steps, or gives them their labels as titles; one that does neither is not told
apart, and is shown whole.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from dashboard.fleet.details import Step
from dashboard.fleet.log_sections import Section
from dashboard.fleet.log_store import GAP, OPEN, Entry


class Apart:
    """The sections of a log by the step they belong to."""

    def __init__(self, steps: Sequence[Step], sections: Sequence[Section]) -> None:
        self.sections = sections
        self.own: dict[str, list[Section]] = {}
        ids, labels = {step.id for step in steps}, Counter(step.label for step in steps)
        by_label = {step.label: step.id for step in steps if step.label and labels[step.label] == 1}
        by_id = any(section.source in ids for section in sections)
        for section in sections:
            key = section.source if by_id else by_label.get(section.title, "")
            if key in ids:
                self.own.setdefault(key, []).append(section)

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
        ended = own and all(section.closed for section in own)
        return Cut(
            step=step,
            whole=False,
            roots=roots,
            inside=inside,
            first=min(roots, default=0),
            last=max(section.closed for section in own) if ended else 0,
        )


@dataclass(slots=True)
class Cut:
    """What of a log is shown: the sections `roots` with all that is `inside` them, between the entries `first` and
    `last` (0: to its end); `whole`: all of it, for want of a `step` or of sections that say which lines are whose.
    """

    step: str = ""
    whole: bool = True
    roots: frozenset[int] = frozenset()
    inside: set[int] = field(default_factory=set)
    first: int = 0
    last: int = 0

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
        return self.whole or inside or entry.number in self.inside or (entry.kind == GAP and bool(self.roots))


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

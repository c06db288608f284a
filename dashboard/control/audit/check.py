"""Whether the audit is as it was written: every seal, every number, and the anchors that are kept elsewhere.

An anchor is the number and the seal of the newest entry at some moment. The worker writes one into its log every hour,
and into Redis; whoever shortens the chain at its end would have to change those too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hmac import compare_digest

from dashboard.control.audit.log import BEGINNING, mark, seal
from dashboard.control.audit.models import AuditEntry

ANCHOR = re.compile(r"audit anchor (\d{1,18}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Found:
    """What a check came to: `broken` is the first place where the chain does not hold, in words; "" when it does."""

    entries: int
    newest: int
    digest: str
    broken: str = ""


def anchors_in(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """(number, seal) of every anchor in a log."""
    for line in lines:
        if found := ANCHOR.search(line):
            yield int(found[1]), found[2]


def check(keys: Iterable[bytes], anchors: Iterable[tuple[int, str]] = ()) -> Found:
    """Goes through all entries once, from the oldest on."""
    known, awaited = {mark(key): key for key in keys}, sorted(set(anchors))
    before, number, count, first = BEGINNING, 0, 0, 0
    checkpoints: dict[int, str] = {}
    for entry in AuditEntry.objects.as_chained().iterator(chunk_size=1000):
        if not count:
            first, before, number = entry.number, entry.before, entry.number - 1
        broken = _broken(entry, number, before, known) or _off_anchor(entry, awaited)
        if broken:
            return Found(count, number, before, broken)
        if entry.act == "checkpoint" and entry.upto is not None:
            checkpoints[entry.upto] = str(entry.details.get("digest", ""))
        before, number, count = entry.digest, entry.number, count + 1
    return Found(count, number, before, _ends(checkpoints, first, awaited, number))


def _broken(entry: AuditEntry, number: int, before: str, known: Mapping[str, bytes]) -> str:
    """What is wrong with an entry behind the one with `number` and the seal `before`."""
    if entry.number == number + 2:
        return f"entry {number + 1} is missing"
    if entry.number != number + 1:
        return f"entries {number + 1} to {entry.number - 1} are missing"
    if entry.key not in known:
        return (
            f"entry {entry.number} was sealed with a key that is not in AUDIT_KEY (its mark is {entry.key!r})"
        )
    if not compare_digest(seal(entry, known[entry.key]), entry.digest):
        return f"entry {entry.number} was changed"
    if entry.before != before:
        return f"entry {entry.number} does not follow the one before it: one of them was replaced"
    return ""


def _off_anchor(entry: AuditEntry, awaited: list[tuple[int, str]]) -> str:
    wrong = [digest for number, digest in awaited if number == entry.number and digest != entry.digest]
    return f"entry {entry.number} is not the one that was anchored: it was replaced" if wrong else ""


def _ends(checkpoints: Mapping[int, str], first: int, awaited: list[tuple[int, str]], newest: int) -> str:
    """What is wrong at the two ends of a chain whose entries hold together."""
    if first > 1 and (first - 1) not in checkpoints:
        return f"the entries up to {first - 1} are missing, and no checkpoint says that they were pruned"
    if first > 1:
        oldest = AuditEntry.objects.get(number=first)
        if checkpoints[first - 1] != oldest.before:
            return f"entry {first} does not follow what was pruned before it"
    if awaited and awaited[-1][0] > newest:
        return f"the entries from {newest + 1} on are missing: {awaited[-1][0]} was there once"
    return ""

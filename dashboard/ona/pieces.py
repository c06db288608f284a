"""A page of a list cut into its items without reading them, so that what came before byte for byte is not read again.

Where items begin is found by what an item of this list begins with. Such a text within quotes would have its quotes
escaped, so it is never found there; and the cut is believed only if what is left around the items is an answer with
an empty list, and every item that is new is an object by itself.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Recall = Callable[[int], Any]
"""From the digest of an item's bytes to what is remembered of it; None: it has to be read."""

PAGINATION = b'],"pagination":{'
LONGEST_ID = 64
ID = re.compile(rb"[0-9A-Za-z-]{1,%d}" % LONGEST_ID)


@dataclass(frozen=True)
class Opening:
    """What every item begins with: `before`, its id, `after`."""

    before: bytes
    after: bytes

    def starts(self, body: bytes, start: int, end: int) -> Iterator[int]:
        """Where the items within these bounds begin, apart from the first. It goes by what follows the id: what comes
        before it, other things in an item begin with too.
        """
        before = b"," + self.before
        last, at = start, body.find(self.after, start, end)
        while at >= 0:
            begin = body.rfind(before, max(last, at - LONGEST_ID - len(before)), at)
            if begin >= 0 and ID.fullmatch(body, begin + len(before), at):
                last = begin + 1
                yield last
            at = body.find(self.after, at + len(self.after), end)


@dataclass(frozen=True)
class Pieces:
    """The items' bytes, and the answer without them."""

    items: list[bytes]
    frame: bytes


@dataclass
class Sorted:
    """Which of the pieces have to be read (`fresh`, with `digests`) and what is remembered of the others."""

    fresh: list[bytes] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)
    recalled: list[Any] = field(default_factory=list)
    order: list[Any] = field(default_factory=list)
    """All in the order of the page: what is remembered, or None for a fresh one."""


def cut(body: bytes, key: str, opening: Opening) -> Pieces | None:
    """None when the page is not written in the way that allows it."""
    start = body.find(b'"%b":[' % key.encode())
    if start < 0:
        return None
    start += len(key) + 4
    end = body.rfind(PAGINATION)
    if end < start:
        end = len(body) - 2
        if body[end:] != b"]}":
            return None
    starts = [start, *opening.starts(body, start, end), end + 1]
    return Pieces([body[one : next_ - 1] for one, next_ in pairwise(starts)], body[:start] + body[end:])


def sort(pieces: Pieces, recall: Recall) -> Sorted:
    """Digests are only good within this process."""
    found = Sorted()
    for piece in pieces.items:
        digest = hash(piece)
        known = recall(digest)
        found.order.append(known)
        if known is None:
            found.fresh.append(piece)
            found.digests.append(digest)
        else:
            found.recalled.append(known)
    return found

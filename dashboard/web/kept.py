"""HTML that is kept and sent many times: what passes with time is left open in it and written in when it is sent.

A row's HTML depends on what is known of the row, on what the person who looks may do, on what was asked for, and
on the language; all of that is in its key. How long ago something was depends on the moment as well, and whether the
row comes alone or within its table on who asks: gaps are left for both.
"""

import re
import secrets
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Generic, TypeVar

from dashboard.fleet.spans import span, spoken
from dashboard.fleet.spans import spoken_length as length

SWAP = ' hx-swap-oob="true"'
"""What an element says that comes alone; every template of a block writes it into its first tag, when asked to."""
LONG_AGO = 3_653 * 86_400
MOST_KEPT = 3_000
"""Pieces in each of two generations, of about three kilobytes each."""

_leaves_gaps: ContextVar[bool] = ContextVar("leaves_gaps", default=False)
_MARK = f"\0{secrets.token_hex(8)}"
"""Nobody outside this process can write one."""
_GAP = re.compile(re.escape(_MARK) + r"(ago|grown) ([-+.e0-9]+)\0")


@contextmanager
def gaps() -> Iterator[None]:
    """Within it, times leave gaps instead of words."""
    before = _leaves_gaps.set(True)
    try:
        yield
    finally:
        _leaves_gaps.reset(before)


def ago(at: float, now: float) -> str:
    """ "3 min ago", "in 2 h", the date of what is more than ten years away; the same words as static/dashboard.js
    uses. Both are epoch seconds.
    """
    return f"{_MARK}ago {at!r}\0" if _leaves_gaps.get() else _ago(at, now)


def grown(since: float, now: float) -> str:
    """How long something has been going on: "1 min 5 s"."""
    return f"{_MARK}grown {since!r}\0" if _leaves_gaps.get() else _grown(since, now)


def _ago(at: float, now: float) -> str:
    seconds = now - at
    size = abs(seconds)
    said = spoken()
    if size < 5:
        return said.just_now
    if size > LONG_AGO:
        return datetime.fromtimestamp(at, UTC).date().isoformat()
    return (said.ago if seconds > 0 else said.ahead).replace("{span}", span(size))


def _grown(since: float, now: float) -> str:
    return length(max(0.0, now - since))


_WORDS = {"ago": ago, "grown": grown}


Gap = tuple[Callable[[float, float], str], float]


class Piece:
    """The HTML of one block. It is rendered when it is sent first: most polls only compare its digest."""

    __slots__ = ("_parts", "digest")

    def __init__(self, digest: str) -> None:
        self.digest = digest
        self._parts: list[str | Gap] = []

    def html(self, render: Callable[[], str], now: float, *, swap: bool = False) -> str:
        """As it reads at `now`, an epoch second; with `swap` as an element that comes alone. `render` makes it, asked
        to swap. Within another piece that is being made the gaps stay open.
        """
        parts = self._parts or self._rendered(render)
        before, *rest = [part if isinstance(part, str) else part[0](part[1], now) for part in parts]
        return before + (SWAP if swap else "") + "".join(rest)

    def _rendered(self, render: Callable[[], str]) -> list[str | Gap]:
        with gaps():
            html = render()
        before, swap, after = html.partition(SWAP)
        found = _GAP.split(after if swap else before)
        before = before if swap else ""
        parts: list[str | Gap] = [before, found[0]]
        for number in range(1, len(found), 3):
            parts += [(_WORDS[found[number]], float(found[number + 1])), found[number + 2]]
        self._parts = parts
        return parts


K = TypeVar("K")


class Kept(Generic[K]):
    """The things made last, by key: at most twice `most`. What nobody asks for is forgotten."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._young: dict[Hashable, K] = {}
        self._old: dict[Hashable, K] = {}

    def get(self, key: Hashable) -> K | None:
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: Hashable, made: K) -> None:
        if len(self._young) >= self._most:
            self._old, self._young = self._young, {}
        self._young[key] = made

    def drop(self, key: Hashable) -> None:
        self._young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        self._old, self._young = {}, {}


pieces: Kept[Piece] = Kept()
"""Those of this process; the language is in every key."""

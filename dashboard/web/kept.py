"""HTML that is kept and sent many times: what passes with time is left open in it and written in when it is sent.

A row's HTML depends on what is known of the row, on what the person who looks may do, on what was asked for, and
on the language; all of that is in its key. How long ago something was depends on the moment as well, and whether the
row comes alone or within its table on who asks: gaps are left for both. What surrounds a list is kept too, with gaps
for what is somebody's own, such as the token of a form: `{% gap %}` in a template.
"""

import re
import secrets
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from dashboard.fleet.spans import span, spoken
from dashboard.fleet.spans import spoken_length as length

SWAP = ' hx-swap-oob="true"'
"""What an element says that comes alone; every template of a block writes it into its first tag, when asked to."""
LONG_AGO = 3_653 * 86_400
MOST_KEPT = 3_000
"""Pieces in each of two generations, of about three kilobytes each."""

Fill = Callable[[], str]
_open: ContextVar[list[Any] | None] = ContextVar("open", default=None)
"""What the gaps of the piece that is being made belong to, None while none is made."""
_MARK = f"\0{secrets.token_hex(8)}"
"""Nobody outside this process can write one."""
_GAP = re.compile(re.escape(_MARK) + r"(ago|grown|own) ([-+.e0-9]+)\0")


@contextmanager
def gaps() -> Iterator[list[Any]]:
    """Within it, times leave gaps instead of words, and `own` does; yields what was given to `own`, in order."""
    owners: list[Any] = []
    before = _open.set(owners)
    try:
        yield owners
    finally:
        _open.reset(before)


def own(owner: Any, fill: Fill) -> str:
    """What `fill` gives now; while a piece is made a gap, which whoever sends the piece has `owner` fill."""
    owners = _open.get()
    if owners is None:
        return fill()
    owners.append(owner)
    return f"{_MARK}own {len(owners) - 1}\0"


def ago(at: float, now: float) -> str:
    """ "3 min ago", "in 2 h", the date of what is more than ten years away; the same words as static/dashboard.js
    uses. Both are epoch seconds.
    """
    return f"{_MARK}ago {at!r}\0" if _open.get() is not None else _ago(at, now)


def grown(since: float, now: float) -> str:
    """How long something has been going on: "1 min 5 s"."""
    return f"{_MARK}grown {since!r}\0" if _open.get() is not None else _grown(since, now)


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


@dataclass(frozen=True, slots=True)
class Gap:
    words: Callable[[float, float], str]
    at: float


@dataclass(frozen=True, slots=True)
class Own:
    owner: Any


class Piece:
    """The HTML of one block. It is rendered when it is sent first: most polls only compare its digest. One that never
    `comes_alone` says nothing of a swap.
    """

    __slots__ = ("_comes_alone", "_parts", "digest")

    def __init__(self, digest: str, *, comes_alone: bool = True) -> None:
        self.digest = digest
        self._comes_alone = comes_alone
        self._parts: list[str | Gap | Own] = []

    def html(
        self,
        render: Callable[[], str],
        now: float,
        *,
        swap: bool = False,
        fill: Callable[[Any], str] | None = None,
    ) -> str:
        """As it reads at `now`, an epoch second; with `swap` as an element that comes alone. `render` makes it, asked
        to swap; `fill` gives what an owner of gaps puts into one. Within another piece that is being made the gaps
        stay open.
        """
        before, *rest = self._parts or self._rendered(render)
        said = [before, SWAP if swap else ""]
        for part in rest:
            if isinstance(part, str):
                said.append(part)
            elif isinstance(part, Gap):
                said.append(part.words(part.at, now))
            elif fill is None:
                raise LookupError("a gap that nobody fills: this piece is the same for everybody")
            else:
                said.append(fill(part.owner))
        return "".join(said)  # type: ignore[arg-type]  # the first part is a text

    def _rendered(self, render: Callable[[], str]) -> list[str | Gap | Own]:
        with gaps() as owners:
            html = render()
        before, swap, after = html.partition(SWAP) if self._comes_alone else (html, "", "")
        found = _GAP.split(after if swap else before)
        before = before if swap else ""
        parts: list[str | Gap | Own] = [before, found[0]]
        for number in range(1, len(found), 3):
            kind, value = found[number], found[number + 1]
            gap = Own(owners[int(value)]) if kind == "own" else Gap(_WORDS[kind], float(value))
            parts += [gap, found[number + 2]]
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

"""Pages that follow the fleet: what a poll answers, and what it leaves alone.

A page is made of blocks, each an element with an id whose HTML depends on its `state` alone. The page carries
a digest of the blocks it shows; a poll sends it back as `seen`. Then:

    nothing in view changed               204, no body
    the same blocks, some in a new state  only those, as out-of-band swaps
    other rows, or another order          the body that holds them

So focus, selection, scroll position and open menus survive: what did not change is not touched. Every answer
to a poll carries how fresh the data are in `HX-Trigger`, also a 204.
"""

import base64
import json
import secrets
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from dashboard.web.kept import SWAP, Piece, pieces

POLLER = (
    '<div id="poll" hx-get="{}" hx-trigger="{}every 2s, poll-now from:body" '
    """hx-vals='{}' hx-swap="none" hx-sync="this:queue last"></div>"""
)
SWAPPED = POLLER.replace("></div>", f"{SWAP}></div>")
LONGEST_SEEN = 4_000
DIGEST = 4
"""Letters of base64 for an id, and as many for a state: 24 bits each, to compare within one page, not to identify."""


@dataclass(frozen=True)
class Block:
    """One element: its DOM id, what its HTML depends on besides the language, the template that makes it and that
    template's context.
    """

    id: str
    state: tuple[Any, ...]
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        return digest_of(self.id, self.state)

    def html(self, request: HttpRequest, *, swap: bool = False) -> SafeString:
        """The element; with `swap` it tells htmx to put itself in the place of the one with its id."""
        return mark_safe(render_to_string(self.template, {**self.context, "swap": swap}, request))  # noqa: S308  a template's output


@dataclass(frozen=True)
class Shared:
    """A block that says the same to everybody of one language: for the moment in which many ask, it is made once."""

    block: Block
    made: dict[bool, SafeString] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.block.id

    @property
    def digest(self) -> str:
        return self.block.digest

    def html(self, request: HttpRequest, *, swap: bool = False) -> SafeString:
        if swap not in self.made:
            self.made[swap] = self.block.html(request, swap=swap)
        return self.made[swap]


@dataclass(frozen=True)
class RowBlock:
    """A block whose `state` is hashable: what was rendered for it once is kept, for everybody. A page has fifty rows.

    Its template gets nothing of the request: whatever its HTML depends on must be in `state`.
    """

    id: str
    state: tuple[Hashable, ...]
    template: str
    context: Callable[[], Mapping[str, Any]]

    @cached_property
    def _piece(self) -> Piece:
        key = (get_language(), self.template, self.id, self.state)
        piece = pieces.get(key)
        if piece is None:
            piece = Piece(digest_of(self.id, self.state))
            pieces.put(key, piece)
        return piece

    @property
    def digest(self) -> str:
        return self._piece.digest

    def html(self, _: HttpRequest, *, swap: bool = False) -> SafeString:
        return mark_safe(self._piece.html(self._rendered, time.time(), swap=swap))  # noqa: S308  a template's output

    def _rendered(self) -> str:
        return render_to_string(self.template, {**self.context(), "swap": True})


LATE: SafeString = mark_safe(f"\0{secrets.token_hex(8)}late\0")  # noqa: S308  our own
"""In a page what is put in after its templates have run: each level of them would copy fifty rows twice."""


def joined(parts: Iterable[SafeString]) -> SafeString:
    """As one text: a loop in a template costs more than what it joins."""
    return mark_safe("".join(parts))  # noqa: S308  of templates' outputs


class Element(Protocol):
    """A block as a poll needs it."""

    @property
    def id(self) -> str: ...

    @property
    def digest(self) -> str: ...

    def html(self, request: HttpRequest, *, swap: bool = False) -> SafeString: ...


@dataclass(frozen=True)
class Live:
    """The blocks of a page. `rows` live in the element that `body` renders, from the context variable `rows`."""

    blocks: Sequence[Element]
    rows: Sequence[Element] = ()
    body: Element | None = None
    seen_rows: str | None = None
    """The digest of all rows, where it is known."""

    @cached_property
    def seen(self) -> str:
        rows = digests(self.rows) if self.seen_rows is None else self.seen_rows
        return f"{digests(self.blocks)}.{rows}"


def digests(blocks: Iterable[Element]) -> str:
    return "".join(block.digest for block in blocks)


def digest_of(identifier: str, state: tuple[Any, ...]) -> str:
    """Of what the element shows: its state, in the language of whoever asks."""
    return _digest(identifier) + _digest(f"{get_language()} {state!r}")


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(blake2b(text.encode(), digest_size=3).digest()).decode()


def is_poll(request: HttpRequest) -> bool:
    """Never of a form: a poll may be by whoever was here some seconds ago."""
    asks = request.method == "GET" and "seen" in request.GET
    return asks and request.headers.get("HX-Request") == "true"


def answer(request: HttpRequest, live: Live) -> HttpResponse:
    """The answer to a poll."""
    seen = request.GET["seen"][:LONGEST_SEEN]
    if seen == live.seen:
        return HttpResponse(status=204)
    seen_blocks, _, seen_rows = seen.partition(".")
    parts = _changed(request, live.blocks, seen_blocks)
    if _ids(seen_rows) == [row.digest[:DIGEST] for row in live.rows]:
        parts += [_in_template(html) for html in _changed(request, live.rows, seen_rows)]
    elif live.body is not None:
        parts.append(_in_template(live.body.html(request, swap=True)))
    parts.append(poller(request, live, swap=True))
    return HttpResponse("\n".join(parts))


Said = Sequence[tuple[str, str]]
"""Parameters of an address."""


def poller(request: HttpRequest, live: Live, *, swap: bool = False, said: Said = ()) -> str:
    """The element that polls: it carries what the page has seen, and what it shows because somebody remembers it."""
    address = request.GET.copy()
    for name, value in said:
        address[name] = value
    address.pop("seen", None)
    url = request.path + (f"?{address.urlencode()}" if address else "")
    # Of one thing the details may be on their way; a list is as new as it gets.
    of_one = request.resolver_match is not None and bool(request.resolver_match.kwargs)
    first = "load delay:800ms, " if of_one and not swap else ""
    # every answer has one, and a template takes longer than all the rest of a poll
    return format_html(SWAPPED if swap else POLLER, url, first, json.dumps({"seen": live.seen}))


def _ids(seen: str) -> list[str]:
    return [seen[start : start + DIGEST] for start in range(0, len(seen), 2 * DIGEST)]


def _changed(request: HttpRequest, blocks: Sequence[Element], seen: str) -> list[str]:
    known = {seen[start : start + 2 * DIGEST] for start in range(0, len(seen), 2 * DIGEST)}
    return [block.html(request, swap=True) for block in blocks if block.digest not in known]


def _in_template(html: str) -> str:
    """Table rows survive the parser only inside a template; htmx looks there for what to swap."""
    return f"<template>{html}</template>"

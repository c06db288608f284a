"""Pages of a list. A token names the last record seen, by its sort key: it stays good while others come and go."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from urllib.parse import unquote

from dashboard.simulator.errors import ConnectError
from dashboard.simulator.requests import Message, whole_number
from dashboard.simulator.wire import Json, message

DEFAULT_PAGE_SIZE = 25
LARGEST_PAGE_SIZE = 100

Key = tuple[float | str, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """What was asked for: `size` records after the position `after` (None: from the start)."""

    kind: str
    size: int
    after: Key | None

    @property
    def first(self) -> bool:
        """Whether it is the first page."""
        return self.after is None


def read_page(kind: str, query: Mapping[str, str], request: Message) -> Page:
    """Size and token from the address (which wins) or the body. `kind` ties a token to its method and order."""
    part = request.part("pagination")
    size = whole_number(query["pageSize"], "pageSize") if "pageSize" in query else part.integer("pageSize")
    token = query.get("token") or part.text("token")
    if not 0 <= size <= LARGEST_PAGE_SIZE:
        rule = f"value must be greater than or equal to 0 and less than or equal to {LARGEST_PAGE_SIZE}"
        request.violations.add("pagination.page_size", "int32.gte_lte", rule)
    return Page(kind, size or DEFAULT_PAGE_SIZE, _read_token(kind, token) if token else None)


def turn(
    page: Page, name: str, rows: Iterable[T], key: Callable[[T], Key], show: Callable[[T], Json]
) -> Json:
    """The answer: up to `size` of `rows` (which begin after the position) under `name`, and the next token."""
    found = list(islice(rows, page.size + 1))
    shown = found[: page.size]
    token = write_token(page.kind, key(shown[-1])) if len(found) > page.size else ""
    return {**message(**{name: [show(row) for row in shown]}), "pagination": message(nextToken=token)}


def after(page: Page, rows: Iterable[T], key: Callable[[T], Key], *, descending: bool) -> list[T]:
    """Rows sorted by key, from the page's position on: for lists short enough to be sorted each time."""
    ordered = sorted(rows, key=key, reverse=descending)
    start = page.after
    if start is None:
        return ordered
    return [row for row in ordered if (key(row) < start if descending else key(row) > start)]


def write_token(kind: str, key: Key) -> str:
    """An opaque token; standard base64, so that a client has to percent-encode it in an address."""
    payload = json.dumps([kind, *key], separators=(",", ":"))
    return base64.b64encode(f"{_seal(payload)}{payload}".encode()).decode()


def _read_token(kind: str, token: str) -> Key:
    for text in (token, unquote(token)):
        try:
            plain = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue
        if plain[:8] == _seal(plain[8:]):
            owner, *key = json.loads(plain[8:])
            if owner == kind:
                return tuple(key)
    raise ConnectError("invalid_argument", "invalid page token")


def _seal(payload: str) -> str:
    return hashlib.sha256(payload.encode()).hexdigest()[:8]

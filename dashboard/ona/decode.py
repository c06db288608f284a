"""From the bytes of an answer to typed values.

A page of a list survives a malformed item, but its token must be right: it says whether the list goes on.

The good case is one call into pydantic's compiled validator for the whole page. Only when that fails is the
page taken apart item by item.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, Field, ValidationError, create_model

from dashboard.ona.errors import BadAnswer
from dashboard.ona.pieces import Opening, Recall, cut, sort
from dashboard.ona.schema import Model

M = TypeVar("M", bound=Model)
Item = TypeVar("Item")
Other = TypeVar("Other")
LONGEST_INTEGER = 40
"""Digits. Python refuses to read integers of thousands of digits; nothing here has more than 20."""
NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True)
class Skipped:
    """An item that could not be read: its place on the page, its id if readable, and what was wrong.

    `reason` names the field and the kind of error, never the value.
    """

    index: int
    id: str
    reason: str


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list. `asked_at` is the epoch second just before its request was sent.

    With a memory: `items` are only those that are new, `digests` is by what to remember each of them (empty when
    they cannot be), `recalled` what is remembered of the others, `order` of all in their order (None: a new one).
    `twice`: it was not written in the form that is quick to read, and was read again by the models.
    """

    items: list[Item]
    skipped: tuple[Skipped, ...]
    asked_at: float
    digests: Sequence[int] = ()
    recalled: Sequence[Any] = ()
    order: Sequence[Any] = ()
    twice: bool = False

    def of(self, convert: Callable[[Item], Other]) -> "Page[Other]":
        """The same with something else made of each item."""
        made = [convert(item) for item in self.items]
        return replace(cast("Page[Any]", self), items=made)


class Pagination(Model):
    """Strict, unlike the rest: a token that cannot be read must not look like the end of the list."""

    next_token: str | None = None


@dataclass(frozen=True)
class Decoded(Generic[M]):
    """What a list's answer says; `next_token` is "" at the end. The others as in `Page`."""

    items: list[M]
    skipped: tuple[Skipped, ...]
    next_token: str
    digests: Sequence[int] = ()
    recalled: Sequence[Any] = ()
    order: Sequence[Any] = ()
    twice: bool = False

    def page(self, asked_at: float) -> Page[M]:
        return Page(self.items, self.skipped, asked_at, self.digests, self.recalled, self.order, self.twice)


@dataclass(frozen=True)
class ListShape(Generic[M]):
    """A list answer `{key: [item…], "pagination": {"nextToken"}}`; either part may be absent.

    `opening` is what an item begins with, where a page can be cut without reading it; `quick` reads what is new on
    such a page, or is None where it has to be read by the models.
    """

    key: str
    item: type[M]
    opening: Opening | None = None
    quick: Callable[[bytes], list[Any] | None] = lambda _body: None

    @cached_property
    def whole(self) -> type[BaseModel]:
        """The model of the whole answer."""
        items: Any = (list[self.item], Field(default=[], alias=self.key))  # type: ignore[name-defined]
        return create_model("Answer", __base__=Model, items=items, pagination=(Pagination | None, None))

    def decode(self, body: bytes, recall: Recall | None = None) -> Decoded[M]:
        """The answer's items; BadAnswer when it is not a list answer of this shape at all."""
        body = without_nul(body)
        if recall is not None and self.opening is not None:
            decoded = self.recalled(body, self.opening, recall)
            if decoded is None:
                decoded = self.by_models(body)
                return replace(decoded, twice=bool(decoded.items or decoded.skipped))
            return decoded
        return self.by_models(body)

    def by_models(self, body: bytes) -> Decoded[M]:
        """All of it, if possible in one piece."""
        try:
            answer: Any = self.whole.model_validate_json(body)
        except ValidationError:
            return self.piecemeal(body)
        if not answer.model_fields_set:
            return self.piecemeal(body)
        token = answer.pagination.next_token if answer.pagination else None
        return Decoded(answer.items, (), token or "")

    def recalled(self, body: bytes, opening: Opening, recall: Recall) -> Decoded[M] | None:
        """Only what is new is read; None when the page has to be read as a whole."""
        pieces = cut(body, self.key, opening)
        if pieces is None:
            return None
        found = sort(pieces, recall)
        new = len(found.fresh) == len(pieces.items)
        fresh = body if new else b'{"%b":[%b]}' % (self.key.encode(), b",".join(found.fresh))
        try:
            frame: Any = self.whole.model_validate_json(pieces.frame)
            items = self.quick(fresh)
            twice = items is None
            if items is None:
                items = self.whole.model_validate_json(fresh).items  # type: ignore[attr-defined]
        except ValidationError:
            return None
        if frame.items or not frame.model_fields_set or len(items) != len(found.fresh):
            return None
        token = frame.pagination.next_token if frame.pagination else None
        return Decoded(items, (), token or "", found.digests, found.recalled, found.order, twice)

    def piecemeal(self, body: bytes) -> Decoded[M]:
        """The same, item by item."""
        answer = json_object(body)
        if answer and answer.keys().isdisjoint({self.key, "pagination", "count"}):
            raise BadAnswer(f"the answer has neither {self.key!r} nor a pagination")
        values = answer.get(self.key)
        if not isinstance(values, list | None):
            raise BadAnswer(f"{self.key!r} in the answer is not a list")
        read = [self.read(index, value) for index, value in enumerate(values or [])]
        items = [one for one in read if not isinstance(one, Skipped)]
        return Decoded(items, tuple(one for one in read if isinstance(one, Skipped)), next_token(answer))

    def read(self, index: int, value: object) -> M | Skipped:
        """One item, or why it is skipped."""
        try:
            return self.item.model_validate(value)
        except ValidationError as error:
            reason = reason_of(error)
        return Skipped(index, item_id(self.item, value), reason)


def next_token(answer: dict[str, Any]) -> str:
    """The token of the next page; BadAnswer when it cannot be read."""
    try:
        pagination = Pagination.model_validate(answer.get("pagination") or {})
    except ValidationError:
        pass
    else:
        return pagination.next_token or ""
    raise BadAnswer("the answer's pagination cannot be read")


def item_id(item: type[Model], value: object) -> str:
    """The id of a malformed item, "" when that is what is malformed."""
    field = item.model_fields.get("id")
    found = value.get((field and field.alias) or "id") if isinstance(value, dict) else None
    return found if isinstance(found, str) and len(found) <= 128 and found.isprintable() else ""


def reason_of(error: ValidationError) -> str:
    """What is wrong, as `field.path: error_type`. Deliberately without the value, which may be anything."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'item'}: {first['type']}"


def read_one(body: bytes, model: type[M], key: str = "") -> M:
    """The resource of an answer `{key: {…}}`, or the answer itself when there is no key; else BadAnswer."""
    answer = json_object(body)
    try:
        return model.model_validate(answer.get(key) if key else answer)
    except ValidationError as error:
        reason = reason_of(error)
    raise BadAnswer(f"the answer's {key or 'content'} cannot be read ({reason})")


def json_object(body: bytes) -> dict[str, Any]:
    """The answer as an object; BadAnswer when it is none. A byte that is no UTF-8 costs one character."""
    text = without_nul(body).decode("utf-8-sig", "replace")
    try:
        answer = json.loads(text, parse_int=integer)
        if "\\ud" in text.lower():
            # Half a surrogate pair is no character: it could be neither stored nor sent to a browser.
            answer = json.loads(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise BadAnswer("the answer is not a JSON object")
    return answer


def without_nul(body: bytes) -> bytes:
    """The same without the character that PostgreSQL stores in no text: a name that holds one would keep whatever
    speaks of it from being written down.
    """
    # To look for one byte takes a twentieth of the time of looking for six.
    if b"\\" not in body or b"\\u0000" not in body:
        return body
    return NUL.sub(rb"\1", body)


def integer(digits: str) -> int | None:
    """A JSON integer, None when it is absurdly long."""
    return int(digits) if len(digits) <= LONGEST_INTEGER else None

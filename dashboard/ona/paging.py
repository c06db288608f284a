"""Walks the pages of a list method, and makes the other calls."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from dashboard.ona.decode import ListShape, Page, json_object, read_one
from dashboard.ona.errors import ApiError, BadAnswer, without
from dashboard.ona.filters import Filter
from dashboard.ona.pieces import Recall
from dashboard.ona.schema import Model
from dashboard.ona.transport import Transport

M = TypeVar("M", bound=Model)
PAGE_SIZE = 100
MOST_PAGES = 10_000
"""Of one chain: a million resources. More means a server that makes up tokens."""


class Methods:
    """Base of the groups of methods: calls of one service of the API. Every method may raise any OnaError."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _pages(  # noqa: PLR0913
        self,
        call: tuple[str, str],
        shape: ListShape[M],
        restriction: Filter | None = None,
        page_size: int = PAGE_SIZE,
        extra: Mapping[str, Any] | None = None,
        *,
        recall: Recall | None = None,
    ) -> Iterator[Page[M]]:
        """The pages of a list, each asked for when it is taken; what `recall` knows is not read again.

        BadAnswer when a token or a page comes twice.
        """
        if not 1 <= page_size <= PAGE_SIZE:
            raise ValueError(f"a page holds 1 to {PAGE_SIZE} items")
        message = dict(extra or {})
        if restriction is not None and (rendered := restriction.json()):
            message["filter"] = rendered
        return self._walk(call, shape, message, page_size, recall)

    def _walk(
        self,
        call: tuple[str, str],
        shape: ListShape[M],
        message: dict[str, Any],
        page_size: int,
        recall: Recall | None,
    ) -> Iterator[Page[M]]:
        token, seen, begun = "", set[str](), set[str]()
        for _ in range(MOST_PAGES):
            pagination = {"pageSize": page_size} | ({"token": token} if token else {})
            answer = self._transport.call(*call, message | {"pagination": pagination})
            decoded = shape.decode(answer.body, recall)
            token = decoded.next_token
            yield decoded.page(answer.asked_at)
            token = decoded.next_token
            if not token:
                return
            if token in seen:
                raise BadAnswer(f"{call[1]}: the same page token came twice")
            seen.add(token)
            first = getattr(decoded.items[0], "id", "") if decoded.items and not decoded.recalled else ""
            if first in begun:
                raise BadAnswer(f"{call[1]}: the same page came twice")
            begun |= {first} - {""}
        raise BadAnswer(f"{call[1]}: more than {MOST_PAGES} pages")

    def _one(
        self,
        call: tuple[str, str],
        message: Mapping[str, Any],
        model: type[M],
        key: str = "",
        hidden: Iterable[str] = (),
    ) -> M:
        """The resource under `key` of the answer. What is `hidden` appears in no error."""
        return read_one(self._answer(call, message, hidden), model, key)

    def _done(self, call: tuple[str, str], message: Mapping[str, Any], hidden: Iterable[str] = ()) -> None:
        """A call whose answer says nothing but that it was accepted."""
        json_object(self._answer(call, message, hidden))

    def _answer(self, call: tuple[str, str], message: Mapping[str, Any], hidden: Iterable[str]) -> bytes:
        try:
            return self._transport.call(*call, message).body
        except ApiError as error:
            texts = tuple(hidden)
            failure = without(error, texts) if texts else error
        raise failure

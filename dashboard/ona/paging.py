"""Walks the pages of a list method, and makes the other calls."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from dashboard.ona.decode import Decoded, ListShape, Page, json_object, read_one
from dashboard.ona.errors import ApiError, BadAnswer, without
from dashboard.ona.filters import Filter
from dashboard.ona.pieces import Recall
from dashboard.ona.schema import Model
from dashboard.ona.transport import Transport

M = TypeVar("M", bound=Model)
PAGE_SIZE = 100
MOST_PAGES = 10_000
"""Of one chain: a million resources. More means a server that makes up tokens."""


@dataclass
class Walk(Generic[M]):
    """A list that is read page by page, and what has been on the way."""

    transport: Transport
    call: tuple[str, str]
    shape: ListShape[M]
    message: Mapping[str, Any]
    page_size: int
    recall: Recall | None
    tokens: set[str] = field(default_factory=set)
    """That have been followed, or are about to be."""
    begun: set[str] = field(default_factory=set)
    """The ids that pages began with."""

    def pages(self) -> Iterator[Page[M]]:
        """Each is asked for when it is taken."""
        token = ""
        for _ in range(MOST_PAGES):
            decoded, asked_at = self.page(token)
            yield decoded.page(asked_at)
            token = decoded.next_token
            if not token:
                return
        raise BadAnswer(f"{self.call[1]}: more than {MOST_PAGES} pages")

    def page(self, token: str) -> tuple[Decoded[M], float]:
        """The page at a token, and the epoch second just before its request was sent."""
        return self.transport.persist(self.call[1], lambda: self.attempt(token))

    def attempt(self, token: str) -> tuple[Decoded[M], float]:
        """Once. BadAnswer when its token or the page itself has come before."""
        pagination = {"pageSize": self.page_size} | ({"token": token} if token else {})
        answer = self.transport.call(*self.call, {**self.message, "pagination": pagination})
        decoded = self.shape.decode(answer.body, self.recall)
        if decoded.next_token in self.tokens:
            raise BadAnswer(f"{self.call[1]}: the same page token came twice")
        first = getattr(decoded.items[0], "id", "") if decoded.items and not decoded.recalled else ""
        if first in self.begun and decoded.next_token:
            raise BadAnswer(f"{self.call[1]}: the same page came twice")
        self.tokens |= {decoded.next_token} - {""}
        self.begun |= {first} - {""}
        return decoded, answer.asked_at


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
        return Walk(self._transport, call, shape, message, page_size, recall).pages()

    def _one(
        self,
        call: tuple[str, str],
        message: Mapping[str, Any],
        model: type[M],
        key: str = "",
        hidden: Iterable[str] = (),
    ) -> M:
        """The resource under `key` of the answer. What is `hidden` appears in no error."""

        def read() -> M:
            return read_one(self._answer(call, message, hidden), model, key)

        return self._transport.persist(call[1], read)

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

"""Records by id, also kept in id order, so that a page is a walk that starts anywhere and stops early."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class HasId(Protocol):
    """Anything with a text id."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=HasId)


class Table(Generic[T]):
    """A sorted collection of records; adding and removing cost little even at 100,000 records."""

    def __init__(self) -> None:
        self.rows: dict[str, T] = {}
        self.ids: list[str] = []

    def __len__(self) -> int:
        return len(self.ids)

    def get(self, identifier: str) -> T | None:
        """The record, or None. Ids compare in lower case, as UUIDs do."""
        return self.rows.get(identifier) or self.rows.get(identifier.lower())

    def add(self, row: T) -> None:
        """Insert one record at its place."""
        self.rows[row.id] = row
        if not self.ids or self.ids[-1] < row.id:
            self.ids.append(row.id)
        else:
            insort(self.ids, row.id)

    def extend(self, rows: list[T]) -> None:
        """Insert many records at once, sorting once."""
        self.rows.update((row.id, row) for row in rows)
        self.ids = sorted(self.rows)

    def remove(self, identifier: str) -> None:
        """Forget a record; an unknown id is no error."""
        if self.rows.pop(identifier, None) is not None:
            del self.ids[bisect_left(self.ids, identifier)]

    def descending(self, below: str | None = None) -> Iterator[T]:
        """Records from the highest id down, only ids lower than `below` when it is given."""
        end = len(self.ids) if below is None else bisect_left(self.ids, below)
        for position in range(end - 1, -1, -1):
            yield self.rows[self.ids[position]]

    def ascending(self, above: str | None = None) -> Iterator[T]:
        """Records from the lowest id up, only ids higher than `above` when it is given."""
        start = 0 if above is None else bisect_right(self.ids, above)
        for position in range(start, len(self.ids)):
            yield self.rows[self.ids[position]]

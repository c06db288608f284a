"""What a method's handler gets, and how the dispatch table describes a method."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.simulator.errors import ConnectError
from dashboard.simulator.models import Subject
from dashboard.simulator.paging import Page, read_page
from dashboard.simulator.requests import Message
from dashboard.simulator.shapes import Place, Shape
from dashboard.simulator.table import HasId, T, Table
from dashboard.simulator.wire import Json, message

if TYPE_CHECKING:
    from dashboard.simulator.world import World

# The platform bounds its totals and says so (relation GTE); where its bound lies is not documented.
COUNT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the world held at the moment `at`, the body, the address's query, and who calls.

    `origin`: where the simulator is reached (scheme and host), for the addresses it hands out.
    """

    world: "World"
    at: float
    body: Message
    query: Mapping[str, str]
    caller: Subject
    origin: str = "http://127.0.0.1"

    def read(self, shape: Shape) -> Json:
        """The whole body in canonical form; refuses it if it broke a rule."""
        document = shape.read(self.body.whole(), Place("", self.body.violations))
        self.check()
        return document

    def check(self) -> None:
        """Refuse the call if the body broke a rule."""
        self.body.violations.refuse()

    def page(self, kind: str) -> Page:
        """The page asked for, after which the body is known to be valid."""
        page = read_page(kind, self.query, self.body)
        self.check()
        return page

    def find(self, table: Table[T], field: str, what: str, *, required: bool = False) -> T:
        """The record that an id field names; not_found when there is none."""
        identifier = self.body.uuid(field, required=required)
        self.check()
        row = table.get(identifier)
        if row is None:
            raise ConnectError("not_found", f"{what} not found")
        return row

    def count(self, page: Page, total: Callable[[], int]) -> Json:
        """The `count` of an answer: only when asked for, and only with the first page."""
        if not (page.first and self.body.part("count").flag("include")):
            return {}
        number = total()
        relation = "COUNT_RESPONSE_RELATION_EQ" if number <= COUNT_LIMIT else "COUNT_RESPONSE_RELATION_GTE"
        return {"count": message(value=min(number, COUNT_LIMIT), relation=relation)}


@dataclass(frozen=True, slots=True)
class Method:
    """A handler, and for a writing method the field that names its target (empty: it has none yet)."""

    handler: Callable[[Request], Json]
    target: str | None = None

    @property
    def writes(self) -> bool:
        """Whether it changes anything, so that a read-only token may not call it."""
        return self.target is not None


def id_key(row: HasId) -> tuple[str]:
    """The position of a record in a list ordered by id."""
    return (row.id,)


def position(page: Page) -> str | None:
    """The id after which a page ordered by id begins."""
    return None if page.after is None else str(page.after[0])

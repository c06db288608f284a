"""The review of what is idle as a list: in which orders, and as a file of the same rows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

from dashboard.control.idle import last_activity
from dashboard.control.idleness.review import Judged, Review
from dashboard.control.models import Batch
from dashboard.control.record.cost import NOTHING
from dashboard.fleet.snapshot import Fleet
from dashboard.web.exports import json_file
from dashboard.web.idle_money import IdleMoney
from dashboard.web.live import Block
from dashboard.web.spreadsheet import download

LONGEST_FIRST, DEAREST_FIRST = "-idle", "-cost"
ALSO = {"dearest": DEAREST_FIRST, "owner": "creator", "-owner": "-creator"}
"""What addresses of earlier days called an order."""
MOST_CREATORS = 4
BATCHES_SHOWN = 5
Order = Callable[[Judged], Any]


def orders(fleet: Fleet, money: IdleMoney) -> dict[str, Order]:
    """Field → the key by which it ascends."""
    return {
        "idle": lambda one: -(last_activity(one.row)[0] or float("inf")),
        "cost": lambda one: money.so_far(one.row) or NOTHING,
        "name": lambda one: one.row.name.lower(),
        "creator": lambda one: fleet.person(one.row.creator_id, one.row.creator_kind).lower(),
        "class": lambda one: fleet.environment_class(one.row.class_id).lower(),
    }


FIELDS = frozenset({"idle", "cost", "name", "creator", "class"})


@dataclass(frozen=True, slots=True)
class Creator:
    """What one person left idle: how many, since their last use together in seconds and, with prices, in money."""

    id: str
    name: str
    many: int
    seconds: float
    money: Decimal | None


def creators(found: Iterable[Judged], fleet: Fleet, money: IdleMoney) -> tuple[Creator, ...]:
    """Those who left most, the dearest first, without prices the longest."""
    theirs: dict[tuple[str, str], list[Judged]] = {}
    for one in found:
        theirs.setdefault((one.row.creator_id, one.row.creator_kind), []).append(one)
    made = (_creator(fleet.person(*who), who[0], rows, money) for who, rows in theirs.items())
    return tuple(
        sorted(made, key=lambda one: (-(one.money or NOTHING), -one.seconds, one.id))[:MOST_CREATORS]
    )


def _creator(name: str, identifier: str, rows: list[Judged], money: IdleMoney) -> Creator:
    lengths = (max(0.0, money.now - (last_activity(one.row)[0] or money.now)) for one in rows)
    known = [amount for one in rows if (amount := money.so_far(one.row)) is not None]
    return Creator(identifier, name, len(rows), sum(lengths), sum(known, NOTHING) if known else None)


def order_of(text: str) -> str:
    """The order that an address asks for; what it does not know is the longest idle first."""
    wanted = ALSO.get(text, text)
    return wanted if wanted.removeprefix("-") in FIELDS else LONGEST_FIRST


def in_order(found: Iterable[Judged], order: str, fleet: Fleet, money: IdleMoney) -> list[Judged]:
    """In a steady order: what is equal, or equally unknown, by id; then the longest idle first."""
    rows = sorted(found, key=lambda one: one.row.id)
    known = orders(fleet, money)
    rows.sort(key=known["idle"], reverse=True)
    rows.sort(key=known[order.removeprefix("-")], reverse=order.startswith("-"))
    return rows


Mark = tuple[str | float, float, str]
"""What one is sorted by, then since when it is idle, then its id: a place in an order, also where none stands."""


def mark_of(one: Judged, order: str, fleet: Fleet, money: IdleMoney) -> Mark:
    known = orders(fleet, money)
    value = known[order.removeprefix("-")](one)
    return str(value) if isinstance(value, Decimal) else value, known["idle"](one), one.row.id


def past(found: Iterable[Judged], order: str, fleet: Fleet, money: IdleMoney, mark: Mark) -> int:
    """How many of those `in_order` come up to and with the mark."""
    known = orders(fleet, money)
    key, idle, descending = known[order.removeprefix("-")], known["idle"], order.startswith("-")

    def follows(one: Judged) -> bool:
        value = key(one)
        marked = type(value)(mark[0])
        if value != marked:
            return bool(value < marked) if descending else bool(value > marked)
        return bool((-idle(one), one.row.id) > (-mark[1], mark[2]))

    return sum(not follows(one) for one in found)


HEADINGS = (
    "id", "name", "decision", "idle", "last_active", "source", "because",
    "creator", "project", "class", "unpushed", "changed", "timeout", "cost",
)  # fmt: skip


def as_file(
    kind_of_file: str, found: Iterable[Judged], review: Review, fleet: Fleet, money: IdleMoney
) -> StreamingHttpResponse:
    """The rows as CSV or JSON. `idle` and `timeout` are seconds, `cost` is what it came to since it was last used."""
    lines = (_line(one, review, fleet, money) for one in found)
    if kind_of_file == "csv":
        return download("idle", HEADINGS, (list(line.values()) for line in lines))
    return json_file("idle", lines)


def _line(one: Judged, review: Review, fleet: Fleet, money: IdleMoney) -> dict[str, Any]:
    verdict, row, cost = review.verdict(one), one.row, money.so_far(one.row)
    since = verdict.since
    return {
        "id": row.id,
        "name": row.name,
        "decision": verdict.decision.value,
        "idle": None if since is None else int(max(0.0, review.now.timestamp() - since)),
        "last_active": None if since is None else _moment(since),
        "source": verdict.source,
        "because": verdict.because,
        "creator": fleet.person(row.creator_id, row.creator_kind),
        "project": fleet.project(row.project_id) if row.project_id else "",
        "class": fleet.environment_class(row.class_id) if row.class_id else "",
        "unpushed": row.unpushed,
        "changed": row.changed,
        "timeout": row.timeout,
        "cost": None if cost is None else str(cost),
    }


def _moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return ""


def directions(order: str) -> Iterator[tuple[str, str, str]]:
    """Field, the order that a click on its heading asks for, and how it is sorted now ("" when it is not)."""
    for field in sorted(FIELDS):
        now = order.removeprefix("-") == field
        descending = order.startswith("-")
        first = f"-{field}" if field in {"idle", "cost"} else field
        flipped = field if descending else f"-{field}"
        yield field, flipped if now else first, ("descending" if descending else "ascending") if now else ""


def batches_block() -> Block:
    """The latest batches, each a link to how it went."""
    latest = list(Batch.objects.begun()[:BATCHES_SHOWN])
    state = tuple((str(batch.id), str(batch.cancelled)) for batch in latest)
    return Block("batches", state, "idle/batches.html", {"batches": latest})

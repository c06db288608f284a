"""What hours cost: prices of environment classes, and hours summed up by project, person, class, day or environment.

Money is an estimate: hours that were recorded times the price of the class on that day, computed when it is shown, so
that a price set for the past counts at once. Hours of a class without a price are counted as such, never as free.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Max, QuerySet, Sum

from dashboard.control.record.models import (
    ClassPrice,
    EnvironmentDay,
    RecordedEnvironment,
    RecordedName,
    Recording,
)
from dashboard.fleet.hours import Hours, days_between

GROUPS = {
    "project": "project_id",
    "person": "creator_id",
    "class": "class_id",
    "day": "day",
    "environment": "environment_id",
}
"""What hours can be summed up by → the column that says so."""
ABSURD = Decimal(100)
"""A price for an hour that is more likely a slip: the dearest machines of the large clouds cost about as much."""
NOTHING, NO_HOURS = Decimal(0), Hours()
Group = str | date


@dataclass(frozen=True, slots=True)
class Bill:
    """Hours, and the money for those that have a price; `unpriced` seconds of `running` have none."""

    hours: Hours = NO_HOURS
    money: Decimal = NOTHING
    idle_money: Decimal = NOTHING
    unpriced: float = 0.0

    def __add__(self, other: "Bill") -> "Bill":
        hours = Hours(*(one + more for one, more in zip(self.hours, other.hours, strict=True)))
        money, idle_money = self.money + other.money, self.idle_money + other.idle_money
        return Bill(hours, money, idle_money, self.unpriced + other.unpriced)

    @property
    def priced(self) -> bool:
        """Some of it has a price."""
        return self.hours.running > self.unpriced


@dataclass(frozen=True, slots=True)
class Line:
    """One group and its bill; `key` is an id or a day."""

    key: Group
    bill: Bill


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of all classes: class id → (first day, price), oldest first."""

    by_class: dict[str, list[tuple[date, Decimal]]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_class)

    def on(self, class_id: str, day: date) -> Decimal | None:
        """What an hour costs on that day; None when nobody has said."""
        valid = [price for since, price in self.by_class.get(class_id, ()) if since <= day]
        return valid[-1] if valid else None

    def periods(self, first: date, last: date) -> Iterator[tuple[date, date]]:
        """The days from `first` to `last` in parts (first day, last day) in which no price changes."""
        changes = {since for known in self.by_class.values() for since, _ in known if first < since <= last}
        edges = [first, *sorted(changes), last + timedelta(days=1)]
        return ((start, end - timedelta(days=1)) for start, end in pairwise(edges))

    def bill(self, class_id: str, day: date, hours: Hours) -> Bill:
        price = self.on(class_id, day)
        if price is None:
            return Bill(hours, unpriced=hours.running)
        return Bill(hours, _times(price, hours.running), _times(price, hours.idle))


def of_time(known: Prices, class_id: str, start: float, end: float, zone: ZoneInfo) -> Decimal | None:
    """What the time from `start` to `end` (epoch seconds) costs, each day at its price; None when a part of it has
    none.
    """
    amounts: list[Decimal] = []
    for day in days_between(start, end, zone):
        price = known.on(class_id, day.date)
        if price is None:
            return None
        amounts.append(_times(price, min(day.end, end) - max(day.start, start)))
    return sum(amounts, NOTHING)


def _times(price: Decimal, seconds: float) -> Decimal:
    return price * Decimal(str(round(seconds, 1))) / 3600


def prices() -> Prices:
    """Of two prices of a class for the same day the one that was set later counts."""
    found: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for price in ClassPrice.objects.order_by("valid_from", "set_at", "id"):
        found[price.class_id][price.valid_from] = price.price
    return Prices({class_id: list(of_class.items()) for class_id, of_class in found.items()})


@dataclass(frozen=True, slots=True)
class State:
    """What every sum depends on: since when and how far hours are counted (epoch seconds; None before there is a
    record), and which prices there are.
    """

    since: float | None = None
    counted: float | None = None
    newest_price: int = 0


def state() -> State:
    """Two small questions, so that a poll need not sum up anything that it has summed up before."""
    since, counted = Recording.objects.values_list("since", "counted").first() or (None, None)
    return State(since, counted, ClassPrice.objects.aggregate(newest=Max("id"))["newest"] or 0)


def lines(by: str, first: date, last: date, at: State) -> list[Line]:
    """One line for each group that has hours from day `first` to day `last`; most idle first. KeyError for a group
    that does not exist.
    """
    return [] if at.counted is None else list(_lines(by, first, last, at))


def total(first: date, last: date, at: State) -> Bill:
    return sum((line.bill for line in lines("class", first, last, at)), Bill())


def days_of(environment_id: str, first: date, last: date) -> list[Line]:
    """The days of one environment that have hours, newest first."""
    known = prices()
    rows = EnvironmentDay.objects.filter(environment_id=environment_id, day__range=(first, last))
    return [
        Line(row.day, known.bill(row.class_id, row.day, Hours(row.running, row.idle, row.unknown)))
        for row in rows.order_by("-day")
    ]


def names(by: str, keys: Iterable[str]) -> dict[str, str]:
    """What projects, people, classes or environments are or were called, by id, also those that are gone."""
    if by == "environment":
        return dict(RecordedEnvironment.objects.filter(id__in=list(keys)).values_list("id", "name"))
    return dict(RecordedName.objects.filter(kind=by, key__in=list(keys)).values_list("key", "name"))


@lru_cache(maxsize=64)
def _lines(by: str, first: date, last: date, _: State) -> tuple[Line, ...]:
    column, known = GROUPS[by], prices()
    bills: dict[Group, Bill] = defaultdict(Bill)
    for start, end in known.periods(first, last):
        for key, class_id, *seconds in _sums(column, start, end):
            bills[key] += known.bill(class_id, start, Hours(*seconds))
    found = [Line(key, bill) for key, bill in bills.items()]
    return tuple(
        sorted(found, key=lambda line: (-line.bill.hours.idle, -line.bill.hours.running, str(line.key)))
    )


def _sums(column: str, first: date, last: date) -> QuerySet[EnvironmentDay, Any]:
    """(group, class id, running, idle, not known) of those days."""
    rows = EnvironmentDay.objects.filter(day__range=(first, last)).order_by()
    groups = rows.values(*dict.fromkeys((column, "class_id")))
    sums = groups.annotate(ran=Sum("running"), unused=Sum("idle"), dark=Sum("unknown"), group=F(column))
    found: QuerySet[EnvironmentDay, Any] = sums.values_list("group", "class_id", "ran", "unused", "dark")
    return found

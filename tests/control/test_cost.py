"""What hours cost: prices by day, hours summed up, money that says how much of it is missing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from dashboard.control.models import ClassPrice, EnvironmentDay, Recording
from dashboard.control.record import cost
from dashboard.control.record.cost import Bill, Prices
from dashboard.fleet.hours import Hours

DAY = date(2026, 9, 21)
H = 3600.0
NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)


def day(number):
    return DAY + timedelta(days=number)


def price(amount, since=0, class_id="large", at=0):
    return ClassPrice.objects.create(
        class_id=class_id,
        price=Decimal(str(amount)),
        valid_from=day(since),
        set_at=NOW + timedelta(seconds=at),
        set_by_name="Ada",
    )


def ran(key, number, running, idle=0.0, unknown=0.0, **more):
    values = {"class_id": "large", "project_id": "web", "creator_id": "ada", **more}
    EnvironmentDay.objects.create(
        day=day(number), environment_id=key, running=running * H, idle=idle * H, unknown=unknown * H, **values
    )


def lines(by, first=0, last=9):
    """Group → (running hours, idle hours, money)."""
    found = cost.lines(by, day(first), day(last), cost.state())
    return {
        line.key: (line.bill.hours.running / H, line.bill.hours.idle / H, line.bill.money) for line in found
    }


@pytest.fixture
def recording(db):
    cost._lines.cache_clear()
    return Recording.objects.create(id=1, since=1.0, until=2.0, epoch="e", version=1, counted=2.0)


@pytest.mark.parametrize(
    ("number", "price"),
    [(-1, None), (0, "1"), (4, "1"), (5, "2"), (99, "2")],
)
def test_a_price_holds_from_its_day_until_the_next(number, price):
    prices = Prices({"large": [(DAY, Decimal(1)), (day(5), Decimal(2))]})
    assert prices.on("large", day(number)) == (price and Decimal(price))
    assert prices.on("small", day(number)) is None


def test_of_two_prices_for_a_day_the_later_counts(db):
    price(2, at=10)
    price(1, at=0)
    price(3, since=5)
    assert cost.prices().by_class == {"large": [(DAY, Decimal(2)), (day(5), Decimal(3))]}


def test_a_price_below_zero_never_reaches_the_database(db):
    with pytest.raises(IntegrityError):
        price(-1)


def test_days_are_parted_where_a_price_changes():
    prices = Prices(
        {"a": [(day(0), NOW), (day(3), NOW)], "b": [(day(3), NOW), (day(9), NOW), (day(10), NOW)]}
    )
    assert list(prices.periods(day(0), day(9))) == [(day(0), day(2)), (day(3), day(8)), (day(9), day(9))]


@pytest.mark.parametrize(
    ("start", "end", "amount"),
    [
        ("2026-09-21T10:00", "2026-09-21T12:30", "2.5"),
        ("2026-09-22T22:00", "2026-09-23T02:00", "6"),  # 2 h at 1 and 2 h at 2: midnight there
        ("2026-10-24T22:00", "2026-10-25T22:00", "50"),  # a night in which the clocks go back
        ("2026-09-20T23:00", "2026-09-21T01:00", None),  # a part of it has no price
        ("2026-09-21T10:00", "2026-09-21T10:00", "0"),
    ],
)
def test_a_length_of_time_costs_each_day_at_its_price(start, end, amount):
    zone = ZoneInfo("Europe/Berlin")
    prices = Prices({"large": [(DAY, Decimal(1)), (day(2), Decimal(2))]})
    moments = [datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() for text in (start, end)]
    assert cost.of_time(prices, "large", *moments, zone) == (amount and Decimal(amount))


def test_hours_are_summed_up_by_each_group(recording):
    ran("e-1", 0, 10, 4)
    ran("e-1", 1, 6, 1)
    ran("e-2", 1, 2, 2, project_id="api", creator_id="oda", class_id="small")
    ran("e-3", 20, 24)  # outside
    assert lines("project") == {"web": (16, 5, 0), "api": (2, 2, 0)}
    assert lines("person") == {"ada": (16, 5, 0), "oda": (2, 2, 0)}
    assert lines("class") == {"large": (16, 5, 0), "small": (2, 2, 0)}
    assert lines("day") == {day(0): (10, 4, 0), day(1): (8, 3, 0)}
    assert lines("environment") == {"e-1": (16, 5, 0), "e-2": (2, 2, 0)}
    assert next(iter(lines("project"))) == "web"  # most idle first


def test_hours_cost_what_they_cost_on_their_day_and_those_without_a_price_are_told(recording):
    price("0.5", since=0)
    price(1, since=1)
    ran("e-1", 0, 10, 4)
    ran("e-1", 1, 6, 1)
    ran("e-2", 1, 2, 2, class_id="small")
    found = cost.lines("project", DAY, day(9), cost.state())[0].bill
    assert (found.money, found.idle_money, found.unpriced) == (Decimal(11), Decimal(3), 2 * H)
    assert found.priced
    assert cost.total(DAY, day(9), cost.state()) == found
    by_day = cost.days_of("e-1", DAY, day(9))
    assert [(line.key, line.bill.money) for line in by_day] == [(day(1), Decimal(6)), (DAY, Decimal(5))]


def test_without_prices_there_is_no_money(recording):
    ran("e-1", 0, 10)
    assert not cost.total(DAY, DAY, cost.state()).priced


def test_a_free_class_has_a_price(recording):
    price(0)
    ran("e-1", 0, 10)
    found = cost.total(DAY, DAY, cost.state())
    assert (found.priced, found.money) == (True, 0)


def test_what_was_summed_up_is_not_summed_up_again_until_something_changed(
    recording, django_assert_num_queries
):
    ran("e-1", 0, 10)
    assert lines("day") == {DAY: (10, 0, 0)}
    with django_assert_num_queries(2):
        lines("day")
    price(1)
    assert lines("day") == {DAY: (10, 0, 10)}
    ran("e-2", 0, 1)
    Recording.objects.update(counted=3.0)
    assert lines("day") == {DAY: (11, 0, 11)}


def test_before_anything_is_recorded_there_are_no_lines(db):
    assert (lines("day"), cost.state()) == ({}, cost.State())


seconds = st.floats(0, 86_400).map(lambda value: round(value, 1))
parts = st.lists(
    st.tuples(st.sampled_from(["large", "small"]), st.integers(0, 9), seconds, seconds), max_size=20
)


@given(parts, st.integers(0, 9))
def test_money_of_the_parts_adds_up_to_the_money_of_the_whole(found, change):
    prices = Prices({"large": [(day(0), Decimal("0.3333")), (day(change), Decimal("1.7"))]})
    bills = [prices.bill(name, day(number), Hours(ran, min(ran, idle))) for name, number, ran, idle in found]
    whole = sum(bills, Bill())
    assert whole.hours.running == pytest.approx(sum(ran for _, _, ran, _ in found))
    assert whole.unpriced == pytest.approx(sum(ran for name, _, ran, _ in found if name == "small"))
    assert whole.idle_money <= whole.money
    by_period = [
        sum(
            (
                bill
                for bill, (_, number, _, _) in zip(bills, found, strict=True)
                if first <= day(number) <= last
            ),
            Bill(),
        )
        for first, last in prices.periods(day(0), day(9))
    ]
    assert sum(by_period, Bill()).money == pytest.approx(whole.money)

"""Costs: the page, its range, its CSV; prices and who sets them."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dashboard.control.models import (
    ClassPrice,
    EnvironmentDay,
    RecordedEnvironment,
    RecordedName,
    Recording,
)
from dashboard.control.record import cost
from tests.web.conftest import Dashboard, text

H = 3600.0


@pytest.fixture
def recorded(dashboard: Dashboard) -> Dashboard:
    """Yesterday a running environment ran for 10 hours, 4 of them idle."""
    cost._lines.cache_clear()
    now = dashboard.simulated.clock()
    Recording.objects.create(id=1, since=now - 90_000, until=now, epoch="e", version=1, counted=now)
    row = dashboard.running()
    ran(row.id, 1, 10, 4, class_id=row.class_id, project_id=row.project_id, creator_id=row.creator_id)
    return dashboard


def ran(key: str, days_ago: int, running: float, idle: float = 0.0, **more: str) -> None:
    EnvironmentDay.objects.create(
        day=ago(days_ago), environment_id=key, running=running * H, idle=idle * H, unknown=0.0, **more
    )


def ago(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)


def price(dashboard: Dashboard, role: str = "admin", **fields: str):
    class_id = dashboard.running().class_id
    values = {"class_id": class_id, "price": "0.48", "valid_from": str(ago(30)), **fields}
    return dashboard.post("/classes/prices/", role, **values)


def test_before_anything_is_recorded_the_page_says_when_it_begins(dashboard: Dashboard) -> None:
    assert "The record begins with the first complete poll" in text(dashboard.get("/costs/"))


def test_without_prices_there_are_hours_alone(recorded: Dashboard) -> None:
    page = text(recorded.get("/costs/", "viewer"))
    assert "10.0 h" in page
    assert "4.0 h" in page
    assert "40 %" in page
    assert "estimate" not in page.lower()
    assert "Set <a" in page


def test_with_a_price_hours_are_money_and_marked_as_an_estimate(recorded: Dashboard) -> None:
    assert price(recorded).status_code == 302
    page = text(recorded.get("/costs/"))
    assert "4.80 EUR" in page
    assert "1.92 EUR" in page
    assert '<span class="tag">estimate</span>' in page


@pytest.mark.parametrize("by", ["project", "person", "class", "day", "environment"])
def test_each_group_names_what_it_sums_up(recorded: Dashboard, by: str) -> None:
    row, fleet = recorded.running(), recorded.fleet
    names = {
        "project": fleet.project(row.project_id) if row.project_id else "Without a project",
        "person": fleet.person(row.creator_id),
        "class": fleet.environment_class(row.class_id),
        "day": str(ago(1).year),
        "environment": row.name,
    }
    page = text(recorded.get(f"/costs/?by={by}"))
    assert f"<bdi>{names[by]}" in page.replace(f"{ago(1):%a} {ago(1).day} {ago(1):%b} ", "")
    assert "10.0 h" in page


def test_a_deleted_environment_keeps_its_name(recorded: Dashboard) -> None:
    RecordedEnvironment.objects.create(
        id="e-gone", name="old <otter>", first_seen=0, gone=1.0, version=1, phase="stopped", phase_since=0
    )
    ran("e-gone", 1, 3)
    page = text(recorded.get("/costs/?by=environment"))
    assert "old &lt;otter&gt; (deleted)" in page


@pytest.mark.parametrize("by", ["project", "person", "class"])
def test_what_is_gone_keeps_the_name_that_it_had(recorded: Dashboard, by: str) -> None:
    RecordedName.objects.create(kind=by, key="gone-1", name="Old <name>")
    ran("e-9", 1, 3, 2, project_id="gone-1", creator_id="gone-1", class_id="gone-1")
    assert "<bdi>Old &lt;name&gt;</bdi>" in text(recorded.get(f"/costs/?by={by}"))
    assert "<bdi>Old &lt;name&gt;</bdi>" in text(recorded.get("/"))


def test_classes_of_one_name_are_told_apart_by_their_runner(recorded: Dashboard) -> None:
    fleet = recorded.fleet
    twins = [row for row in fleet.classes.values() if row.name == "Regular"]
    assert len(twins) > 1
    ran("e-9", 1, 3, 2, class_id=twins[0].id)
    page = text(recorded.get("/costs/?by=class"))
    assert f"Regular on {fleet.runner(twins[0].runner_id)}" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("range=today", False),
        ("range=yesterday", True),
        ("range=7d", True),
        ("range=30d", True),
        (f"from={ago(1)}&to={ago(1)}", True),
        (f"from={ago(9)}&to={ago(2)}", False),
        (f"from={ago(0)}&to={ago(1)}", True),  # nonsense: the last 7 days
    ],
)
def test_the_address_says_which_days(recorded: Dashboard, query: str, found: bool) -> None:
    assert ("10.0 h" in text(recorded.get(f"/costs/?{query}"))) is found


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (f"from={ago(0)}&to={ago(1)}", "ends before it begins"),
        ("from=2026-02-30&to=2026-03-01", "does not exist"),
        ("from=%00&to=0001-01-01", "does not exist"),
        ("range=century", "no such range"),
        ("by=secret&sort=-secret", ""),
    ],
)
def test_what_makes_no_sense_in_the_address_is_said_and_ends_in_seven_days(
    recorded: Dashboard, query: str, says: str
) -> None:
    page = text(recorded.get(f"/costs/?{query}"))
    assert says in page
    assert "10.0 h" in page


def test_the_table_sorts_by_what_the_address_says(recorded: Dashboard) -> None:
    ran("e-b", 1, 2, 0, project_id="p-b")
    ran("e-c", 1, 1, 1, project_id="p-c")

    def order(sort: str) -> list[str]:
        page = text(recorded.get(f"/costs/?by=project&sort={sort}"))
        return sorted(
            ("10.0 h", "2.0 h", "1.0 h"),
            key=lambda hours: page.index(f'data-label="Running" class="num">{hours}'),
        )

    assert order("running") == ["1.0 h", "2.0 h", "10.0 h"]
    assert order("-running") == ["10.0 h", "2.0 h", "1.0 h"]
    assert order("") == ["10.0 h", "1.0 h", "2.0 h"]


def test_the_csv_has_the_same_rows_and_runs_nothing_in_a_spreadsheet(recorded: Dashboard) -> None:
    price(recorded)
    RecordedEnvironment.objects.create(
        id="e-gone", name="=HYPERLINK(1)", first_seen=0, gone=1.0, version=1, phase="stopped", phase_since=0
    )
    ran("e-gone", 1, 3)
    answer = recorded.get("/costs/?by=environment&format=csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="hours-by-environment-')
    content = b"".join(answer.streaming_content).decode().removeprefix("\ufeff")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(content)))
    row = recorded.running()
    assert rows[0] == {
        "environment": row.name,
        "id": row.id,
        "running hours": "10.000",
        "idle hours": "4.000",
        "hours not known": "0.000",
        "hours without a price": "0.000",
        "estimate eur": "4.8000",
        "estimate idle eur": "1.9200",
    }
    assert rows[1]["environment"] == "'=HYPERLINK(1) (deleted)"
    assert (rows[1]["hours without a price"], rows[1]["estimate eur"]) == ("3.000", "")


def test_the_json_has_the_same_rows(recorded: Dashboard) -> None:
    rows = recorded.get("/costs/?by=class&format=json").json()["rows"]
    assert (rows[0]["class"], rows[0]["running hours"]) == (
        recorded.fleet.environment_class(recorded.running().class_id),
        "10.000",
    ) or rows[0]["class"].startswith("Regular on ")


def test_a_poll_is_empty_until_hours_or_prices_change(recorded: Dashboard) -> None:
    page = recorded.get("/costs/")
    assert recorded.poll(page).status_code == 204
    price(recorded)
    assert "4.80 EUR" in text(recorded.poll(page))


# Prices


def test_a_price_is_set_kept_and_shown_with_who_set_it(recorded: Dashboard) -> None:
    price(recorded)
    price(recorded, price="0.96", valid_from=str(ago(-10)))
    page = text(recorded.get("/classes/prices/", "viewer"))
    assert "0.48 EUR" in page
    assert '0.96 EUR <span class="muted">from' in page
    assert "<bdi>admin</bdi>" in page
    assert '<form method="post" action="/classes/prices/"' not in page
    assert ClassPrice.objects.count() == 2


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_admins_set_prices(recorded: Dashboard, role: str) -> None:
    answer = price(recorded, role)
    assert (answer.status_code, ClassPrice.objects.count()) == (403, 0)
    assert "Only admins set prices" in text(answer)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"price": "-1"}, "below zero"),
        ({"price": "-0.0001"}, "below zero"),
        ({"price": "NaN"}, "Enter a number"),
        ({"price": "Infinity"}, "Enter a number"),
        ({"price": "1e99"}, "digits"),
        ({"price": "0.00001"}, "decimal places"),
        ({"price": ""}, "required"),
        ({"class_id": "secret"}, "no such class"),
        ({"class_id": ""}, "required"),
        ({"valid_from": "2026-02-30"}, "valid date"),
        ({"valid_from": "0001-01-01"}, "from 2020 to three years from now"),
        ({"valid_from": "9999-12-31"}, "from 2020 to three years from now"),
    ],
)
def test_a_price_that_cannot_be_is_refused_with_the_reason(
    recorded: Dashboard, fields: dict[str, str], says: str
) -> None:
    answer = price(recorded, **fields)
    assert (answer.status_code, ClassPrice.objects.count()) == (422, 0)
    assert says in text(answer)


def test_an_absurd_price_is_asked_about_with_its_consequence(recorded: Dashboard) -> None:
    answer = price(recorded, price="480")
    assert (answer.status_code, ClassPrice.objects.count()) == (422, 0)
    assert "345,600 EUR a month" in text(answer)
    assert price(recorded, price="480", sure="on").status_code == 302
    assert ClassPrice.objects.get().price == Decimal(480)


def test_a_free_class_is_free_and_not_without_a_price(recorded: Dashboard) -> None:
    price(recorded, price="0")
    assert ">free<" in text(recorded.get("/classes/prices/"))

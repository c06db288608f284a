"""What is idle costs money, once there are prices: by the hour, since it was used, dearest first."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dashboard.control.models import ClassPrice
from tests.web.conftest import Dashboard, text
from tests.web.test_idle import idle, listed


@pytest.fixture
def fleet(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    """One idle for long in a cheap class, one for shorter in a dear one, one in a class without a price."""
    monkeypatch.setattr("dashboard.web.idle_money.STEP", 1.0)
    dashboard.simulated.sync().hot()
    dashboard.empty()
    dashboard.put(
        idle(1, 10, class_id="cheap"), idle(2, 5, class_id="dear"), idle(3, 20, class_id="unpriced")
    )
    return dashboard


def price(class_id: str, amount: str) -> None:
    ClassPrice.objects.create(
        class_id=class_id,
        price=Decimal(amount),
        valid_from=timezone.localdate() - timedelta(days=9),
        set_at=timezone.now(),
        set_by_name="Ada",
    )


@pytest.fixture
def priced(fleet: Dashboard) -> Dashboard:
    price("cheap", "0.1")
    price("dear", "2")
    return fleet


def test_without_prices_nothing_is_said_of_money(fleet: Dashboard) -> None:
    page = text(fleet.get("/idle/"))
    assert "EUR" not in page
    assert "Dearest first" not in page


def test_each_row_says_what_it_has_cost_since_it_was_used_and_all_what_they_cost_an_hour(
    priced: Dashboard,
) -> None:
    page = text(priced.get("/idle/"))
    rows = {
        key: page.partition(f'id="environment-{key}"')[2].partition("</tr>")[0]
        for key in ("e-1", "e-2", "e-3")
    }
    assert "≈ 1.00 EUR" in rows["e-1"]
    assert "≈ 10.00 EUR" in rows["e-2"]
    assert "EUR" not in rows["e-3"]
    assert '≈ 2.10 EUR an hour <span class="tag">estimate</span>' in page


def test_the_dearest_come_first_when_asked_for(priced: Dashboard) -> None:
    assert listed(priced.get("/idle/")) == ["e-3", "e-1", "e-2"]
    page = priced.get("/idle/?sort=dearest")
    assert listed(page) == ["e-2", "e-1", "e-3"]
    assert '<input type="hidden" form="filters" name="sort" value="-cost">' in text(page)
    assert "sort=-cost" in text(page).partition('id="show-awake" href="')[2].partition('"')[0]


def test_an_environment_that_is_kept_is_not_said_to_waste(priced: Dashboard) -> None:
    priced.put(idle(4, 0.2, class_id="dear"))
    page = text(priced.get("/idle/?show=kept"))
    assert 'id="environment-e-4"' in page
    assert "EUR" not in page.partition('id="environment-e-4"')[2].partition("</tr>")[0]


def test_a_poll_finds_nothing_new_until_the_money_moves_on(
    priced: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.web.idle_money.STEP", 3600.0)
    page = priced.get("/idle/")
    assert priced.poll(page).status_code == 204
    price("dear", "4")
    assert "≈ 4.10 EUR an hour" in text(priced.poll(page))


def test_those_who_left_most_are_named_with_what_it_has_cost(priced: Dashboard) -> None:
    creators = text(priced.get("/idle/")).partition('id="creators"')[2].partition("</p>")[0]
    assert "By creator, the dearest first:" in creators
    assert "≈ 11.00 EUR in 3" in creators

"""How hours and money read."""

from decimal import Decimal

import pytest

from dashboard.web.templatetags.money import hours, money, percent, price


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 h"),
        (29, "0 h"),
        (31, "1 min"),
        (2_100, "35 min"),
        (3_540, "59 min"),
        (3_575, "1.0 h"),
        (5_400, "1.5 h"),
        (4_336_200, "1,204.5 h"),
    ],
)
def test_hours_read_as_hours_and_less_than_one_as_minutes(seconds: float, words: str) -> None:
    assert hours(seconds) == words


@pytest.mark.parametrize(
    ("amount", "as_money", "as_price"),
    [
        ("0", "0.00 EUR", "0.00 EUR"),
        ("0.0125", "0.01 EUR", "0.0125 EUR"),
        ("0.9600", "0.96 EUR", "0.96 EUR"),
        ("1234567.891", "1,234,567.89 EUR", "1,234,567.8910 EUR"),
    ],
)
def test_money_has_two_digits_and_a_price_as_many_as_it_needs(
    amount: str, as_money: str, as_price: str
) -> None:
    assert (money(Decimal(amount)), price(Decimal(amount))) == (as_money, as_price)


def test_a_share_of_nothing_is_nothing() -> None:
    assert (percent(0.0, 0.0), percent(1.0, 4.0)) == (0.0, 25.0)

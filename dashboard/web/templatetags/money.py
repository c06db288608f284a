"""How hours and money read on a page."""

from decimal import Decimal

from django import template
from django.conf import settings
from django.utils.formats import number_format

register = template.Library()
HOUR_IN_MINUTES = 60


def _grouped(number: str, digits: int) -> str:
    return number_format(number, digits, force_grouping=True)


@register.filter
def money(amount: Decimal) -> str:
    """12.40 EUR"""
    return f"{_grouped(f'{amount:.2f}', 2)} {settings.CURRENCY}"


@register.filter
def price(amount: Decimal) -> str:
    """Two digits, or the four that a price may have: 0.96 EUR, 0.0125 EUR"""
    cents = amount == round(amount, 2)
    return money(amount) if cents else f"{_grouped(f'{amount:.4f}', 4)} {settings.CURRENCY}"


@register.filter
def hours(seconds: float) -> str:
    """Seconds as hours with one digit, less than an hour as minutes: 1,204.5 h, 35 min, 0 h."""
    minutes = round(seconds / 60)
    if 0 < minutes < HOUR_IN_MINUTES:
        return f"{minutes} min"
    return f"{_grouped(f'{seconds / 3600:.1f}', 1)} h" if minutes else "0 h"


def whole_hours(seconds: float) -> str:
    """Beside an axis: whole ones from ten on: 2,000 h, 1.5 h."""
    return hours(seconds) if seconds < 10 * 3600 else f"{seconds / 3600:,.0f} h"


@register.filter
def percent(part: float, whole: float) -> float:
    """0 to 100, 0 of nothing."""
    return round(100 * part / whole, 1) if whole else 0.0

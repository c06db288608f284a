"""How hours and money read on a page."""

from decimal import Decimal

from django import template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma

register = template.Library()


@register.filter
def money(amount: Decimal | None) -> str:
    """12.40 EUR; four digits of what is less than ten cents; a dash for what has no price."""
    if amount is None:
        return "—"
    digits = 2 if amount == 0 or abs(amount) >= Decimal("0.1") else 4
    return f"{intcomma(f'{amount:.{digits}f}')} {settings.CURRENCY}"


@register.filter
def hours(seconds: float) -> str:
    """Seconds as hours with one digit: 1,204.5 h."""
    return f"{intcomma(f'{seconds / 3600:.1f}')} h"


@register.filter
def percent(part: float, whole: float) -> float:
    """0 to 100, 0 of nothing."""
    return round(100 * part / whole, 1) if whole else 0.0

"""What words mean, beside them."""

from django import template
from django.utils.functional import Promise

from dashboard.fleet.entities import Listed
from dashboard.fleet.query import phase_of
from dashboard.web.glossary import PHASES, WORDS

register = template.Library()
_MEANINGS = {anchor: meaning for anchor, _, meaning in WORDS}


@register.filter
def phase_meaning(row: Listed) -> str | Promise:
    """Of the phase in which the row is shown; "" for one that this version does not know."""
    return PHASES.get(phase_of(row), "")


@register.filter
def meaning_of(anchor: str) -> str | Promise:
    return _MEANINGS[anchor]

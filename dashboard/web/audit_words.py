"""How an entry of the audit reads in the language of the page. What is kept stays English, as it was sealed."""

import re
from collections.abc import Callable, Mapping
from datetime import date

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, ngettext

from dashboard.control.audit.models import AuditEntry
from dashboard.control.audit.query import ACTS
from dashboard.fleet.sentences import looked_up

Parts = Mapping[str, str]


def deed(entry: AuditEntry) -> str:
    """Stop of an environment: asked for."""
    words = gettext(ACTS.get(entry.act, entry.act.replace("-", " ")))
    kind, _, what = str(entry.details.get("verb", "")).partition(".")
    if entry.act not in {"asked", "ended"} or not what:
        return words.capitalize()
    return f"{gettext(what.replace('-', ' ').capitalize())} {gettext(kind)}, {words}"


def target(entry: AuditEntry) -> str:
    """What it happened to: a name, or the id where there is none."""
    return _again(TARGETS.get(entry.kind), entry.target_name) or entry.target_name or entry.target_id


def outcome(entry: AuditEntry) -> str:
    return _again(OUTCOMES.get(entry.act), entry.outcome) or str(looked_up(entry.outcome))


def _again(form: tuple[re.Pattern[str], Callable[[Parts], str]] | None, text: str) -> str:
    """ "" where it was not written in this form."""
    fits = form[0].fullmatch(text) if form else None
    return form[1](fits.groupdict()) if form and fits else ""


def _of_token(parts: Parts) -> str:
    days = int(parts["days"])
    return ngettext("{scopes}, {days} day", "{scopes}, {days} days", days).format(
        scopes=parts["scopes"], days=days
    )


def _of_price(parts: Parts) -> str:
    try:
        day = date_format(date.fromisoformat(parts["day"]))
    except ValueError:
        return ""
    return gettext("{price} from {day} on").format(price=number_format(parts["price"]), day=day)


def _of_checkpoint(parts: Parts) -> str:
    numbers = {name: number_format(value, force_grouping=True) for name, value in parts.items()}
    return gettext("{entries} entries up to {upto} were older than {days} days and are deleted").format(
        **numbers
    )


OUTCOMES = {
    "token-made": (re.compile(r"(?P<scopes>.+), (?P<days>\d{1,6}) days"), _of_token),
    "price": (re.compile(r"(?P<price>\d+(\.\d+)?) from (?P<day>\d{4}-\d\d-\d\d)"), _of_price),
    "checkpoint": (
        re.compile(
            r"(?P<entries>\d+) entries up to (?P<upto>\d+) were older than (?P<days>\d+(\.\d+)?) days and are deleted"
        ),
        _of_checkpoint,
    ),
    "message-again": (
        re.compile(r"given up because (?P<why>.+)", re.DOTALL),
        lambda parts: gettext("given up because {why}").format(why=looked_up(parts["why"])),
    ),
}
"""By what is told: the form in which it is kept, and how it reads."""
TARGETS = {
    "session": (
        re.compile(r"(?P<browser>\w+) on (?P<system>\w+)"),
        lambda parts: gettext("{browser} on {system}").format(**parts),
    ),
    "token": (
        re.compile(r"(?P<name>.+) of (?P<person>.+)", re.DOTALL),
        lambda parts: gettext("{name} of {person}").format(**parts),
    ),
}
"""By the kind of what it happened to."""

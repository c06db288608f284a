"""The fleet's hours on the overview: today, yesterday, the last week, and who and what is most idle."""

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.record import cost
from dashboard.control.record.cost import Bill, Line, State
from dashboard.fleet.snapshot import Fleet
from dashboard.web.groups import group_names
from dashboard.web.live import Block
from dashboard.web.pages.costs import days_of
from dashboard.web.templatetags.words import moment_of
from dashboard.web.trends import hours_figure

RANGES = {"today": _("Today"), "yesterday": _("Yesterday"), "7d": _("Last 7 days")}
TOP = 3
WORTH_A_LINE = 360.0
"""Idle seconds: a tenth of an hour, which is what pages show."""


@dataclass(frozen=True, slots=True)
class Leader:
    """Somebody or something with many idle hours."""

    name: str
    bill: Bill


def hours_block(fleet: Fleet, state: State) -> Block:
    today = timezone.localdate()
    ranges = [
        (gettext(label), _total(*days_of(name, today), state), _url(range=name))
        for name, label in RANGES.items()
    ]
    leaders = [
        (
            label,
            tuple(_leaders(by, fleet, cost.lines(by, *days_of("7d", today), state))),
            _url(by=by, range="7d"),
        )
        for by, label in (
            ("project", gettext("By project")),
            ("person", gettext("By person")),
            ("class", gettext("By class")),
        )
    ]
    leaders = [one for one in leaders if one[1]]
    context = {
        "ranges": ranges,
        "leaders": leaders,
        "since": state.since,
        "counted": moment_of(state.counted),
    }
    context["priced"] = bool(state.newest_price)
    context["figure"] = hours_figure(state)
    return Block("hours", (state, today, leaders), "overview/hours.html", context)


def _total(first: date, last: date, state: State) -> Bill | None:
    """None where nothing was recorded on any of these days: that is not the same as no hours."""
    if state.since is None or state.counted is None or state.counted <= state.since:
        return None
    zone = timezone.get_current_timezone()
    began = datetime.fromtimestamp(state.since, zone).date()
    ended = datetime.fromtimestamp(state.counted - 1, zone).date()
    return cost.total(first, last, state) if began <= last and first <= ended else None


def _url(**parameters: str) -> str:
    return f"{reverse('costs')}?{urlencode(parameters)}"


def _leaders(by: str, fleet: Fleet, lines: list[Line]) -> list[Leader]:
    top = [line for line in lines[:TOP] if line.bill.hours.idle >= WORTH_A_LINE]
    names = group_names(by, [str(line.key) for line in top], fleet)
    return [Leader(names[str(line.key)], line.bill) for line in top]

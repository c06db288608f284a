"""Costs: what ran, what of it nobody used, by project, person, class, day or environment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET

from dashboard.control.record import cost
from dashboard.control.record.cost import Bill, Line
from dashboard.fleet.snapshot import Fleet
from dashboard.web.groups import group_names
from dashboard.web.http import moment, page
from dashboard.web.live import Block, Live
from dashboard.web.spreadsheet import download

SHOWN = 100
RANGES = {
    "today": _("Today"),
    "yesterday": _("Yesterday"),
    "7d": _("7 days"),
    "30d": _("30 days"),
    "month": _("This month"),
}
DEFAULT = "7d"
GROUPS = {
    "project": _("Project"),
    "person": _("Person"),
    "class": _("Class"),
    "day": _("Day"),
    "environment": _("Environment"),
}
SORTS = {"name": "", "running": "-", "idle": "-", "money": "-"}
"""What the table sorts by → the direction of the first click."""


@dataclass(frozen=True, slots=True)
class View:
    """What the address asks for. `range` is "" when it names the days; `problem` says what of it made no sense."""

    by: str
    range: str
    first: date
    last: date
    sort: str
    problem: str = ""

    def url(self, **changes: str) -> str:
        """The address of the same view with something else."""
        days = {"range": self.range} if self.range else {"from": str(self.first), "to": str(self.last)}
        if "range" in changes:
            days = {}
        pairs = {"by": self.by, **days, "sort": self.sort, **changes}
        return f"{reverse('costs')}?{urlencode({name: value for name, value in pairs.items() if value})}"

    def of_day(self, day: str) -> str:
        """The address of what makes up one day."""
        pairs = {"by": "project", "from": day, "to": day}
        return f"{reverse('costs')}?{urlencode(pairs)}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A line with its name, and where that leads ("" = nowhere)."""

    name: str
    url: str
    line: Line


@require_GET
def index(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    view, fleet, state = _view(request), moment(request).fleet, cost.state()
    lines = cost.lines(view.by, view.first, view.last, state)
    total = sum((line.bill for line in lines), Bill())
    rows = _sorted(_named(lines, view, fleet), view.sort)
    if request.GET.get("format") == "csv":
        return download(f"hours-by-{view.by}-{view.first}-{view.last}", _heads(view), _cells(rows))
    if request.GET.get("format") == "json":
        return JsonResponse({"rows": [dict(zip(_heads(view), cells, strict=True)) for cells in _cells(rows)]})
    context = {
        "title": gettext("Costs"),
        "view": view,
        "since": state.since,
        "counted": state.counted,
        "total": total,
        "rows": rows[:SHOWN],
        "count": len(rows),
        "group": gettext(GROUPS[view.by]),
        "currency": settings.CURRENCY,
        "groups": [(name, gettext(label), view.url(by=name, sort="")) for name, label in GROUPS.items()],
        "ranges": [(name, gettext(label), view.url(range=name)) for name, label in RANGES.items()],
        "csv_url": view.url(format="csv"),
        "headings": _headings(view),
        "priced": bool(state.newest_price),
    }
    live = Live(
        [Block("costs", (view, state, tuple(row.name for row in rows[:SHOWN])), "costs/table.html", context)]
    )
    context["blocks"] = {block.id: block.html(request) for block in live.blocks}
    return page(request, "costs/index.html", context, live)


def _view(request: HttpRequest) -> View:
    by, sort = request.GET.get("by", "project"), request.GET.get("sort", "")
    by = by if by in GROUPS else "project"
    sort = sort if sort.removeprefix("-") in SORTS else ""
    today, name = timezone.localdate(), request.GET.get("range", "")
    first, last = _date(request, "from"), _date(request, "to")
    problem = ""
    if request.GET.get("from") or request.GET.get("to"):
        if first is not None and last is not None and first <= last:
            return View(by, "", first, last, sort)
        problem = (
            gettext("The range ends before it begins.")
            if first and last
            else gettext("A day is missing or does not exist.")
        )
        problem += " " + gettext("Shown are the last {range}.").format(range=gettext(RANGES[DEFAULT]))
    elif name and name not in RANGES:
        problem = gettext("There is no such range. Shown are the last {range}.").format(
            range=gettext(RANGES[DEFAULT])
        )
    name = name if name in RANGES and not problem else DEFAULT
    return View(by, name, *days_of(name, today), sort, problem)


def _date(request: HttpRequest, name: str) -> date | None:
    try:
        found = parse_date(request.GET.get(name, ""))
    except ValueError:
        return None
    return found if found is not None and 2000 <= found.year <= 2200 else None


def days_of(name: str, today: date) -> tuple[date, date]:
    """The first and the last day of a range."""
    if name == "yesterday":
        return today - timedelta(days=1), today - timedelta(days=1)
    if name == "month":
        return today.replace(day=1), today
    length = {"today": 1, "7d": 7, "30d": 30}[name]
    return today - timedelta(days=length - 1), today


def _named(lines: list[Line], view: View, fleet: Fleet) -> list[Shown]:
    if view.by == "day":
        return [
            Shown(date_format(cast("date", line.key), "D j M Y"), view.of_day(str(line.key)), line)
            for line in lines
        ]
    names = group_names(view.by, [str(line.key) for line in lines], fleet)
    pages = fleet.environments if view.by == "environment" else {}
    return [
        Shown(
            names[str(line.key)],
            reverse("environments-detail", args=[line.key]) if line.key in pages else "",
            line,
        )
        for line in lines
    ]


def _sorted(rows: list[Shown], sort: str) -> list[Shown]:
    """As they come, most idle first, but days newest first."""
    if not sort:
        by_day = bool(rows) and isinstance(rows[0].line.key, date)
        return sorted(rows, key=lambda row: str(row.line.key), reverse=True) if by_day else rows
    keys: dict[str, Any] = {
        "name": lambda row: str(row.line.key) if isinstance(row.line.key, date) else row.name.casefold(),
        "running": lambda row: row.line.bill.hours.running,
        "idle": lambda row: row.line.bill.hours.idle,
        "money": lambda row: row.line.bill.money,
    }
    return sorted(rows, key=keys[sort.removeprefix("-")], reverse=sort.startswith("-"))


def _headings(view: View) -> dict[str, dict[str, str]]:
    """For each sortable column where its heading leads, and how it is sorted now."""
    found = {}
    for name, first in SORTS.items():
        current = view.sort.removeprefix("-") == name
        flipped = name if view.sort.startswith("-") else f"-{name}"
        direction = ("descending" if view.sort.startswith("-") else "ascending") if current else ""
        found[name] = {"url": view.url(sort=flipped if current else first + name), "direction": direction}
    return found


def _heads(view: View) -> list[str]:
    money = settings.CURRENCY.lower()
    hours = ["running hours", "idle hours", "hours not known", "hours without a price"]
    return [view.by, "id", *hours, f"estimate {money}", f"estimate idle {money}"]


def _cells(rows: list[Shown]) -> Iterator[list[Any]]:
    for row in rows:
        bill = row.line.bill
        seconds = (*bill.hours, bill.unpriced)
        amounts = [f"{amount:.4f}" if bill.priced else "" for amount in (bill.money, bill.idle_money)]
        yield [row.name, str(row.line.key), *(f"{value / 3600:.3f}" for value in seconds), *amounts]

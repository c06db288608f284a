"""The fleet's daily reports: all of them, one day, and where they are sent."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET, require_http_methods

from dashboard.control import ledger
from dashboard.control.models import Channel, Delivery, FleetReport, Recording, ReportChannel
from dashboard.control.permissions import Forbidden, channel_refusal
from dashboard.control.reports import daily as reports
from dashboard.fleet.snapshot import Fleet
from dashboard.web import plots
from dashboard.web.http import moment, page, signed_in
from dashboard.web.live import Block, Live
from dashboard.web.spreadsheet import download
from dashboard.web.templatetags.money import whole_hours

SHOWN = 60
PLOTTED = 30
"""Days."""
HOURS = plots.Axis(_("hours"), whole_hours, 3_600.0)


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The last days; a POST chooses the channels."""
    if request.method == "POST":
        return _choose(request)
    shown = list(FleetReport.objects.order_by("-day")[:SHOWN])
    if request.GET.get("format") == "csv":
        everything = FleetReport.objects.order_by("-day").iterator(100)
        return download("daily-reports", _heads(), (_cells(one) for one in everything))
    state = tuple((str(one.day), str(one.made), one.final) for one in shown)
    context = {"reports": shown, "plot": _plot(shown[:PLOTTED]), "recorded": Recording.objects.exists()}
    body = Block("reports", state, "reports/list.html", context)
    chosen = list(ReportChannel.objects.select_related("channel").order_by("channel__name"))
    context = {
        "title": gettext("Daily reports"),
        "list": body.html(request),
        "may": not channel_refusal(signed_in(request)),
        "channels": Channel.objects.order_by("name"),
        "chosen": [one.channel for one in chosen],
    }
    return page(request, "reports/index.html", context, Live([body]))


def _choose(request: HttpRequest) -> HttpResponse:
    asked = {key for key in request.POST.getlist("channel") if key}
    channels = [one for one in Channel.objects.all() if str(one.pk) in asked]
    try:
        reports.choose(channels, signed_in(request), ledger.utc_now())
    except Forbidden as why_not:
        raise PermissionDenied(str(why_not)) from None
    names = ", ".join(one.name for one in channels)
    messages.success(
        request,
        gettext("Daily reports go to {names}.").format(names=names)
        if names
        else gettext("Daily reports are sent to nobody."),
    )
    return redirect("idle-reports")


def _plot(shown: list[FleetReport]) -> Any:
    days = shown[::-1]
    running = [one.figures["running"] - one.figures["idle"] for one in days]
    idle = [one.figures["idle"] for one in days]
    return plots.bars(
        plots.Frame(
            "days",
            gettext("Running hours of each day"),
            gettext("Of each day the hours in use and the idle ones."),
            "page",
        ),
        gettext("Day"),
        [date_format(one.day, "j M") for one in days],
        [
            plots.Series(gettext("in use"), tuple(running), "good"),
            plots.Series(gettext("idle"), tuple(idle), "warn"),
        ],
        HOURS,
    )


@require_GET
def show(request: HttpRequest, day: date) -> HttpResponse:
    """One day; today's is the day so far."""
    report = FleetReport.objects.filter(day=day).first()
    if report is None:
        raise Http404(
            gettext("There is no report of {date_format}. {why}").format(
                date_format=date_format(day, "j M Y"), why=_why(day)
            )
        )
    fleet = moment(request).fleet
    context = {"report": report, "told": report.figures, **_shown(report, fleet)}
    body = Block("report", (str(report.made), report.final), "reports/day.html", context)
    sent = list(Delivery.objects.filter(occasion=f"report:{day}").order_by("to_name"))
    context = {
        "title": gettext("Report of {date_format}").format(date_format=date_format(day, "D j M Y")),
        "report": report,
        "sent": sent,
    }
    context |= {"body": body.html(request), "before": _beside(day, -1), "after": _beside(day, 1)}
    return page(request, "reports/report.html", context, Live([body]))


def _why(day: date) -> str:
    if day > timezone.localdate():
        return gettext("That day is yet to come.")
    if day == timezone.localdate():
        return gettext("Today's is made within a few minutes of the first poll.")
    return gettext("Nothing was recorded on that day, or it is no longer kept.")


def _beside(day: date, step: int) -> date | None:
    try:
        other = day + timedelta(days=step)
    except OverflowError:
        return None
    return other if FleetReport.objects.filter(day=other).exists() else None


def _shown(report: FleetReport, fleet: Fleet) -> dict[str, Any]:
    """Amounts as numbers, and which of what is named still has a page."""
    told = report.figures
    money, idle_money = (Decimal(told[name]) if name in told else None for name in ("money", "idle_money"))
    lists = ("regrets", "longest", "awake", "never", "failing")
    named = {row.get("environment_id", row["id"]) for name in lists for row in told.get(name, ())}
    costs = f"{reverse('costs')}?by=project&from={report.day}&to={report.day}"
    return {
        "money": money,
        "idle_money": idle_money,
        "there": {key: key in fleet.environments for key in named},
        "services": {row["id"]: row["id"] in fleet.services for row in told.get("failing", ())},
        "costs_url": costs,
    }


def _heads() -> list[str]:
    heads = ["day", "final", "running hours", "idle hours", "environments", "stopped by policies", "regrets"]
    money = settings.CURRENCY.lower()
    return [*heads, f"estimate {money}", f"estimate idle {money}"]


def _cells(one: FleetReport) -> list[Any]:
    told = one.figures
    return [
        one.day,
        "yes" if one.final else "no",
        *(f"{told[name] / 3600:.3f}" for name in ("running", "idle")),
        *(told[name] for name in ("ran", "stopped", "regretted")),
        *(told.get(name, "") for name in ("money", "idle_money")),
    ]

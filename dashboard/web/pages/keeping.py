"""Where the link in a warning leads: keep an environment awake with one press."""

from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from dashboard.control import ledger
from dashboard.control.idleness import exemptions
from dashboard.control.models import Exemption, Role, StopWarning
from dashboard.control.notify import warned
from dashboard.control.permissions import exemption_refusal
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.spans import spoken_time_of_day as time_of_day
from dashboard.web.http import found_or_404, moment, signed_in, text_of, varied
from dashboard.web.offers import address

EVENING = 18
FRIDAY = 4


def warnings_of(environment_id: str) -> list[StopWarning]:
    """What it has been warned of and is still to come, the next first."""
    found = warned.to_come(ledger.utc_now()).filter(environment_id=environment_id).select_related("policy")
    return sorted(found, key=lambda one: (one.deadline is None, one.deadline or one.decided))


def ends(now: datetime, longest: timedelta) -> list[datetime]:
    """Ends to choose from, in local time: tomorrow at six, on Friday at six, as late as one may."""
    local = timezone.localtime(now)
    tomorrow = (local + timedelta(days=1)).replace(hour=EVENING, minute=0, second=0, microsecond=0)
    friday = tomorrow + timedelta(days=(FRIDAY - tomorrow.weekday()) % 7)
    latest = (local + longest).replace(second=0, microsecond=0)
    return sorted({one for one in (tomorrow, friday, latest) if local < one <= latest})


@require_http_methods(["GET", "POST"])
def keep(request: HttpRequest, identifier: str) -> HttpResponse:
    """One button for each end; a second press of the same one grants nothing twice."""
    row = cast("Environment", found_or_404(request, Kind.ENVIRONMENT, identifier))
    user, now = signed_in(request), ledger.utc_now()
    if why_not := exemption_refusal(user, row, moment(request).fleet):
        raise PermissionDenied(why_not)
    longest = timedelta(days=settings.EXEMPTION_DAYS)
    context: dict[str, Any] = {
        "title": gettext("Keep {name} awake").format(name=row.name),
        "row": row,
        "problem": "",
    }
    if request.method == "POST":
        context["problem"] = _kept(request, row, now, longest)
        if not context["problem"]:
            return redirect(address(Kind.ENVIRONMENT, row.id))
    context |= {
        "warnings": warnings_of(row.id),
        "held": exemptions.holds(moment(request).fleet, timezone.localtime(now), [row]).get(row.id, ""),
        "choices": [
            (one.isoformat(), time_of_day(one.timestamp(), timezone.localtime(now)))
            for one in ends(now, longest)
        ],
        "longer": user.role == Role.ADMIN,
    }
    return varied(render(request, "exemptions/keep.html", context, status=422 if context["problem"] else 200))


def _kept(request: HttpRequest, row: Environment, now: datetime, longest: timedelta) -> str:
    """What was wrong; "" when it is kept until then."""
    try:
        until = datetime.fromisoformat(text_of(request.POST.get("until", ""))[:40])
    except ValueError:
        return gettext("Choose until when.")
    if timezone.is_naive(until):
        return gettext("Choose until when.")
    user = signed_in(request)
    before = Exemption.objects.in_force(now).filter(environment_id=row.id, actor=user, until=until)
    if before.exists():
        return ""
    try:
        exemptions.grant(
            user,
            moment(request).fleet,
            row=row,
            reason="kept awake after a warning",
            until=until,
            now=now,
            longest=longest,
        )
    except exemptions.Refused as refused:
        return str(refused)
    said = time_of_day(until.timestamp(), timezone.localtime(now))
    messages.success(request, gettext("It is not stopped for being idle until {said}.").format(said=said))
    return ""

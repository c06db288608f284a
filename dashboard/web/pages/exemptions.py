"""Exemptions: the list, granting one, ending one early."""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.control import ledger
from dashboard.control.idle import Evidence, Limits, Verdict, decide
from dashboard.control.idleness import evidence, exemptions
from dashboard.control.models import Exemption, Role
from dashboard.control.permissions import Forbidden, exemption_refusal
from dashboard.fleet.entities import Environment, Execution, Kind
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.fleet.query.values import seconds
from dashboard.web.http import (
    found_or_404,
    is_fragment,
    moment,
    next_address,
    page,
    signed_in,
    text_of,
    varied,
)
from dashboard.web.live import Block, Live
from dashboard.web.offers import address
from dashboard.web.pages.idle import DEFAULT_LIMIT
from dashboard.web.pages.keeping import warnings_of
from dashboard.web.pages.policies import verdicts_of

PAST_SHOWN = 50
WRITTEN = "%Y-%m-%dT%H:%M"


class ExemptionForm(forms.Form):
    """`until` is in the server's time zone, as its label says."""

    until = forms.DateTimeField(
        input_formats=[WRITTEN],
        widget=forms.DateTimeInput({"type": "datetime-local"}, format=WRITTEN),
        error_messages={
            "invalid": _("This takes a date and a time."),
            "required": _("Every exemption has an end."),
        },
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )

    def __init__(self, data: Any, now: datetime) -> None:
        end = timezone.localtime(now) + timedelta(days=1)
        super().__init__(data, initial={"until": end.replace(hour=18, minute=0, second=0)}, label_suffix="")
        self.fields["until"].label = gettext("Until ({timezone})").format(
            timezone=timezone.get_current_timezone_name()
        )


class FilterForm(ExemptionForm):
    """The same for whatever matches a filter."""

    query = forms.CharField(label=_("Filter"), max_length=LONGEST_TEXT, required=False)
    field_order = ("query", "until", "reason")


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Those in force, the next to end first, and the latest that are over."""
    now, user, fleet = ledger.utc_now(), signed_in(request), moment(request).fleet
    shown = [
        {
            "exemption": one,
            "soon": one.until - now <= exemptions.SOON,
            "may_end": not exemptions.end_refusal(one, user, fleet),
        }
        for one in Exemption.objects.in_force(now)
    ]
    over = list(Exemption.objects.over(now)[:PAST_SHOWN])
    context = {"shown": shown, "over": over, "may_filter": user.role == Role.ADMIN}
    state = (tuple((str(one["exemption"]), one["soon"], one["may_end"]) for one in shown), len(over))
    body = Block("exemptions", state, "exemptions/list.html", context)
    whole = {"title": gettext("Exemptions"), "list": body.html(request), **context}
    return page(request, "exemptions/index.html", whole, Live([body]))


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Grant one of whatever matches a filter."""
    return _ask_or_grant(request, None)


@require_http_methods(["GET", "POST"])
def of_environment(request: HttpRequest, identifier: str) -> HttpResponse:
    """Grant one of an environment."""
    return _ask_or_grant(request, cast("Environment", found_or_404(request, Kind.ENVIRONMENT, identifier)))


def _ask_or_grant(request: HttpRequest, row: Environment | None) -> HttpResponse:
    fleet, now = moment(request).fleet, ledger.utc_now()
    if why_not := exemption_refusal(signed_in(request), row, fleet):
        raise PermissionDenied(why_not)
    kind = FilterForm if row is None else ExemptionForm
    form = kind(request.POST if request.method == "POST" else None, now)
    if request.method == "POST" and form.is_valid() and _granted(request, row, form, now):
        return _done(request, row)
    return _ask(request, row, form)


def _granted(request: HttpRequest, row: Environment | None, form: ExemptionForm, now: datetime) -> bool:
    """Whether it was; else the form says what is wrong."""
    try:
        exemptions.grant(
            signed_in(request),
            moment(request).fleet,
            row=row,
            query=text_of(form.cleaned_data.get("query", "")).strip(),
            reason=" ".join(text_of(form.cleaned_data["reason"]).split()),
            until=form.cleaned_data["until"],
            now=now,
            longest=timedelta(days=settings.EXEMPTION_DAYS),
        )
    except exemptions.Refused as refused:
        form.add_error(refused.field, str(refused))
        return False
    return True


def _ask(request: HttpRequest, row: Environment | None, form: ExemptionForm) -> HttpResponse:
    limit = None if signed_in(request).role == Role.ADMIN else settings.EXEMPTION_DAYS
    back = reverse("idle-exemptions") if row is None else address(Kind.ENVIRONMENT, row.id)
    context = {"row": row, "form": form, "back": back, "limit": limit, "where": request.path}
    context["next"] = next_address(request, back)
    if is_fragment(request):
        return varied(render(request, "exemptions/dialog.html", context))
    status = 422 if request.method == "POST" else 200
    return varied(render(request, "exemptions/new.html", context, status=status))


def _done(request: HttpRequest, row: Environment | None) -> HttpResponse:
    home = reverse("idle-exemptions") if row is None else address(Kind.ENVIRONMENT, row.id)
    messages.success(
        request,
        gettext("It is exempt from idle stops.")
        if row
        else gettext("What matches is exempt from idle stops."),
    )
    if not is_fragment(request):
        return redirect(next_address(request, home))
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


@require_POST
def end(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """End one early."""
    exemption = get_object_or_404(Exemption, id=identifier)
    try:
        ended = exemptions.end(exemption, signed_in(request), moment(request).fleet, ledger.utc_now())
    except Forbidden as refused:
        raise PermissionDenied(str(refused)) from None
    messages.success(
        request, gettext("The exemption has ended.") if ended else gettext("The exemption was over already.")
    )
    return redirect(next_address(request, reverse("idle-exemptions")))


def exemption_block(request: HttpRequest, row: Environment) -> Block:
    """Of an environment's page: what holds it, and whether one may be granted."""
    now, user, fleet = ledger.utc_now(), signed_in(request), moment(request).fleet
    own = [one for one in Exemption.objects.in_force(now) if one.environment_id == row.id]
    held = exemptions.holds(fleet, now, [row]).get(row.id, "")
    context: dict[str, Any] = {
        "row": row,
        "held": held,
        "own": [(one, not exemptions.end_refusal(one, user, fleet)) for one in own],
        "may_grant": not exemption_refusal(user, row, fleet),
        "verdicts": verdicts_of(row.id) if row.phase in {"running", "stopped"} else [],
        "warnings": warnings_of(row.id),
    }
    judged = _judged(request, row, held) if row.phase == "running" else None
    if judged is not None:
        context |= {
            "why": judged.why,
            "facts": [fact for fact in judged.facts if fact not in judged.why],
            "since": judged.since,
        }
    context["over"] = row.phase in {"deleting", "deleted"} and not (held or context["warnings"])
    said = tuple((one.policy.name, one.policy.state, one.decision, one.why) for one in context["verdicts"])
    warned = tuple((str(one.pk), str(one.deadline)) for one in context["warnings"])
    grounds = (judged and (judged.why, judged.facts, judged.since), row.phase)
    state = (held, tuple(str(one.id) for one in own), context["may_grant"], said, warned, grounds)
    return Block("exemption", state, "environments/exemption.html", context)


def _judged(request: HttpRequest, row: Environment, held: str) -> Verdict:
    """By the limit the idle review begins with."""
    seen, now = moment(request), timezone.localtime()
    runs = cast("list[Execution]", seen.fleet.inside(Kind.EXECUTION, row.id))
    known = Evidence(evidence.doubt(seen, now), evidence.names_of(runs), held)
    return decide(row, Limits(float(seconds(DEFAULT_LIMIT))), evidence.judged_at(seen, now), known)

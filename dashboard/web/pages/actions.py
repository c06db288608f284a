"""Asking for an action: the question, then the answer. Works as a page and, with htmx, as a dialog."""

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_http_methods

from dashboard.control import ledger
from dashboard.control.models import Action, State
from dashboard.control.permissions import WHO_ONCE_MORE, Forbidden, refusal
from dashboard.control.verbs import RULES, Params, Rule, Verb, pointless, verbs_of
from dashboard.fleet.entities import Environment, Kind, Listed, Task, kind_of
from dashboard.fleet.snapshot import Fleet
from dashboard.jobs import enqueue_action
from dashboard.web import step_up
from dashboard.web.details import in_depth
from dashboard.web.forms import FORMS, ActionForm
from dashboard.web.http import found_or_404, is_fragment, moment, next_address, signed_in, text_of, varied
from dashboard.web.offers import address
from dashboard.web.templatetags.words import within

STILL_OPEN = _(
    "asked for something else of this kind, which is still under way. Try again when it has ended."
)

OPEN = {
    Kind.EXECUTION: _("Open the task execution"),
    Kind.SERVICE: _("Open the service"),
    Kind.TASK: _("Open the task"),
}
"""What the link to what was made is called."""


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, kind: Kind, identifier: str, deed: str) -> HttpResponse:
    """GET asks whether to do it, POST does it. The verb, and so the right that is needed, follows from kind
    and deed.
    """
    verb = _verb_or_404(kind, deed)
    if page := RULES[verb].page:
        return redirect(page, identifier)
    return ask_or_do(request, verb, found_or_404(request, kind, identifier))


def ask_or_do(request: HttpRequest, verb: Verb, row: Listed) -> HttpResponse:
    """The question, or with a form that is filled in right the deed. PermissionDenied without the right to it."""
    fleet = moment(request).fleet
    if why_not := refusal(signed_in(request), verb, row, fleet):
        raise PermissionDenied(why_not)
    form = _form(request, verb, row, fleet)
    if request.method == "POST" and (form is None or form.is_valid()):
        what = f"{within(gettext(RULES[verb].label))} {row.name}"
        asked = (
            step_up.question(request, what, typed=verb.deed.replace("-", " "))
            if verb in WHO_ONCE_MORE
            else None
        )
        return asked or _do(request, verb, row, fleet, form)
    return _ask(request, verb, row, fleet, form)


def _form(request: HttpRequest, verb: Verb, row: Listed, fleet: Fleet) -> ActionForm | None:
    if verb not in FORMS:
        return None
    return FORMS[verb](
        request.POST if request.method == "POST" else None,
        verb=verb,
        row=row,
        fleet=fleet,
        detail=None if RULES[verb].rowless else in_depth(kind_of(row), row.id),
        person=str(signed_in(request)),
        now=ledger.utc_now().timestamp(),
    )


def _verb_or_404(kind: Kind, deed: str) -> Verb:
    verb = next((verb for verb in verbs_of(kind) if verb.deed == deed), None)
    if verb is None:
        raise Http404(gettext("There is nothing called “{deed}” to do here.").format(deed=deed))
    return verb


def _ask(
    request: HttpRequest, verb: Verb, row: Listed, fleet: Fleet, form: ActionForm | None
) -> HttpResponse:
    """The question; a form that was not filled in right comes back with what is wrong at each field."""
    context: dict[str, Any] = {
        "row": row,
        "verb": verb.value,
        "rule": RULES[verb],
        "pointless": pointless(verb, row, fleet),
        "adds": _adds(RULES[verb]),
        "about": f"actions/verbs/{verb.value}.html",
    }
    context |= {
        "form": form,
        "depth": None if form is None else form.detail,
        "reason": text_of(request.POST.get("reason", "")),
        "next": _came_from(request, _home(verb, row)),
        "back": _home(verb, row),
        **_consequences(row, fleet),
    }
    if is_fragment(request):
        return varied(render(request, "actions/dialog.html", context))
    status = 422 if request.method == "POST" else 200
    return varied(render(request, "actions/page.html", context, status=status))


def _consequences(row: Listed, fleet: Fleet) -> dict[str, Any]:
    """What a person should know before they decide."""
    environment = fleet.environments.get(row.environment_id)
    runs = fleet.runs_of(row.id) if isinstance(row, Task) else []
    if isinstance(row, Environment):
        runs = [run for run in fleet.executions.values() if run.environment_id == row.id]
    live = [run for run in runs if run.live]
    creator = (
        fleet.person(environment.creator_id, environment.creator_kind) if environment is not None else ""
    )
    return {"environment": environment, "creator": creator, "live_executions": live}


def _home(verb: Verb, row: Listed) -> str:
    """Where a deed belongs: the target's page, or the list that will hold what it makes."""
    return reverse("environments-list") if RULES[verb].rowless else address(kind_of(row), row.id)


def _came_from(request: HttpRequest, home: str) -> str:
    """Back to the page the button was on: htmx says which, a plain link carries `next` or only a referrer."""
    current = (
        request.headers.get("HX-Current-URL") or request.GET.get("next") or request.headers.get("Referer", "")
    )
    allowed = url_has_allowed_host_and_scheme(
        current, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return current if allowed and request.path not in current else home


def _do(request: HttpRequest, verb: Verb, row: Listed, fleet: Fleet, form: ActionForm | None) -> HttpResponse:
    params: Params = {} if form is None else form.params()
    if form is not None:
        row = form.target()
    asked = _made_before(verb, row) or _requested(request, verb, row, fleet, params)
    if form is not None and not asked.new and asked.action.is_open and asked.action.params != params:
        form.add_error(None, f"{asked.action.actor_name} {gettext(STILL_OPEN)}")
        return _ask(request, verb, row, fleet, form)
    level, words = _answer(asked, RULES[verb], row.name)
    if RULES[verb].rowless:
        return _to_activity(request, level, words)
    made = _made_link(asked, RULES[verb])
    if is_fragment(request):
        response = HttpResponse(status=204)
        toast = {"level": level, "text": words, **made}
        response["HX-Trigger"] = json.dumps({"toast": toast, "dialog:close": "", "poll-now": ""})
        return response
    _say(request, level, format_html('{} <a href="{url}">{link}</a>', words, **made) if made else words)
    return redirect(next_address(request, _home(verb, row)))


def _requested(request: HttpRequest, verb: Verb, row: Listed, fleet: Fleet, params: Params) -> ledger.Request:
    reason = " ".join(text_of(request.POST.get("reason", "")).split())
    try:
        return ledger.request(
            signed_in(request),
            verb,
            row,
            fleet,
            now=ledger.utc_now(),
            enqueue=enqueue_action,
            reason=reason,
            params=params,
        )
    except Forbidden as refused:
        raise PermissionDenied(str(refused)) from None


def _made_before(verb: Verb, row: Listed) -> ledger.Request | None:
    """A form that was sent before, however that ended: its token is good for one wish."""
    if not RULES[verb].rowless:
        return None
    action = Action.objects.filter(verb=verb.value, target_id=row.id).first()
    return None if action is None else ledger.Request(action, new=False)


def _to_activity(request: HttpRequest, level: str, words: str) -> HttpResponse:
    """There is no page yet to go back to: Activity shows how it goes, and links to what was made."""
    _say(
        request,
        level,
        gettext("{words} Its line below links to its page as soon as there is one.").format(words=words),
    )
    if not is_fragment(request):
        return redirect("activity")
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse("activity")
    return response


def _say(request: HttpRequest, level: str, words: str) -> None:
    (messages.warning if level == "warn" else messages.success)(request, words)


def _made_link(asked: ledger.Request, rule: Rule) -> dict[str, str]:
    """Where what it makes can be seen, also before it is there: `url` and `link`; {} for what makes nothing."""
    if rule.makes not in OPEN or asked.action.state == State.SKIPPED:
        return {}
    return {"url": reverse("activity-made", args=[asked.action.pk]), "link": gettext(OPEN[rule.makes])}


def _adds(rule: Rule) -> bool:
    """It makes something in an environment, rather than doing something to it."""
    return rule.kind is Kind.ENVIRONMENT and rule.makes is not None and not rule.rowless


def _answer(asked: ledger.Request, rule: Rule, name: str) -> tuple[str, str]:
    words = gettext("{deed} to “{name}”") if _adds(rule) else gettext("{deed} of “{name}”")
    deed = words.format(deed=gettext("Creation") if rule.rowless else gettext(rule.label), name=name)
    if not asked.new:
        return "warn", gettext("{deed} was asked for already by {actor_name}.").format(
            deed=deed, actor_name=asked.action.actor_name
        )
    if asked.action.state == State.SKIPPED:
        return "warn", gettext("{deed} was skipped: {outcome}.").format(
            deed=deed, outcome=asked.action.outcome
        )
    return "good", gettext("{deed} is on its way.").format(deed=deed)

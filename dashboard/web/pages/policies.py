"""Idle policies: the list, one with what it decided, making and changing one, and arming, pausing, deleting it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET, require_http_methods

from dashboard.control import ledger
from dashboard.control.models import Act, IdlePolicy, PolicyState, PolicyVerdict
from dashboard.control.permissions import policy_refusal
from dashboard.control.policies import changes as policies
from dashboard.control.policies.verdicts import acted_since
from dashboard.web import step_up
from dashboard.web.forms.policies import PolicyForm
from dashboard.web.http import is_fragment, moment, page, signed_in, text_of, varied
from dashboard.web.live import Block, Live
from dashboard.web.policy_preview import assessed, preview, replayed

RUNS_SHOWN = 20
PAGE_SIZE = 25
DECISIONS = {"stop": _("Stop"), "warn": _("Warn"), "keep": _("Keep")}


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All policies with their state, how the last run went, when the window changes, and what was stopped today."""
    body = Block("policies", *_listed())
    context = {"title": gettext("Idle policies"), "list": body.html(request), "may": _may(request)}
    return page(request, "policies/index.html", context, Live([body]))


def _listed() -> tuple[tuple[Any, ...], str, dict[str, Any]]:
    """State, template and context of the list."""
    now = timezone.localtime()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    lines: list[dict[str, Any]] = [
        {"policy": one, "window": _window(one, now), "today": acted_since(one, today)}
        for one in IdlePolicy.objects.order_by("name", "id")
    ]
    state = tuple(
        (str(line["policy"].pk), _shown(line["policy"]), line["window"], line["today"]) for line in lines
    )
    return state, "policies/list.html", {"lines": lines}


def _shown(policy: IdlePolicy) -> tuple[Any, ...]:
    """What is shown of a policy, so that a poll sees whether it changed."""
    return (
        policy.name,
        policy.state,
        policy.paused_why,
        policy.said,
        str(policy.changed),
        str(policy.last_run),
    )


def _window(policy: IdlePolicy, now: datetime) -> dict[str, Any]:
    """Whether its window is open, and when that changes."""
    return {
        "open": not policy.opening.closed(now),
        "always": policy.opening.always,
        "changes": policy.next_change(now),
    }


def _may(request: HttpRequest) -> bool:
    return not policy_refusal(signed_in(request))


def _found(identifier: UUID) -> IdlePolicy:
    return get_object_or_404(IdlePolicy, pk=identifier)


@require_GET
def detail(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """One policy: what it does, its last runs, and what it says of each environment in its scope."""
    policy, now = _found(identifier), timezone.localtime()
    window = _window(policy, now)
    context = {"title": policy.name, "policy": policy, "window": window, "may": _may(request)}
    head = Block("policy", (_shown(policy), window, context["may"]), "policies/head.html", context)
    recent = list(policy.runs.order_by("-at", "-id")[:RUNS_SHOWN])
    state = tuple((run.pk, run.times, str(run.until)) for run in recent)
    runs = Block("runs", state, "policies/runs.html", {"runs": recent, "policy": policy})
    blocks = [head, runs, _verdicts(request, policy)]
    context |= {"blocks": {block.id: block.html(request) for block in blocks}}
    context |= {"asked": request.GET.get("q", ""), "show": request.GET.get("show", "")}
    return page(request, "policies/policy.html", context, Live(blocks))


def _verdicts(request: HttpRequest, policy: IdlePolicy) -> Block:
    """What it said last of the environments whose name holds what is asked for."""
    text, show = text_of(request.GET.get("q", "")).strip()[:200], request.GET.get("show", "")
    named = policy.verdicts.filter(name__icontains=text) if text else policy.verdicts.all()
    counts = {decision: named.filter(decision=decision).count() for decision in DECISIONS}
    chosen = named.filter(decision=show) if show in DECISIONS else named
    shown = Paginator(chosen.order_by("-decision", "name", "id"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "policy": policy,
        "shown": shown,
        "asked": text,
        "show": show if show in DECISIONS else "",
        "choices": [(decision, gettext(label), counts[decision]) for decision, label in DECISIONS.items()],
        "total": sum(counts.values()),
    }
    rows = tuple((one.pk, one.decision, one.why, str(one.since)) for one in shown)
    return Block("verdicts", (rows, tuple(counts.items()), shown.number), "policies/verdicts.html", context)


# Making and changing


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return _edit(request, IdlePolicy(idle=0.0, zone=settings.TIME_ZONE))


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, identifier: UUID) -> HttpResponse:
    return _edit(request, _found(identifier))


def _edit(request: HttpRequest, policy: IdlePolicy) -> HttpResponse:
    """The form, with what it would do right now below it when that was asked for; saved, the policy is a dry run."""
    _check(request)
    new_one, known = policy._state.adding, policy.name
    data = request.POST if request.method == "POST" else None
    before = None if new_one or data is None else assessed(request, _found(policy.pk))
    form = PolicyForm(data, policy=policy, fleet=moment(request).fleet, now=ledger.utc_now().timestamp())
    valid = data is not None and form.is_valid()
    if valid and request.POST.get("then") != "preview":
        acts = form.cleaned_data["act"] in {Act.STOP, Act.DELETE}
        unwarned = acts and policy.lead and not new_one and not form.cleaned_data["lead"]
        what = gettext("let {known} act without a warning").format(known=known)
        if unwarned and (asked := step_up.question(request, what, typed=gettext("no warning"))):
            return asked
        policies.keep(form.filled(), signed_in(request), ledger.utc_now())
        messages.success(
            request,
            gettext("{name} is a dry run: it stops nothing until it is armed.").format(name=policy.name),
        )
        return redirect("idle-policy", policy.pk)
    back = reverse("idle-policies") if new_one else reverse("idle-policy", args=[policy.pk])
    context: dict[str, Any] = {
        "title": gettext("Change {known}").format(known=known)
        if known and not new_one
        else gettext("New policy")
    }
    context |= {"form": form, "back": back, "armed": policy.state == PolicyState.ARMED and not new_one}
    if valid or (data is not None and set(form.errors) == {"sure"}):
        context["preview"] = preview(assessed(request, form.filled()), before)
    if is_fragment(request) and request.POST.get("then") == "preview":
        return varied(render(request, "policies/edit_preview.html", context))
    status = 422 if data is not None and not valid else 200
    return varied(render(request, "policies/edit.html", context, status=status))


# Arming, pausing, deleting


@require_http_methods(["GET", "POST"])
def arm(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """The question shows what it would do right now; what somebody has changed meanwhile is asked for again."""
    _check(request)
    policy = _found(identifier)
    if request.method != "POST":
        shown = {"preview": preview(assessed(request, policy)), "past": replayed(policy)}
        return _ask(request, policy, "arm", shown)
    if request.POST.get("changed") != policy.changed.isoformat():
        messages.error(request, gettext("It was changed meanwhile; look at what it does now."))
        return redirect("idle-policy", policy.pk)
    typed = text_of(request.POST.get("typed", ""))
    if policy.act == Act.DELETE and typed.strip() != policy.name:
        wrong: dict[str, Any] = {
            "preview": preview(assessed(request, policy)),
            "problem": gettext("That is not its name."),
        }
        return _ask(request, policy, "arm", wrong, status=422)
    if asked := step_up.question(
        request, gettext("arm {name}").format(name=policy.name), typed=gettext("arm")
    ):
        return asked
    if policies.arm(policy, signed_in(request), ledger.utc_now(), typed):
        messages.success(request, gettext("{name} is armed.").format(name=policy.name))
    return redirect("idle-policy", policy.pk)


@require_http_methods(["GET", "POST"])
def pause(request: HttpRequest, identifier: UUID) -> HttpResponse:
    _check(request)
    policy = _found(identifier)
    if request.method != "POST":
        return _ask(request, policy, "pause", {})
    user = signed_in(request)
    reason = " ".join(text_of(request.POST.get("reason", "")).split())[:300]
    why = f"{user}: {reason}" if reason else ""
    if policies.pause(policy, user, why, ledger.utc_now()):
        messages.success(
            request, gettext("{name} is paused; what it had waiting is skipped.").format(name=policy.name)
        )
    return redirect("idle-policy", policy.pk)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, identifier: UUID) -> HttpResponse:
    _check(request)
    policy = _found(identifier)
    if request.method != "POST":
        return _ask(request, policy, "delete", {})
    policies.delete(policy, signed_in(request), ledger.utc_now())
    messages.success(request, gettext("{name} is deleted.").format(name=policy.name))
    return redirect("idle-policies")


def _ask(
    request: HttpRequest, policy: IdlePolicy, deed: str, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    context = {"policy": policy, "deed": deed, "back": reverse("idle-policy", args=[policy.pk]), **more}
    context |= {
        "title": f"{gettext(deed.capitalize())} {policy.name}?",
        "changed": policy.changed.isoformat(),
    }
    template = "policies/dialog.html" if is_fragment(request) else "policies/question.html"
    return varied(render(request, template, context, status=status))


def _check(request: HttpRequest) -> None:
    if why_not := policy_refusal(signed_in(request)):
        raise PermissionDenied(why_not)


# On other pages


def policies_block() -> Block:
    """For the idle pages: each policy with what its last run came to, and why one is paused."""
    shown = list(IdlePolicy.objects.order_by("name", "id"))
    state = tuple((str(one.pk), _shown(one)) for one in shown)
    return Block("policies", state, "policies/brief.html", {"policies": shown})


def verdicts_of(environment_id: str) -> list[PolicyVerdict]:
    """What the policies said last of an environment."""
    found = PolicyVerdict.objects.filter(environment_id=environment_id).select_related("policy")
    return list(found.order_by("policy__name", "id"))

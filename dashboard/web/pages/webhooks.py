"""Webhooks: where programs are told of events, what was sent to each, and sending it again."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.control import ledger
from dashboard.control.models import Delivered, Event, Webhook, WebhookDelivery
from dashboard.control.permissions import webhook_refusal
from dashboard.control.webhooks import owed as webhooks
from dashboard.fleet.sentences import looked_up
from dashboard.web import step_up
from dashboard.web.forms.webhooks import WebhookForm
from dashboard.web.http import is_fragment, page, signed_in, varied
from dashboard.web.live import Block, Live

PAGE_SIZE = 50


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All webhooks, each with what became of its last event."""
    _check(request)
    found = list(Webhook.objects.order_by("name", "id"))
    lines: list[dict[str, Any]] = [
        {"webhook": one, "last": one.deliveries.order_by("-created", "-id").first()} for one in found
    ]
    state = tuple(
        (str(line["webhook"].pk), str(line["webhook"].changed), line["webhook"].paused, *_shown(line["last"]))
        for line in lines
    )
    body = Block("webhooks", state, "webhooks/list.html", {"lines": lines})
    context = {
        "title": _("Webhooks"),
        "list": body.html(request),
        "simulated_messages": settings.ONA_SIMULATED,
    }
    return page(request, "webhooks/index.html", context, Live([body]))


def _shown(delivery: WebhookDelivery | None) -> tuple[str, ...]:
    return () if delivery is None else (str(delivery.pk), delivery.state, delivery.why, str(delivery.tried))


@require_GET
def show(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """One webhook, and what was sent to it, newest first."""
    _check(request)
    webhook = _found(identifier)
    known = {state.value for state in Delivered}
    state = request.GET.get("state", "")
    of_it = webhook.deliveries.order_by("-created", "-id")
    shown = Paginator(of_it.filter(state=state) if state in known else of_it, PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    deliveries = list(shown)
    counts = dict(of_it.order_by().values_list("state").annotate(n=Count("pk")))
    chips = [(one.value, one.label, counts[one]) for one in Delivered if one in counts]
    known_state = (
        tuple(chips),
        *(_shown(one) for one in deliveries),
        shown.number,
        shown.paginator.num_pages,
    )
    context = {"webhook": webhook, "deliveries": deliveries, "chips": chips, "chosen": state, "shown": shown}
    context["both_sign"] = webhooks.both_sign(webhook, ledger.utc_now())
    body = Block("sent", known_state, "webhooks/sent.html", context)
    context |= {"title": webhook.name, "list": body.html(request)}
    return page(request, "webhooks/show.html", context, Live([body]))


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return _edit(request, Webhook())


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, identifier: UUID) -> HttpResponse:
    return _edit(request, _found(identifier))


def _edit(request: HttpRequest, webhook: Webhook) -> HttpResponse:
    """The answer to the form of a new one is the only page that ever shows its secret."""
    _check(request)
    title = _("New webhook") if webhook._state.adding else _("Change %(name)s") % {"name": webhook.name}
    form = WebhookForm(request.POST if request.method == "POST" else None, webhook=webhook)
    if request.method == "POST" and form.is_valid():
        address, now = form.cleaned_data["address"], ledger.utc_now()
        renew = webhooks.Renewal(form.cleaned_data.get("renew", ""))
        try:
            secret = webhooks.keep(form.filled(), signed_in(request), now, address, renew=renew)
        except webhooks.Refused as refused:
            form.add_error(None, looked_up(str(refused)))
        else:
            if secret:
                told = {"title": webhook.name, "webhook": webhook, "secret": secret}
                return varied(render(request, "webhooks/secret.html", told))
            messages.success(request, _("%(name)s is saved.") % {"name": webhook.name})
            return redirect("webhook", webhook.pk)
    context = {"form": form, "webhook": webhook, "title": title}
    return varied(render(request, "webhooks/edit.html", context, status=422 if form.is_bound else 200))


@require_POST
def test(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Owe it an event that says it is a test."""
    _check(request)
    webhook, now = _found(identifier), ledger.utc_now()
    told = {"words": "A test of the Ona dashboard", "person": str(signed_in(request))}
    webhooks.tell(Event.TEST, f"test:{uuid4()}", told, now, [webhook])
    messages.success(request, _("A test to %(name)s is on its way.") % {"name": webhook.name})
    return redirect("webhook", webhook.pk)


@require_POST
def again(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Send what was sent, or given up, once more: with the same id, so that whoever has it knows."""
    _check(request)
    delivery = get_object_or_404(WebhookDelivery, pk=identifier)
    if webhooks.send_again(delivery, signed_in(request), ledger.utc_now()):
        messages.success(request, _("It is sent again."))
    else:
        messages.warning(request, _("It is on its way already."))
    return redirect("webhook", delivery.webhook_id)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, identifier: UUID) -> HttpResponse:
    _check(request)
    webhook = _found(identifier)
    if request.method == "POST":
        if asked := step_up.question(request, f"delete {webhook.name}", typed="delete"):
            return asked
        webhooks.remove(webhook, signed_in(request), ledger.utc_now())
        messages.success(request, _("%(name)s is deleted.") % {"name": webhook.name})
        return redirect("webhooks")
    context = {"webhook": webhook, "back": reverse("webhooks")}
    context["title"] = _("Delete %(name)s?") % {"name": webhook.name}
    template = "webhooks/dialog.html" if is_fragment(request) else "webhooks/question.html"
    return varied(render(request, template, context))


def _found(identifier: UUID) -> Webhook:
    return get_object_or_404(Webhook, pk=identifier)


def _check(request: HttpRequest) -> None:
    if why_not := webhook_refusal(signed_in(request)):
        raise PermissionDenied(why_not)

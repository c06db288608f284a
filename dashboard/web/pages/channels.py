"""Channels: where messages go beside people's own mail. Their addresses are secrets that no page shows."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Count, Q, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.control import ledger
from dashboard.control.models import Channel, ChannelKind, Delivered, Delivery, IdlePolicy, Topic, User
from dashboard.control.notify import channels
from dashboard.control.notify import owed as notify
from dashboard.control.notify.owed import Recipient
from dashboard.control.permissions import channel_refusal
from dashboard.web import step_up
from dashboard.web.forms.channels import ChannelForm
from dashboard.web.http import is_fragment, page, signed_in, varied
from dashboard.web.live import Block, Live


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All channels, each with what became of its last message."""
    _check(request)
    lines: list[dict[str, Any]] = [
        {"channel": one, "last": _last(one), "readable": bool(channels.address_of(one))}
        for one in Channel.objects.order_by("name", "id")
    ]
    state = tuple(
        (
            str(line["channel"].pk),
            line["channel"].name,
            line["channel"].mark,
            _shown(line["last"]),
            line["readable"],
        )
        for line in lines
    )
    body = Block("channels", state, "channels/list.html", {"lines": lines})
    context = {"title": gettext("Channels"), "list": body.html(request), **where_mail_goes()}
    return page(request, "channels/index.html", context, Live([body]))


def where_mail_goes() -> dict[str, Any]:
    """For templates: what is set up, in words."""
    server = settings.MAIL_SERVER
    return {
        "simulated_messages": settings.ONA_SIMULATED,
        "mail_host": server.host if server is not None else "",
        "mail_from": settings.MAIL_FROM,
        "public_url": settings.PUBLIC_URL,
    }


MESSAGES_SHOWN = 20
LATELY = timedelta(days=7)


def messages_block(user: User) -> Block:
    """For the system's page: how messages go, those in trouble first; admins try again what was given up."""
    now, may = ledger.utc_now(), not channel_refusal(user)
    since = now - LATELY
    lately = Delivery.objects.filter(created__gt=since).select_related("channel")
    counts = dict(lately.order_by().values_list("state").annotate(n=Count("pk")))
    trouble = Case(When(state=Delivered.FAILED, then=0), When(state=Delivered.GAVE_UP, then=1), default=2)
    shown = list(lately.order_by(trouble, "-created", "-id")[:MESSAGES_SHOWN])
    chips = [(state.value, state.label, counts[state]) for state in Delivered if state in counts]
    again = {one.pk for one in shown if may and not notify.why_not_again(one, now)}
    state = (
        tuple(chips),
        tuple((str(one.pk), one.state, one.why, one.attempts, one.pk in again) for one in shown),
    )
    context = {"shown": shown, "again": again, "chips": chips, **where_mail_goes()}
    return Block("messages", state, "system/messages.html", context)


def _last(channel: Channel) -> Delivery | None:
    return channel.deliveries.order_by("-created", "-id").first()


def _shown(delivery: Delivery | None) -> tuple[str, ...]:
    return () if delivery is None else (str(delivery.pk), delivery.state, delivery.why, str(delivery.tried))


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return _edit(request, Channel(kind=ChannelKind.SLACK))


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, identifier: UUID) -> HttpResponse:
    return _edit(request, _found(identifier))


def _edit(request: HttpRequest, channel: Channel) -> HttpResponse:
    _check(request)
    new_one, known = channel._state.adding, channel.name
    form = ChannelForm(request.POST if request.method == "POST" else None, channel=channel)
    if request.method == "POST" and form.is_valid():
        channels.keep(form.filled(), signed_in(request), ledger.utc_now(), form.cleaned_data["address"])
        messages.success(
            request,
            gettext("{name} is saved. Send a test to see whether it works.").format(name=channel.name),
        )
        return redirect("idle-channels")
    context = {
        "form": form,
        "channel": channel,
        "title": gettext("New channel") if new_one else gettext("Change {known}").format(known=known),
    }
    context |= {
        "examples": [(ChannelKind(kind).label, one.example) for kind, one in channels.SERVICES.items()]
    }
    return varied(render(request, "channels/edit.html", context, status=422 if form.is_bound else 200))


@require_POST
def test(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Owe it a message that says it is a test."""
    _check(request)
    channel, user = _found(identifier), signed_in(request)
    notify.tell(
        f"test:{uuid4()}",
        [Recipient(channel=channel)],
        "A test of the Ona dashboard",
        "This channel works. Messages about idle environments will come here.",
        topic=Topic.TEST,
        now=ledger.utc_now(),
    )
    messages.success(
        request,
        gettext("A test to {name} is on its way, asked for by {user}.").format(name=channel.name, user=user),
    )
    return redirect("idle-channels")


@require_POST
def again(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Try once more to send a message that was given up. A second click finds it on its way."""
    _check(request)
    delivery, now = get_object_or_404(Delivery, pk=identifier), ledger.utc_now()
    if notify.try_again(delivery, signed_in(request), now):
        messages.success(request, gettext("The message is tried again."))
    elif delivery.state != Delivered.GAVE_UP:
        messages.warning(request, gettext("It is on its way already, or was sent."))
    else:
        messages.warning(
            request, gettext("It cannot be sent any more: its time has passed, or nobody is there to get it.")
        )
    return redirect(f"{reverse('system')}#messages")


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """The question names the policies that use it."""
    _check(request)
    channel = _found(identifier)
    if request.method == "POST":
        if asked := step_up.question(
            request, gettext("delete {name}").format(name=channel.name), typed=gettext("delete")
        ):
            return asked
        channels.remove(channel, signed_in(request), ledger.utc_now())
        messages.success(request, gettext("{name} is deleted.").format(name=channel.name))
        return redirect("idle-channels")
    used = IdlePolicy.objects.filter(Q(channel=channel) | Q(fallback=channel)).order_by("name")
    context = {"channel": channel, "used": list(used), "back": reverse("idle-channels")}
    context["title"] = gettext("Delete {name}?").format(name=channel.name)
    template = "channels/dialog.html" if is_fragment(request) else "channels/question.html"
    return varied(render(request, template, context))


def _found(identifier: UUID) -> Channel:
    return get_object_or_404(Channel, pk=identifier)


def _check(request: HttpRequest) -> None:
    if why_not := channel_refusal(signed_in(request)):
        raise PermissionDenied(why_not)

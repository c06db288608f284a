"""Activity: who did what, when, and how it ended."""

from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from dashboard.control.models import Action, State
from dashboard.web.http import page, text_of
from dashboard.web.live import Block, Live
from dashboard.web.templatetags.words import made_url, target_url

PAGE_SIZE = 50
LONGEST_TEXT = 200


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    text, state = text_of(request.GET.get("q", ""))[:LONGEST_TEXT].strip(), request.GET.get("state", "")
    state = state if state in State.values else ""
    shown = Paginator(_matching(text, state), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [row_block(action) for action in shown]
    context: dict[str, Any] = {
        "title": gettext("Activity"),
        "text": text,
        "state": state,
        "states": State.choices,
        "shown": shown,
    }
    context |= {"links": _links(request, shown), "filtered": bool(text or state)}
    summary = Block(
        "summary",
        (shown.paginator.count, shown.number, shown.paginator.num_pages),
        "activity/summary.html",
        context,
    )
    body = Block(
        "rows", (), "activity/rows.html", {**context, "blocks": [block.html(request) for block in rows]}
    )
    live = Live([summary], rows, body)
    context |= {"summary": summary.html(request), "rows": body.html(request)}
    return page(request, "activity/index.html", context, live)


@require_GET
def made(_request: HttpRequest, identifier: UUID) -> HttpResponse:
    """To what an action made as soon as that is known, until then to its target, where it will show."""
    action = get_object_or_404(Action, pk=identifier)
    return redirect(made_url(action) or target_url(action) or "activity")


def row_block(action: Action) -> Block:
    return Block(
        f"action-{action.id}", (action.state, action.outcome), "activity/row.html", {"action": action}
    )


def _matching(text: str, state: str) -> QuerySet[Action]:
    actions = Action.objects.for_activity()
    if state:
        actions = actions.filter(state=state)
    for word in text.split()[:8]:
        actions = actions.filter(
            Q(target_name__icontains=word)
            | Q(target_id__icontains=word)
            | Q(actor_name__icontains=word)
            | Q(verb__icontains=word)
            | Q(reason__icontains=word)
            | Q(outcome__icontains=word)
        )
    return actions


def _links(request: HttpRequest, shown: "Page[Action]") -> dict[str, str]:
    links = {}
    for name, there, number in (
        ("previous", shown.has_previous(), shown.number - 1),
        ("next", shown.has_next(), shown.number + 1),
    ):
        if there:
            address = request.GET.copy()
            address.pop("seen", None)
            address["page"] = str(number)
            links[name] = f"{request.path}?{address.urlencode()}"
    return links

"""Batches: the question before one, how it goes, and what can be done about it afterwards."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from dashboard.control import batches, ledger
from dashboard.control.idle import last_activity
from dashboard.control.models import OPEN, WORTH_A_RETRY, Action, Batch, State
from dashboard.control.permissions import FEW, Forbidden, batch_refusal, bulk_refusal
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment
from dashboard.fleet.snapshot import Fleet
from dashboard.jobs import start_batch
from dashboard.web import step_up
from dashboard.web.endings import endings
from dashboard.web.http import is_fragment, moment, page, signed_in, text_of, varied
from dashboard.web.live import Block, Live
from dashboard.web.spreadsheet import download
from dashboard.web.templatetags.words import many as counted_words

PAGE_SIZE = 50
LATELY = 900.0
"""Seconds: signals come every five minutes, so whoever sent one within this may still be there."""
LeftOut = Sequence[tuple[str, str]]


def question(
    request: HttpRequest, batch: Batch, left_out: LeftOut = (), error: str = "", status: int = 200
) -> HttpResponse:
    """Exactly what will happen, and to whom; as a dialog with htmx, else as a page."""
    fleet = moment(request).fleet
    targets = [_target(fleet, target) for target in batch.targets]
    people = {target["creator"] for target in targets}
    context = {
        "batch": batch,
        "targets": targets,
        "people": len(people),
        "unsaved": sum(target["unsaved"] for target in targets),
        "left_out": left_out,
        "error": error,
        "starts": batch.verb == Verb.START_ENVIRONMENT.value,
        **_used(fleet, batch, targets),
        "back": _back(batch),
    }
    if is_fragment(request):
        return varied(render(request, "batches/dialog.html", context))
    return varied(render(request, "batches/question.html", context, status=status))


def _used(fleet: Fleet, batch: Batch, targets: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Who would be interrupted by stops that do not look whether anybody is active."""
    if batch.verb != Verb.STOP_ENVIRONMENT.value or batch.idle_limit is not None:
        return {}
    lately = ledger.utc_now().timestamp() - LATELY
    return {
        "in_use": sum((target.get("since") or 0.0) >= lately for target in targets),
        "at_work": sum(target["id"] in fleet.at_work for target in targets),
    }


def _back(batch: Batch) -> str:
    if batch.undoes_id:
        return reverse("idle-batch", args=[batch.undoes_id])
    return reverse("idle" if batch.idle_limit is not None else "environments-list")


def _target(fleet: Fleet, target: dict[str, str]) -> dict[str, Any]:
    row = fleet.environments.get(target["id"])
    if row is None:
        return {
            "id": target["id"],
            "name": target["name"],
            "creator": gettext("not known"),
            "unsaved": False,
            "row": None,
        }
    return {
        "id": row.id,
        "name": row.name,
        "creator": fleet.person(row.creator_id, row.creator_kind),
        "since": last_activity(row)[0],
        "unsaved": bool(row.unpushed or row.changed),
        "row": row,
    }


def ask(
    request: HttpRequest, verb: Verb, rows: Sequence[Environment], left_out: LeftOut, **options: Any
) -> HttpResponse:
    """Fix the targets and put the question about them."""
    if why_not := bulk_refusal(signed_in(request)):
        raise PermissionDenied(why_not)
    if not rows:
        return nothing(request, left_out)
    try:
        batch = batches.ask(signed_in(request), verb, rows, now=ledger.utc_now(), **options)
    except batches.TooMany as refused:
        return nothing(request, (), str(refused))
    return question(request, batch, left_out)


def nothing(request: HttpRequest, left_out: LeftOut, words: str = "") -> HttpResponse:
    """There is nobody to ask about; `words` say why."""
    context = {
        "left_out": left_out,
        "words": words or gettext("Nothing is chosen that this could be done to."),
    }
    template = "batches/nothing_dialog.html" if is_fragment(request) else "batches/nothing.html"
    return varied(render(request, template, context, status=200 if is_fragment(request) else 422))


@require_POST
def begin(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """The answer to the question: a reason, and then it begins. A second answer leads to the same page."""
    if why_not := bulk_refusal(signed_in(request)):
        raise PermissionDenied(why_not)
    batch = get_object_or_404(Batch, id=identifier, actor=signed_in(request))
    reason = " ".join(text_of(request.POST.get("reason", "")).split())
    if batch.started is None and not reason:
        return question(request, batch, error=gettext("Say why; its people will read it."), status=422)
    if batch.started is None and (asked := _who(request, batch, len(batch.targets))):
        return asked
    if batches.begin(batch, signed_in(request), moment(request).fleet, reason=reason, now=ledger.utc_now()):
        start_batch()
    return _to(request, batch)


def _who(request: HttpRequest, batch: Batch, many: int) -> HttpResponse | None:
    """Before more than a few: who one is, once more."""
    if many <= FEW:
        return None
    what = f"{batch.verb.partition('.')[2]} {many} environments"
    return step_up.question(request, what, typed=what)


def _to(request: HttpRequest, batch: Batch) -> HttpResponse:
    url = reverse("idle-batch", args=[batch.id])
    if not is_fragment(request):
        return redirect(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
    return response


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All batches, newest first."""
    shown = Paginator(Batch.objects.begun(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"title": gettext("Batches"), "batches": list(shown), "shown": shown}
    body = Block("batches", tuple(str(batch.id) for batch in shown), "batches/list.html", context)
    context["list"] = body.html(request)
    return page(request, "batches/index.html", context, Live([body]))


@require_GET
def show(request: HttpRequest, identifier: UUID) -> HttpResponseBase:
    """How a batch goes, live; a question that nobody has answered yet is put again to whom it was put."""
    batch = get_object_or_404(Batch, id=identifier)
    if batch.started is None:
        if batch.actor_id != signed_in(request).pk:
            raise Http404(
                gettext("There is no such batch; a question that was not answered is kept for a day.")
            )
        return question(request, batch)
    if request.GET.get("format") == "csv":
        return download(f"batch-{batch.id}", HEADINGS, _lines(batch))
    return _progress(request, batch)


def _progress(request: HttpRequest, batch: Batch) -> HttpResponse:
    actions = Action.objects.of_batch(batch)
    counts = {one["state"]: one["n"] for one in actions.order_by().values("state").annotate(n=Count("id"))}
    state = request.GET.get("state", "")
    chosen = actions.filter(state=state) if state in State.values else actions
    shown = Paginator(chosen, PAGE_SIZE).get_page(request.GET.get("page"))
    blocks = [_row(action) for action in shown]
    path = reverse("idle-batch", args=[batch.id])
    context = {
        "title": gettext("Batch"),
        "batch": batch,
        "state": state if state in State.values else "",
        "shown": shown,
        "path": path,
        "choices": [
            (value, counts[value], f"{path}?state={value}") for value in State.values if value in counts
        ],
        **_standing(request, batch, counts),
    }
    head = Block(
        "batch",
        (
            *sorted(counts.items()),
            str(batch.cancelled),
            context["may"],
            context["may_undo"],
            str(context["undone"]),
        ),
        "batches/head.html",
        context,
    )
    summary = Block(
        "summary", (*sorted(counts.items()), shown.number, state), "batches/summary.html", context
    )
    body = Block(
        "rows", (), "batches/rows.html", {**context, "blocks": [block.html(request) for block in blocks]}
    )
    live = Live([head, summary], blocks, body)
    context |= {"head": head.html(request), "summary": summary.html(request), "rows": body.html(request)}
    return page(request, "batches/batch.html", context, live)


def _standing(request: HttpRequest, batch: Batch, counts: dict[str, int]) -> dict[str, Any]:
    """How far it is, and what may be done about it now."""
    total = sum(counts.values())
    under_way = sum(counts.get(state, 0) for state in OPEN)
    stops = batch.verb == Verb.STOP_ENVIRONMENT.value
    return {
        "ended": endings(counts, stops=stops),
        "total": total,
        "under_way": under_way,
        "done": total - under_way,
        "confirmed": counts.get(State.CONFIRMED, 0),
        "share": 100 * (total - under_way) / total if total else 100,
        "waiting": counts.get(State.QUEUED, 0),
        "worth_a_retry": sum(counts.get(state, 0) for state in WORTH_A_RETRY),
        "stops": stops,
        "may": not batch_refusal(signed_in(request), batch),
        "may_undo": not bulk_refusal(signed_in(request)),
        "undone": list(batch.undone_by.filter(started__isnull=False).values_list("id", flat=True)),
    }


def _row(action: Action) -> Block:
    state = (action.state, action.outcome, action.attempts)
    return Block(f"action-{action.id}", state, "batches/row.html", {"action": action})


HEADINGS = ("environment", "id", "asked", "state", "outcome", "sent", "accepted", "ended", "by", "reason")


def _lines(batch: Batch) -> Iterator[Sequence[Any]]:
    for one in Action.objects.of_batch(batch).iterator(chunk_size=500):
        times = (
            moment and moment.isoformat(timespec="seconds") for moment in (one.sent, one.requested, one.ended)
        )
        yield (
            one.target_name,
            one.target_id,
            one.deed,
            one.state,
            one.outcome,
            *times,
            one.actor_name,
            one.reason,
        )


# Afterwards


def _deed(request: HttpRequest, identifier: UUID, do: Callable[[Batch], int], said: str) -> HttpResponse:
    batch = get_object_or_404(Batch.objects.begun(), id=identifier)
    try:
        many = do(batch)
    except Forbidden as refused:
        raise PermissionDenied(str(refused)) from None
    messages.success(request, said.format(counted_words(many, "environment,environments")))
    return redirect("idle-batch", batch.id)


@require_POST
def cancel(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Send nothing more. What is on its way goes on, and can be undone."""
    user = signed_in(request)
    said = gettext("Cancelled: {} will not be asked for.")
    return _deed(request, identifier, lambda batch: batches.cancel(batch, user, ledger.utc_now()), said)


@require_POST
def retry(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Ask again for what failed."""
    user, fleet = signed_in(request), moment(request).fleet
    batch = get_object_or_404(Batch.objects.begun(), id=identifier)
    failed = Action.objects.of_batch(batch).filter(state__in=WORTH_A_RETRY).count()
    if not batch_refusal(user, batch) and (asked := _who(request, batch, failed)):
        return asked
    said = gettext("{} will be tried again.")
    answer = _deed(
        request, identifier, lambda batch: batches.retry(batch, user, fleet, ledger.utc_now()), said
    )
    start_batch()
    return answer


@require_POST
def undo(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """The question whether to start again what a batch stopped."""
    batch = get_object_or_404(Batch.objects.begun(), id=identifier)
    found = batches.undo_of(batch, moment(request).fleet)
    return ask(request, Verb.START_ENVIRONMENT, found.rows, found.left_out, undoes=batch)

"""What was asked for: actions and batches, to be looked at until they have ended."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from dashboard.control.models import OPEN, Action, Batch
from dashboard.web.api import cursors
from dashboard.web.api.bearer import READ
from dashboard.web.api.problems import Problem
from dashboard.web.api.reads import Numbered, known_parameters, paged
from dashboard.web.api.shapes import Paged
from dashboard.web.http import signed_in, text_of
from dashboard.web.raw import redacted

router = Router(auth=READ)


class ActionOut(BaseModel):
    """One wish for one target: what was asked, by whom and why, and how far it is."""

    id: str
    verb: str
    kind: str
    target_id: str
    target_name: str
    environment_id: str
    person: str
    reason: str
    state: str = Field(
        description="queued, sending, requested; then confirmed, failed, skipped, unconfirmed or unknown."
    )
    over: bool = Field(description="Nothing more will happen to it.")
    outcome: str = Field(description="Why it ended as it did, in words.")
    result_id: str = Field(description="What it made, such as the execution of a task.")
    batch: str | None
    attempts: int
    created: datetime
    sent: datetime | None
    requested: datetime | None
    ended: datetime | None


class ActionsAsked(Numbered):
    kind: Literal["", "environment", "service", "task", "execution"] = ""
    target: str = Field("", max_length=128, description="The id of what it was asked of.")
    batch: UUID | None = None
    open: bool | None = Field(None, description="Only what is still under way, or only what is over.")


class Actions(Paged):
    items: list[ActionOut]


class BatchOut(BaseModel):
    """One wish for many environments. Until `started` it is a question, and nothing happens."""

    id: str
    verb: str
    person: str
    reason: str
    targets: int
    states: dict[str, int] = Field(description="How many of its actions are in which state.")
    over: bool
    created: datetime
    started: datetime | None
    cancelled: datetime | None
    undoes: str | None


class Batches(Paged):
    items: list[BatchOut]


def action_out(action: Action) -> ActionOut:
    return ActionOut(
        id=str(action.id),
        verb=action.verb,
        kind=action.kind,
        target_id=action.target_id,
        target_name=action.target_name,
        environment_id=action.environment_id,
        person=action.actor_name,
        reason=action.reason,
        state=action.state,
        over=not action.is_open,
        outcome=redacted(action.outcome),
        result_id=action.result_id,
        batch=str(action.batch_id) if action.batch_id else None,
        attempts=action.attempts,
        created=action.created,
        sent=action.sent,
        requested=action.requested,
        ended=action.ended,
    )


def batch_out(batch: Batch, states: dict[str, int]) -> BatchOut:
    return BatchOut(
        id=str(batch.id),
        verb=batch.verb,
        person=batch.actor_name,
        reason=batch.reason,
        targets=len(batch.targets),
        states=states,
        over=batch.started is not None and not any(states.get(state) for state in OPEN),
        created=batch.created,
        started=batch.started,
        cancelled=batch.cancelled,
        undoes=str(batch.undoes_id) if batch.undoes_id else None,
    )


def states_of(batches: list[Batch]) -> dict[UUID, dict[str, int]]:
    """Of each batch, how many actions are in which state; what was tried again counts once."""
    found: dict[UUID, dict[str, int]] = {batch.id: {} for batch in batches}
    actions = Action.objects.filter(batch__in=batches, retried=False).order_by()
    for identifier, state, count in actions.values_list("batch_id", "state").annotate(n=Count("id")):
        found[identifier][state] = count
    return found


def _slice(
    found: QuerySet[Any], asked: Numbered, field: str, of: tuple[str, ...]
) -> tuple[list[Any], str | None]:
    """The rows that are asked for of what is sorted by `field`, and the cursor of those after them."""
    mark = cursors.read(of, asked.cursor)
    first = 0 if asked.cursor else asked.first
    some = list(cursors.after(found, field, mark)[first : first + asked.per_page + 1])
    shown = some[: asked.per_page]
    return shown, cursors.written(of, cursors.mark_of(shown[-1], field) if len(some) > len(shown) else None)


@router.get("/actions", response=Actions, url_name="api-actions")
def actions(request: HttpRequest, response: HttpResponse, asked: Query[ActionsAsked]) -> dict[str, Any]:
    """Actions, newest first; those of one `target`, of one `batch`, or only what is still `open`."""
    known_parameters(request, ActionsAsked)
    found = Action.objects.for_activity()
    if asked.kind:
        found = found.filter(kind=asked.kind)
    if asked.target:
        found = found.filter(target_id=text_of(asked.target))
    if asked.batch is not None:
        found = found.filter(batch_id=asked.batch)
    if asked.open is not None:
        found = found.filter(state__in=OPEN) if asked.open else found.exclude(state__in=OPEN)
    of = ("actions", asked.kind, asked.target, str(asked.batch), str(asked.open))
    shown, follows = _slice(found, asked, "created", of)
    items = [action_out(one) for one in shown]
    return {**paged(request, response, found.count(), asked, follows), "items": items}


@router.get("/actions/{uuid:identifier}", response=ActionOut, url_name="api-action")
def action(request: HttpRequest, identifier: UUID) -> ActionOut:
    """How far an action is. Ask every second or two until `over`."""
    known_parameters(request)
    found = Action.objects.filter(id=identifier).first()
    if found is None:
        raise Problem(404, "There is no such action.")
    return action_out(found)


@router.get("/batches", response=Batches, url_name="api-batches")
def batches(request: HttpRequest, response: HttpResponse, asked: Query[Numbered]) -> dict[str, Any]:
    """Batches that have begun, newest first."""
    known_parameters(request, Numbered)
    found = Batch.objects.begun()
    shown, follows = _slice(found, asked, "started", ("batches",))
    states = states_of(shown)
    items = [batch_out(one, states[one.id]) for one in shown]
    return {**paged(request, response, found.count(), asked, follows), "items": items}


@router.get("/batches/{uuid:identifier}", response=BatchOut, url_name="api-batch")
def batch(request: HttpRequest, identifier: UUID) -> BatchOut:
    """How far a batch is, or one's own question; its actions are at `/api/v1/actions?batch=`."""
    known_parameters(request)
    seen = Q(started__isnull=False) | Q(actor=signed_in(request))
    found = Batch.objects.filter(seen, id=identifier).first()
    if found is None:
        raise Problem(404, "There is no such batch.")
    return batch_out(found, states_of([found])[found.id])

"""Starts and stops of many environments: first the question, which does nothing; then it is begun."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router, Status
from pydantic import BaseModel, Field

from dashboard.control import batches, ledger
from dashboard.control.batches import GONE, MOST_TARGETS, TooMany
from dashboard.control.models import Batch
from dashboard.control.permissions import FEW, Forbidden
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.jobs import start_batch
from dashboard.web.api.bearer import ACT
from dashboard.web.api.known import known_fleet
from dashboard.web.api.ledger import BatchOut, batch_out, states_of
from dashboard.web.api.ledger import router as reading
from dashboard.web.api.problems import Place, Problem
from dashboard.web.api.reads import known_parameters, mistaken
from dashboard.web.api.verdicts import verdicts_asked
from dashboard.web.http import moment, signed_in, text_of
from dashboard.web.pages.bulk import VERBS, all_that_match, sorted_out
from dashboard.web.pages.idle import DEFAULT_LIMIT, to_stop

CREATED, ACCEPTED = HTTPStatus.CREATED, HTTPStatus.ACCEPTED
SHOWN_LEFT_OUT = 200
LeftOut = Sequence[tuple[str, str]]
router = Router(auth=ACT)


class Chosen(BaseModel, extra="forbid"):
    """Either `ids`, or `all` that match `q`."""

    ids: list[str] = Field(default=[], max_length=MOST_TARGETS)
    all: bool = False
    q: str = Field("", max_length=LONGEST_TEXT)


class BatchAsked(Chosen):
    """Whatever is chosen is started or stopped, whoever is active in it."""

    verb: Literal["start", "stop"]


class IdleAsked(Chosen):
    """Only what is idle for `idle` is stopped, and each is looked at once more before its turn."""

    idle: str = Field(DEFAULT_LIMIT, max_length=20)


class Target(BaseModel):
    id: str
    name: str


class LeftOutOne(BaseModel):
    name: str
    why: str


class QuestionOut(BatchOut):
    """Nothing has happened yet. To begin, send `reason`, and `confirm` as it stands here, to `begin`."""

    chosen: list[Target]
    left_out: list[LeftOutOne]
    confirm: str = Field(description="What has to be sent back before more than a few; else empty.")
    begin: str


class TriedAgain(BatchOut):
    """The batch, and how many of its environments are asked for again."""

    again: int = Field(description="0: nothing of it had failed, or somebody was faster.")


class Begun(BaseModel, extra="forbid"):
    reason: str = Field(min_length=1, max_length=500, description="Its people will read it.")
    confirm: str = Field("", max_length=80)


@reading.post("/batches", response={CREATED: QuestionOut}, url_name="api-batches", auth=ACT)
def ask_many(request: HttpRequest, response: HttpResponse, asked: BatchAsked) -> Any:
    """The question whether to start or stop many environments."""
    known_parameters(request)
    user, fleet, verb = signed_in(request), known_fleet(request), VERBS[asked.verb]
    rows, gone = _of_ids(request, asked)
    if asked.all:
        rows, problems = all_that_match(user, fleet, text_of(asked.q).strip())
        if problems:
            raise mistaken(problems)
    fitting, left_out = sorted_out(user, fleet, verb, rows)
    return Status(CREATED, _question(request, response, verb, fitting, [*left_out, *gone]))


@router.post("/idle/stop", response={CREATED: QuestionOut}, url_name="api-idle-stop")
def ask_idle(request: HttpRequest, response: HttpResponse, asked: IdleAsked) -> Any:
    """The question whether to stop idle environments: the chosen ones, or all of the review that match."""
    known_parameters(request)
    rows, gone = _of_ids(request, asked)
    found = verdicts_asked(request, q=asked.q if asked.all else "", idle=asked.idle)
    known = found.review.known
    chosen = found.matching if asked.all else [known[row.id] for row in rows if row.id in known]
    stops, left_out = to_stop(chosen, signed_in(request), moment(request).fleet)
    idle_limit, not_running = found.asked.seconds, [row for row in rows if row.id not in known]
    asleep = [(row.name, "it does not run") for row in not_running]
    why_not = [*left_out, *asleep, *gone]
    asks = _question(request, response, Verb.STOP_ENVIRONMENT, stops, why_not, idle_limit=idle_limit)
    return Status(CREATED, asks)


def _of_ids(request: HttpRequest, asked: Chosen) -> tuple[list[Environment], LeftOut]:
    """Raises Problem when it is not clear what is meant."""
    if bool(asked.ids) is asked.all:
        places = (Place(where="ids", message="Either ids, or all."),)
        raise Problem(422, "Send ids, or all with a filter; not both.", errors=places)
    fleet, wanted = known_fleet(request), list(dict.fromkeys(asked.ids))
    gone = [(one[:40], GONE) for one in wanted if one not in fleet.environments]
    return [fleet.environments[one] for one in wanted if one in fleet.environments], gone


def _question(  # noqa: PLR0913 - who asks, of whom, about what, with which check
    request: HttpRequest,
    response: HttpResponse,
    verb: Verb,
    rows: Sequence[Environment],
    left_out: LeftOut,
    *,
    idle_limit: float | None = None,
    undoes: Batch | None = None,
) -> dict[str, Any]:
    told = [LeftOutOne(name=name, why=why) for name, why in left_out[:SHOWN_LEFT_OUT]]
    if not rows:
        places = tuple(Place(where=one.name, message=one.why) for one in told[:20])
        raise Problem(409, "Nothing is chosen that this could be done to.", kind="nothing", errors=places)
    try:
        user, now = signed_in(request), ledger.utc_now()
        batch = batches.ask(user, verb, rows, now=now, idle_limit=idle_limit, undoes=undoes)
    except Forbidden as refused:
        raise _forbidden(request, refused) from None
    except TooMany as refused:
        raise Problem(422, str(refused)) from None
    response["Location"] = reverse("api-batch", args=[batch.id])
    return {
        **batch_out(batch, {}).model_dump(),
        "chosen": batch.targets,
        "left_out": told,
        "confirm": _phrase(batch),
        "begin": reverse("api-batch-begin", args=[batch.id]),
    }


def _phrase(batch: Batch) -> str:
    """What a person types where nobody can be asked who they are."""
    many = len(batch.targets)
    return f"{batch.verb.partition('.')[2]} {many} environments" if many > FEW else ""


@router.post("/batches/{uuid:identifier}/begin", response={ACCEPTED: BatchOut}, url_name="api-batch-begin")
def begin(request: HttpRequest, identifier: UUID, asked: Begun) -> Any:
    """Begin what was asked by oneself. Sent again it changes nothing."""
    known_parameters(request)
    user = signed_in(request)
    batch = Batch.objects.filter(id=identifier, actor=user).first()
    if batch is None:
        raise Problem(404, "You have put no such question; those of yesterday are forgotten.")
    reason = " ".join(text_of(asked.reason).split())
    if not reason:
        raise Problem(422, "Say why; its people will read it.", errors=(_of("reason", "It is empty."),))
    if batch.started is None and asked.confirm != _phrase(batch):
        places = (_of("confirm", f"Send “{_phrase(batch)}”."),)
        raise Problem(409, "This is about many: confirm it.", kind="confirm", errors=places)
    try:
        if batches.begin(batch, user, known_fleet(request), reason=reason, now=ledger.utc_now()):
            start_batch()
    except Forbidden as refused:
        raise _forbidden(request, refused) from None
    batch.refresh_from_db()
    return Status(ACCEPTED, batch_out(batch, states_of([batch])[batch.id]))


@router.post("/batches/{uuid:identifier}/cancel", response=BatchOut, url_name="api-batch-cancel")
def cancel(request: HttpRequest, identifier: UUID) -> BatchOut:
    """Send nothing more of it; what is on its way goes on."""
    batch = _begun(request, identifier)
    try:
        batches.cancel(batch, signed_in(request), ledger.utc_now())
    except Forbidden as refused:
        raise _forbidden(request, refused) from None
    batch.refresh_from_db()
    return batch_out(batch, states_of([batch])[batch.id])


@router.post("/batches/{uuid:identifier}/retry", response={ACCEPTED: TriedAgain}, url_name="api-batch-retry")
def retry(request: HttpRequest, identifier: UUID) -> Any:
    """Ask again for what failed or was not confirmed. Sent twice it asks once."""
    batch = _begun(request, identifier)
    try:
        again = batches.retry(batch, signed_in(request), known_fleet(request), ledger.utc_now())
    except Forbidden as refused:
        raise _forbidden(request, refused) from None
    start_batch()
    batch.refresh_from_db()
    return Status(ACCEPTED, {**batch_out(batch, states_of([batch])[batch.id]).model_dump(), "again": again})


@router.post("/batches/{uuid:identifier}/undo", response={CREATED: QuestionOut}, url_name="api-batch-undo")
def undo(request: HttpRequest, response: HttpResponse, identifier: UUID) -> Any:
    """The question whether to start again what a batch has stopped."""
    batch, user, fleet = _begun(request, identifier), signed_in(request), known_fleet(request)
    found = batches.undo_of(batch, fleet)
    rows, refused = sorted_out(user, fleet, Verb.START_ENVIRONMENT, found.rows)
    why_not = [*found.left_out, *refused]
    asks = _question(request, response, Verb.START_ENVIRONMENT, rows, why_not, undoes=batch)
    return Status(CREATED, asks)


def _begun(request: HttpRequest, identifier: UUID) -> Batch:
    """Raises Problem when nobody has begun such a batch."""
    known_parameters(request)
    batch = Batch.objects.begun().filter(id=identifier).first()
    if batch is None:
        raise Problem(404, "There is no such batch.")
    return batch


def _of(where: str, words: str) -> Place:
    return Place(where=where, message=words)


def _forbidden(request: HttpRequest, refused: Forbidden) -> Problem:
    request.why_refused = str(refused)  # type: ignore[attr-defined]
    return Problem(403, str(refused))

"""Starts and stops of one thing: an action of the ledger, with the rights, reasons and records of the pages."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router, Status
from pydantic import BaseModel, Field

from dashboard.control import ledger
from dashboard.control.asked_once import LONGEST_KEY, AnotherRequest, once
from dashboard.control.models import Action
from dashboard.control.permissions import Forbidden
from dashboard.control.verbs import RULES, Verb
from dashboard.jobs import enqueue_action
from dashboard.web.api.bearer import ACT
from dashboard.web.api.known import row_of
from dashboard.web.api.ledger import ActionOut, action_out
from dashboard.web.api.problems import Place, Problem
from dashboard.web.api.reads import known_parameters
from dashboard.web.http import moment, signed_in, text_of

ACCEPTED = HTTPStatus.ACCEPTED
router = Router(auth=ACT)


class Reason(BaseModel, extra="forbid"):
    """Why: it stands in Activity and in the audit."""

    reason: str = Field("", max_length=500)


class Accepted(ActionOut):
    """The action. Ask for `address` until `over`."""

    address: str
    new: bool = Field(description="False: the same was asked for before, by whoever `person` is.")


def do(
    request: HttpRequest, response: HttpResponse, verb: Verb, identifier: str, asked: Reason | None
) -> dict[str, Any]:
    """Ask for it. Raises Problem."""
    known_parameters(request)
    kind, user, fleet = RULES[verb].kind, signed_in(request), moment(request).fleet
    reason = " ".join(text_of(asked.reason if asked else "").split())
    key, now = request.headers.get("Idempotency-Key", ""), ledger.utc_now()
    if len(key) > LONGEST_KEY:
        raise Problem(422, f"A key has at most {LONGEST_KEY} letters.", errors=(_of_key("It is too long."),))

    def ask() -> tuple[Action, bool]:
        row = row_of(request, kind, identifier)
        made = ledger.request(user, verb, row, fleet, now=now, enqueue=enqueue_action, reason=reason)
        return made.action, made.new

    try:
        action, new = once(user, key, f"{verb.value} {identifier} {reason}", now, ask)
    except Forbidden as refused:
        request.why_refused = str(refused)  # type: ignore[attr-defined]
        raise Problem(403, str(refused)) from None
    except AnotherRequest:
        words = "This key was used for another request."
        raise Problem(409, words, kind="key", errors=(_of_key(words),)) from None
    address = reverse("api-action", args=[action.id])
    response["Location"] = address
    return {**action_out(action).model_dump(), "address": address, "new": new}


def _of_key(words: str) -> Place:
    return Place(where="Idempotency-Key", message=words)


@router.post(
    "/environments/{id:identifier}/start", response={ACCEPTED: Accepted}, url_name="api-environment-start"
)
def start_environment(
    request: HttpRequest, response: HttpResponse, identifier: str, asked: Reason | None = None
) -> Any:
    """Start a stopped environment."""
    return Status(ACCEPTED, do(request, response, Verb.START_ENVIRONMENT, identifier, asked))


@router.post(
    "/environments/{id:identifier}/stop", response={ACCEPTED: Accepted}, url_name="api-environment-stop"
)
def stop_environment(
    request: HttpRequest, response: HttpResponse, identifier: str, asked: Reason | None = None
) -> Any:
    """Stop an environment, with everything that runs in it."""
    return Status(ACCEPTED, do(request, response, Verb.STOP_ENVIRONMENT, identifier, asked))


@router.post("/services/{id:identifier}/start", response={ACCEPTED: Accepted}, url_name="api-service-start")
def start_service(
    request: HttpRequest, response: HttpResponse, identifier: str, asked: Reason | None = None
) -> Any:
    """Start a service in its running environment."""
    return Status(ACCEPTED, do(request, response, Verb.START_SERVICE, identifier, asked))


@router.post("/services/{id:identifier}/stop", response={ACCEPTED: Accepted}, url_name="api-service-stop")
def stop_service(
    request: HttpRequest, response: HttpResponse, identifier: str, asked: Reason | None = None
) -> Any:
    """Stop a service."""
    return Status(ACCEPTED, do(request, response, Verb.STOP_SERVICE, identifier, asked))


@router.post("/tasks/{id:identifier}/start", response={ACCEPTED: Accepted}, url_name="api-task-start")
def start_task(
    request: HttpRequest, response: HttpResponse, identifier: str, asked: Reason | None = None
) -> Any:
    """Run a task; `result_id` of the action is its execution, once there is one."""
    return Status(ACCEPTED, do(request, response, Verb.START_TASK, identifier, asked))


@router.post("/executions/{id:identifier}/stop", response={ACCEPTED: Accepted}, url_name="api-execution-stop")
def stop_execution(
    request: HttpRequest, response: HttpResponse, identifier: str, asked: Reason | None = None
) -> Any:
    """Stop a task execution."""
    return Status(ACCEPTED, do(request, response, Verb.STOP_EXECUTION, identifier, asked))

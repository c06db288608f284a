"""What a person can ask of Ona, one line a verb: the call, when it makes sense, and how its end is recognised.

Rules come from the API's state machines: stop and start calls return before the change is visible; a
service's stop may take two minutes (SIGTERM, then SIGKILL); only StartTask makes something new with each
call, so only it must never be sent twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dashboard.fleet.entities import FINISHED_EXECUTION, Environment, Execution, Kind, Row, Service
from dashboard.ona import Ona


class Verb(StrEnum):
    """Kind and deed; the value is stored in the database and stands in addresses."""

    START_ENVIRONMENT = "environment.start"
    STOP_ENVIRONMENT = "environment.stop"
    START_SERVICE = "service.start"
    STOP_SERVICE = "service.stop"
    START_TASK = "task.start"
    STOP_EXECUTION = "execution.stop"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an observation ends an action: `state` is confirmed or failed, `words` what a person reads."""

    state: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Everything the ledger needs to know of a verb.

    `pointless(row)` is the reason for skipping, or "". `ended(row)` is the outcome an observation shows, or
    None while it is open. `patience` is how many seconds after the request the change should be visible.
    `send` returns the id of what it made, or "".
    """

    verb: Verb
    kind: Kind
    label: str
    asked: str
    repeatable: bool
    patience: float
    send: Callable[[Ona, str], str]
    pointless: Callable[[Any], str]
    ended: Callable[[Any], Outcome | None]


def _no_result(call: Callable[[Ona, str], None]) -> Callable[[Ona, str], str]:
    def send(ona: Ona, identifier: str) -> str:
        call(ona, identifier)
        return ""

    return send


_GOING = {"deleting": "it is being deleted", "deleted": "it was deleted"}


def _stop_environment_pointless(row: Environment) -> str:
    already = {"stopped": "it is stopped already", "stopping": "it is stopping already"}
    return {**already, **_GOING}.get(row.phase, "")


def _environment_stopped(row: Environment) -> Outcome | None:
    return Outcome("confirmed") if row.phase in {"stopped", "deleting", "deleted"} else None


def _start_environment_pointless(row: Environment) -> str:
    if row.archived is not None:
        return "it is archived; take it out of the archive first"
    already = {
        "running": "it runs already",
        "starting": "it is starting already",
        "creating": "it is being created",
    }
    return {**already, "updating": "it runs already", "stopping": "it is still stopping", **_GOING}.get(
        row.phase, ""
    )


def _environment_running(row: Environment) -> Outcome | None:
    if row.phase in {"running", "updating"}:
        return Outcome("confirmed")
    if row.phase in {"starting", "creating"}:
        return None
    return Outcome("failed", row.failures[0]) if row.failures else None


def _start_service_pointless(row: Service) -> str:
    return {
        "running": "it runs already",
        "starting": "it is starting already",
        "deleted": "it was deleted",
    }.get(row.phase, "")


def _service_running(row: Service) -> Outcome | None:
    if row.phase == "running":
        return Outcome("confirmed")
    if row.phase == "failed":
        return Outcome("failed", row.failure or "the service failed")
    return None


def _stop_service_pointless(row: Service) -> str:
    if row.phase in {"", "stopped", "failed"}:
        return "it does not run"
    return {"stopping": "it is stopping already", "deleted": "it was deleted"}.get(row.phase, "")


def _service_stopped(row: Service) -> Outcome | None:
    if row.phase == "failed":
        return Outcome("confirmed", row.failure or "it ended as failed")
    return Outcome("confirmed") if row.phase in {"", "stopped", "deleted"} else None


def _never(_: Row) -> str:
    return ""


def _execution_seen(row: Execution) -> Outcome | None:
    return Outcome("confirmed") if row.phase not in {"", "pending"} else None


def _stop_execution_pointless(row: Execution) -> str:
    return (
        f"it has {row.phase} already"
        if row.phase in {"succeeded", "failed"}
        else "it is stopped already"
        if row.phase == "stopped"
        else ""
    )


def _execution_finished(row: Execution) -> Outcome | None:
    if row.phase == "stopped":
        return Outcome("confirmed")
    return (
        Outcome("confirmed", f"it {row.phase} before it was stopped")
        if row.phase in FINISHED_EXECUTION
        else None
    )


RULES = {
    rule.verb: rule
    for rule in (
        Rule(
            Verb.STOP_ENVIRONMENT,
            Kind.ENVIRONMENT,
            "Stop",
            "stop",
            True,
            300.0,
            _no_result(lambda ona, key: ona.environments.stop(key)),
            _stop_environment_pointless,
            _environment_stopped,
        ),
        Rule(
            Verb.START_ENVIRONMENT,
            Kind.ENVIRONMENT,
            "Start",
            "start",
            True,
            900.0,
            _no_result(lambda ona, key: ona.environments.start(key)),
            _start_environment_pointless,
            _environment_running,
        ),
        Rule(
            Verb.START_SERVICE,
            Kind.SERVICE,
            "Start",
            "start",
            True,
            300.0,
            _no_result(lambda ona, key: ona.automations.start_service(key)),
            _start_service_pointless,
            _service_running,
        ),
        Rule(
            Verb.STOP_SERVICE,
            Kind.SERVICE,
            "Stop",
            "stop",
            True,
            180.0,
            _no_result(lambda ona, key: ona.automations.stop_service(key)),
            _stop_service_pointless,
            _service_stopped,
        ),
        Rule(
            Verb.START_TASK,
            Kind.TASK,
            "Run",
            "run",
            False,
            300.0,
            lambda ona, key: ona.automations.start_task(key).id,
            _never,
            _execution_seen,
        ),
        Rule(
            Verb.STOP_EXECUTION,
            Kind.EXECUTION,
            "Stop",
            "stop",
            True,
            60.0,
            _no_result(lambda ona, key: ona.automations.stop_execution(key)),
            _stop_execution_pointless,
            _execution_finished,
        ),
    )
}


def verbs_of(kind: Kind) -> list[Verb]:
    return [verb for verb, rule in RULES.items() if rule.kind == kind]


def watched(verb: Verb, target_id: str, result_id: str) -> tuple[Kind, str]:
    """What to look at for the outcome: the target, or for a task the execution it made."""
    rule = RULES[verb]
    return (Kind.EXECUTION, result_id) if verb is Verb.START_TASK else (rule.kind, target_id)

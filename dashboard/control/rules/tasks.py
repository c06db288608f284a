"""What can be asked of a task and of its executions.

From the API's documentation: each StartTask makes another execution, so it must never be sent twice; a stop
sends SIGTERM, and after ten seconds the command is killed and the execution counts as failed.
"""

from dashboard.control.rule import CONFIRMED, NO_LONGER_THERE, Outcome, Params, Rule, Verb, simply
from dashboard.fleet.entities import FINISHED_EXECUTION, Execution, Kind
from dashboard.ona import Ona


def _run(ona: Ona, identifier: str, _: Params) -> str:
    return ona.automations.start_task(identifier).id


def _seen(row: Execution, _: Params) -> Outcome | None:
    return CONFIRMED if row.phase not in {"", "pending"} else None


_NO_STOP = {
    "succeeded": "it has succeeded already",
    "failed": "it has failed already",
    "stopped": "it is stopped already",
}


def _finished(row: Execution, _: Params) -> Outcome | None:
    if row.phase == "stopped":
        return CONFIRMED
    if row.phase in FINISHED_EXECUTION:
        return Outcome("confirmed", f"it {row.phase} before it was stopped")
    return None


RULES = (
    Rule(
        verb=Verb.START_TASK,
        kind=Kind.TASK,
        label="Run",
        send=_run,
        ended=_seen,
        patience=300,
        repeatable=False,
        makes=Kind.EXECUTION,
        inside=True,
    ),
    Rule(
        verb=Verb.STOP_EXECUTION,
        kind=Kind.EXECUTION,
        label="Stop",
        send=simply(lambda ona, key: ona.automations.stop_execution(key)),
        pointless=lambda row: _NO_STOP.get(row.phase, ""),
        ended=_finished,
        gone=NO_LONGER_THERE,
        patience=60,
        inside=True,
        danger=True,
    ),
)

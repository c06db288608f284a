"""What can be asked of a task and of its executions.

From the API's documentation: each StartTask makes another execution, so it must never be sent twice; a stop
sends SIGTERM, and after ten seconds the command is killed and the execution counts as failed. Executions under
way keep what they were started with; what a delete does to them is not documented. A task has no phase: a
deleted one is not found any more.
"""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop as _

from dashboard.control.rule import CONFIRMED, NO_LONGER_THERE, Outcome, Params, Rule, Verb, shows, simply
from dashboard.control.rules.words import changes, triggers
from dashboard.fleet.entities import FINISHED_EXECUTION, Execution, Kind, Task, mark
from dashboard.fleet.sentences import sentence
from dashboard.ona.send import TaskChange

if TYPE_CHECKING:
    from dashboard.ona import Ona


def _run(ona: "Ona", identifier: str, _: Params) -> str:
    return ona.automations.start_task(identifier).id


def _seen(row: Execution, _: Params) -> Outcome | None:
    return CONFIRMED if row.phase not in {"", "pending"} else None


def _waits(row: Execution | None) -> Outcome | None:
    words = sentence("The execution was made, but it has waited for five minutes and still does.")
    return Outcome("confirmed", words) if row is not None and row.phase == "pending" else None


_NO_STOP = {
    "succeeded": _("it has succeeded already"),
    "failed": _("it has failed already"),
    "stopped": _("it is stopped already"),
}


def _finished(row: Execution, _: Params) -> Outcome | None:
    if row.phase == "stopped":
        return CONFIRMED
    if row.phase in FINISHED_EXECUTION:
        return Outcome("confirmed", sentence("it {phase} before it was stopped", phase=row.phase))
    return None


def _change(params: Params) -> TaskChange:
    return TaskChange(
        name=params.get("name"),
        description=params.get("description"),
        command=params.get("command"),
        triggers=tuple(params["triggers"]) if "triggers" in params else None,
    )


def _edit(ona: "Ona", key: str, params: Params) -> str:
    ona.automations.update_task(key, _change(params))
    return ""


def _edited(row: Task, params: Params) -> Outcome | None:
    """Rows hold only a mark of the command."""
    wanted = {**params, "command": mark(params["command"])} if "command" in params else params
    seen = {
        "name": row.name,
        "description": row.description,
        "triggers": triggers(row.triggers),
        "command": row.mark,
    }
    return shows(seen, wanted)


RULES = (
    Rule(
        verb=Verb.START_TASK,
        kind=Kind.TASK,
        label=_("Run"),
        send=_run,
        ended=_seen,
        late=_waits,
        patience=300,
        repeatable=False,
        makes=Kind.EXECUTION,
        look_first=_("Look at the task's executions before you run it again."),
        inside=True,
    ),
    Rule(
        verb=Verb.STOP_EXECUTION,
        kind=Kind.EXECUTION,
        label=_("Stop"),
        send=simply(lambda ona, key: ona.automations.stop_execution(key)),
        pointless=lambda row: _NO_STOP.get(row.phase, ""),
        ended=_finished,
        gone=NO_LONGER_THERE,
        patience=60,
        inside=True,
        danger=True,
    ),
    Rule(
        verb=Verb.EDIT_TASK,
        kind=Kind.TASK,
        label=_("Edit"),
        send=_edit,
        ended=_edited,
        patience=60,
        menu=True,
        words=changes,
        message=_change,
    ),
    Rule(
        verb=Verb.DELETE_TASK,
        kind=Kind.TASK,
        label=_("Delete"),
        send=simply(lambda ona, key: ona.automations.delete_task(key)),
        ended=lambda *_: None,
        gone=NO_LONGER_THERE,
        patience=60,
        menu=True,
        danger=True,
    ),
)

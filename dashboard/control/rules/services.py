"""What can be asked of a service.

From the API's documentation: start and stop never fail for being there already; a stop sends SIGTERM and after
two minutes SIGKILL, so stopping may last as long. Name and description may change at any time, commands only
while it is stopped. A delete stops it first; until it is gone it may read as stopping, then deleted.
"""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop as _

from dashboard.control.rule import CONFIRMED, NO_LONGER_THERE, Outcome, Params, Rule, Verb, shows, simply
from dashboard.control.rules.words import changes, triggers
from dashboard.fleet.entities import Kind, Service, mark
from dashboard.fleet.sentences import sentence
from dashboard.ona.send import ServiceChange

if TYPE_CHECKING:
    from dashboard.ona import Ona

COMMANDS = ("start", "ready", "stop")

_NO_START = {
    "running": _("it runs already"),
    "starting": _("it is starting already"),
    "deleted": _("it was deleted"),
}
_NO_STOP = {
    "": _("it does not run"),
    "stopped": _("it does not run"),
    "failed": _("it does not run"),
    "stopping": _("it is stopping already"),
    "deleted": _("it was deleted"),
}


def _runs(row: Service, _: Params) -> Outcome | None:
    if row.phase == "running":
        return CONFIRMED
    if row.phase == "failed":
        return Outcome("failed", row.failure or sentence("the service failed"))
    return None


def _ended_by_itself(row: Service, before: str) -> Outcome | None:
    """An exit with 0 reads as stopped; so does the end of a stop that was under way."""
    words = sentence("It started, and its start command has ended by itself since, without an error.")
    return Outcome("confirmed", words) if row.phase == "stopped" and before != "stopping" else None


def _never_seen(row: Service | None) -> Outcome | None:
    if row is None or row.phase not in {"", "stopped"}:
        return None
    words = sentence(
        "Ona accepted it, but it still reads “{phase}” and was not seen to run.",
        phase=row.phase or "not started",
    )
    return Outcome(
        "unconfirmed",
        sentence("{words} A start command that ends at once looks like this; see its log.", words=words),
    )


def _stopped(row: Service, _: Params) -> Outcome | None:
    if row.phase == "failed":
        return Outcome("confirmed", row.failure or sentence("it ended as failed"))
    return CONFIRMED if row.phase in {"stopped", "deleted"} else None


def _change(params: Params) -> ServiceChange:
    return ServiceChange(
        name=params.get("name"),
        description=params.get("description"),
        start=params.get("start"),
        ready=params.get("ready"),
        stop=params.get("stop"),
        triggers=tuple(params["triggers"]) if "triggers" in params else None,
    )


def _edit(ona: "Ona", key: str, params: Params) -> str:
    ona.automations.update_service(key, _change(params))
    return ""


def _edited(row: Service, params: Params) -> Outcome | None:
    """Rows hold only marks of the commands."""
    seen = {
        "name": row.name,
        "description": row.description,
        "triggers": triggers(row.triggers),
        **dict(zip(COMMANDS, row.marks, strict=False)),
    }
    if any(name in params and name not in seen for name in COMMANDS):
        return None
    return shows(seen, {name: mark(value) if name in COMMANDS else value for name, value in params.items()})


def _was_deleted(row: Service) -> str:
    return sentence("it was deleted") if row.phase == "deleted" else ""


RULES = (
    Rule(
        verb=Verb.START_SERVICE,
        kind=Kind.SERVICE,
        label=_("Start"),
        send=simply(lambda ona, key: ona.automations.start_service(key)),
        pointless=lambda row: _NO_START.get(row.phase, ""),
        ended=_runs,
        since=_ended_by_itself,
        late=_never_seen,
        patience=300,
        inside=True,
    ),
    Rule(
        verb=Verb.STOP_SERVICE,
        kind=Kind.SERVICE,
        label=_("Stop"),
        send=simply(lambda ona, key: ona.automations.stop_service(key)),
        pointless=lambda row: _NO_STOP.get(row.phase, ""),
        ended=_stopped,
        gone=NO_LONGER_THERE,
        patience=180,
        inside=True,
        danger=True,
    ),
    Rule(
        verb=Verb.EDIT_SERVICE,
        kind=Kind.SERVICE,
        label=_("Edit"),
        send=_edit,
        pointless=_was_deleted,
        ended=_edited,
        patience=60,
        menu=True,
        words=changes,
        message=_change,
    ),
    Rule(
        verb=Verb.DELETE_SERVICE,
        kind=Kind.SERVICE,
        label=_("Delete"),
        send=simply(lambda ona, key: ona.automations.delete_service(key)),
        pointless=_was_deleted,
        ended=lambda row, _: CONFIRMED if row.phase == "deleted" else None,
        gone=NO_LONGER_THERE,
        patience=300,
        menu=True,
        danger=True,
    ),
)

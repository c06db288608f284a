"""Sending an environment's automations file.

From the API's documentation: it makes or changes the services and tasks that the file names; whether those that
it does not name are deleted is not documented, and neither is what becomes of a field that it no longer has. So
an action is confirmed when all that the file says is so, whatever else there is.

The file was made from what was there when a person looked, and that is read once more before it is sent: what
somebody else changed meanwhile is not overwritten unseen. Values of containers' variables are read then too, and
go from one call into the next.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from django.utils.translation import gettext_noop as _

from dashboard.control.automations_file import holds
from dashboard.control.rule import CONFIRMED, Outcome, Params, Rule, Verb
from dashboard.control.rules.environments import GOING
from dashboard.control.rules.words import listed
from dashboard.fleet.details import CurrentFile
from dashboard.fleet.entities import Kind, Row
from dashboard.ona import Secret, errors
from dashboard.ona.send import AutomationsFile, FileService, FileTask, automations_file

if TYPE_CHECKING:
    from dashboard.ona import Ona

NOT_SENT = _("Not sent")
CHANGED = _(
    "somebody else changed the services or tasks meanwhile; open the file again to see them as they are now"
)
VALUE_GONE = _("the value of a variable of {} could not be kept, because it is no longer there")
Values = Mapping[tuple[str, str], tuple[Secret, ...]]
Entry = TypeVar("Entry", FileService, FileTask)


def _message(params: Params) -> AutomationsFile:
    return automations_file(params["file"])


def _send(ona: "Ona", environment_id: str, params: Params) -> str:
    from dashboard.fleet import automations_file as current

    file = _message(params)
    try:
        now, _ = current.read(ona, environment_id, 0.0)
        values: Values = ona.automations.container_values(environment_id) if _keeps_values(file) else {}
    except (errors.NoAnswer, errors.BadAnswer, errors.Unavailable, errors.ServerError) as error:
        # Only reading failed: nothing was sent, so it may be tried again.
        raise errors.NoAnswer(str(error), maybe_received=False) from None
    if now.trouble:
        raise errors.Unsendable(NOT_SENT, now.trouble)
    if now.fingerprint != params["base"]:
        raise errors.Unsendable(NOT_SENT, CHANGED)
    ona.automations.upsert_file(environment_id, with_values(file, values))
    return ""


def _keeps_values(file: AutomationsFile) -> bool:
    return any(True for _ in file.secrets())


def with_values(file: AutomationsFile, values: Values) -> AutomationsFile:
    """The file with the values that are there in place of KEPT. Unsendable when one is not there any more."""
    services = {key: _valued(one, f"services.{key}", values) for key, one in (file.services or {}).items()}
    tasks = {key: _valued(one, f"tasks.{key}", values) for key, one in (file.tasks or {}).items()}
    return AutomationsFile(services=services or None, tasks=tasks or None)


def _valued(one: Entry, place: str, values: Values) -> Entry:
    where = one.runs_on
    docker = where.docker if where else None
    if where is None or docker is None or not docker.environment:
        return one
    section, _, reference = place.partition(".")
    there = {_name(value): value for value in values.get((section, reference), ())}
    names = [_name(kept) for kept in docker.environment]
    if any(name not in there for name in names):
        raise errors.Unsendable(NOT_SENT, VALUE_GONE.format(place))
    kept = replace(docker, environment=tuple(there[name] for name in names))
    return replace(one, runs_on=replace(where, docker=kept))


def _name(variable: Secret) -> str:
    return variable.reveal().partition("=")[0]


def _ended(seen: Row | CurrentFile, params: Params) -> Outcome | None:
    if not isinstance(seen, CurrentFile) or seen.trouble:
        return None
    return CONFIRMED if holds(seen, params["file"]) else None


def _words(params: Params) -> str:
    said = {"adds": params.get("adds"), "changes": params.get("changes")}
    return ", ".join(f"{word} {listed(references)}" for word, references in said.items() if references)


RULES = (
    Rule(
        verb=Verb.UPSERT_AUTOMATIONS,
        kind=Kind.ENVIRONMENT,
        label=_("Automations file"),
        send=_send,
        pointless=lambda row: GOING.get(row.phase, ""),
        ended=_ended,
        patience=120,
        repeatable=False,
        menu=True,
        page="environments-automations",
        in_file=True,
        look_first=_("Open the automations file: it shows what is there now."),
        words=_words,
        message=_message,
    ),
)

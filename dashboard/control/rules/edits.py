"""What can be asked of an environment beyond starting and stopping it.

From the API's documentation: every call returns before the change is visible. A delete stops a running
environment first and then reads as deleting, deleted or gone; a forced one skips all that and may lose data.
Unarchiving only clears the mark. Activity keeps an environment from being stopped for its timeout, once.
"""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop as _

from dashboard.control.rule import CONFIRMED, NO_LONGER_THERE, Outcome, Params, Rule, Verb, shows, simply
from dashboard.control.rules.environments import GOING
from dashboard.control.rules.words import changes, timeout
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.sentences import sentence
from dashboard.ona.send import Activity, EnvironmentChange

if TYPE_CHECKING:
    from dashboard.ona import Ona

SOURCE = _("Ona dashboard, {}")
LONGEST_SOURCE = 80
ROUNDED = 300
"""Seconds: the API shows activity rounded to five minutes."""


def _going(row: Environment) -> str:
    return GOING.get(row.phase, "")


def _change(params: Params) -> EnvironmentChange:
    return EnvironmentChange(name=params.get("name"), timeout=params.get("timeout"))


def _edit(ona: "Ona", key: str, params: Params) -> str:
    ona.environments.update(key, _change(params))
    return ""


def _edited(row: Environment, params: Params) -> Outcome | None:
    return shows({"name": row.name, "timeout": row.timeout}, params)


def _edit_words(params: Params) -> str:
    said = dict(params)
    if "timeout" in said:
        said["timeout"] = timeout(said["timeout"])
    return changes(said)


def source(person: str) -> str:
    """How the API shows who kept an environment awake."""
    return SOURCE.format(" ".join(person.split()))[:LONGEST_SOURCE].strip()


def _activity(params: Params) -> Activity:
    return Activity(source=params.get("source", ""))


def _keep_awake(ona: "Ona", key: str, params: Params) -> str:
    ona.environments.mark_active(key, _activity(params).source)
    return ""


def _asleep(row: Environment) -> str:
    return "" if row.phase in {"running", "updating"} else sentence("it does not run")


def _awake(row: Environment, params: Params) -> Outcome | None:
    """Its own signal or a newer one: either keeps it from being stopped."""
    if _asleep(row):
        return Outcome("failed", sentence("It does not run any more."))
    if "source" not in params or (row.signal_at or 0.0) < params.get("at", 0.0) - ROUNDED:
        return None
    if row.signal_source == params["source"]:
        return CONFIRMED
    newer = (row.signal_at or 0.0) >= params.get("at", 0.0)
    return (
        Outcome("confirmed", sentence("{phase} was active since.", phase=row.signal_source or "Something"))
        if newer
        else None
    )


def _not_archived(row: Environment) -> str:
    return _going(row) or ("" if row.archived is not None else sentence("it is not archived"))


def _taken_out(row: Environment, _: Params) -> Outcome | None:
    return CONFIRMED if row.archived is None else None


def _deleted(row: Environment, _: Params) -> Outcome | None:
    return CONFIRMED if row.phase == "deleted" else None


RULES = (
    Rule(
        verb=Verb.EDIT_ENVIRONMENT,
        kind=Kind.ENVIRONMENT,
        label=_("Edit"),
        send=_edit,
        pointless=_going,
        ended=_edited,
        patience=120,
        menu=True,
        words=_edit_words,
        message=_change,
    ),
    Rule(
        verb=Verb.KEEP_AWAKE,
        kind=Kind.ENVIRONMENT,
        label=_("Keep awake"),
        send=_keep_awake,
        pointless=_asleep,
        ended=_awake,
        patience=120,
        menu=True,
        message=_activity,
    ),
    Rule(
        verb=Verb.UNARCHIVE_ENVIRONMENT,
        kind=Kind.ENVIRONMENT,
        label=_("Unarchive"),
        send=simply(lambda ona, key: ona.environments.unarchive(key)),
        pointless=_not_archived,
        ended=_taken_out,
        patience=60,
        menu=True,
    ),
    Rule(
        verb=Verb.DELETE_ENVIRONMENT,
        kind=Kind.ENVIRONMENT,
        label=_("Delete"),
        send=simply(lambda ona, key: ona.environments.delete(key)),
        pointless=_going,
        ended=_deleted,
        gone=NO_LONGER_THERE,
        patience=600,
        menu=True,
        danger=True,
    ),
    Rule(
        verb=Verb.FORCE_DELETE_ENVIRONMENT,
        kind=Kind.ENVIRONMENT,
        label=_("Force delete"),
        send=simply(lambda ona, key: ona.environments.delete(key, force=True)),
        pointless=lambda row: sentence("it was deleted") if row.phase == "deleted" else "",
        ended=_deleted,
        gone=NO_LONGER_THERE,
        patience=120,
        menu=True,
        danger=True,
    ),
)

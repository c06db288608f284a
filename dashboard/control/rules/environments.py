"""What can be asked of an environment.

From the API's state machine: start and stop return before the change is visible, and a call that asks for what
is there already has no effect.
"""

from django.utils.translation import gettext_noop as _

from dashboard.control.rule import CONFIRMED, NO_LONGER_THERE, Outcome, Params, Rule, Verb, simply
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.sentences import sentence

GOING = {"deleting": _("it is being deleted"), "deleted": _("it was deleted")}


def _no_stop(row: Environment) -> str:
    already = {"stopped": sentence("it is stopped already"), "stopping": sentence("it is stopping already")}
    return {**already, **GOING}.get(row.phase, "")


def _stopped(row: Environment, _: Params) -> Outcome | None:
    return CONFIRMED if row.phase in {"stopped", "deleting", "deleted"} else None


_NO_START = {
    "running": _("it runs already"),
    "updating": _("it runs already"),
    "starting": _("it is starting already"),
    "creating": _("it is being created"),
    "stopping": _("it is still stopping"),
    **GOING,
}


def _no_start(row: Environment) -> str:
    if row.archived is not None:
        return sentence("it is archived; take it out of the archive first")
    return _NO_START.get(row.phase, "")


def _runs(row: Environment, _: Params) -> Outcome | None:
    if row.phase in {"running", "updating"}:
        return CONFIRMED
    if row.phase in {"starting", "creating"}:
        return None
    return Outcome("failed", row.failures[0]) if row.failures else None


RULES = (
    Rule(
        verb=Verb.STOP_ENVIRONMENT,
        kind=Kind.ENVIRONMENT,
        label=_("Stop"),
        send=simply(lambda ona, key: ona.environments.stop(key)),
        pointless=_no_stop,
        brings=frozenset({"stopping", "stopped"}),
        ended=_stopped,
        gone=NO_LONGER_THERE,
        patience=300,
        danger=True,
    ),
    Rule(
        verb=Verb.START_ENVIRONMENT,
        kind=Kind.ENVIRONMENT,
        label=_("Start"),
        send=simply(lambda ona, key: ona.environments.start(key)),
        pointless=_no_start,
        brings=frozenset({"starting", "running", "updating"}),
        ended=_runs,
        patience=900,
    ),
)

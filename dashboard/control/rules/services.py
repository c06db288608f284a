"""What can be asked of a service.

From the API's documentation: start and stop never fail for being there already; a stop sends SIGTERM and after
two minutes SIGKILL, so stopping may last as long.
"""

from dashboard.control.rule import CONFIRMED, NO_LONGER_THERE, Outcome, Params, Rule, Verb, simply
from dashboard.fleet.entities import Kind, Service

_NO_START = {
    "running": "it runs already",
    "starting": "it is starting already",
    "deleted": "it was deleted",
}
_NO_STOP = {
    "": "it does not run",
    "stopped": "it does not run",
    "failed": "it does not run",
    "stopping": "it is stopping already",
    "deleted": "it was deleted",
}


def _runs(row: Service, _: Params) -> Outcome | None:
    if row.phase == "running":
        return CONFIRMED
    if row.phase == "failed":
        return Outcome("failed", row.failure or "the service failed")
    return None


def _stopped(row: Service, _: Params) -> Outcome | None:
    if row.phase == "failed":
        return Outcome("confirmed", row.failure or "it ended as failed")
    return CONFIRMED if row.phase in {"", "stopped", "deleted"} else None


RULES = (
    Rule(
        verb=Verb.START_SERVICE,
        kind=Kind.SERVICE,
        label="Start",
        send=simply(lambda ona, key: ona.automations.start_service(key)),
        pointless=lambda row: _NO_START.get(row.phase, ""),
        ended=_runs,
        patience=300,
        inside=True,
    ),
    Rule(
        verb=Verb.STOP_SERVICE,
        kind=Kind.SERVICE,
        label="Stop",
        send=simply(lambda ona, key: ona.automations.stop_service(key)),
        pointless=lambda row: _NO_STOP.get(row.phase, ""),
        ended=_stopped,
        gone=NO_LONGER_THERE,
        patience=180,
        inside=True,
        danger=True,
    ),
)

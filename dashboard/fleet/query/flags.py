"""The flags behind `is:`: questions that are answered from several fields, or from what lies outside the fleet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dashboard.fleet.entities import LIVE_EXECUTION, MOVING, Environment, Execution, Kind, kind_of
from dashboard.fleet.marking import marked as _
from dashboard.fleet.query.reading import At, last_active

IDLE_AFTER = 2 * 3_600
STALE_AFTER = 14 * 86_400
LISTED = frozenset({Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK, Kind.EXECUTION})
PHASED = LISTED - {Kind.TASK}


@dataclass(frozen=True, slots=True)
class Flag:
    name: str
    means: str
    kinds: frozenset[Kind]
    holds: Callable[[At, Any], bool]


def _environment(at: At, row: Any) -> Environment | None:
    return row if isinstance(row, Environment) else at.fleet.environments.get(row.environment_id)


def _mine(at: At, row: Any) -> bool:
    person, place = at.context.person_id, _environment(at, row)
    if place is not None and place.id in at.context.made:
        return True
    return bool(person) and (row.creator_id == person or (place is not None and place.creator_id == person))


def _unused(at: At, row: Any, seconds: float) -> bool:
    """For so long nobody was active; what is not known is not idle."""
    moment = last_active(row)
    return moment is not None and at.context.now - moment >= seconds


def _idle(at: At, row: Any) -> bool:
    return row.phase == "running" and _unused(at, row, IDLE_AFTER) and row.id not in at.fleet.at_work


def _stale(at: At, row: Any) -> bool:
    return row.archived is None and row.phase not in MOVING and _unused(at, row, STALE_AFTER)


def _moving(_: At, row: Any) -> bool:
    return row.phase in LIVE_EXECUTION if isinstance(row, Execution) else row.phase in MOVING


def _exempt(at: At, row: Any) -> bool:
    return row.environment_id in at.context.exempt


def _starred(at: At, row: Any) -> bool:
    key = (Kind.TASK.value, row.task_id) if isinstance(row, Execution) else (kind_of(row).value, row.id)
    return key in at.context.starred


def _slower(at: At, row: Any) -> bool:
    from dashboard.fleet.slower import slower_tasks

    return row.id in slower_tasks(at.fleet, at.context.now)


_ENVIRONMENTS = frozenset({Kind.ENVIRONMENT})
FLAGS = {
    flag.name: flag
    for flag in (
        Flag("mine", _("made by you, or in an environment made by you"), LISTED, _mine),
        Flag("starred", _("starred by you; of an execution: its task is"), LISTED, _starred),
        Flag(
            "idle",
            _(
                "running for nobody: no activity for two hours and no task at work. The page Idle asks more before it "
                "says so: what it was made for, exemptions, and whether our data are fresh"
            ),
            _ENVIRONMENTS,
            _idle,
        ),
        Flag("failed", _("has failed, whatever its phase"), PHASED, lambda _, row: row.failed),
        Flag(
            "moving", _("on its way to another phase; of an execution: waiting or at work"), PHASED, _moving
        ),
        Flag("stale", _("not archived, and not used for fourteen days"), _ENVIRONMENTS, _stale),
        Flag(
            "slower",
            _("its last runs took a quarter longer, or more, than those before"),
            frozenset({Kind.TASK}),
            _slower,
        ),
        Flag("exempt", _("exempt from idle policies, or in an environment that is"), LISTED, _exempt),
    )
}


def flags_of(kind: Kind) -> dict[str, Flag]:
    return {name: flag for name, flag in FLAGS.items() if kind in flag.kinds}

"""The orders of the lists: each a key of a row; ties go by id."""

from dashboard.fleet.entities import Environment, Execution, Kind, Listed, Task
from dashboard.fleet.index import Key
from dashboard.fleet.query.reading import PHASE_ORDER, last_active, phase_of, project_id
from dashboard.fleet.snapshot import Fleet


def _phase_key(_: Fleet, row: Listed) -> int:
    return PHASE_ORDER.get(phase_of(row), len(PHASE_ORDER))


def _name_key(_: Fleet, row: Listed) -> str:
    return row.name.casefold()


def _created_key(_: Fleet, row: Listed) -> float:
    return row.created or 0.0


def _environment_key(fleet: Fleet, row: Listed) -> str:
    return fleet.environment_name(row.environment_id).casefold()


def _project_key(fleet: Fleet, row: Listed) -> str:
    return fleet.project(project_id(fleet, row)).casefold()


def _creator_key(fleet: Fleet, row: Listed) -> str:
    return fleet.person(row.creator_id, row.creator_kind).casefold()


def _active_key(_: Fleet, row: Environment) -> float:
    return last_active(row) or 0.0


def _duration_key(_: Fleet, row: Execution) -> float:
    return row.duration(row.started or 0.0) or 0.0


def _last_run_key(fleet: Fleet, row: Task) -> float:
    runs = fleet.runs_of(row.id)
    return (runs[0].created or 0.0) if runs else 0.0


_PLACE = frozenset({Kind.ENVIRONMENT})
_COMMON = {
    "name": Key(_name_key),
    "created": Key(_created_key),
    "environment": Key(_environment_key, _PLACE),
    "project": Key(_project_key, _PLACE | {Kind.PROJECT}),
    "creator": Key(_creator_key, frozenset({Kind.PERSON})),
}
_PHASE = Key(_phase_key)
SORTS: dict[Kind, dict[str, Key]] = {
    Kind.ENVIRONMENT: {**_COMMON, "phase": _PHASE, "active": Key(_active_key)},
    Kind.SERVICE: {**_COMMON, "phase": _PHASE},
    Kind.TASK: {**_COMMON, "run": Key(_last_run_key, frozenset({Kind.EXECUTION}))},
    Kind.EXECUTION: {**_COMMON, "phase": _PHASE, "duration": Key(_duration_key)},
}
DEFAULT_SORT = {
    Kind.ENVIRONMENT: "-created",
    Kind.SERVICE: "phase",
    Kind.TASK: "-run",
    Kind.EXECUTION: "-created",
}

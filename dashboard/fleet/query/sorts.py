"""The orders of the lists: each a key of a row; ties go by id."""

from collections.abc import Callable
from typing import Any

from dashboard.fleet.entities import Environment, Execution, Kind, Listed, Task
from dashboard.fleet.query.reading import PHASE_ORDER, last_active, phase_of, project_id
from dashboard.fleet.snapshot import Fleet

Key = Callable[[Fleet, Any], Any]


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


_COMMON: dict[str, Key] = {
    "name": _name_key,
    "created": _created_key,
    "environment": _environment_key,
    "project": _project_key,
    "creator": _creator_key,
}
SORTS: dict[Kind, dict[str, Key]] = {
    Kind.ENVIRONMENT: {**_COMMON, "phase": _phase_key, "active": _active_key},
    Kind.SERVICE: {**_COMMON, "phase": _phase_key},
    Kind.TASK: {**_COMMON, "run": _last_run_key},
    Kind.EXECUTION: {**_COMMON, "phase": _phase_key, "duration": _duration_key},
}
DEFAULT_SORT = {
    Kind.ENVIRONMENT: "-created",
    Kind.SERVICE: "phase",
    Kind.TASK: "name",
    Kind.EXECUTION: "-created",
}

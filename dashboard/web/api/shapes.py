"""Rows of the fleet as the API sends them. Times are RFC 3339 in UTC, null where unknown; texts are as Ona sent them,
without logins and tokens in addresses.
"""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from dashboard.control.models import Action
from dashboard.fleet.entities import Environment, Execution, Kind, Listed, Service, Task
from dashboard.fleet.freshness import Freshness
from dashboard.fleet.query import last_active, phase_of
from dashboard.fleet.snapshot import Fleet
from dashboard.web.offers import address
from dashboard.web.raw import redacted

DEEDS = {"environment": "environments", "service": "services", "task": "tasks", "execution": "executions"}


class Ref(BaseModel):
    """Something else, by its id and the name it is shown with."""

    id: str
    name: str


class WishOut(BaseModel):
    """What was asked for and is under way, or ended badly a little while ago."""

    action: str = Field(description="Its id: see /api/v1/actions/{identifier}.")
    verb: str
    state: str
    created: datetime


class PortOut(BaseModel):
    number: int
    name: str
    admission: str
    protocol: str
    url: str


class RowOut(BaseModel):
    """What rows of all kinds have."""

    id: str
    name: str
    phase: str = Field(description="The word that the lists show and `phase:` asks for.")
    failures: list[str]
    creator: Ref | None
    created: datetime | None
    wish: WishOut | None
    page: str = Field(description="Its page in the dashboard, as a path.")


class EnvironmentOut(RowOut):
    desired_phase: str
    project: Ref | None
    environment_class: Ref | None
    runner: Ref | None
    repository: str
    branch: str
    role: str
    started: datetime | None
    last_active: datetime | None
    archived: datetime | None
    timeout_seconds: float | None = Field(description="0: it never stops by itself. Null: not known.")
    warnings: list[str]
    unpushed_commits: int
    changed_files: int
    ports: list[PortOut]


class InsideOut(RowOut):
    """What is in an environment."""

    environment: Ref


class ServiceOut(InsideOut):
    desired_phase: str
    reference: str
    description: str
    role: str
    triggers: list[str]


class RunOut(BaseModel):
    """The newest execution of a task."""

    id: str
    phase: str
    created: datetime | None


class TaskOut(InsideOut):
    reference: str
    description: str
    triggers: list[str]
    depends_on: list[str]
    last_run: RunOut | None


class ExecutionOut(InsideOut):
    desired_phase: str
    task: Ref
    started_by: str
    started: datetime | None
    completed: datetime | None
    duration_seconds: float | None
    steps_done: int
    steps_total: int
    steps_failed: int


class FreshnessOut(BaseModel):
    """How old the answer is. `failed` and `stale` say why in `reason`."""

    state: str
    at: datetime | None
    reason: str


class Paged(BaseModel):
    """What every list says beside its items."""

    total: int
    page: int | None = Field(description="Null where a cursor was sent.")
    pages: int
    next: str | None = Field(
        description="Send it as `cursor` for the rows after these; null behind the last."
    )
    freshness: FreshnessOut


def time_of(seconds: float | None) -> datetime | None:
    """None too for what no calendar has: the number may have come from anywhere."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def freshness_out(fresh: Freshness) -> FreshnessOut:
    return FreshnessOut(state=fresh.state, at=time_of(fresh.at), reason=fresh.reason)


def wish_out(wish: Action | None) -> WishOut | None:
    if wish is None:
        return None
    return WishOut(action=str(wish.id), verb=wish.verb, state=wish.state, created=wish.created)


def _common(fleet: Fleet, kind: Kind, row: Listed, wish: Action | None) -> dict[str, Any]:
    creator = Ref(id=row.creator_id, name=fleet.person(row.creator_id, row.creator_kind))
    failures = row.failures if isinstance(row, Environment) else (getattr(row, "failure", ""),)
    return {
        "id": row.id,
        "name": row.name,
        "phase": phase_of(row),
        "failures": [redacted(text) for text in failures if text],
        "creator": creator if row.creator_id else None,
        "created": time_of(row.created),
        "wish": wish_out(wish),
        "page": address(kind, row.id),
    }


def _inside(fleet: Fleet, kind: Kind, row: Service | Task | Execution, wish: Action | None) -> dict[str, Any]:
    home = Ref(id=row.environment_id, name=fleet.environment_name(row.environment_id))
    return {**_common(fleet, kind, row, wish), "environment": home}


def environment_out(fleet: Fleet, row: Environment, wish: Action | None) -> EnvironmentOut:
    project = Ref(id=row.project_id, name=fleet.project(row.project_id))
    kind_of_machine = Ref(id=row.class_id, name=fleet.environment_class(row.class_id))
    runner = Ref(id=row.runner_id, name=fleet.runner(row.runner_id))
    return EnvironmentOut(
        **_common(fleet, Kind.ENVIRONMENT, row, wish),
        desired_phase=row.desired,
        project=project if row.project_id else None,
        environment_class=kind_of_machine if row.class_id else None,
        runner=runner if row.runner_id else None,
        repository=redacted(row.repository),
        branch=row.branch,
        role=row.role,
        started=time_of(row.started),
        last_active=time_of(last_active(row)),
        archived=time_of(row.archived),
        timeout_seconds=row.timeout,
        warnings=[redacted(text) for text in row.warnings],
        unpushed_commits=row.unpushed,
        changed_files=row.changed,
        ports=[
            PortOut(
                number=port.number,
                name=port.name,
                admission=port.admission,
                protocol=port.protocol,
                url=redacted(port.url),
            )
            for port in row.ports
        ],
    )


def service_out(fleet: Fleet, row: Service, wish: Action | None) -> ServiceOut:
    return ServiceOut(
        **_inside(fleet, Kind.SERVICE, row, wish),
        desired_phase=row.desired,
        reference=row.reference,
        description=redacted(row.description),
        role=row.role,
        triggers=list(row.triggers),
    )


def task_out(fleet: Fleet, row: Task, wish: Action | None) -> TaskOut:
    runs = fleet.runs_of(row.id)
    last = RunOut(id=runs[0].id, phase=runs[0].phase, created=time_of(runs[0].created)) if runs else None
    return TaskOut(
        **_inside(fleet, Kind.TASK, row, wish),
        reference=row.reference,
        description=redacted(row.description),
        triggers=list(row.triggers),
        depends_on=list(row.depends_on),
        last_run=last,
    )


def execution_out(fleet: Fleet, row: Execution, wish: Action | None, now: float) -> ExecutionOut:
    return ExecutionOut(
        **_inside(fleet, Kind.EXECUTION, row, wish),
        desired_phase=row.desired,
        task=Ref(id=row.task_id, name=fleet.task_name(row.task_id)),
        started_by=row.started_by,
        started=time_of(row.started),
        completed=time_of(row.completed),
        duration_seconds=row.duration(now),
        steps_done=row.steps_done,
        steps_total=row.steps_total,
        steps_failed=row.steps_failed,
    )

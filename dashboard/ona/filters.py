"""What to ask the list methods for.

Fields are ANDed, the values of one field ORed; an empty tuple does not filter.
Enum fields take the wire name (`ENVIRONMENT_PHASE_RUNNING`) or its word (`running`). A list may hold 25
values: that is the API's own limit, and silently asking for fewer would look like resources that are gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic.alias_generators import to_camel

from dashboard.ona.words import enum_name

MOST_VALUES = 25


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with six digits; ValueError when `moment` has no zone."""
    if moment.utcoffset() is None:
        raise ValueError("a moment without a time zone cannot be sent")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def rendered(value: Any, prefix: str) -> Any:
    """One field's value as JSON; `prefix` is that of its enum, "" for plain text."""
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, tuple):
        return [enum_name(item, prefix) if prefix else item for item in value]
    return enum_name(value, prefix) if prefix else value


@dataclass(frozen=True)
class Filter:
    """Base: turns the fields of a subclass into the request's `filter`."""

    ENUMS: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        for name, value in self._values():
            if isinstance(value, tuple) and len(value) > MOST_VALUES:
                raise ValueError(f"{name}: {len(value)} values, the API takes {MOST_VALUES}; ask in batches")

    def _values(self) -> list[tuple[str, Any]]:
        """The fields that say something."""
        pairs = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [(name, value) for name, value in pairs if value not in ((), "", None)]

    def json(self) -> dict[str, Any]:
        """The `filter` object of the request, {} when nothing is restricted."""
        return {to_camel(name): rendered(value, self.ENUMS.get(name, "")) for name, value in self._values()}


@dataclass(frozen=True)
class EnvironmentFilter(Filter):
    """`archival_status`: `active`, `archived` or `all`; left empty the API leaves archived ones out."""

    ENUMS = {
        "status_phases": "ENVIRONMENT_PHASE_",
        "runner_kinds": "RUNNER_KIND_",
        "archival_status": "ARCHIVAL_STATUS_",
        "roles": "ENVIRONMENT_ROLE_",
    }
    runner_ids: tuple[str, ...] = ()
    status_phases: tuple[str, ...] = ()
    creator_ids: tuple[str, ...] = ()
    project_ids: tuple[str, ...] = ()
    runner_kinds: tuple[str, ...] = ()
    archival_status: str = ""
    created_before: datetime | None = None
    roles: tuple[str, ...] = ()
    lockdown_before: datetime | None = None
    search: str = ""
    session_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServiceFilter(Filter):
    ENUMS = {"roles": "SERVICE_ROLE_"}
    environment_ids: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    service_ids: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskFilter(Filter):
    environment_ids: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    task_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExecutionFilter(Filter):
    """For what runs now: `phases=("pending", "running")`; the history grows without limit."""

    ENUMS = {"phases": "TASK_EXECUTION_PHASE_"}
    task_ids: tuple[str, ...] = ()
    task_references: tuple[str, ...] = ()
    environment_ids: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()


@dataclass(frozen=True)
class MemberFilter(Filter):
    user_ids: tuple[str, ...] = ()

"""What the dashboard keeps of the fleet: lean, immutable rows, free of secrets.

Times are epoch seconds (UTC) or None; phases are the API's words without their prefix, lower case
("running"); a word this version does not know survives as it came. Texts are bounded by `intake`. Names of
other things are ids here and are resolved from the snapshot's directory when shown.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import TypeAlias


class Kind(StrEnum):
    """The kinds of rows; the value is used in Redis keys and in the database."""

    ENVIRONMENT = "environment"
    SERVICE = "service"
    TASK = "task"
    EXECUTION = "execution"
    CLASS = "class"
    PERSON = "person"
    PROJECT = "project"
    RUNNER = "runner"


KINDS: frozenset[str] = frozenset(Kind)
"""To ask whether a text names a kind: a newer version may write of others."""
MOVING = ("creating", "starting", "updating", "stopping", "deleting")
HOT_PHASES = (*MOVING[:2], "running", *MOVING[2:])
LIVE_EXECUTION = ("pending", "running")
FINISHED_EXECUTION = ("succeeded", "failed", "stopped")


@dataclass(frozen=True, slots=True)
class Port:
    number: int
    name: str = ""
    admission: str = ""
    url: str = ""
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, as lists and rules need it."""

    id: str
    name: str = ""
    phase: str = ""
    desired: str = ""
    status_version: int = 0
    spec_version: int = 0
    repository: str = ""
    branch: str = ""
    context_url: str = ""
    project_id: str = ""
    creator_id: str = ""
    creator_kind: str = ""
    runner_id: str = ""
    class_id: str = ""
    role: str = ""
    created: float | None = None
    started: float | None = None
    archived: float | None = None
    lockdown: float | None = None
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    signal_source: str = ""
    signal_at: float | None = None
    timeout: float | None = None
    timed_out: str = ""
    unpushed: int = 0
    changed: int = 0
    git_seen: bool = False
    """The state of its working copy was reported: without it, no unpushed commits says nothing."""
    ports: tuple[Port, ...] = ()

    @property
    def environment_id(self) -> str:
        return self.id

    @property
    def failed(self) -> bool:
        """There is no failed phase: a non-empty failure message is failure."""
        return bool(self.failures)


@dataclass(frozen=True, slots=True)
class Service:
    id: str
    environment_id: str = ""
    name: str = ""
    reference: str = ""
    description: str = ""
    role: str = ""
    phase: str = ""
    desired: str = ""
    failure: str = ""
    triggers: tuple[str, ...] = ()
    creator_id: str = ""
    creator_kind: str = ""
    created: float | None = None
    marks: tuple[str, ...] = ()
    """Of the start, ready and stop commands."""

    @property
    def failed(self) -> bool:
        return self.phase == "failed" or bool(self.failure)

    @property
    def platform(self) -> bool:
        """Made by the platform itself (editors, agents), not by the team."""
        return self.role not in {"", "default"}


@dataclass(frozen=True, slots=True)
class Task:
    id: str
    environment_id: str = ""
    name: str = ""
    reference: str = ""
    description: str = ""
    triggers: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    creator_id: str = ""
    creator_kind: str = ""
    created: float | None = None
    mark: str = ""
    """Of the command."""

    phase = ""
    failed = False


@dataclass(frozen=True, slots=True)
class Execution:
    id: str
    task_id: str = ""
    environment_id: str = ""
    name: str = ""
    phase: str = ""
    desired: str = ""
    failure: str = ""
    started_by: str = ""
    creator_id: str = ""
    creator_kind: str = ""
    created: float | None = None
    started: float | None = None
    completed: float | None = None
    steps_done: int = 0
    steps_total: int = 0
    steps_failed: int = 0

    @property
    def live(self) -> bool:
        return self.phase in LIVE_EXECUTION

    @property
    def failed(self) -> bool:
        return self.phase == "failed" or bool(self.failure)

    def duration(self, now: float) -> float | None:
        """Seconds from start to completion, or to `now` while it runs; None before it started."""
        if self.started is None:
            return None
        end = self.completed if self.completed is not None else now if self.live else None
        return None if end is None else max(0.0, end - self.started)


@dataclass(frozen=True, slots=True)
class EnvironmentClass:
    id: str
    name: str = ""
    description: str = ""
    runner_id: str = ""
    enabled: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the organisation; `email` ties a signed-in person to an Ona user."""

    id: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Runner:
    id: str
    name: str = ""
    runner_kind: str = ""
    provider: str = ""
    phase: str = ""
    region: str = ""


Row: TypeAlias = Environment | Service | Task | Execution | EnvironmentClass | Person | Project | Runner
Listed: TypeAlias = Environment | Service | Task | Execution

ROW_TYPES: dict[Kind, type[Row]] = {
    Kind.ENVIRONMENT: Environment,
    Kind.SERVICE: Service,
    Kind.TASK: Task,
    Kind.EXECUTION: Execution,
    Kind.CLASS: EnvironmentClass,
    Kind.PERSON: Person,
    Kind.PROJECT: Project,
    Kind.RUNNER: Runner,
}
KIND_OF = {row_type: kind for kind, row_type in ROW_TYPES.items()}


def kind_of(row: Row) -> Kind:
    return KIND_OF[type(row)]


def short_id(identifier: str) -> str:
    """The last eight characters: in time-ordered ids the first ones are the same for a whole day."""
    return identifier[-8:]


def mark(command: str) -> str:
    """Tells one command from another without holding either; "" of none."""
    return blake2b(command.encode(errors="replace"), digest_size=6).hexdigest() if command else ""

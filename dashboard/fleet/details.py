"""What only a resource's own page shows; kept under its own key, read when somebody opens the page."""

from dataclasses import dataclass
from typing import TypeAlias

from dashboard.fleet.entities import Kind


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an environment: machine, content, dev container, automations file."""

    name: str
    phase: str = ""
    note: str = ""
    failure: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class SecretName:
    """A secret's name and where it is mounted. Never its value."""

    name: str
    mount: str = ""
    phase: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    path: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentDetail:
    id: str
    read_at: float = 0.0
    parts: tuple[Part, ...] = ()
    secrets: tuple[SecretName, ...] = ()
    commits: tuple[str, ...] = ()
    files: tuple[ChangedFile, ...] = ()
    commit: str = ""


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    id: str
    read_at: float = 0.0
    start: str = ""
    ready: str = ""
    stop: str = ""
    runs_on: str = ""
    variables: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskDetail:
    id: str
    read_at: float = 0.0
    command: str = ""
    runs_on: str = ""
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan: `target` is a task or service id, `kind` says which; phase "" = not started."""

    id: str
    label: str = ""
    kind: str = ""
    target: str = ""
    phase: str = ""
    failure: str = ""
    depends_on: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExecutionDetail:
    """Groups run one after another; the steps of a group run together."""

    id: str
    read_at: float = 0.0
    groups: tuple[tuple[Step, ...], ...] = ()


Detail: TypeAlias = EnvironmentDetail | ServiceDetail | TaskDetail | ExecutionDetail
DETAIL_TYPES: dict[Kind, type[Detail]] = {
    Kind.ENVIRONMENT: EnvironmentDetail,
    Kind.SERVICE: ServiceDetail,
    Kind.TASK: TaskDetail,
    Kind.EXECUTION: ExecutionDetail,
}

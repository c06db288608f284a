"""What only a resource's own page shows; kept under its own key, read when somebody opens the page."""

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeAlias

from dashboard.fleet.entities import Kind
from dashboard.fleet.marking import marked as _

KEPT = "<unchanged>"
"""Stands in an automations file for the value of a container's variable."""
TOO_LONG = _("It has too many services and tasks, or too long commands, to be edited as one file here.")


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

    @property
    def failed(self) -> bool:
        return self.phase == "failed" or bool(self.failure)


@dataclass(frozen=True, slots=True)
class ExecutionDetail:
    """Groups run one after another; the steps of a group run together."""

    id: str
    read_at: float = 0.0
    groups: tuple[tuple[Step, ...], ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Those of its whole plan."""
        return tuple(step for group in self.groups for step in group)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A service or task as an automations file says it: `said` is JSON in the spelling of such a file.

    `unsaid` is, in words, what it has and a file cannot say. `left_out` is why it is not in the file at all.
    """

    kind: Kind
    reference: str
    id: str
    said: dict[str, Any] = field(default_factory=dict)
    unsaid: tuple[str, ...] = ()
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class CurrentFile:
    """The automations file of the environment `id`; `trouble` is why it could not be put together."""

    id: str
    read_at: float = 0.0
    entries: tuple[FileEntry, ...] = ()
    trouble: str = ""

    @property
    def fingerprint(self) -> str:
        """The same as long as nobody changes what the file says, or what is told beside it."""
        facts = [[one.kind, one.reference, one.said, one.unsaid, one.left_out] for one in self.entries]
        return blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=12).hexdigest()


AUTOMATIONS_FILE = "automations-file"
"""Stands where a kind stands: what is kept is of an environment, beside its own details."""
Detail: TypeAlias = EnvironmentDetail | ServiceDetail | TaskDetail | ExecutionDetail | CurrentFile
DETAIL_TYPES: dict[str, type[Detail]] = {
    Kind.ENVIRONMENT: EnvironmentDetail,
    Kind.SERVICE: ServiceDetail,
    Kind.TASK: TaskDetail,
    Kind.EXECUTION: ExecutionDetail,
    AUTOMATIONS_FILE: CurrentFile,
}

"""The automations file: an environment's services and tasks, keyed by their references.

Unlike single services and tasks, the file names triggers by plain words and dependencies by reference. The same
object as YAML is a repository's `.ona/automations.yaml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic.alias_generators import to_camel

from dashboard.ona.send.automation import RunsOn
from dashboard.ona.send.base import At, Message, duration
from dashboard.ona.send.rules import FILE_TRIGGERS, needed, one_of, readiness, reference, triggers

ROLES = ("", "default", "editor", "ai-agent")
FILE_TRIGGER = triggers(FILE_TRIGGERS)


@dataclass(frozen=True, kw_only=True)
class FileService(Message):
    """`readiness_timeout` is in seconds, at most 24 hours; 0 switches it off."""

    AS_ON_THE_WIRE = True
    name: Annotated[str, At("name", needed)]
    start: Annotated[str, At("commands.start", needed)]
    ready: Annotated[str | None, At("commands.ready")] = None
    stop: Annotated[str | None, At("commands.stop")] = None
    description: Annotated[str | None, At("description")] = None
    triggers: Annotated[tuple[str, ...] | None, At("triggeredBy", each=FILE_TRIGGER, write=to_camel)] = None
    runs_on: Annotated[RunsOn | None, At("runsOn")] = None
    role: Annotated[str | None, At("role", one_of(ROLES))] = None
    readiness_timeout: Annotated[float | None, At("readinessTimeout", readiness, write=duration)] = None


@dataclass(frozen=True, kw_only=True)
class FileTask(Message):
    """`depends_on` holds references of the same file."""

    AS_ON_THE_WIRE = True
    name: Annotated[str, At("name", needed)]
    command: Annotated[str, At("command", needed)]
    description: Annotated[str | None, At("description")] = None
    depends_on: Annotated[tuple[str, ...] | None, At("dependsOn")] = None
    triggers: Annotated[tuple[str, ...] | None, At("triggeredBy", each=FILE_TRIGGER, write=to_camel)] = None
    runs_on: Annotated[RunsOn | None, At("runsOn")] = None
    prebuild_requires_success: Annotated[bool | None, At("prebuildRequiresSuccess")] = None


@dataclass(frozen=True, kw_only=True)
class AutomationsFile(Message):
    """Services and tasks by reference. Whether what it lacks gets deleted is not documented."""

    AS_ON_THE_WIRE = True
    services: Annotated[Mapping[str, FileService] | None, At("services", each=reference)] = None
    tasks: Annotated[Mapping[str, FileTask] | None, At("tasks", each=reference)] = None

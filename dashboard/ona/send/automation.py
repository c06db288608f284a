"""Services and tasks to create, and what to change of them.

The rules are those of the API documentation and of the validation rules in gitpod-sdk 1.2.0.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic.alias_generators import to_camel

from dashboard.ona.formed import formed
from dashboard.ona.secret import Secret
from dashboard.ona.send.base import At, Message, choice, duration
from dashboard.ona.send.rules import (
    TASK_TRIGGERS,
    TRIGGERS,
    needed,
    readiness,
    reference,
    some,
    triggers,
    uuid,
)


def trigger(word: str) -> dict[str, bool]:
    """A trigger is an object whose one field is true."""
    return {to_camel(word): True}


SERVICE_TRIGGER, TASK_TRIGGER = triggers(TRIGGERS), triggers(TASK_TRIGGERS)


@dataclass(frozen=True, kw_only=True)
class Docker(Message):
    """A container of its own. `environment` holds KEY=VALUE texts."""

    image: Annotated[str, At("image", needed)]
    environment: Annotated[tuple[Secret, ...] | None, At("environment")] = None


@dataclass(frozen=True, kw_only=True)
class OnMachine(Message):
    """On the virtual machine itself."""


@dataclass(frozen=True, kw_only=True)
class RunsOn(Message):
    """Where an automation runs: one of the two, or with neither the dev container."""

    docker: Annotated[Docker | None, At("docker")] = None
    machine: Annotated[OnMachine | None, At("machine")] = None

    def problem(self) -> tuple[str, str]:
        return (
            ("docker", formed("must not be given together with the machine"))
            if self.docker and self.machine
            else ("", "")
        )


@dataclass(frozen=True, kw_only=True)
class Variable(Message):
    """An environment variable with a literal value, or with that of an organization's secret."""

    name: Annotated[str, At("name", needed)]
    value: Annotated[Secret | None, At("value")] = None
    secret_id: Annotated[str | None, At("valueFrom.secretRef.id", uuid)] = None

    def problem(self) -> tuple[str, str]:
        both = self.value is not None and self.secret_id is not None
        return ("value", formed("must not be given together with a secret")) if both else ("", "")


Variables = tuple[Variable, ...]


@dataclass(frozen=True, kw_only=True)
class NewService(Message):
    """A service to create. `reference` is unique in its environment; `role`: default, editor, ai_agent…

    `readiness_timeout` is in seconds, at most 24 hours; 0 switches it off.
    """

    reference: Annotated[str, At("metadata.reference", reference)]
    name: Annotated[str, At("metadata.name", needed)]
    start: Annotated[str, At("spec.commands.start", needed)]
    ready: Annotated[str | None, At("spec.commands.ready")] = None
    stop: Annotated[str | None, At("spec.commands.stop")] = None
    description: Annotated[str | None, At("metadata.description")] = None
    triggers: Annotated[
        tuple[str, ...] | None, At("metadata.triggeredBy", each=SERVICE_TRIGGER, write=trigger)
    ] = None
    role: Annotated[str | None, choice("metadata.role", "ServiceRole")] = None
    runs_on: Annotated[RunsOn | None, At("spec.runsOn")] = None
    env: Annotated[Variables | None, At("spec.env")] = None
    readiness_timeout: Annotated[float | None, At("spec.readinessTimeout", readiness, write=duration)] = None


@dataclass(frozen=True, kw_only=True)
class ServiceChange(Message):
    """What to change; what is not given stays. Commands, target, variables and timeout: only while it is stopped.

    `""` clears a text, `triggers=()` all triggers, `readiness_timeout=0` the limit; `env` cannot be cleared.
    """

    name: Annotated[str | None, At("metadata.name", needed)] = None
    description: Annotated[str | None, At("metadata.description")] = None
    triggers: Annotated[
        tuple[str, ...] | None, At("metadata.triggeredBy.trigger", each=SERVICE_TRIGGER, write=trigger)
    ] = None
    role: Annotated[str | None, choice("metadata.role", "ServiceRole")] = None
    start: Annotated[str | None, At("spec.commands.start")] = None
    ready: Annotated[str | None, At("spec.commands.ready")] = None
    stop: Annotated[str | None, At("spec.commands.stop")] = None
    runs_on: Annotated[RunsOn | None, At("spec.runsOn")] = None
    env: Annotated[Variables | None, At("spec.env", some)] = None
    readiness_timeout: Annotated[float | None, At("spec.readinessTimeout", readiness, write=duration)] = None


@dataclass(frozen=True, kw_only=True)
class NewTask(Message):
    """A task to create. `depends_on` holds the ids of automations that come first."""

    reference: Annotated[str, At("metadata.reference", reference)]
    name: Annotated[str, At("metadata.name", needed)]
    command: Annotated[str | None, At("spec.command")] = None
    description: Annotated[str | None, At("metadata.description")] = None
    triggers: Annotated[
        tuple[str, ...] | None, At("metadata.triggeredBy", each=TASK_TRIGGER, write=trigger)
    ] = None
    runs_on: Annotated[RunsOn | None, At("spec.runsOn")] = None
    env: Annotated[Variables | None, At("spec.env")] = None
    prebuild_requires_success: Annotated[bool | None, At("spec.prebuildRequiresSuccess")] = None
    depends_on: Annotated[tuple[str, ...] | None, At("dependsOn", each=uuid)] = None


@dataclass(frozen=True, kw_only=True)
class TaskChange(Message):
    """What to change; what is not given stays, and running executions keep what they started with.

    `""` clears a text, `triggers=()` all triggers; `env` and `depends_on` cannot be cleared.
    """

    name: Annotated[str | None, At("metadata.name", needed)] = None
    description: Annotated[str | None, At("metadata.description")] = None
    triggers: Annotated[
        tuple[str, ...] | None, At("metadata.triggeredBy.trigger", each=TASK_TRIGGER, write=trigger)
    ] = None
    command: Annotated[str | None, At("spec.command")] = None
    runs_on: Annotated[RunsOn | None, At("spec.runsOn")] = None
    env: Annotated[Variables | None, At("spec.env", some)] = None
    prebuild_requires_success: Annotated[bool | None, At("spec.prebuildRequiresSuccess")] = None
    depends_on: Annotated[tuple[str, ...] | None, At("dependsOn", some, each=uuid)] = None

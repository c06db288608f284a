"""An environment as a list of ten thousand of them needs it: flat, and only what a row is made of.

A list says of each environment twenty times more than its row holds. Fields are picked out of the parsed JSON by their
path, so that no message around them is made; each has the name, kind and default that `Environment` gives it.
"""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import AliasPath, ConfigDict, Field
from pydantic.fields import FieldInfo

from dashboard.ona.schema.base import (
    Enum,
    Id,
    Int,
    Many,
    Model,
    Prose,
    Proses,
    Seconds,
    Text,
    Time,
    Version,
)
from dashboard.ona.schema.environment import Environment, PortUrl
from dashboard.ona.schema.environment_spec import InitializerSpec, PortSpec


class Counted(Model):
    """Of which only how many there are is read."""


def along(path: str) -> Iterator[FieldInfo]:
    """The fields that a path through `Environment` leads over."""
    model: Any = Environment
    for name in path.split("."):
        field = model.model_fields[name]
        yield field
        model = next(iter(get_args(field.annotation)), field.annotation)  # `GitStatus | None` is a GitStatus


def at(path: str) -> Any:
    """The field of `Environment` at this path, such as "metadata.created_at"."""
    fields = list(along(path))
    on_the_wire = AliasPath(*(str(field.alias) for field in fields))
    return Field(default=fields[-1].default, validation_alias=on_the_wire, description=path)


class EnvironmentSummary(Model):
    """The paths lead to what `Environment` calls them; there is what they mean."""

    model_config = ConfigDict(validate_by_name=False)

    id: Id
    name: Text = at("metadata.name")
    creator_id: Text = at("metadata.creator.id")
    creator_kind: Enum = at("metadata.creator.principal")
    context_url: Prose = at("metadata.original_context_url")
    created_at: Time = at("metadata.created_at")
    started_at: Time = at("metadata.last_started_at")
    archived_at: Time = at("metadata.archived_at")
    lockdown_at: Time = at("metadata.lockdown_at")
    project_id: Text = at("metadata.project_id")
    runner_id: Text = at("metadata.runner_id")
    role: Enum = at("metadata.role")
    class_id: Text = at("spec.machine.class_id")
    spec_version: Version = at("spec.spec_version")
    desired_phase: Enum = at("spec.desired_phase")
    timeout: Seconds = at("spec.timeout.disconnected")
    ports: Many[PortSpec] = at("spec.ports")
    initializers: Many[InitializerSpec] = at("spec.content.initializer.specs")
    status_version: Version = at("status.status_version")
    observed_phase: Enum = at("status.phase")
    failures: Proses = at("status.failure_message")
    warnings: Proses = at("status.warning_message")
    machine_failure: Prose = at("status.machine.failure_message")
    machine_warning: Prose = at("status.machine.warning_message")
    content_failure: Prose = at("status.content.failure_message")
    content_warning: Prose = at("status.content.warning_message")
    devcontainer_failure: Prose = at("status.devcontainer.failure_message")
    devcontainer_warning: Prose = at("status.devcontainer.warning_message")
    automations_failure: Prose = at("status.automations_file.failure_message")
    automations_warning: Prose = at("status.automations_file.warning_message")
    timed_out: Text = at("status.machine.timeout")
    signal_source: Text = at("status.activity_signal.source")
    signal_at: Time = at("status.activity_signal.timestamp")
    port_urls: Many[PortUrl] = at("status.environment_urls.ports")
    clone_url: Prose = at("status.content.git.clone_url")
    branch: Text = at("status.content.git.branch")
    unpushed_commits: Proses = at("status.content.git.unpushed_commits")
    total_unpushed_commits: Int = at("status.content.git.total_unpushed_commits")
    changed_files: Many[Counted] = at("status.content.git.changed_files")
    total_changed_files: Int = at("status.content.git.total_changed_files")

    @classmethod
    def of(cls, whole: Environment) -> "EnvironmentSummary":
        """The same of an environment that was read as a whole."""
        return cls.model_construct(**{name: follow(whole, path) for name, path in PATHS.items()})


def follow(whole: Environment, path: str) -> Any:
    """What is at this path of an environment, its default where a part on the way is absent."""
    value: Any = whole
    for name in path.split("."):
        value = getattr(value, name, None)
    return list(along(path))[-1].default if value is None else value


PATHS = {name: field.description or name for name, field in EnvironmentSummary.model_fields.items()}

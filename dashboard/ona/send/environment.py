"""What to create an environment from, and what to change of one.

The rules are those of the API documentation and of the validation rules in gitpod-sdk 1.2.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from dashboard.ona.send.automation import trigger
from dashboard.ona.send.base import At, Message, choice, duration
from dashboard.ona.send.rules import (
    TASK_TRIGGERS,
    address,
    inactivity,
    length,
    port,
    relative_path,
    some,
    triggers,
    uuid_or_empty,
    zoned,
)


@dataclass(frozen=True, kw_only=True)
class Port(Message):
    """A shared port. `admission`: creator_only, organization, everyone; `protocol`: http, https."""

    port: Annotated[int, At("port", port)]
    name: Annotated[str, At("name", length(1, 100))]
    admission: Annotated[str | None, choice("admission", "AdmissionLevel")] = None
    protocol: Annotated[str | None, choice("protocol", "EnvironmentSpec.EnvironmentPort.Protocol")] = None


@dataclass(frozen=True, kw_only=True)
class Git(Message):
    """What to check out. `target_mode`: remote_head, remote_commit, remote_branch, local_branch, remote_tag."""

    remote_uri: Annotated[str, At("git.remoteUri")]
    upstream_remote_uri: Annotated[str | None, At("git.upstreamRemoteUri")] = None
    target_mode: Annotated[str | None, choice("git.targetMode", "GitInitializer.CloneTargetMode")] = None
    clone_target: Annotated[str | None, At("git.cloneTarget")] = None
    checkout_location: Annotated[str | None, At("git.checkoutLocation")] = None


@dataclass(frozen=True, kw_only=True)
class ContextUrl(Message):
    """The address of a repository, branch, issue or pull request, which the API resolves."""

    url: Annotated[str, At("contextUrl.url", address)]


@dataclass(frozen=True, kw_only=True)
class SSHKey(Message):
    """A public key to add or replace; without `value` an update removes it."""

    id: Annotated[str, At("id")]
    value: Annotated[str | None, At("value")] = None


Initializers = tuple[Git | ContextUrl, ...]


@dataclass(frozen=True, kw_only=True)
class NewEnvironment(Message):
    """An environment to create; what is not given comes from the project, if there is one, or from the API.

    `timeout` is in seconds of inactivity: 0 never, else at least 1800. `content` is applied in order; none gives
    an empty environment. `automations_trigger_filter` lets only automations with these triggers run.
    """

    name: Annotated[str | None, At("name", length(0, 80))] = None
    session_id: Annotated[str | None, At("sessionId", uuid_or_empty)] = None
    annotations: Annotated[Mapping[str, str] | None, At("annotations")] = None
    class_id: Annotated[str | None, At("spec.machine.class")] = None
    prefer_dual_disk: Annotated[bool | None, At("spec.machine.preferDualDisk")] = None
    content: Annotated[Initializers | None, At("spec.content.initializer.specs")] = None
    git_username: Annotated[str | None, At("spec.content.gitUsername")] = None
    git_email: Annotated[str | None, At("spec.content.gitEmail")] = None
    timeout: Annotated[float | None, At("spec.timeout.disconnected", inactivity, write=duration)] = None
    admission: Annotated[str | None, choice("spec.admission", "AdmissionLevel")] = None
    ports: Annotated[tuple[Port, ...] | None, At("spec.ports")] = None
    ssh_keys: Annotated[tuple[SSHKey, ...] | None, At("spec.sshPublicKeys")] = None
    devcontainer_file_path: Annotated[
        str | None, At("spec.devcontainer.devcontainerFilePath", relative_path)
    ] = None
    devcontainer_image: Annotated[str | None, At("spec.devcontainer.defaultDevcontainerImage")] = None
    dotfiles_repository: Annotated[str | None, At("spec.devcontainer.dotfiles.repository", address)] = None
    automations_file_path: Annotated[
        str | None, At("spec.automationsFile.automationsFilePath", relative_path)
    ] = None
    automations_trigger_filter: Annotated[
        tuple[str, ...] | None,
        At("spec.automationsFile.triggerFilter", each=triggers(TASK_TRIGGERS), write=trigger),
    ] = None
    desired_phase: Annotated[str, choice("spec.desiredPhase", "EnvironmentPhase")] = "running"


@dataclass(frozen=True, kw_only=True)
class EnvironmentChange(Message):
    """What to change; what is not given stays. `""` clears a text, but lists cannot be cleared.

    A new `…_session` has that part applied again: content initialised, dev container rebuilt, automations file
    read. `timeout` is in seconds of inactivity: 0 never, else at least 1800. `lockdown_at` is for administrators:
    a moment to come, or the epoch to clear it.
    """

    name: Annotated[str | None, At("metadata.name", length(0, 128))] = None
    lockdown_at: Annotated[datetime | None, At("metadata.lockdownAt", zoned)] = None
    git_username: Annotated[str | None, At("spec.content.gitUsername")] = None
    git_email: Annotated[str | None, At("spec.content.gitEmail")] = None
    content: Annotated[Initializers | None, At("spec.content.initializer.specs", some)] = None
    content_session: Annotated[str | None, At("spec.content.session")] = None
    ssh_keys: Annotated[tuple[SSHKey, ...] | None, At("spec.sshPublicKeys", some)] = None
    devcontainer_file_path: Annotated[
        str | None, At("spec.devcontainer.devcontainerFilePath", relative_path)
    ] = None
    devcontainer_session: Annotated[str | None, At("spec.devcontainer.session")] = None
    ports: Annotated[tuple[Port, ...] | None, At("spec.ports", some)] = None
    timeout: Annotated[float | None, At("spec.timeout.disconnected", inactivity, write=duration)] = None
    automations_file_path: Annotated[
        str | None, At("spec.automationsFile.automationsFilePath", relative_path)
    ] = None
    automations_file_session: Annotated[str | None, At("spec.automationsFile.session")] = None


@dataclass(frozen=True, kw_only=True)
class Activity(Message):
    """A sign of use: who saw it ("VS Code") and when; without a moment the API takes its own."""

    source: Annotated[str, At("activitySignal.source", length(3, 80))]
    timestamp: Annotated[datetime | None, At("activitySignal.timestamp", zoned)] = None

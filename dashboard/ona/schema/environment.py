"""Environments and their classes. `spec` is the wish, `status` what is observed."""

from pydantic import Field

from dashboard.ona.schema.base import (
    Enum,
    Flag,
    Id,
    Int,
    Many,
    Maybe,
    Model,
    Pairs,
    Part,
    Prose,
    Proses,
    Text,
    Time,
    Version,
)
from dashboard.ona.schema.environment_spec import EnvironmentSpec
from dashboard.ona.words import short


class Subject(Model):
    """Who did something. `principal`: `PRINCIPAL_USER`, `PRINCIPAL_SERVICE_ACCOUNT`…"""

    id: Text = ""
    principal: Enum = ""


class EnvironmentMetadata(Model):
    """Who, when, where. `name` is often empty: show the repository and branch, else the short id."""

    organization_id: Text = ""
    annotations: Pairs = Field(default_factory=dict)
    name: Text = ""
    creator: Part[Subject] = Subject()
    original_context_url: Prose = ""
    created_at: Time = None
    project_id: Text = ""
    runner_id: Text = ""
    last_started_at: Time = None
    archived_at: Time = None
    role: Enum = ""
    prebuild_id: Text = ""
    lockdown_at: Time = None
    session_id: Text = ""


class RunnerAck(Model):
    """The runner's word on a version of the spec."""

    spec_version: Version = 0
    status_code: Enum = ""
    message: Prose = ""


class MachineVersions(Model):
    supervisor_version: Text = ""
    supervisor_commit: Text = ""
    ami_id: Text = ""


class MachineStatus(Model):
    """The virtual machine. `timeout` is a sentence when inactivity stopped it, else empty."""

    session: Text = ""
    phase: Enum = ""
    failure_message: Prose = ""
    timeout: Text = ""
    versions: Part[MachineVersions] = MachineVersions()
    warning_message: Prose = ""
    dual_disk: Flag = False


class FileChange(Model):
    path: Text = ""
    change_type: Enum = ""
    old_path: Text = ""


class GitStatus(Model):
    """The working copy, as far as known; its absence says nothing. Lists stop at 101, the totals do not."""

    clone_url: Prose = ""
    branch: Text = ""
    latest_commit: Text = ""
    unpushed_commits: Proses = ()
    total_unpushed_commits: Int = 0
    changed_files: Many[FileChange] = ()
    total_changed_files: Int = 0


class ContentStatus(Model):
    session: Text = ""
    phase: Enum = ""
    git: Maybe[GitStatus] = None
    content_location_in_machine: Text = ""
    failure_message: Prose = ""
    warning_message: Prose = ""


class DevContainerStatus(Model):
    """The dev container. Failed (`PHASE_FAILED`) leaves the environment itself running."""

    session: Text = ""
    phase: Enum = ""
    devcontainer_file_path: Text = ""
    devcontainerconfig_in_sync: Flag = False
    secrets_in_sync: Flag = False
    failure_message: Prose = ""
    remote_user: Text = ""
    remote_workspace_folder: Text = ""
    container_name: Text = ""
    container_id: Text = ""
    warning_message: Prose = ""
    devcontainer_file_presence: Enum = ""


class SecretStatus(Model):
    id: Text = ""
    phase: Enum = ""
    secret_name: Text = ""
    failure_message: Prose = ""
    warning_message: Prose = ""
    session: Text = ""


class SSHPublicKeyStatus(Model):
    id: Text = ""
    phase: Enum = ""


class AutomationsFileStatus(Model):
    session: Text = ""
    automations_file_path: Text = ""
    phase: Enum = ""
    failure_message: Prose = ""
    automations_file_presence: Enum = ""
    warning_message: Prose = ""


class SSHUrl(Model):
    url: Prose = ""


class PortUrl(Model):
    port: Int = 0
    url: Prose = ""


class EnvironmentUrls(Model):
    """Addresses on the runner's host; a stopped environment may still have some."""

    ssh: Part[SSHUrl] = SSHUrl()
    ports: Many[PortUrl] = ()
    logs: Prose = ""
    support_bundle: Prose = ""
    ops: Prose = ""
    vm_live_usage: Prose = ""


class ActivitySignal(Model):
    """The latest sign of use. Its time is rounded down to five minutes."""

    source: Text = ""
    timestamp: Time = None


class EnvironmentStatus(Model):
    """What is observed. There is no failed phase: a non-empty `failure_message` is the failure."""

    status_version: Version = 0
    runner_ack: Part[RunnerAck] = RunnerAck()
    phase: Enum = ""
    failure_message: Proses = ()
    environment_urls: Part[EnvironmentUrls] = EnvironmentUrls()
    machine: Part[MachineStatus] = MachineStatus()
    secrets: Many[SecretStatus] = ()
    content: Part[ContentStatus] = ContentStatus()
    devcontainer: Part[DevContainerStatus] = DevContainerStatus()
    ssh_public_keys: Many[SSHPublicKeyStatus] = ()
    warning_message: Proses = ()
    automations_file: Part[AutomationsFileStatus] = AutomationsFileStatus()
    activity_signal: Part[ActivitySignal] = ActivitySignal()


class Environment(Model):
    id: Id
    metadata: Part[EnvironmentMetadata] = EnvironmentMetadata()
    spec: Part[EnvironmentSpec] = EnvironmentSpec()
    status: Part[EnvironmentStatus] = EnvironmentStatus()

    @property
    def phase(self) -> str:
        """The observed phase in one word: "running", "stopped"…; "" when unknown."""
        return short(self.status.phase, "ENVIRONMENT_PHASE_")


class FieldValue(Model):
    key: Text = ""
    value: Text = ""


class EnvironmentClass(Model):
    """A machine size. `enabled` false is left out on the wire, so absent means disabled."""

    id: Id
    display_name: Text = ""
    description: Text = ""
    configuration: Many[FieldValue] = ()
    runner_id: Text = ""
    enabled: Flag = False

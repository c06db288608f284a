"""What is wanted of an environment. Of secrets: names and targets, never a value (see `schema.omitted`)."""

from pydantic import Field

from dashboard.ona.schema.base import Enum, Flag, Int, Many, Maybe, Model, Part, Prose, Seconds, Text, Version


class MachineSpec(Model):
    """`class_id` is the id of an `EnvironmentClass` (on the wire: `class`)."""

    session: Text = ""
    class_id: Text = Field(default="", alias="class")
    prefer_dual_disk: Flag = False


class GitInitializer(Model):
    """`clone_target` is a branch, commit or tag, as `target_mode` says."""

    remote_uri: Prose = ""
    upstream_remote_uri: Prose = ""
    target_mode: Enum = ""
    clone_target: Text = ""
    checkout_location: Text = ""


class ContextUrlInitializer(Model):
    url: Prose = ""


class InitializerSpec(Model):
    """One of the two is set."""

    git: Maybe[GitInitializer] = None
    context_url: Maybe[ContextUrlInitializer] = None


class Initializer(Model):
    specs: Many[InitializerSpec] = ()


class ContentSpec(Model):
    session: Text = ""
    initializer: Part[Initializer] = Initializer()
    git_username: Text = ""
    git_email: Text = ""


class SecretSpec(Model):
    """A secret's name and where it is mounted."""

    id: Text = ""
    name: Text = ""
    source: Text = ""
    scope: Enum = ""
    file_path: Text = ""
    environment_variable: Text = ""
    git_credential_host: Text = ""
    container_registry_basic_auth_host: Text = ""
    api_only: Flag = False
    session: Text = ""


class PortSpec(Model):
    port: Int = 0
    admission: Enum = ""
    name: Text = ""
    protocol: Enum = ""


class Timeout(Model):
    """`disconnected`: seconds of inactivity before the stop; 0.0 never, None not said."""

    disconnected: Seconds = None


class Dotfiles(Model):
    repository: Prose = ""


class DevContainerSpec(Model):
    session: Text = ""
    devcontainer_file_path: Text = ""
    dotfiles: Part[Dotfiles] = Dotfiles()
    default_devcontainer_image: Text = ""
    lifecycle_stage: Enum = ""


class SSHPublicKeySpec(Model):
    id: Text = ""


class Trigger(Model):
    """What starts an automation; one field is true."""

    manual: Flag = False
    post_machine_start: Flag = False
    post_environment_start: Flag = False
    post_devcontainer_start: Flag = False
    prebuild: Flag = False
    before_snapshot: Flag = False

    @property
    def word(self) -> str:
        """The name of the field that is true, "" for a trigger that this code does not know."""
        return next((name for name in type(self).model_fields if getattr(self, name)), "")


class AutomationsFileSpec(Model):
    session: Text = ""
    automations_file_path: Text = ""
    trigger_filter: Many[Trigger] = ()


class EnvironmentSpec(Model):
    """The wish. `desired_phase` may differ from the state for good: after a timeout it stays running."""

    spec_version: Version = 0
    desired_phase: Enum = ""
    machine: Part[MachineSpec] = MachineSpec()
    content: Part[ContentSpec] = ContentSpec()
    secrets: Many[SecretSpec] = ()
    ports: Many[PortSpec] = ()
    timeout: Part[Timeout] = Timeout()
    admission: Enum = ""
    devcontainer: Part[DevContainerSpec] = DevContainerSpec()
    ssh_public_keys: Many[SSHPublicKeySpec] = ()
    automations_file: Part[AutomationsFileSpec] = AutomationsFileSpec()
    workflow_action_id: Text = ""
    security_policy_id: Text = ""

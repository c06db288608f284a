"""An environment of a list, read in the form in which the API writes it.

Of ten thousand environments a list says twenty times more than their rows hold. The models of `Environment` parse all
of it before they pick; here what nobody declares is passed over, in a quarter of the time. That reader is strict where
the models make do: what is not of the declared form fails, and the page is read by the models instead.

Names lead to the same values as those of `Environment`; there is what they mean. Where the wire has another form (a
text for a number, a time) or may hold credentials, a property makes the value, by the same function, when it is read.
"""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, MsgspecError, Struct, field
from msgspec.json import Decoder
from pydantic import TypeAdapter

from dashboard.ona.schema.base import Time, without_credentials
from dashboard.ona.words import seconds

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,128}\Z")]
Number = Annotated[str, Meta(pattern=r"^[0-9]{0,19}\Z")]
"""An uint64, on the wire a decimal text."""
UNREADABLE = (MsgspecError, UnicodeDecodeError, RecursionError)

_time = TypeAdapter[datetime | None](Time).validate_python


def moment(text: str) -> datetime | None:
    return _time(text) if text else None


def prose(text: str) -> str:
    return str(without_credentials(text)) if "@" in text else text


def proses(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([prose(text) for text in texts]) if texts else ()


class Listed(Struct, rename="camel", frozen=True, gc=False):
    """Base of all: camelCase on the wire, unknown fields passed over. `gc`: none of them holds a cycle."""

    def __repr__(self) -> str:
        """Without what it holds: addresses as they came may carry a credential."""
        return f"{type(self).__name__}(…)"


class Subject(Listed, frozen=True):
    id: str = ""
    principal: str = ""


class Metadata(Listed, frozen=True):
    name: str = ""
    creator: Subject = Subject()
    project_id: str = ""
    runner_id: str = ""
    role: str = ""
    context: str = field(default="", name="originalContextUrl")
    created: str = field(default="", name="createdAt")
    started: str = field(default="", name="lastStartedAt")
    archived: str = field(default="", name="archivedAt")
    locked: str = field(default="", name="lockdownAt")

    @property
    def original_context_url(self) -> str:
        return prose(self.context)

    @property
    def created_at(self) -> datetime | None:
        return moment(self.created)

    @property
    def last_started_at(self) -> datetime | None:
        return moment(self.started)

    @property
    def archived_at(self) -> datetime | None:
        return moment(self.archived)

    @property
    def lockdown_at(self) -> datetime | None:
        return moment(self.locked)


class MachineSpec(Listed, frozen=True):
    class_id: str = field(default="", name="class")


class GitInitializer(Listed, frozen=True):
    clone_target: str = ""
    address: str = field(default="", name="remoteUri")

    @property
    def remote_uri(self) -> str:
        return prose(self.address)


class ContextUrlInitializer(Listed, frozen=True):
    address: str = field(default="", name="url")

    @property
    def url(self) -> str:
        return prose(self.address)


class InitializerSpec(Listed, frozen=True):
    git: GitInitializer | None = None
    context_url: ContextUrlInitializer | None = None


class Initializer(Listed, frozen=True):
    specs: tuple[InitializerSpec, ...] = ()


class ContentSpec(Listed, frozen=True):
    initializer: Initializer = Initializer()


class PortSpec(Listed, frozen=True):
    port: int = 0
    admission: str = ""
    name: str = ""
    protocol: str = ""


class Timeout(Listed, frozen=True):
    duration: str = field(default="", name="disconnected")

    @property
    def disconnected(self) -> float | None:
        return seconds(self.duration)


class Spec(Listed, frozen=True):
    desired_phase: str = ""
    machine: MachineSpec = MachineSpec()
    content: ContentSpec = ContentSpec()
    ports: tuple[PortSpec, ...] = ()
    timeout: Timeout = Timeout()
    version: Number = field(default="", name="specVersion")

    @property
    def spec_version(self) -> int:
        return int(self.version or 0)


class PortUrl(Listed, frozen=True):
    port: int = 0
    address: str = field(default="", name="url")

    @property
    def url(self) -> str:
        return prose(self.address)


class Urls(Listed, frozen=True):
    ports: tuple[PortUrl, ...] = ()


class FileChange(Listed, frozen=True):
    """Only how many there are is read."""


class GitStatus(Listed, frozen=True):
    branch: str = ""
    total_unpushed_commits: int = 0
    total_changed_files: int = 0
    changed_files: tuple[FileChange, ...] = ()
    address: str = field(default="", name="cloneUrl")
    unpushed_commits: tuple[str, ...] = ()
    """Their texts may hold credentials; only how many there are is read."""

    @property
    def clone_url(self) -> str:
        return prose(self.address)


class Part(Listed, frozen=True):
    """The machine, its content, the dev container, the automations file: what may be wrong with each."""

    timeout: str = ""
    git: GitStatus | None = None
    failure: str = field(default="", name="failureMessage")
    warning: str = field(default="", name="warningMessage")

    @property
    def failure_message(self) -> str:
        return prose(self.failure)

    @property
    def warning_message(self) -> str:
        return prose(self.warning)


class ActivitySignal(Listed, frozen=True):
    source: str = ""
    at: str = field(default="", name="timestamp")

    @property
    def timestamp(self) -> datetime | None:
        return moment(self.at)


class Status(Listed, frozen=True):
    phase: str = ""
    environment_urls: Urls = Urls()
    machine: Part = Part()
    content: Part = Part()
    devcontainer: Part = Part()
    automations_file: Part = Part()
    activity_signal: ActivitySignal = ActivitySignal()
    version: Number = field(default="", name="statusVersion")
    failures: tuple[str, ...] = field(default=(), name="failureMessage")
    warnings: tuple[str, ...] = field(default=(), name="warningMessage")

    @property
    def status_version(self) -> int:
        return int(self.version or 0)

    @property
    def failure_message(self) -> tuple[str, ...]:
        return proses(self.failures)

    @property
    def warning_message(self) -> tuple[str, ...]:
        return proses(self.warnings)


class ListedEnvironment(Listed, frozen=True):
    id: Id
    metadata: Metadata = Metadata()
    spec: Spec = Spec()
    status: Status = Status()


class Page(Listed, frozen=True):
    environments: tuple[ListedEnvironment, ...] = ()


_decode = Decoder(Page).decode


def read(body: bytes) -> list[Any] | None:
    """The environments of a page; None when it has to be read by the models."""
    try:
        return list(_decode(body).environments)
    except UNREADABLE:
        return None

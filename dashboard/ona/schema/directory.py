"""Names for ids: people, projects, runners, and who the key itself belongs to."""

from pydantic import Field

from dashboard.ona.schema.base import Enum, Flag, Id, Int, Many, Model, Part, Prose, Text, Time
from dashboard.ona.schema.environment import Subject


class IdentitySubject(Model):
    """Like `Subject`, but without an id it identifies nobody."""

    id: Id
    principal: Enum = ""


class Identity(Model):
    """Whose key this is. Works for people and service accounts alike."""

    subject: IdentitySubject
    organization_id: Text = ""
    organization_tier: Enum = ""


class Member(Model):
    """A person of the organization; `id` is the user id (on the wire: `userId`)."""

    id: Id = Field(alias="userId")
    full_name: Text = ""
    email: Text = ""
    avatar_url: Prose = ""
    role: Enum = ""
    status: Enum = ""
    login_provider: Text = ""
    member_since: Time = None


class ProjectMetadata(Model):
    organization_id: Text = ""
    name: Text = ""
    creator: Part[Subject] = Subject()
    created_at: Time = None
    updated_at: Time = None


class ProjectClass(Model):
    """A class that the project's environments may have, or none: on a runner of the person's own."""

    environment_class_id: Text = ""
    local_runner: Flag = False
    order: Int = 0


class Project(Model):
    """`environment_classes` are what a new environment may choose from, the lowest `order` first."""

    id: Id
    metadata: Part[ProjectMetadata] = ProjectMetadata()
    environment_classes: Many[ProjectClass] = ()

    @property
    def name(self) -> str:
        return self.metadata.name


class RunnerStatus(Model):
    """Its public key and the address of its models are not read."""

    phase: Enum = ""
    region: Text = ""
    version: Text = ""
    message: Prose = ""
    updated_at: Time = None


class Runner(Model):
    """Where environments run; `id` is on the wire `runnerId`."""

    id: Id = Field(alias="runnerId")
    name: Text = ""
    kind: Enum = ""
    provider: Enum = ""
    created_at: Time = None
    creator: Part[Subject] = Subject()
    status: Part[RunnerStatus] = RunnerStatus()

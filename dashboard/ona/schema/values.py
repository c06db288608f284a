"""The one place where values of variables are read: for sending an automations file back as it was.

They stay in `Secret`s, and what holds them lives no longer than that call.
"""

from typing import Annotated

from pydantic import BeforeValidator, InstanceOf

from dashboard.ona.schema.base import Else, Id, Model, Part, Text
from dashboard.ona.secret import Secret


def hidden(value: object) -> object:
    """KEY=VALUE texts as secrets."""
    return tuple(Secret(item) for item in value if isinstance(item, str)) if isinstance(value, list) else ()


class DockerValues(Model):
    environment: Annotated[tuple[InstanceOf[Secret], ...], BeforeValidator(hidden), Else(())] = ()


class RunsOnValues(Model):
    docker: Part[DockerValues] = DockerValues()


class SpecValues(Model):
    runs_on: Part[RunsOnValues] = RunsOnValues()


class MetadataOfValues(Model):
    reference: Text = ""


class Values(Model):
    """A service or task: its reference, and its container's variables."""

    id: Id
    metadata: Part[MetadataOfValues] = MetadataOfValues()
    spec: Part[SpecValues] = SpecValues()

    @property
    def environment(self) -> tuple[Secret, ...]:
        return self.spec.runs_on.docker.environment

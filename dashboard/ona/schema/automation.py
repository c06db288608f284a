"""Services, tasks and task executions."""

from pydantic import Field

from dashboard.ona.schema.base import (
    Enum,
    Flag,
    Id,
    Many,
    Maybe,
    Model,
    Names,
    Part,
    Prose,
    Seconds,
    Text,
    Texts,
    Time,
    Version,
)
from dashboard.ona.schema.environment import Subject
from dashboard.ona.schema.environment_spec import Trigger
from dashboard.ona.words import short


class Docker(Model):
    """A container of its own. Of its environment only the names are read."""

    image: Text = ""
    environment_names: Names = Field(default=(), alias="environment")


class OnMachine(Model):
    """On the virtual machine itself; it has no fields."""


class RunsOn(Model):
    """Where an automation runs; neither set: in the dev container."""

    docker: Maybe[Docker] = None
    machine: Maybe[OnMachine] = None


class EnvironmentVariable(Model):
    """The name of a variable; its value is deliberately not read."""

    name: Text = ""


class Commands(Model):
    """Shell text, up to several kB."""

    start: Text = ""
    ready: Text = ""
    stop: Text = ""


class ServiceMetadata(Model):
    reference: Text = ""
    name: Text = ""
    description: Text = ""
    created_at: Time = None
    creator: Part[Subject] = Subject()
    triggered_by: Many[Trigger] = ()
    role: Enum = ""


class ServiceSpec(Model):
    """`spec_version` may be made anew for every answer: no use for noticing a change."""

    spec_version: Version = 0
    desired_phase: Enum = ""
    commands: Part[Commands] = Commands()
    session: Text = ""
    runs_on: Part[RunsOn] = RunsOn()
    env: Many[EnvironmentVariable] = ()
    readiness_timeout: Seconds = None


class ServiceStatus(Model):
    """`failure_message` is one text here, unlike an environment's. Of `output` only the keys are read."""

    status_version: Version = 0
    phase: Enum = ""
    failure_message: Prose = ""
    log_url: Prose = ""
    session: Text = ""
    output_names: Names = Field(default=(), alias="output")


class Service(Model):
    id: Id
    environment_id: Text = ""
    metadata: Part[ServiceMetadata] = ServiceMetadata()
    spec: Part[ServiceSpec] = ServiceSpec()
    status: Part[ServiceStatus] = ServiceStatus()

    @property
    def phase(self) -> str:
        """The observed phase in one word: "running", "failed"…; "" when never started."""
        return short(self.status.phase, "SERVICE_PHASE_")


class TaskMetadata(Model):
    reference: Text = ""
    name: Text = ""
    description: Text = ""
    created_at: Time = None
    creator: Part[Subject] = Subject()
    triggered_by: Many[Trigger] = ()


class TaskSpec(Model):
    command: Text = ""
    runs_on: Part[RunsOn] = RunsOn()
    env: Many[EnvironmentVariable] = ()
    prebuild_requires_success: Flag = False


class Task(Model):
    """A definition only; progress lives in `TaskExecution`. `depends_on` holds ids of automations."""

    id: Id
    environment_id: Text = ""
    metadata: Part[TaskMetadata] = TaskMetadata()
    spec: Part[TaskSpec] = TaskSpec()
    depends_on: Texts = ()


class ExecutionMetadata(Model):
    """`started_by`: an open set of words. `started_at` is None while pending, `completed_at` to the end."""

    task_id: Text = ""
    environment_id: Text = ""
    created_at: Time = None
    creator: Part[Subject] = Subject()
    started_by: Text = ""
    started_at: Time = None
    completed_at: Time = None


class PlannedTask(Model):
    id: Text = ""
    spec: Part[TaskSpec] = TaskSpec()


class PlannedStep(Model):
    """A task to run or a service to bring up."""

    id: Text = ""
    depends_on: Texts = ()
    label: Text = ""
    task: Maybe[PlannedTask] = None
    service_id: Text = ""


class PlannedGroup(Model):
    """Steps that run together; groups run one after another."""

    steps: Many[PlannedStep] = ()


class ExecutionSpec(Model):
    plan: Many[PlannedGroup] = ()
    desired_phase: Enum = ""


class ExecutionStep(Model):
    id: Text = ""
    phase: Enum = ""
    failure_message: Prose = ""
    output_names: Names = Field(default=(), alias="output")


class ExecutionStatus(Model):
    """`phase` sums up all steps; a step that is not listed has not started."""

    status_version: Version = 0
    phase: Enum = ""
    failure_message: Prose = ""
    steps: Many[ExecutionStep] = ()
    log_url: Prose = ""


class TaskExecution(Model):
    id: Id
    metadata: Part[ExecutionMetadata] = ExecutionMetadata()
    spec: Part[ExecutionSpec] = ExecutionSpec()
    status: Part[ExecutionStatus] = ExecutionStatus()

    @property
    def phase(self) -> str:
        """The observed phase in one word: "pending", "running", "succeeded"…; "" when unknown."""
        return short(self.status.phase, "TASK_EXECUTION_PHASE_")


class UpdatedAutomations(Model):
    """The ids of what an automations file created or changed; both empty when it changed nothing."""

    service_ids: Texts = Field(default=(), alias="updatedServiceIds")
    task_ids: Texts = Field(default=(), alias="updatedTaskIds")

"""What the simulated world is made of. Times are epoch seconds, phases are the API's enum names."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.simulator import enums


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody or something that acts; `principal` is a PRINCIPAL_* name."""

    id: str
    principal: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the organisation. `role`, `status` and `login` are enum names or provider texts."""

    id: str
    name: str
    email: str
    since: float
    role: str
    status: str
    login: str

    @property
    def subject(self) -> Subject:
        """The member as creator of something."""
        return Subject(self.id, enums.USER)


@dataclass(frozen=True, slots=True)
class Runner:
    """Where environments run. `domain` is the host under which its log, port and SSH addresses live."""

    id: str
    name: str
    kind: str
    provider: str
    region: str
    domain: str
    created: float
    phase: str = "RUNNER_PHASE_ACTIVE"
    message: str = ""
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MachineClass:
    """A machine size offered by one runner."""

    id: str
    name: str
    description: str
    runner: Runner
    enabled: bool
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EnvItem:
    """An environment variable: a literal value, or a reference to a secret by its UUID."""

    name: str
    value: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ServiceRecipe:
    """What a project's automations file says about a service, and how the thing behaves.

    `warm_up`: seconds until the ready command succeeds (infinite: never); `breaks`: it exits non-zero on every
    start; `exit_code`: it exits so `seconds` after its start; `stop_fails`: its stop command exits non-zero, which
    ends FAILED; `stubborn`: it ignores SIGTERM; `readiness_timeout`: seconds it may be STARTING (0: no limit).
    """

    reference: str
    name: str
    start: str
    description: str = ""
    ready: str = ""
    stop: str = ""
    role: str = "SERVICE_ROLE_DEFAULT"
    triggers: tuple[str, ...] = ("postEnvironmentStart",)
    runs_on: str = ""
    image: str = ""
    env: tuple[EnvItem, ...] = ()
    image_env: tuple[str, ...] = ()
    readiness_timeout: float | None = None
    warm_up: float = 4.0
    breaks: bool = False
    exit_code: int | None = None
    seconds: float = 2.5
    stop_fails: bool = False
    stubborn: bool = False


@dataclass(frozen=True, slots=True)
class TaskRecipe:
    """What a project's automations file says about a task, and how it behaves.

    `seconds`: usual length of a run; `failure_rate`: share of runs that exit non-zero; `stubborn`: ignores SIGTERM,
    so that a stop has to kill it after 10 s; `needs`: references of tasks and services that come first;
    `exit_code`: how every run ends, after exactly `seconds`.
    """

    reference: str
    name: str
    command: str
    description: str = ""
    triggers: tuple[str, ...] = ("manual",)
    needs: tuple[str, ...] = ()
    runs_on: str = ""
    image: str = ""
    env: tuple[EnvItem, ...] = ()
    image_env: tuple[str, ...] = ()
    prebuild_requires_success: bool = False
    seconds: float = 20.0
    failure_rate: float = 0.0
    exit_code: int | None = None
    stubborn: bool = False


@dataclass(frozen=True, slots=True)
class Port:
    """A shared port of an environment."""

    number: int
    name: str
    admission: str
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """A project, with what its environments bring along."""

    id: str
    name: str
    repository: str
    creator: Subject
    created: float
    classes: tuple[MachineClass, ...]
    services: tuple[ServiceRecipe, ...]
    tasks: tuple[TaskRecipe, ...]
    ports: tuple[Port, ...]


@dataclass(slots=True)
class Given:
    """What a caller asked for in so many words; `spec` holds parts of the spec as they are shown."""

    spec: dict[str, object] = field(default_factory=dict)
    annotations: dict[str, object] = field(default_factory=dict)
    context_url: str = ""


@dataclass(slots=True, eq=False)
class Environment:
    """One environment. `moves` counts transitions: a planned event that carries an older count is void.

    `rebuild_pending`: its dev container is built anew with the change or start that comes next.
    """

    id: str
    created: float
    creator: Subject
    project: Project
    from_project: bool
    runner: Runner
    machine_class: MachineClass
    role: str
    name: str
    branch: str
    phase: str
    desired: str
    idle_limit: int
    last_started: float
    signal_source: str = ""
    signal_at: float | None = None
    archived_at: float | None = None
    lockdown_at: float | None = None
    timed_out: str = ""
    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    devcontainer_failure: str = ""
    unpushed: int = 0
    changed: int = 0
    session_id: str = ""
    spec_version: int = 1
    status_version: int = 1
    moves: int = 0
    start_pending: bool = False
    stop_pending: bool = False
    delete_pending: bool = False
    rebuild_pending: bool = False
    attended: bool = False
    given: Given | None = None
    handled_at: float = 0.0
    services: list[Service] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        """Whether automations can run in it."""
        return self.phase in enums.USABLE


@dataclass(slots=True, eq=False)
class Service:
    """A service of an environment. `session` is the one asked for, `running_session` the one last run.

    `started`, `ready` and `ended`: when that one began, was ready and was down again, as far as that is known.
    """

    id: str
    environment: Environment
    recipe: ServiceRecipe
    created: float
    creator: Subject
    phase: str
    desired: str
    session: str = ""
    running_session: str = ""
    failure: str = ""
    output: tuple[tuple[str, str], ...] = ()
    moves: int = 0
    start_pending: bool = False
    stop_pending: bool = False
    delete_pending: bool = False
    started: float | None = None
    ready: float | None = None
    ended: float | None = None


@dataclass(slots=True, eq=False)
class Task:
    """A task of an environment; `depends_on` are the services and tasks that come first."""

    id: str
    environment: Environment
    recipe: TaskRecipe
    created: float
    creator: Subject
    depends_on: tuple[Task | Service, ...] = ()


@dataclass(slots=True, eq=False)
class Step:
    """One step of a plan: a task to run or a service to bring up. STEP_WAITING means it has not begun.

    `recipe`: what the target was when the plan was made; `tried`: the service it brings up has been started once
    on its behalf.
    """

    id: str
    target: Task | Service
    depends_on: tuple[str, ...]
    recipe: TaskRecipe | ServiceRecipe
    phase: str = enums.STEP_WAITING
    failure: str = ""
    tried: bool = False
    began: float | None = None
    ended: float | None = None


@dataclass(slots=True, eq=False)
class Execution:
    """One run of a task: `plan` holds groups that run one after another, steps of a group run together."""

    id: str
    task: Task
    environment: Environment
    created: float
    creator: Subject
    started_by: str
    plan: tuple[tuple[Step, ...], ...]
    phase: str = enums.PENDING
    desired: str = enums.EXECUTING
    started: float | None = None
    completed: float | None = None
    failure: str = ""
    status_version: int = 1
    moves: int = 0
    stop_pending: bool = False

    @property
    def steps(self) -> list[Step]:
        """Every step, in plan order."""
        return [step for group in self.plan for step in group]


@dataclass(slots=True)
class Call:
    """A write call as it was received. `outcome` is "ok" or the Connect code it was refused with."""

    at: float
    method: str
    target: str
    subject: Subject
    outcome: str = "ok"

"""The organisation around the environments: people, service accounts, projects, runners and machine classes."""

from dataclasses import dataclass
from random import Random

from dashboard.simulator import catalog, enums, names
from dashboard.simulator.ids import uuid4, uuid7
from dashboard.simulator.models import MachineClass, Member, Project, Runner, Subject

DAY = 86_400.0
CAPABILITIES = (
    "RUNNER_CAPABILITY_AGENT_EXECUTION",
    "RUNNER_CAPABILITY_ENVIRONMENT_SNAPSHOT",
    "RUNNER_CAPABILITY_WARM_POOL",
    "RUNNER_CAPABILITY_FROM_THE_FUTURE",  # the platform sends values that its own clients do not know yet
)


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything that has a name. `caller` is who an API key belongs to: a service account."""

    organization_id: str
    members: tuple[Member, ...]
    caller: Subject
    prebuilder: Subject
    runners: tuple[Runner, ...]
    classes: tuple[MachineClass, ...]
    projects: tuple[Project, ...]

    @property
    def operator(self) -> Member:
        """The person whom the demo's operator account stands for."""
        return self.members[0]


def build(rng: Random, environments: int, at: float) -> Directory:
    """An organisation that fits a fleet of that size, as it stands at `at`."""
    members = _members(rng, max(12, min(400, environments // 25)), at)
    runners = tuple(_runner(rng, row, at) for row in catalog.RUNNERS)
    classes = tuple(_machine_class(rng, row, runners) for row in catalog.CLASSES)
    total = max(12, min(len(catalog.PROJECT_NAMES), environments // 100))
    projects = tuple(_project(rng, name, members, classes, at) for name in catalog.PROJECT_NAMES[:total])
    return Directory(
        organization_id=uuid7(at - 900 * DAY, rng),
        members=members,
        caller=Subject(uuid7(at - 200 * DAY, rng), enums.SERVICE_ACCOUNT),
        # One account of the platform itself carries an id that is no UUIDv7.
        prebuilder=Subject("00000000-0000-0000-0000-0000000000b7", enums.SERVICE_ACCOUNT),
        runners=runners,
        classes=classes,
        projects=projects,
    )


def _members(rng: Random, total: int, at: float) -> tuple[Member, ...]:
    logins = ("sso", "google", "github")
    out = []
    for position, (name, email) in enumerate(names.people(total, rng)):
        since = round(at - DAY * rng.uniform(150, 800), 6)
        role = "ORGANIZATION_ROLE_ADMIN" if position in {1, 2} else "ORGANIZATION_ROLE_MEMBER"
        status = "USER_STATUS_SUSPENDED" if position == 7 else "USER_STATUS_ACTIVE"
        out.append(Member(uuid7(since, rng), name, email, since, role, status, rng.choice(logins)))
    return tuple(out)


def _runner(rng: Random, row: tuple[str, str, str, str, str], at: float) -> Runner:
    name, provider, region, label, message = row
    return Runner(
        id=uuid4(rng),
        name=name,
        kind="RUNNER_KIND_REMOTE",
        provider=provider,
        region=region,
        domain=f"{label}.runners.example",
        created=round(at - DAY * rng.uniform(100, 700), 6),
        phase="RUNNER_PHASE_DEGRADED" if message else "RUNNER_PHASE_ACTIVE",
        message=message,
        capabilities=CAPABILITIES,
    )


def _machine_class(
    rng: Random, row: tuple[str, str, int, bool, str], runners: tuple[Runner, ...]
) -> MachineClass:
    name, description, runner, enabled, machine = row
    settings = (("machineType", machine), ("diskSizeGb", "80"))
    return MachineClass(uuid4(rng), name, description, runners[runner], enabled, settings)


def _project(
    rng: Random, name: str, members: tuple[Member, ...], classes: tuple[MachineClass, ...], at: float
) -> Project:
    created = round(at - DAY * rng.uniform(100, 700), 6)
    usable = [item for item in classes if item.enabled]
    services = rng.sample(catalog.SERVICES, rng.randint(2, 4))
    tasks = rng.sample(catalog.TASKS, rng.randint(3, 6))
    return Project(
        id=uuid7(created, rng),
        name=name,
        repository=f"{catalog.REPOSITORY_HOST}/{name}.git",
        creator=rng.choice(members).subject,
        created=created,
        classes=tuple(rng.sample(usable, 2)),
        services=tuple(services),
        tasks=tuple(sorted(tasks, key=catalog.TASKS.index)),
        ports=tuple(rng.sample(catalog.PORTS, rng.randint(0, 3))),
    )

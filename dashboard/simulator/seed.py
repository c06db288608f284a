"""The demo fleet as it stands when the simulator starts: reproducible from a seed and the start time."""

from random import Random
from typing import TYPE_CHECKING

from dashboard.simulator import directory, enums, names
from dashboard.simulator.automations import equip
from dashboard.simulator.directory import DAY, Directory
from dashboard.simulator.history import give_history
from dashboard.simulator.ids import uuid4, uuid7
from dashboard.simulator.models import Environment

if TYPE_CHECKING:
    from dashboard.simulator.world import World

# Shares of the moving phases; of the rest, half are running and half are stopped.
MOVING = (
    (enums.CREATING, 0.008),
    (enums.STARTING, 0.015),
    (enums.UPDATING, 0.01),
    (enums.STOPPING, 0.01),
    (enums.DELETING, 0.007),
)
SMALLEST_MIXED_FLEET = 20
DELETED_SHARE = 0.015
IDLE_LIMITS = (1800, 3600, 7200, 10_800, 28_800)


def settle(world: "World", total: int, seed: int, at: float) -> Directory:
    """Fill the world's tables with `total` environments (and a few deleted ones) and return the directory."""
    rng = Random(seed)
    people = directory.build(rng, total, at)
    fleet = [
        _environment(people, rng, at, position, post) for position, post in enumerate(_phases(total, rng))
    ]
    world.environment_table.extend(fleet)
    world.service_table.extend([item for one in fleet for item in one.services])
    world.task_table.extend([item for one in fleet for item in one.tasks])
    runs = [item for one in fleet for item in one.executions]
    world.execution_table.extend(runs)
    world.live_executions = {run.id: run for run in runs if run.phase not in enums.FINISHED}
    return people


def _phases(total: int, rng: Random) -> list[tuple[str, int]]:
    """One (phase, rank within that phase) per environment, shuffled."""
    moving = [(phase, max(1, round(total * share))) for phase, share in MOVING]
    counts = dict(moving) if total >= SMALLEST_MIXED_FLEET else {}
    rest = total - sum(counts.values())
    counts[enums.RUNNING] = (rest + 1) // 2
    counts[enums.STOPPED] = rest // 2
    if total >= SMALLEST_MIXED_FLEET:
        counts[enums.DELETED] = max(1, round(total * DELETED_SHARE))
    plan = [(phase, rank) for phase, number in counts.items() for rank in range(number)]
    rng.shuffle(plan)
    return plan


def _environment(
    people: Directory, rng: Random, at: float, position: int, post: tuple[str, int]
) -> Environment:
    phase, rank = post
    age = rng.uniform(3, 12) if phase == enums.CREATING else 600 + 80 * DAY * rng.random() ** 2.2
    if phase == enums.STOPPED and rank % 9 == 5:
        age += 6 * DAY
    environment = new_environment(people, rng, position, at - age)
    environment.phase = phase
    environment.last_started = environment.created
    environment.status_version = rng.randint(3, 2600)
    environment.spec_version = rng.randint(2, 60)
    environment.unpushed = rng.choice((0, 0, 0, 1, 2, 3, 7))
    environment.changed = 140 if position % 31 == 6 else rng.choice((0, 0, 0, 1, 2, 4, 9))
    _SETTLERS.get(phase, _settle_stopped)(environment, rng, rank, at)
    if phase != enums.DELETED:
        equip(environment, rng, environment.created + 2)
        give_history(environment, rng, at)
    return environment


def new_environment(people: Directory, rng: Random, position: int, created: float) -> Environment:
    """A fresh environment in CREATING; every 15th belongs to the operator, some are prebuilds or workflows."""
    created = round(created, 6)
    project = rng.choice(people.projects)
    machine_class = rng.choice(project.classes)
    others = people.members[1:]
    role, creator = enums.DEFAULT_ROLE, others[int(len(others) * rng.random() ** 1.6)].subject
    if position % 15 == 7:
        creator = people.operator.subject
    elif position % 17 == 5:
        role, creator = enums.PREBUILD_ROLE, people.prebuilder
    elif position % 23 == 11:
        role = enums.WORKFLOW_ROLE
    elif position % 97 == 50:
        role = enums.UNKNOWN_ROLE
    return Environment(
        id=uuid7(created, rng),
        created=created,
        creator=creator,
        project=project,
        from_project=position % 11 != 3,
        runner=machine_class.runner,
        machine_class=machine_class,
        role=role,
        name=names.nickname(rng),
        branch=names.branch(rng),
        phase=enums.CREATING,
        desired=enums.RUNNING,
        idle_limit=rng.choice((*IDLE_LIMITS[:3], 0)),
        last_started=created,
        session_id=uuid4(rng) if position % 13 == 4 else "",
        lockdown_at=round(created + 30 * DAY, 6) if position % 19 == 8 else None,
    )


def _settle_running(environment: Environment, rng: Random, rank: int, at: float) -> None:
    """Half are attended; the others have been idle for minutes, hours or days, within what their limit allows."""
    longest = at - environment.created
    if rank % 2 == 0:
        idle = rng.uniform(0, 290)
        environment.attended = True
    else:
        low, high = ((600, 1700), (2000, 28_000), (DAY, 9 * DAY))[rank // 2 % 3]
        idle = min(rng.uniform(low, high), longest)
        limits = [limit for limit in IDLE_LIMITS if limit > idle + 300]
        environment.idle_limit = rng.choice((*limits, 0))
    environment.last_started = round(at - min(idle + rng.uniform(400, 2 * DAY), longest), 6)
    _signal(environment, rng.choice(names.SOURCES), max(at - idle, environment.last_started))
    if rank < len(names.ODD_NAMES):
        environment.name = names.ODD_NAMES[rank]
    if rank % 14 == 3:
        environment.devcontainer_failure = names.DEVCONTAINER_FAILURE
    if rank % 9 == 4:
        environment.warnings = (rng.choice(names.WARNINGS),)


def _settle_coming_up(environment: Environment, rng: Random, _rank: int, at: float) -> None:
    if environment.phase == enums.STARTING:
        environment.last_started = round(at - rng.uniform(3, 18), 6)
        _signal(environment, "Starting", environment.last_started)


def _settle_stopped(environment: Environment, rng: Random, rank: int, at: float) -> None:
    """Stopped by a person, by inactivity (the wish stays RUNNING) or by a failure; some archived days later."""
    room = at - environment.created
    environment.last_started = round(environment.created + room * rng.uniform(0.1, 0.7), 6)
    _signal(environment, rng.choice(names.SOURCES), environment.last_started + 0.2 * room * rng.random())
    environment.desired = enums.STOPPED
    if environment.phase in {enums.DELETING, enums.DELETED}:
        environment.desired = enums.DELETED
    elif rank % 10 == 2:
        environment.desired = enums.RUNNING
        environment.failures = (rng.choice(names.START_FAILURES),)
    elif rank % 3 == 1:
        environment.desired = enums.RUNNING
        minutes = (environment.idle_limit or 1800) // 60
        environment.idle_limit = minutes * 60
        environment.timed_out = f"Timed out due to no activity detected for {minutes} minutes"
    if environment.phase == enums.STOPPED and rank % 9 == 5:
        environment.last_started = round(environment.created + (room - 4 * DAY) * rng.random() * 0.7, 6)
        _signal(environment, rng.choice(names.SOURCES), environment.last_started + 600)
        environment.archived_at = round(environment.last_started + 3 * DAY, 6)


def _signal(environment: Environment, source: str, at: float) -> None:
    environment.signal_source = source
    environment.signal_at = max(at - at % 300, min(at, environment.created))


_SETTLERS = {
    enums.CREATING: _settle_coming_up,
    enums.STARTING: _settle_coming_up,
    enums.RUNNING: _settle_running,
    enums.UPDATING: _settle_running,
}

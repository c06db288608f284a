"""People come and go, tasks run, things break: what makes the simulated fleet change by itself."""

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, TypeVar

from dashboard.simulator import enums, environments, executions, names, seed, services
from dashboard.simulator.models import Environment, Service, Task
from dashboard.simulator.table import HasId, Table

if TYPE_CHECKING:
    from dashboard.simulator.world import World

T = TypeVar("T", bound=HasId)

# Simulated people keep their hands off what a request has just changed.
HANDS_OFF_SECONDS = 600.0
START_FAILURE_RATE = 0.06
BROKEN_DEVCONTAINER_RATE = 0.06
WARNING_RATE = 0.1
TRIES = 24


def begin(world: "World", at: float) -> None:
    """Plan all that is under way at the start, and the first pulse of life."""
    for environment in world.environment_table.rows.values():
        _resume(world, environment, at)
    for run in list(world.live_executions.values()):
        executions.resume(world, run, at)
    if world.size:
        world.plan(at + _interval(world), _pulse)


def _resume(world: "World", environment: Environment, at: float) -> None:
    carry_on = _CARRY_ON.get(environment.phase)
    if carry_on is not None:
        carry_on(world, environment, at)
    if environment.usable:
        environments.watch_for_idleness(world, environment, at)
        for service in environment.services:
            services.resume(world, service, at)
        if environment.attended:
            world.plan(at + world.rng.uniform(0, 300), lambda w, t: _attend(w, environment, t))


_CARRY_ON: Mapping[str, Callable[["World", Environment, float], None]] = {
    enums.CREATING: environments.begin_creating,
    enums.STARTING: environments.enter_starting,
    enums.UPDATING: environments.begin_updating,
    enums.STOPPING: environments.begin_stopping,
    enums.DELETING: environments.begin_deleting,
}


def _interval(world: "World") -> float:
    """Seconds between pulses: about one per environment in four minutes, at most five pulses a second."""
    return min(15.0, max(0.2, 240.0 / world.size))


def _pulse(world: "World", at: float) -> None:
    action = world.rng.choices(_ACTIONS, _WEIGHTS)[0]
    action(world, at)
    world.plan(world.caught_up(at) + _interval(world) * world.rng.uniform(0.5, 1.5), _pulse)


def _find(world: "World", table: Table[T], fits: Callable[[T], bool]) -> T | None:
    """A random record that fits, or None when a few tries found none."""
    if not len(table):
        return None
    for _ in range(TRIES):
        row = table.rows[world.rng.choice(table.ids)]
        if fits(row):
            return row
    return None


def _free(environment: Environment, at: float) -> bool:
    return at - environment.handled_at >= HANDS_OFF_SECONDS


# Being there


def _attend(world: "World", environment: Environment, at: float) -> None:
    """Somebody works in it: a signal every five minutes for as long as they stay."""
    if not (environment.attended and environment.usable):
        return
    source = environment.signal_source if environment.signal_source in names.SOURCES else "VS Code"
    environments.signal(world, environment, source, at)
    pause = 300 * world.rng.uniform(0.9, 1.1)
    world.plan(world.caught_up(at) + pause, lambda w, t: _attend(w, environment, t))


def _arrive(world: "World", environment: Environment, at: float) -> None:
    if environment.usable and not environment.attended:
        environment.attended = True
        environment.signal_source = world.rng.choice(names.SOURCES)
        _attend(world, environment, at)


def _come_or_go(world: "World", at: float) -> None:
    environment = _find(world, world.environment_table, lambda e: e.usable and _free(e, at))
    if environment is None:
        return
    if environment.attended:
        environment.attended = False
    else:
        _arrive(world, environment, at)


def _start_or_stop(world: "World", at: float) -> None:
    """Somebody starts or stops an environment; the share of running ones stays near a half."""
    environment = _find(
        world,
        world.environment_table,
        lambda e: (
            e.phase in {enums.RUNNING, enums.STOPPED}
            and e.archived_at is None
            and not e.delete_pending
            and _free(e, at)
        ),
    )
    if environment is None:
        return
    if environment.phase == enums.RUNNING:
        environments.request_stop(world, environment, at)
        return
    environments.request_start(world, environment, at, _bad_luck(world.rng))
    world.plan(at + 75, lambda w, t: _arrive(w, environment, t))


def _bad_luck(rng: Random) -> str:
    return rng.choice(names.START_FAILURES) if rng.random() < START_FAILURE_RATE else ""


# Working


def _run_task(world: "World", at: float) -> None:
    task: Task | None = _find(
        world, world.task_table, lambda t: t.environment.usable and _free(t.environment, at)
    )
    if task is not None:
        executions.request_start(world, task, task.environment.creator, at)


def _work_on_files(world: "World", _at: float) -> None:
    environment = _find(world, world.environment_table, lambda e: e.usable)
    if environment is None:
        return
    if environment.changed and world.rng.random() < 0.4:
        environment.changed = 0
        environment.unpushed += 1
    elif environment.unpushed and world.rng.random() < 0.3:
        environment.unpushed = 0
    else:
        environment.changed += world.rng.randint(1, 3)
    environments.changed(world, environment)


def _service_trouble(world: "World", at: float) -> None:
    """A running service breaks, or one that is down is started again; the latter more often."""
    service: Service | None = _find(
        world,
        world.service_table,
        lambda s: (
            s.environment.usable
            and s.recipe.role == "SERVICE_ROLE_DEFAULT"
            and _free(s.environment, at)
            and (s.phase != enums.SERVICE_RUNNING or world.rng.random() < 0.05)
        ),
    )
    if service is None:
        return
    if service.phase == enums.SERVICE_RUNNING:
        services.fail(world, service, "start command exited with code 1", at)
    else:
        services.request_start(world, service, at)


def _update(world: "World", at: float) -> None:
    environment = _find(
        world,
        world.environment_table,
        lambda e: e.phase == enums.RUNNING and not e.stop_pending and _free(e, at),
    )
    if environment is not None:
        environments.begin_updating(world, environment, at)


# Environments come and go


def _create_or_delete(world: "World", at: float) -> None:
    alive = len(world.environment_table) - sum(
        row.phase == enums.DELETED for row in world.environment_table.rows.values()
    )
    if alive <= world.size:
        _create(world, at)
        return
    environment = _find(
        world,
        world.environment_table,
        lambda e: e.phase == enums.STOPPED and _free(e, at) and not (e.start_pending or e.delete_pending),
    )
    if environment is not None:
        environments.begin_deleting(world, environment, at)


def _create(world: "World", at: float) -> None:
    environment = seed.new_environment(world.directory, world.rng, world.rng.randrange(10_000), at)
    if world.rng.random() < BROKEN_DEVCONTAINER_RATE:
        environment.devcontainer_failure = names.DEVCONTAINER_FAILURE
    if world.rng.random() < WARNING_RATE:
        environment.warnings = (world.rng.choice(names.WARNINGS),)
    world.settle(environment, at)
    environments.begin_creating(world, environment, at, _bad_luck(world.rng))
    world.plan(at + 90, lambda w, t: _arrive(w, environment, t))


_ACTIONS = (
    _run_task, _work_on_files, _service_trouble, _start_or_stop, _come_or_go, _create_or_delete, _update,
)  # fmt: skip
_WEIGHTS = (34, 20, 14, 15, 10, 4, 3)

"""The state machine of a service: STARTING until ready, RUNNING, STOPPING, STOPPED or FAILED."""

from typing import TYPE_CHECKING

from dashboard.simulator import enums
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.ids import uuid4
from dashboard.simulator.models import Environment, Service

if TYPE_CHECKING:
    from dashboard.simulator.world import World

UP = frozenset({enums.SERVICE_STARTING, enums.SERVICE_RUNNING})
AUTOMATIC = frozenset({"postEnvironmentStart", "postDevcontainerStart", "postMachineStart"})


def request_start(world: "World", service: Service, at: float) -> None:
    """Plan a start; never fails for being up already. Raises failed_precondition outside a running environment."""
    if not service.environment.usable:
        raise ConnectError("failed_precondition", "environment is not running")
    if service.start_pending or (service.phase in UP and not service.stop_pending):
        return
    service.start_pending = True
    if service.phase in UP or service.phase == enums.SERVICE_STOPPING:
        return  # it comes up again once the stop under way is done
    _plan_start(world, service, at)


def _plan_start(world: "World", service: Service, at: float) -> None:
    service.moves += 1
    move = service.moves
    world.plan(at + world.rng.uniform(0.35, 0.8), lambda w, t: _begin_start(w, service, move, t))


def _begin_start(world: "World", service: Service, move: int, at: float) -> None:
    if service.moves == move and service.environment.usable:
        enter_starting(world, service, at)


def enter_starting(world: "World", service: Service, at: float) -> None:
    """Begin a new session of it."""
    recipe = service.recipe
    service.start_pending = service.stop_pending = False
    service.phase = enums.SERVICE_STARTING
    service.desired = enums.SERVICE_RUNNING
    service.session = service.running_session = uuid4(world.rng)
    service.failure = ""
    service.moves += 1
    move = service.moves
    if recipe.breaks:
        world.plan(at + 2.5, lambda _w, _t: _exit_badly(service, move, "start command exited with code 127"))
    elif recipe.ready:
        wait = recipe.warm_up * world.rng.uniform(0.5, 1.5)
        world.plan(at + wait, lambda _w, _t: _ready(service, move))
    else:
        _ready(service, move)


def _ready(service: Service, move: int) -> None:
    if service.moves == move:
        service.phase = enums.SERVICE_RUNNING
        service.moves += 1


def _exit_badly(service: Service, move: int, why: str) -> None:
    if service.moves == move:
        fail(service, why)


def fail(service: Service, why: str) -> None:
    """Its process exited non-zero; it stays down until somebody starts it."""
    service.phase, service.failure = enums.SERVICE_FAILED, why
    service.start_pending = service.stop_pending = False
    service.moves += 1


def request_stop(world: "World", service: Service, at: float) -> None:
    """Plan a stop; never fails for being down already."""
    if service.start_pending and service.phase not in UP | {enums.SERVICE_STOPPING}:
        service.moves += 1
    service.start_pending = False
    if service.stop_pending or service.phase not in UP:
        return
    service.stop_pending = True
    service.moves += 1
    move = service.moves
    world.plan(at + world.rng.uniform(0.35, 0.8), lambda w, t: _begin_stop(w, service, move, t))


def _begin_stop(world: "World", service: Service, move: int, at: float) -> None:
    if service.moves != move:
        return
    service.phase, service.desired = enums.SERVICE_STOPPING, enums.SERVICE_STOPPED
    service.stop_pending = False
    service.moves += 1
    now_at = service.moves
    world.plan(at + world.rng.uniform(1, 6), lambda w, t: _end_stop(w, service, now_at, t))


def _end_stop(world: "World", service: Service, move: int, at: float) -> None:
    if service.moves != move:
        return
    if service.recipe.stop_fails:
        service.phase, service.failure = enums.SERVICE_FAILED, "stop command exited with code 1"
    else:
        service.phase = enums.SERVICE_STOPPED
    service.moves += 1
    if service.start_pending:
        _plan_start(world, service, at)


def environment_came_up(world: "World", environment: Environment, at: float) -> None:
    """Start what the environment's start triggers."""
    for service in environment.services:
        if AUTOMATIC.intersection(service.recipe.triggers):
            enter_starting(world, service, at)


def environment_stops(environment: Environment) -> None:
    """Running services begin to stop; their wish stays as it was."""
    for service in environment.services:
        service.start_pending = service.stop_pending = False
        if service.phase in UP:
            service.phase = enums.SERVICE_STOPPING
            service.moves += 1


def environment_stopped(environment: Environment) -> None:
    """What was stopping has stopped; seen on the platform with desiredPhase still RUNNING."""
    for service in environment.services:
        if service.phase == enums.SERVICE_STOPPING:
            service.phase = enums.SERVICE_STOPPED
            service.moves += 1


def resume(world: "World", service: Service, at: float) -> None:
    """Carry on with a start or stop that was under way when the simulator started."""
    move = service.moves
    if service.phase == enums.SERVICE_STARTING:
        world.plan(at + world.rng.uniform(2, 240), lambda _w, _t: _ready(service, move))
    elif service.phase == enums.SERVICE_STOPPING:
        world.plan(at + world.rng.uniform(1, 60), lambda w, t: _end_stop(w, service, move, t))

"""The state machine of a service: STARTING until ready, RUNNING, STOPPING, STOPPED or FAILED."""

import math
from typing import TYPE_CHECKING

from dashboard.simulator import enums, events
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.ids import uuid4
from dashboard.simulator.models import Environment, Service

if TYPE_CHECKING:
    from dashboard.simulator.world import World

UP = frozenset({enums.SERVICE_STARTING, enums.SERVICE_RUNNING})
AUTOMATIC = frozenset({"postEnvironmentStart", "postDevcontainerStart", "postMachineStart"})
KILL_AFTER_SECONDS = 120.0
REMEMBERED_SECONDS = 2.0


def changed(world: "World", service: Service, *, spec: bool = False) -> None:
    """Tell of a visible change. What was planned for the phase before is void."""
    service.moves += 1
    world.hub.tell(events.UPDATE if spec else events.UPDATE_STATUS, service)


# Start


def request_start(world: "World", service: Service, at: float) -> None:
    """Plan a start; never fails for being up already. Raises failed_precondition outside a running environment."""
    if not service.environment.usable:
        raise ConnectError("failed_precondition", "environment is not running")
    if service.delete_pending:
        raise ConnectError("failed_precondition", "service is being deleted")
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
    service.start_pending = service.stop_pending = False
    service.phase = enums.SERVICE_STARTING
    service.desired = enums.SERVICE_RUNNING
    service.session = service.running_session = uuid4(world.rng)
    service.failure, service.started = "", round(at, 6)
    service.ready = service.ended = None
    changed(world, service, spec=True)
    _plan_outcome(world, service, at)


def _plan_outcome(world: "World", service: Service, at: float) -> None:
    """What becomes of the start: ready, an exit, or neither in time."""
    recipe, session = service.recipe, service.running_session
    code = 127 if recipe.breaks else recipe.exit_code
    if code is not None:
        world.plan(at + recipe.seconds, lambda w, t: _exited(w, service, session, code, t))
    if recipe.breaks:
        return
    wait = recipe.warm_up * world.rng.uniform(0.5, 1.5) if recipe.ready else 0.0
    limit = recipe.readiness_timeout
    if limit and wait > limit:
        world.plan(at + limit, lambda w, t: _not_ready(w, service, session, t))
    elif not wait:
        _ready(world, service, session, at)
    elif math.isfinite(wait):
        world.plan(at + wait, lambda w, t: _ready(w, service, session, t))


def _ready(world: "World", service: Service, session: str, at: float) -> None:
    if service.phase == enums.SERVICE_STARTING and service.running_session == session:
        service.phase, service.ready = enums.SERVICE_RUNNING, round(at, 6)
        world.hub.tell(events.UPDATE_STATUS, service)


def _not_ready(world: "World", service: Service, session: str, at: float) -> None:
    if service.phase == enums.SERVICE_STARTING and service.running_session == session:
        fail(world, service, f"not ready within {service.recipe.readiness_timeout:g} seconds", at)


def _exited(world: "World", service: Service, session: str, code: int, at: float) -> None:
    """Its start command ended by itself; nothing starts it again."""
    if service.phase not in UP or service.running_session != session:
        return
    if code:
        fail(world, service, f"start command exited with code {code}", at)
    else:
        _down(world, service, enums.SERVICE_STOPPED, "", at)


def fail(world: "World", service: Service, why: str, at: float) -> None:
    """Its process exited non-zero; it stays down until somebody starts it."""
    _down(world, service, enums.SERVICE_FAILED, why, at)


def _down(world: "World", service: Service, phase: str, failure: str, at: float) -> None:
    again = service.start_pending
    service.phase, service.failure, service.ended = phase, failure, round(at, 6)
    service.start_pending = service.stop_pending = False
    changed(world, service)
    if service.delete_pending:
        _fade(world, service, at)
    elif again and service.environment.usable:
        service.start_pending = True
        _plan_start(world, service, at)


# Stop


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
    if service.moves != move or service.phase not in UP:
        return
    service.phase, service.desired = enums.SERVICE_STOPPING, enums.SERVICE_STOPPED
    service.stop_pending = False
    changed(world, service, spec=True)
    now_at, wait = service.moves, world.rng.uniform(1, 6)
    if service.recipe.stubborn:
        wait = KILL_AFTER_SECONDS
    world.plan(at + wait, lambda w, t: _end_stop(w, service, now_at, t))


def _end_stop(world: "World", service: Service, move: int, at: float) -> None:
    if service.moves != move:
        return
    if service.recipe.stop_fails:
        _down(world, service, enums.SERVICE_FAILED, "stop command exited with code 1", at)
    else:
        _down(world, service, enums.SERVICE_STOPPED, "", at)


def restart(world: "World", service: Service, at: float) -> None:
    """Its session changed: what runs is stopped and comes up anew."""
    if service.phase in UP:
        request_stop(world, service, at)
        service.start_pending = True


# Delete


def request_delete(world: "World", service: Service, at: float, *, force: bool) -> None:
    """Plan the end of it: at once, or after a stop."""
    if force:
        _gone(world, service)
        return
    if service.delete_pending:
        return
    service.delete_pending = True
    request_stop(world, service, at)
    if service.phase not in UP | {enums.SERVICE_STOPPING}:
        service.moves += 1
        move = service.moves
        world.plan(at + 0.5, lambda w, t: _delete(w, service, move, t))


def _delete(world: "World", service: Service, move: int, at: float) -> None:
    if service.moves == move:
        _fade(world, service, at)


def _fade(world: "World", service: Service, at: float) -> None:
    """DELETED for a moment, then gone."""
    service.phase = enums.SERVICE_DELETED
    changed(world, service)
    world.plan(at + REMEMBERED_SECONDS, lambda w, _: _gone(w, service))


def _gone(world: "World", service: Service) -> None:
    home = service.environment
    if service in home.services:
        home.services.remove(service)
        for task in home.tasks:
            task.depends_on = tuple(need for need in task.depends_on if need is not service)
        forget(world, service)


def forget(world: "World", service: Service) -> None:
    """Remove it from the world; nothing planned for it happens any more."""
    service.moves += 1
    service.phase = enums.SERVICE_DELETED
    world.service_table.remove(service.id)
    world.hub.tell(events.DELETE, service)


# With the environment


def environment_came_up(world: "World", environment: Environment, at: float) -> None:
    """Start what the environment's start triggers."""
    for service in environment.services:
        if AUTOMATIC.intersection(service.recipe.triggers):
            enter_starting(world, service, at)


def devcontainer_rebuilt(world: "World", environment: Environment, at: float) -> None:
    """What the dev container's start triggers begins a new session."""
    for service in environment.services:
        if "postDevcontainerStart" in service.recipe.triggers and not service.delete_pending:
            enter_starting(world, service, at)


def environment_stops(world: "World", environment: Environment) -> None:
    """Running services begin to stop; their wish stays as it was."""
    for service in environment.services:
        service.start_pending = service.stop_pending = False
        if service.phase in UP:
            service.phase = enums.SERVICE_STOPPING
            changed(world, service)


def environment_stopped(world: "World", environment: Environment, at: float) -> None:
    """What was stopping has stopped; seen on the platform with desiredPhase still RUNNING."""
    for service in list(environment.services):
        if service.phase == enums.SERVICE_STOPPING:
            _down(world, service, enums.SERVICE_STOPPED, "", at)


def resume(world: "World", service: Service, at: float) -> None:
    """Carry on with a start or stop that was under way when the simulator started."""
    move, session = service.moves, service.running_session
    if service.phase == enums.SERVICE_STARTING:
        world.plan(at + world.rng.uniform(2, 240), lambda w, t: _ready(w, service, session, t))
    elif service.phase == enums.SERVICE_STOPPING:
        world.plan(at + world.rng.uniform(1, 60), lambda w, t: _end_stop(w, service, move, t))

"""The state machine of an environment.

Calls only plan a change: every method of the API answers before its effect can be seen. Where the platform's
documentation is silent (a start while stopping, a stop while stopped) the least surprising reading is taken.
"""

from typing import TYPE_CHECKING

from dashboard.simulator import enums, events, executions, services
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.models import Environment, Given

if TYPE_CHECKING:
    from dashboard.simulator.world import World

SIGNAL_SECONDS = 300


def changed(world: "World", environment: Environment, *, spec: bool = False) -> None:
    """Raise the versions and tell, as every visible change does."""
    environment.status_version += 1
    if spec:
        environment.spec_version += 1
    world.hub.tell(events.UPDATE if spec else events.UPDATE_STATUS, environment)


def signal(world: "World", environment: Environment, source: str, at: float) -> None:
    """Note activity; the platform rounds its time down to five minutes, never to before there was an environment."""
    rounded = max(at - at % SIGNAL_SECONDS, min(at, environment.created))
    if (environment.signal_source, environment.signal_at) != (source, rounded):
        environment.signal_source, environment.signal_at = source, rounded
        changed(world, environment)


# Start


def request_start(world: "World", environment: Environment, at: float, failure: str = "") -> None:
    """Plan a start. Raises failed_precondition unless it is stopped or already up; `failure`: how it goes wrong."""
    if environment.usable or environment.phase in enums.COMING_UP:
        return
    if environment.phase != enums.STOPPED:
        word = environment.phase.rpartition("_")[2].lower()
        raise ConnectError("failed_precondition", f"environment is {word} and cannot be started")
    if environment.archived_at is not None:
        raise ConnectError("failed_precondition", "environment is archived; unarchive it before starting it")
    if environment.delete_pending:
        raise ConnectError("failed_precondition", "environment is being deleted and cannot be started")
    if environment.start_pending:
        return
    environment.start_pending = True
    environment.moves += 1
    move = environment.moves
    world.plan(at + world.rng.uniform(0.35, 0.9), lambda w, t: _begin_start(w, environment, move, t, failure))


def _begin_start(world: "World", environment: Environment, move: int, at: float, failure: str) -> None:
    if environment.moves != move:
        return
    environment.start_pending = False
    environment.timed_out = ""
    environment.failures = ()
    environment.devcontainer_failure = ""
    environment.last_started = round(at, 6)
    enter_starting(world, environment, at, failure)
    changed(world, environment, spec=True)


def enter_starting(world: "World", environment: Environment, at: float, failure: str = "") -> None:
    """Bring the machine up: RUNNING follows after 20 to 60 s, or a stop with `failure`."""
    environment.phase, environment.desired = enums.STARTING, enums.RUNNING
    signal(world, environment, "Starting", at)
    environment.moves += 1
    move = environment.moves
    changed(world, environment)
    world.plan(at + world.rng.uniform(20, 60), lambda w, t: _came_up(w, environment, move, t, failure))


def _came_up(world: "World", environment: Environment, move: int, at: float, failure: str) -> None:
    if environment.moves != move:
        return
    if failure:
        environment.failures = (failure,)
        begin_stopping(world, environment, at)
        return
    environment.phase = enums.RUNNING
    environment.moves += 1
    changed(world, environment)
    watch_for_idleness(world, environment, at)
    services.environment_came_up(world, environment, at)
    triggers = {"postEnvironmentStart"}
    if environment.rebuild_pending or environment.last_started == environment.created:
        triggers.add(
            "postDevcontainerStart"
        )  # the dev container is built on the first start and when asked for
    environment.rebuild_pending = False
    executions.start_triggered(world, environment, at, triggers)


# Stop


def request_stop(world: "World", environment: Environment, at: float) -> None:
    """Plan a stop by a person; without effect on one that is stopping, stopped or being deleted."""
    if environment.start_pending:
        environment.start_pending = False
        environment.moves += 1
    if environment.stop_pending or not (environment.usable or environment.phase in enums.COMING_UP):
        return
    environment.stop_pending = True
    environment.moves += 1
    move = environment.moves
    world.plan(at + world.rng.uniform(0.6, 1.4), lambda w, t: _stop_by_person(w, environment, move, t))


def _stop_by_person(world: "World", environment: Environment, move: int, at: float) -> None:
    if environment.moves != move:
        return
    environment.desired = enums.STOPPED
    environment.spec_version += 1
    begin_stopping(world, environment, at)


def begin_stopping(world: "World", environment: Environment, at: float) -> None:
    """Shut down: services and executions end with it, STOPPED follows after 5 to 15 s."""
    environment.phase = enums.STOPPING
    environment.attended = environment.stop_pending = False
    environment.moves += 1
    move = environment.moves
    changed(world, environment)
    executions.environment_stops(world, environment, at)
    services.environment_stops(world, environment)
    world.plan(at + world.rng.uniform(5, 15), lambda w, t: _stopped(w, environment, move, t))


def _stopped(world: "World", environment: Environment, move: int, at: float) -> None:
    if environment.moves != move:
        return
    environment.phase = enums.STOPPED
    environment.moves += 1
    changed(world, environment)
    services.environment_stopped(world, environment, at)
    if environment.delete_pending:
        begin_deleting(world, environment, at)


def watch_for_idleness(world: "World", environment: Environment, at: float) -> None:
    """Stop it once it has had no activity for its limit; a limit of 0 means never (as the API defines it)."""
    if not environment.idle_limit:
        return
    started = environment.last_started
    due = max(environment.signal_at or 0.0, started) + environment.idle_limit
    if due > at:
        world.plan(due, lambda w, t: _idle_check(w, environment, started, t))
    else:
        _time_out(world, environment, at)


def _idle_check(world: "World", environment: Environment, started: float, at: float) -> None:
    if environment.usable and environment.last_started == started:
        watch_for_idleness(world, environment, at)


def _time_out(world: "World", environment: Environment, at: float) -> None:
    minutes = environment.idle_limit // 60
    environment.timed_out = f"Timed out due to no activity detected for {minutes} minutes"
    begin_stopping(world, environment, at)


# Update, create


def request_update(
    world: "World", environment: Environment, given: Given, idle_limit: int | None, at: float
) -> None:
    """Plan a change of the spec. Raises failed_precondition while it goes down or is being deleted."""
    if environment.phase in {enums.STOPPING, enums.DELETING} or environment.delete_pending:
        word = environment.phase.rpartition("_")[2].lower()
        raise ConnectError("failed_precondition", f"environment is {word} and cannot be updated")
    world.plan(at + world.rng.uniform(0.35, 0.9), lambda w, t: _update(w, environment, given, idle_limit, t))


def _update(
    world: "World", environment: Environment, given: Given, idle_limit: int | None, at: float
) -> None:
    if environment.phase == enums.DELETED:
        return
    environment.given = given
    if idle_limit is not None:
        environment.idle_limit = idle_limit
    if environment.usable and not environment.stop_pending:
        begin_updating(world, environment, at)
        watch_for_idleness(world, environment, at)
    else:
        changed(world, environment, spec=True)


def begin_updating(world: "World", environment: Environment, at: float) -> None:
    """Apply a changed spec while running: UPDATING for 10 to 30 s."""
    environment.phase = enums.UPDATING
    environment.moves += 1
    move = environment.moves
    changed(world, environment, spec=True)
    world.plan(at + world.rng.uniform(10, 30), lambda w, t: _updated(w, environment, move, t))


def _updated(world: "World", environment: Environment, move: int, at: float) -> None:
    if environment.moves != move:
        return
    environment.phase = enums.RUNNING
    environment.moves += 1
    changed(world, environment)
    if environment.rebuild_pending:
        environment.rebuild_pending = False
        services.devcontainer_rebuilt(world, environment, at)
        executions.start_triggered(world, environment, at, {"postDevcontainerStart"})


def begin_creating(world: "World", environment: Environment, at: float, failure: str = "") -> None:
    """First creation: credentials and compute for 4 to 15 s, then STARTING."""
    environment.moves += 1
    move = environment.moves

    def started(w: "World", t: float) -> None:
        if environment.moves == move:
            enter_starting(w, environment, t, failure)

    world.plan(at + world.rng.uniform(4, 15), started)


# Delete


def request_delete(world: "World", environment: Environment, at: float) -> None:
    """Plan a deletion; what is up is stopped first. Without effect on one that is being deleted."""
    if environment.phase == enums.DELETING or environment.delete_pending:
        return
    environment.delete_pending = True
    if environment.usable or environment.phase in enums.COMING_UP:
        request_stop(world, environment, at)
    elif environment.phase == enums.STOPPED:
        environment.start_pending = False
        environment.moves += 1
        move = environment.moves
        world.plan(at + world.rng.uniform(0.35, 0.9), lambda w, t: _delete(w, environment, move, t))


def _delete(world: "World", environment: Environment, move: int, at: float) -> None:
    if environment.moves == move:
        begin_deleting(world, environment, at)


def begin_deleting(world: "World", environment: Environment, at: float) -> None:
    """Delete a stopped one: DELETING for 5 to 20 s, then DELETED, remembered for two hours."""
    environment.phase, environment.desired = enums.DELETING, enums.DELETED
    environment.moves += 1
    move = environment.moves
    changed(world, environment, spec=True)
    world.plan(at + world.rng.uniform(5, 20), lambda w, t: _deleted(w, environment, move, t))


def _deleted(world: "World", environment: Environment, move: int, at: float) -> None:
    if environment.moves != move:
        return
    environment.phase = enums.DELETED
    environment.moves += 1
    changed(world, environment)
    forget_automations(world, environment, at)
    world.plan(at + 7200, lambda w, _: _forget(w, environment))


def _forget(world: "World", environment: Environment) -> None:
    if world.environment_table.get(environment.id) is not None:
        world.environment_table.remove(environment.id)
        world.hub.tell(events.DELETE, environment)


def remove(world: "World", environment: Environment, at: float) -> None:
    """Gone at once, whatever it was doing."""
    forget_automations(world, environment, at)
    environment.phase = environment.desired = enums.DELETED
    environment.start_pending = environment.stop_pending = environment.attended = False
    environment.moves += 1
    _forget(world, environment)


def forget_automations(world: "World", environment: Environment, at: float) -> None:
    """Services, tasks and executions go with their environment."""
    executions.environment_stops(world, environment, at)
    for service in environment.services:
        services.forget(world, service)
    for task in environment.tasks:
        world.task_table.remove(task.id)
        world.hub.tell(events.DELETE, task)
    for execution in environment.executions:
        world.execution_table.remove(execution.id)
        world.live_executions.pop(execution.id, None)
        world.hub.tell(events.DELETE, execution)
    environment.services, environment.tasks, environment.executions = [], [], []

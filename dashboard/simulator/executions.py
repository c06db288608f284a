"""The state machine of a task execution: groups of its plan run in sequence, the steps of a group together."""

from collections.abc import Iterable, Set
from random import Random
from typing import TYPE_CHECKING

from dashboard.simulator import enums, events, services
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.ids import uuid4, uuid7
from dashboard.simulator.models import Environment, Execution, Service, Step, Subject, Task, TaskRecipe

if TYPE_CHECKING:
    from dashboard.simulator.world import World

KILL_AFTER_SECONDS = 10.0


def aggregate(phases: Iterable[str]) -> str:
    """The phase of a whole from those of its steps; STEP_WAITING stands for a step that has not begun."""
    seen = set(phases)
    for phase in (enums.FAILED, enums.CANCELLED):
        if phase in seen:
            return phase
    if seen == {enums.SUCCEEDED}:
        return enums.SUCCEEDED
    if seen & {enums.EXECUTING, enums.SUCCEEDED}:
        return enums.EXECUTING
    return enums.PENDING


def layers(task: Task) -> list[list[Task | Service]]:
    """What has to run for a task: the things without needs first, the task itself last."""
    depth: dict[str, int] = {}
    things: dict[str, Task | Service] = {}

    def place(thing: Task | Service) -> int:
        if thing.id not in depth:
            things[thing.id] = thing
            needs = thing.depends_on if isinstance(thing, Task) else ()
            depth[thing.id] = max((place(need) + 1 for need in needs), default=0)
        return depth[thing.id]

    groups: list[list[Task | Service]] = [[] for _ in range(place(task) + 1)]
    for identifier, level in depth.items():
        groups[level].append(things[identifier])
    return groups


def make_plan(task: Task, rng: Random) -> tuple[tuple[Step, ...], ...]:
    """The frozen plan of a new execution, with ids of its own for the steps."""
    known: dict[str, str] = {}
    plan = []
    for group in layers(task):
        steps = []
        for thing in group:
            known[thing.id] = uuid4(rng)
            needs = thing.depends_on if isinstance(thing, Task) else ()
            steps.append(Step(known[thing.id], thing, tuple(known[need.id] for need in needs), thing.recipe))
        plan.append(tuple(steps))
    return tuple(plan)


def request_start(world: "World", task: Task, by: Subject, at: float, trigger: str = "manual") -> Execution:
    """A new execution, PENDING. Raises failed_precondition when the environment does not run."""
    environment = task.environment
    if not environment.usable:
        raise ConnectError("failed_precondition", "environment is not running")
    plan = make_plan(task, world.rng)
    execution = Execution(
        uuid7(at, world.rng), task, environment, round(at, 6), by, started_by=trigger, plan=plan
    )
    environment.executions.append(execution)
    world.execution_table.add(execution)
    world.live_executions[execution.id] = execution
    world.hub.tell(events.CREATE, execution)
    _forget_oldest(world)
    world.plan(at + world.rng.uniform(0.5, 1.5), lambda w, t: _begin(w, execution, 0, t))
    return execution


def _forget_oldest(world: "World") -> None:
    """Keep the history bounded: a simulator may run for days at sixty times the speed."""
    if len(world.execution_table) <= max(4000, 6 * world.size):
        return
    oldest = next((row for row in world.execution_table.ascending() if row.phase in enums.FINISHED), None)
    if oldest is not None:
        world.execution_table.remove(oldest.id)
        world.hub.tell(events.DELETE, oldest)
        oldest.environment.executions.remove(oldest)


def changed(world: "World", execution: Execution) -> None:
    """Raise the version, settle the aggregate phase, and tell."""
    execution.status_version += 1
    if execution.started is not None:
        execution.phase = aggregate(step.phase for step in execution.steps)
    world.hub.tell(events.UPDATE_STATUS, execution)


def _begin(world: "World", execution: Execution, move: int, at: float) -> None:
    if execution.moves == move and execution.phase == enums.PENDING:
        execution.started = round(at, 6)
        run_group(world, execution, 0, at)


def run_group(world: "World", execution: Execution, index: int, at: float) -> None:
    """Begin the steps of one group together."""
    for step in execution.plan[index]:
        step.phase = enums.EXECUTING
        step.began = round(at, 6)
        if isinstance(step.target, Service):
            _bring_up(world, execution, step, step.target, at)
        elif isinstance(step.recipe, TaskRecipe):
            _run(world, execution, step, step.recipe, at)
    changed(world, execution)


def _run(world: "World", execution: Execution, step: Step, recipe: TaskRecipe, at: float) -> None:
    failed = world.rng.random() < recipe.failure_rate
    seconds = recipe.seconds * world.rng.uniform(0.6, 1.6) * (0.7 if failed else 1.0)
    if recipe.exit_code is not None:
        failed, seconds = recipe.exit_code != 0, recipe.seconds
    why = f"task command exited with code {recipe.exit_code or 1}" if failed else ""
    world.plan(at + seconds, lambda w, t: _step_ended(w, execution, step, why, t))


def _bring_up(world: "World", execution: Execution, step: Step, service: Service, at: float) -> None:
    """Start a service once and look every second whether it is up."""
    if step.phase != enums.EXECUTING:
        return
    if service.phase == enums.SERVICE_RUNNING:
        world.plan(at, lambda w, t: _step_ended(w, execution, step, "", t))
        return
    down = service.phase not in services.UP
    if down and step.tried and not service.start_pending:
        world.plan(at, lambda w, t: _step_ended(w, execution, step, "service did not become ready", t))
        return
    if down and not step.tried:
        services.request_start(world, service, at)
    step.tried = True
    world.plan(at + 1.0, lambda w, t: _bring_up(w, execution, step, service, t))


def _step_ended(world: "World", execution: Execution, step: Step, why: str, at: float) -> None:
    if step.phase != enums.EXECUTING or execution.phase in enums.FINISHED:
        return
    step.phase, step.failure = (enums.FAILED, why) if why else (enums.SUCCEEDED, "")
    step.ended = round(at, 6)
    if why:
        _finish(world, execution, enums.CANCELLED, f"{label(step)}: {why}", at)
        return
    changed(world, execution)
    index = next(number for number, group in enumerate(execution.plan) if step in group)
    if any(other.phase != enums.SUCCEEDED for other in execution.plan[index]):
        return
    if index + 1 < len(execution.plan):
        run_group(world, execution, index + 1, at)
    else:
        _finish(world, execution, enums.CANCELLED, "", at)


def label(step: Step) -> str:
    """The text a plan shows for a step."""
    return step.recipe.name


def _finish(world: "World", execution: Execution, rest: str, failure: str, at: float) -> None:
    """End it: steps that still run end as `rest`, steps that never began stay so."""
    for step in execution.steps:
        if step.phase == enums.EXECUTING:
            step.phase = rest
            step.ended = round(at, 6)
    execution.failure = failure
    execution.completed = round(at, 6)
    execution.moves += 1
    changed(world, execution)
    if execution.phase not in enums.FINISHED:
        execution.phase = rest
        world.hub.tell(events.UPDATE_STATUS, execution)
    world.live_executions.pop(execution.id, None)


def request_stop(world: "World", execution: Execution, at: float) -> None:
    """Plan an early end; without effect on a finished one."""
    if execution.phase in enums.FINISHED or execution.stop_pending:
        return
    execution.stop_pending = True
    world.plan(at + world.rng.uniform(0.35, 0.8), lambda w, t: _begin_stop(w, execution, t))


def _begin_stop(world: "World", execution: Execution, at: float) -> None:
    if execution.phase in enums.FINISHED:
        return
    execution.desired = enums.CANCELLED
    world.hub.tell(events.UPDATE, execution)
    if execution.phase == enums.PENDING:
        _finish(world, execution, enums.CANCELLED, "", at)
        return
    changed(world, execution)
    stubborn = any(
        isinstance(step.recipe, TaskRecipe) and step.recipe.stubborn and step.phase == enums.EXECUTING
        for step in execution.steps
    )
    wait = KILL_AFTER_SECONDS if stubborn else world.rng.uniform(0.5, 4)
    world.plan(at + wait, lambda w, t: _end_stop(w, execution, stubborn, t))


def _end_stop(world: "World", execution: Execution, killed: bool, at: float) -> None:
    if execution.phase in enums.FINISHED:
        return
    if killed:
        _finish(world, execution, enums.FAILED, "killed: the command did not end within 10 seconds", at)
    else:
        _finish(world, execution, enums.CANCELLED, "", at)


def environment_stops(world: "World", environment: Environment, at: float) -> None:
    """Executions end STOPPED with their environment."""
    for execution in environment.executions:
        if execution.phase not in enums.FINISHED:
            _finish(world, execution, enums.CANCELLED, "", at)


def start_triggered(world: "World", environment: Environment, at: float, triggers: Set[str]) -> None:
    """Run the tasks that one of these triggers starts."""
    for task in environment.tasks:
        if trigger := next((name for name in task.recipe.triggers if name in triggers), ""):
            request_start(world, task, environment.creator, at, trigger)


def resume(world: "World", execution: Execution, at: float) -> None:
    """Carry on with one that was under way when the simulator started."""
    if execution.phase == enums.PENDING:
        world.plan(at + 1.0, lambda w, t: _begin(w, execution, execution.moves, t))
        return
    run_group(world, execution, 0, at)

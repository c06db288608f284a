"""Executions with plans of 300 steps, for the fleet of odd things: many steps together, a chain, one under way."""

from dataclasses import replace
from random import Random

from dashboard.simulator import World, enums
from dashboard.simulator.executions import aggregate
from dashboard.simulator.ids import uuid4, uuid7
from dashboard.simulator.models import Execution, Step, Task

STEPS = 300
SECONDS = 1800.0
DEEDS = ("Compile", "Test", "Lint", "Package", "Check the licences of", "Publish")
SHAPES = {
    "plan-wide": (60, 200, enums.FAILED),
    "plan-chain": (1, 290, enums.FAILED),
    "plan-live": (25, 140, ""),
}
"""How many steps stand together, how many have succeeded, and how the next one ended ("": it runs)."""


def give_plans(made: World, task: Task) -> dict[str, str]:
    """To this task; ids of the executions by a word for each."""
    rng, now = Random(STEPS), made.clock.now()  # noqa: S311 - made up, the same each time
    found = {}
    for word, (together, done, last) in SHAPES.items():
        at = now - 2 * SECONDS
        run = Execution(
            uuid7(at, rng),
            task,
            task.environment,
            at,
            task.environment.creator,
            "manual",
            _plan(task, rng, together),
        )
        for step in run.steps[:done]:
            step.phase = enums.SUCCEEDED
        current = run.steps[done]
        current.phase = last or enums.EXECUTING
        run.started = at + 1
        if last:
            current.failure = "task command exited with code 2"
            run.failure = f"{current.recipe.name}: {current.failure}"
            run.completed = at + SECONDS
        run.phase = aggregate(step.phase for step in run.steps)
        task.environment.executions.append(run)
        made.execution_table.add(run)
        found[word] = run.id
    return found


def _plan(task: Task, rng: Random, together: int) -> tuple[tuple[Step, ...], ...]:
    groups: list[tuple[Step, ...]] = []
    for first in range(0, STEPS, together):
        before = (groups[-1][0].id,) if groups else ()
        names = [
            f"{DEEDS[number % len(DEEDS)]} module {number + 1}" for number in range(first, first + together)
        ]
        groups.append(
            tuple(Step(uuid4(rng), task, before, replace(task.recipe, name=name)) for name in names)
        )
    return tuple(groups)

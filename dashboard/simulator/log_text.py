"""What services, executions and machines write to their logs: made up, but the same for every reader.

A log is worked out from when things happened, so nothing is kept. Lines come as (epoch seconds, text) in order.
"""

import json
from collections.abc import Iterator
from itertools import cycle
from random import Random

from dashboard.simulator import enums
from dashboard.simulator.log_scripts import script_of
from dashboard.simulator.models import Environment, Execution, Service, Step, TaskRecipe
from dashboard.simulator.wire import timestamp

Line = tuple[float, str]

LONGEST_TAIL = 200
SERVICE_LINE_SECONDS = 6.0
_OUTCOMES = {
    enums.SUCCEEDED: "LOG_SECTION_OUTCOME_SUCCESS",
    enums.FAILED: "LOG_SECTION_OUTCOME_FAILURE",
    enums.CANCELLED: "LOG_SECTION_OUTCOME_CANCELLED",
}
_LAST_WORDS = {
    enums.SUCCEEDED: "\x1b[32m✔ done\x1b[0m",
    enums.FAILED: "\x1b[1;31m✘ exit status 1\x1b[0m",
    enums.CANCELLED: "\x1b[33mreceived SIGTERM, stopping\x1b[0m",
}


def execution(run: Execution, at: float) -> Iterator[Line]:
    """All steps of a run, as far as they have come."""
    spans = _spans(run)
    steps = sorted((step for step in run.steps if step.id in spans), key=lambda step: spans[step.id][0])
    lines = [line for step in steps for line in _step(step, *spans[step.id], at)]
    yield from sorted(lines, key=lambda line: line[0])


def _spans(run: Execution) -> dict[str, tuple[float, float | None]]:
    """When each step began and ended; of a run from before the simulator's start only the whole is known."""
    begun = [step for step in run.steps if step.phase != enums.STEP_WAITING]
    start = run.started or run.created
    share = ((run.completed or start) - start) / max(1, len(begun))
    return {
        step.id: (start + index * share, start + (index + 1) * share)
        if step.began is None
        else (step.began, step.ended)
        for index, step in enumerate(begun)
    }


def _step(step: Step, began: float, ended: float | None, at: float) -> Iterator[Line]:
    yield began, f"[section-create] {json.dumps({'id': step.id, 'title': step.recipe.name})}"
    recipe = step.recipe
    if isinstance(recipe, TaskRecipe):
        yield began, f"\x1b[1;34m$ {recipe.command.splitlines()[0] if recipe.command else ''}\x1b[0m"
        yield from _output(step, recipe, began, at if ended is None else min(ended, at))
    else:
        yield began, f"waiting for service \x1b[36m{recipe.reference}\x1b[0m"
    if ended is None or ended > at:
        return
    yield ended, step.failure or _LAST_WORDS.get(step.phase, "")
    end = {
        "id": step.id,
        "outcome": _OUTCOMES.get(step.phase, ""),
        "secondsElapsed": round(ended - began, 1),
    }
    yield ended, f"[section-end] {json.dumps(end)}"


def _output(step: Step, recipe: TaskRecipe, began: float, until: float) -> Iterator[Line]:
    rng = Random(step.id)
    moment = began
    for number, text in enumerate(cycle(script_of(recipe.reference)), 1):
        moment += recipe.seconds / 40 * rng.uniform(0.3, 1.7)
        if moment >= until or number > 5000:
            return
        yield moment, text.format(n=number, ms=rng.randint(2, 900), pick=rng.randint(1, 60))


def service(item: Service, at: float) -> Iterator[Line]:
    """The session that ran last: its start, its readiness, the end of what it said, its stop."""
    start, ready, ended = _session(item)
    until = at if ended is None else min(ended, at)
    yield start, _service_line(start, "INFO Starting service")
    if item.recipe.ready:
        yield from _probes(start, until if ready is None else min(ready, until))
    if ready is not None and ready <= until:
        yield ready, _service_line(ready, "INFO \x1b[32mService is ready\x1b[0m")
        yield from _chatter(item, ready, until)
    if ended is not None and ended <= at:
        yield ended, _service_line(ended, f"ERROR {item.failure}" if item.failure else "INFO Service stopped")


def _session(item: Service) -> tuple[float, float | None, float | None]:
    """When it started, was ready and ended; of one from before the simulator's start only the phase tells."""
    start, ready, ended = item.started, item.ready, item.ended
    if start is None:
        start = item.environment.last_started
        if ready is None and item.phase != enums.SERVICE_STARTING:
            ready = start + 5.0
        if ended is None and item.phase in {enums.SERVICE_STOPPED, enums.SERVICE_FAILED}:
            ended = start + 120.0
    return start, ready, ended


def _service_line(at: float, text: str) -> str:
    return f"[id:running-service] [{timestamp(round(at, 3))}] {text}"


def _probes(start: float, until: float) -> Iterator[Line]:
    total = int(until - start)
    for number in range(max(1, total - LONGEST_TAIL), total + 1):
        moment = start + number
        stamp = timestamp(round(moment, 3))
        yield moment, f"[id:ready-command] [{stamp}] INFO Service is not ready exitCode=7"


def _chatter(item: Service, start: float, until: float) -> Iterator[Line]:
    texts = script_of(item.recipe.reference)
    total = int((until - start) / SERVICE_LINE_SECONDS)
    for number in range(max(1, total - LONGEST_TAIL), total + 1):
        moment = start + number * SERVICE_LINE_SECONDS
        rng = Random(f"{item.running_session} {number}")
        text = texts[number % len(texts)].format(n=number, ms=rng.randint(2, 900), pick=rng.randint(1, 60))
        yield moment, _service_line(moment, text)


def machine(item: Environment, at: float) -> Iterator[Line]:
    """An environment's own log since its last start."""
    start = item.last_started
    for wait, text in (
        (0.0, "INFO creating machine"),
        (8.0, "INFO machine is up, starting supervisor"),
        (10.0, f"INFO cloning {item.project.repository or 'nothing: an empty workspace'}"),
        (14.0, "INFO building dev container"),
        (19.0, "INFO \x1b[32mdev container is running\x1b[0m"),
    ):
        if start + wait <= at:
            yield start + wait, f"[{timestamp(round(start + wait, 3))}] {text}"
    told = [*item.failures, *([item.timed_out] if item.timed_out else [])]
    if not item.usable:
        for text in told:
            yield max(start + 20.0, item.signal_at or 0.0), f"ERROR {text}"

"""A simulated fleet in which nearly every name and number is odd, and what to look at in it.

Names of 500 characters, right-to-left and with pictures, markup in every text, 2,000 ports, 40 failures, clocks in
1970 and 2099, plans of 300 steps, and an environment with nothing in it: pages must hold their shape.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import quote_plus

from dashboard.simulator import World, create_app, serve
from dashboard.simulator.models import Environment, Given, ServiceRecipe, TaskRecipe
from dashboard.stack.parts import SIMULATED_KEY, free_port
from scripts.demo import LISTS, Demo, demo
from scripts.odd_plans import give_plans

LETTERS = 500
UNBROKEN = "an_unbroken_name_" * 30
NAMES = {
    "long": ("a name that goes on and on " * 20)[:LETTERS],
    "unbroken": UNBROKEN[:LETTERS],
    "rtl": "بيئة التطوير \u202eexe.tluaf\u202c (RTL) " * 6,
    "emoji": "🚀👩‍👩‍👧‍👦🏳️‍🌈 " * 25,
    "hostile": "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>'\"{{ 7*7 }} ${7} <!--",
}
PORTS, FAILURES = 2_000, 40
FIRST, LAST = 1.0, 4_102_444_700.0
"""Seconds since 1970 in that year, and in 2099."""
Recipe = TypeVar("Recipe", ServiceRecipe, TaskRecipe)


@dataclass(frozen=True)
class Odd:
    """The running demo, and the path of each thing in it to look at by a word for it."""

    at: Demo
    paths: dict[str, str]


@contextmanager
def odd_demo() -> Iterator[Odd]:
    made, odd = world()
    plans = give_plans(
        made, next(one.tasks[0] for one in _all(made) if one not in odd.values() and one.tasks)
    )
    with serve(create_app(made, api_keys=[SIMULATED_KEY])) as address:
        given = {"ONA_BASE_URL": address, "ONA_API_KEY": SIMULATED_KEY}
        with demo(0, free_port(), given) as at:
            yield Odd(at, dict(_paths(odd)) | {word: f"/executions/{key}/" for word, key in plans.items()})


def _paths(odd: dict[str, Environment]) -> Iterator[tuple[str, str]]:
    yield "overview", "/"
    for name in (*LISTS, "costs", "classes", "activity", "system", "views"):
        yield name, f"/{name}/"
    yield "idle", "/idle/?idle=30m"
    yield "idle-kept", "/idle/?show=kept"
    yield "own-columns", "/environments/?columns=phase,branch,runner,ports,started,id,creator,project"
    yield "failed", "/executions/?phase=failed"
    yield "create", "/environments/new/"
    for word in ("long", "unbroken", "hostile"):
        question = quote_plus(NAMES[word])
        yield f"find-{word}", f"/find/?q={question}"
        yield f"filter-{word}", f"/environments/?q=name%3A{question}"
    for word, one in odd.items():
        yield f"{word}-environment", f"/environments/{one.id}/"
        if word in NAMES:
            yield f"{word}-automations", f"/environments/{one.id}/automations/"
            yield f"{word}-stop", f"/environments/{one.id}/stop/"
        first = {
            "service": [thing.id for thing in one.services[:1]],
            "task": [thing.id for thing in one.tasks[:1]],
            "execution": [thing.id for thing in one.executions[:1]],
        }
        for kind, identifiers in first.items():
            yield from ((f"{word}-{kind}", f"/{kind}s/{identifier}/") for identifier in identifiers)


def world() -> tuple[World, dict[str, Environment]]:
    """The fleet, in which nobody comes or goes, and its odd environments by a word for each."""
    made = World(environments=40, life=False)
    running, stopped = (
        [one for one in _all(made) if one.phase.endswith(end)] for end in ("RUNNING", "STOPPED")
    )
    _name_directory(made)
    for one, (word, text) in zip(running, NAMES.items(), strict=False):
        one.given = Given(
            {"ports": _ports(text) if word == "unbroken" else []}, {}, f"https://example.com/{text}"
        )
        _name(one, text)
    oldest, newest = running[len(NAMES) : len(NAMES) + 2]
    for one, at in ((oldest, FIRST), (newest, LAST)):
        one.created = one.last_started = one.signal_at = at
        for run in one.executions:
            run.created, run.started, run.completed = at, FIRST, LAST
    stopped[0].failures = tuple(
        f"{place}: {NAMES['hostile'] if place % 7 == 3 else UNBROKEN[: 12 * place] + ' is not there'}"
        for place in range(FAILURES)
    )
    _empty(made, stopped[1])
    named = dict(zip(NAMES, running, strict=False))
    return made, named | {"first": oldest, "last": newest, "failures": stopped[0], "nothing": stopped[1]}


def _all(made: World) -> list[Environment]:
    return sorted(made.environment_table.rows.values(), key=lambda one: -len(one.executions))


def _ports(text: str) -> list[dict[str, object]]:
    admission = "ADMISSION_LEVEL_EVERYONE"
    return [{"port": 1024 + place, "name": text[:100], "admission": admission} for place in range(PORTS)]


def _name_directory(made: World) -> None:
    """Projects, people and classes in turn."""
    known, texts = made.directory, [*NAMES.values()]
    projects = tuple(replace(one, name=text) for one, text in zip(known.projects, texts, strict=False))
    renamed = {one.id: one for one in projects}
    members = tuple(
        replace(one, name=text, email=f"{text}@example.com")
        for one, text in zip(known.members[1:], texts, strict=False)
    )
    made.directory = replace(
        known,
        projects=projects + known.projects[len(projects) :],
        members=known.members[:1] + members + known.members[1 + len(members) :],
        classes=(replace(known.classes[0], name=texts[0], description=texts[1]), *known.classes[1:]),
        runners=(replace(known.runners[0], message=texts[4]), *known.runners[1:]),
    )
    for one in _all(made):
        one.project = renamed.get(one.project.id, one.project)


def _name(one: Environment, text: str) -> None:
    """The environment and all that is in it."""
    one.name, one.branch, one.signal_source = text, text, text
    one.warnings, one.devcontainer_failure = (text,), text
    for service in one.services:
        service.recipe = _named(service.recipe, text)
        service.failure = text
        service.phase = "SERVICE_PHASE_FAILED"
    for task in one.tasks:
        task.recipe = _named(task.recipe, text)
    for run in one.executions:
        run.failure = text
        for step in run.steps:
            step.recipe, step.failure = step.target.recipe, text
            step.phase = "TASK_EXECUTION_PHASE_FAILED"
        run.phase = "TASK_EXECUTION_PHASE_FAILED"


def _named(recipe: Recipe, text: str) -> Recipe:
    return replace(recipe, name=text, description=text, reference=f"{recipe.reference}-{text}")


def _empty(made: World, one: Environment) -> None:
    for service in one.services:
        made.service_table.remove(service.id)
    for run in one.executions:
        made.execution_table.remove(run.id)
    for task in one.tasks:
        made.task_table.remove(task.id)
    one.services, one.tasks, one.executions = [], [], []
    one.name = one.branch = one.timed_out = one.signal_source = ""
    one.from_project, one.signal_at, one.failures, one.warnings = False, None, (), ()
    one.idle_limit = one.unpushed = one.changed = 0

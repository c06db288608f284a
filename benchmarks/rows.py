"""A fleet of any size, written straight into the store: many rows at once, without a simulator behind them.

The shares of phases and kinds are about those of the demo fleet; everything follows from the seed.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from uuid import UUID

from dashboard.fleet.entities import (
    Environment,
    EnvironmentClass,
    Execution,
    Person,
    Port,
    Project,
    Row,
    Runner,
    Service,
    Task,
)
from dashboard.fleet.newer import newer
from dashboard.fleet.store import Observation, Store, Sweep

NOW = 1_790_000_000.0
DAY = 86_400.0
OPERATOR_EMAIL = "operator@example.com"
PHASES = (
    *("running",) * 47,
    *("stopped",) * 47,
    "creating",
    "starting",
    "starting",
    "updating",
    "stopping",
    "deleting",
)
NAMES = ("otter", "heron", "maple", "cedar", "comet", "ember", "harbour", "meadow", "pebble", "willow")
MOODS = ("sunny", "quiet", "brisk", "amber", "silver", "gentle", "vivid", "northern", "early", "tidy")
WRITTEN_AT_ONCE = 20_000


def identifier(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def directory(size: int, rng: Random) -> list[Row]:
    """People (one for eight environments), projects (one for 80), runners and classes."""
    people = [Person(identifier(rng), f"Person {n}", f"person{n}@example.com") for n in range(size // 8 + 2)]
    people[0] = replace(people[0], email=OPERATOR_EMAIL)
    projects = [Project(identifier(rng), f"Project {n}") for n in range(min(200, size // 80 + 2))]
    runners = [Runner(identifier(rng), f"Runner {n}", "local", "aws") for n in range(4)]
    classes = [EnvironmentClass(identifier(rng), f"Class {n}", "", runners[n % 4].id, True) for n in range(8)]
    return [*people, *projects, *runners, *classes]


def _environment(names: dict[type[Row], list[str]], rng: Random) -> Environment:
    created = NOW - 80 * DAY * rng.random() ** 2.2
    phase = rng.choice(PHASES)
    project = rng.choice(names[Project])
    number = names[Project].index(project)
    return Environment(
        id=identifier(rng),
        name=f"{rng.choice(MOODS)} {rng.choice(NAMES)} {rng.randrange(1000)}",
        phase=phase,
        desired=phase,
        status_version=rng.randrange(3, 2600),
        spec_version=rng.randrange(2, 60),
        repository=f"https://git.example.com/team/repository-{number}",
        branch=rng.choice(("main", "main", f"feature/{rng.randrange(10_000)}")),
        context_url=f"https://git.example.com/team/repository-{number}",
        project_id=project,
        creator_id=rng.choice(names[Person]),
        creator_kind="user",
        runner_id=rng.choice(names[Runner]),
        class_id=rng.choice(names[EnvironmentClass]),
        role="default",
        created=created,
        started=min(NOW, created + DAY * rng.random()),
        archived=created + DAY if phase == "stopped" and rng.random() < 0.1 else None,
        failures=("The machine did not start.",) if phase == "stopped" and rng.random() < 0.1 else (),
        signal_source="VS Code",
        signal_at=min(NOW, created + DAY * rng.random()),
        timeout=3600.0,
        unpushed=rng.choice((0, 0, 0, 1, 2)),
        changed=rng.choice((0, 0, 0, 1, 4)),
        ports=(Port(3000, "web", "creator_only", "https://3000.example.com"),) if phase == "running" else (),
    )


def _inside(place: Environment, rng: Random) -> Iterator[Row]:
    """Three services, two tasks and two executions, as each environment of the demo fleet has about."""
    common = {"creator_id": place.creator_id, "creator_kind": "user", "created": place.created}
    for number in range(3):
        phase = "running" if place.phase == "running" else "stopped"
        yield Service(
            identifier(rng), place.id, f"Service {number}", f"service-{number}", phase=phase, desired=phase,
            triggers=("postEnvironmentStart",), marks=("a1b2c3d4e5f6",), **common,
        )  # fmt: skip
    for number in range(2):
        task = Task(
            identifier(rng), place.id, f"Task {number}", f"task-{number}", triggers=("manual",),
            mark="a1b2c3d4e5f6", **common,
        )  # fmt: skip
        yield task
        yield Execution(
            identifier(rng), task.id, place.id, task.name, "succeeded", "succeeded", started_by="manual",
            started=place.started, completed=(place.started or NOW) + 60, **common,
        )  # fmt: skip


def rows(environments: int, seed: int = 1) -> Iterator[Row]:
    """The whole fleet: its directory, then each environment with what is inside it."""
    rng = Random(seed)
    known = directory(environments, rng)
    yield from known
    names: dict[type[Row], list[str]] = {}
    for row in known:
        names.setdefault(type(row), []).append(row.id)
    for _ in range(environments):
        place = _environment(names, rng)
        yield place
        yield from _inside(place, rng)


def write(store: Store, some: list[Row]) -> None:
    """As a sweep that has just seen them."""
    store.write([Observation(row, time.time()) for row in some], newer=newer)


def fill(store: Store, environments: int, now: float) -> None:
    """Write the fleet into an empty store, as a sweep that ended at `now` would have."""
    pending: list[Observation] = []
    for row in rows(environments):
        pending.append(Observation(row, now))
        if len(pending) == WRITTEN_AT_ONCE:
            store.write(pending, newer=newer)
            pending = []
    store.write(pending, newer=newer)
    for name in ("hot", "full"):
        store.record(Sweep(name, now))


def changed(fleet: list[Environment], share: float, rng: Random) -> list[Row]:
    """A `share` of the environments, each in another phase."""
    chosen = rng.sample(fleet, max(1, round(len(fleet) * share)))
    return [
        replace(
            one,
            phase="stopping" if one.phase == "running" else "running",
            status_version=one.status_version + 1,
        )
        for one in chosen
    ]

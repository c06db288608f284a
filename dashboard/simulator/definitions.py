"""Services and tasks are defined, changed and removed on request."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dashboard.simulator import enums, events, executions, recipes
from dashboard.simulator.creation import part
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.ids import uuid7
from dashboard.simulator.models import Environment, Service, ServiceRecipe, Subject, Task, TaskRecipe
from dashboard.simulator.wire import Json

if TYPE_CHECKING:
    from dashboard.simulator.world import World

_DOWN = frozenset({enums.SERVICE_UNKNOWN, enums.SERVICE_STOPPED, enums.SERVICE_FAILED})
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Author:
    """Who defines something, for which environment, and when."""

    world: "World"
    home: Environment
    by: Subject
    at: float


def service_recipe(old: ServiceRecipe, metadata: Json, spec: Json) -> ServiceRecipe:
    """`old` with what a request says of it."""
    fields: Fields = _described(metadata)
    fields |= {name: str(text) for name, text in part(spec, "commands").items()}
    if "role" in metadata:
        fields["role"] = str(metadata["role"])
    fields |= _placed(spec)
    if "readinessTimeout" in spec:
        fields["readiness_timeout"] = spec["readinessTimeout"]
    changed = replace(old, **fields)
    return recipes.behave(changed) if "commands" in spec else changed


def task_recipe(old: TaskRecipe, metadata: Json, spec: Json) -> TaskRecipe:
    """`old` with what a request says of it."""
    fields: Fields = {**_described(metadata), **_placed(spec)}
    if "command" in spec:
        fields["command"] = str(spec["command"])
    if "prebuildRequiresSuccess" in spec:
        fields["prebuild_requires_success"] = bool(spec["prebuildRequiresSuccess"])
    changed = replace(old, **fields)
    return recipes.behave_task(changed) if "command" in spec else changed


def _described(metadata: Json) -> Fields:
    fields: Fields = {name: str(metadata[name]) for name in ("name", "description") if name in metadata}
    if "triggeredBy" in metadata:
        listed = metadata["triggeredBy"]
        fields["triggers"] = recipes.triggers(listed.get("trigger") if isinstance(listed, dict) else listed)
    return fields


def _placed(spec: Json) -> Fields:
    fields: Fields = {}
    if "runsOn" in spec:
        fields |= recipes.target(part(spec, "runsOn"))
    if spec.get("env"):
        fields["env"] = recipes.variables(spec["env"])
    return fields


# Create


def new_service(author: Author, reference: str, metadata: Json, spec: Json) -> Service:
    """A service that has never been started. Raises already_exists when the reference is taken."""
    world, home = author.world, author.home
    _refuse_taken(home, reference)
    recipe = service_recipe(ServiceRecipe(reference, "", "", role="", triggers=()), metadata, spec)
    row = Service(
        uuid7(author.at, world.rng), home, recipe, round(author.at, 6), author.by,
        enums.SERVICE_UNKNOWN, enums.SERVICE_UNKNOWN, session=str(spec.get("session", "")),
    )  # fmt: skip
    home.services.append(row)
    world.service_table.add(row)
    world.hub.tell(events.CREATE, row)
    return row


def new_task(author: Author, reference: str, metadata: Json, spec: Json) -> Task:
    """A task without needs. Raises already_exists when the reference is taken."""
    world, home = author.world, author.home
    _refuse_taken(home, reference)
    recipe = task_recipe(TaskRecipe(reference, "", "", triggers=()), metadata, spec)
    row = Task(uuid7(author.at, world.rng), home, recipe, round(author.at, 6), author.by)
    home.tasks.append(row)
    world.task_table.add(row)
    world.hub.tell(events.CREATE, row)
    return row


def automations_of(home: Environment) -> list[Service | Task]:
    """Everything in an environment that has a reference."""
    return [*home.services, *home.tasks]


def _refuse_taken(home: Environment, reference: str) -> None:
    if any(row.recipe.reference == reference for row in automations_of(home)):
        raise ConnectError("already_exists", f"reference {reference} is taken")


# Change


def change_service(world: "World", row: Service, metadata: Json, spec: Json) -> None:
    """Raises failed_precondition for a change of the spec of a service that is not down."""
    if spec and row.phase not in _DOWN:
        raise ConnectError("failed_precondition", "service must be stopped before its spec can be changed")
    row.recipe = service_recipe(row.recipe, metadata, spec)
    world.hub.tell(events.UPDATE, row)


def change_task(world: "World", row: Task, metadata: Json, spec: Json) -> None:
    """Executions under way keep what they were started with."""
    row.recipe = task_recipe(row.recipe, metadata, spec)
    world.hub.tell(events.UPDATE, row)


def needs_of(home: Environment, ids: Iterable[str]) -> tuple[Service | Task, ...]:
    """The automations of one environment with these ids. Raises invalid_argument for others."""
    known = {row.id: row for row in automations_of(home)}
    missing = next((one for one in ids if one not in known), None)
    if missing is not None:
        raise ConnectError("invalid_argument", f"depends_on: no automation {missing} in this environment")
    return tuple(known[one] for one in dict.fromkeys(ids))


def depend(row: Task, needs: tuple[Service | Task, ...]) -> None:
    """Set what comes first. Raises invalid_argument when the task would wait for itself."""
    seen: set[str] = set()
    waiting: list[Service | Task] = list(needs)
    while waiting:
        need = waiting.pop()
        if need is row:
            raise ConnectError("invalid_argument", "depends_on: a task cannot wait for itself")
        if need.id not in seen and isinstance(need, Task):
            waiting.extend(need.depends_on)
        seen.add(need.id)
    row.depends_on = needs


# Remove


def delete_task(world: "World", row: Task, at: float) -> None:
    """It is gone at once; its executions under way are stopped and stay in the history."""
    home = row.environment
    for run in home.executions:
        if run.task is row:
            executions.request_stop(world, run, at)
    for other in home.tasks:
        other.depends_on = tuple(need for need in other.depends_on if need is not row)
    home.tasks.remove(row)
    world.task_table.remove(row.id)
    world.hub.tell(events.DELETE, row)

"""One automations file settles the services and tasks of an environment. What it does not name stays as it is."""

from typing import cast

from dashboard.simulator import definitions, events, services
from dashboard.simulator.creation import part
from dashboard.simulator.definitions import Author
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.models import Environment, Service, ServiceRecipe, Task
from dashboard.simulator.wire import Json

_FILE_ROLES = {"editor": "SERVICE_ROLE_EDITOR", "ai-agent": "SERVICE_ROLE_AI_AGENT"}


def apply_file(author: Author, document: Json) -> tuple[list[str], list[str]]:
    """Ids of the services and tasks that were made or changed. What the file does not name stays."""
    listed = part(document, "services")
    entries = cast("dict[str, Json]", part(document, "tasks"))
    _refuse_unknown_needs(author.home, entries, listed)
    changed_services = [
        row.id
        for reference, entry in listed.items()
        if (row := _put_service(author, reference, cast("Json", entry)))
    ]
    changed_tasks = [
        task.id for reference, entry in entries.items() if (task := _put_task(author, reference, entry))
    ]
    for identifier in _link(author.home, entries):
        if identifier not in changed_tasks:
            changed_tasks.append(identifier)
    return changed_services, changed_tasks


def _put_service(author: Author, reference: str, entry: Json) -> Service | None:
    role = _FILE_ROLES.get(str(entry.get("role", "")), "SERVICE_ROLE_DEFAULT")
    metadata: Json = {**entry, "role": role, "triggeredBy": entry.get("triggeredBy", [])}
    spec: Json = {name: entry[name] for name in ("commands", "runsOn", "readinessTimeout") if name in entry}
    row = next((one for one in author.home.services if one.recipe.reference == reference), None)
    if row is None:
        return definitions.new_service(author, reference, metadata, spec)
    new = definitions.service_recipe(row.recipe, metadata, spec)
    if new == row.recipe:
        return None
    same_spec = _spec_of(new) == _spec_of(row.recipe)
    row.recipe = new
    author.world.hub.tell(events.UPDATE, row)
    if not same_spec:
        services.restart(author.world, row, author.at)
    return row


def _spec_of(recipe: ServiceRecipe) -> tuple[object, ...]:
    return (
        recipe.start, recipe.ready, recipe.stop, recipe.runs_on, recipe.image, recipe.image_env,
        recipe.readiness_timeout,
    )  # fmt: skip


def _put_task(author: Author, reference: str, entry: Json) -> Task | None:
    metadata: Json = {**entry, "triggeredBy": entry.get("triggeredBy", [])}
    spec: Json = {
        name: entry[name] for name in ("command", "runsOn", "prebuildRequiresSuccess") if name in entry
    }
    row = next((one for one in author.home.tasks if one.recipe.reference == reference), None)
    if row is None:
        return definitions.new_task(author, reference, metadata, spec)
    new = definitions.task_recipe(row.recipe, metadata, spec)
    if new == row.recipe:
        return None
    row.recipe = new
    author.world.hub.tell(events.UPDATE, row)
    return row


def _refuse_unknown_needs(home: Environment, entries: dict[str, Json], listed: Json) -> None:
    known = {row.recipe.reference for row in definitions.automations_of(home)} | set(entries) | set(listed)
    for reference, entry in entries.items():
        for need in cast("list[str]", entry.get("dependsOn") or []):
            if need not in known:
                raise ConnectError("invalid_argument", f"task {reference} depends on unknown {need}")


def _link(home: Environment, entries: dict[str, Json]) -> list[str]:
    """Set what comes first; returns the ids of tasks for which that is new."""
    known = {row.recipe.reference: row for row in definitions.automations_of(home)}
    changed = []
    for reference, entry in entries.items():
        row = known[reference]
        needs = tuple(known[need] for need in cast("list[str]", entry.get("dependsOn") or []))
        if isinstance(row, Task) and row.depends_on != needs:
            definitions.depend(row, needs)
            changed.append(row.id)
    return changed

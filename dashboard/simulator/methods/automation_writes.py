"""EnvironmentAutomationService: services and tasks are defined, changed and removed."""

from collections.abc import Mapping
from typing import cast

from dashboard.simulator import (
    automations_file,
    definitions,
    enums,
    services,
    shapes_automation,
    show_automation,
)
from dashboard.simulator.creation import part
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.methods.automations import service_of, task_of
from dashboard.simulator.methods.call import Method, Request
from dashboard.simulator.methods.environments import target
from dashboard.simulator.models import Environment
from dashboard.simulator.wire import Json, message


def _home(request: Request) -> Environment:
    row = target(request)
    if row.phase == enums.DELETING:
        raise ConnectError("failed_precondition", "environment is being deleted")
    return row


def _author(request: Request, home: Environment) -> definitions.Author:
    return definitions.Author(request.world, home, request.caller, request.at)


def _reference(metadata: Json) -> str:
    """Absent metadata passes the rules; something has to name the thing all the same."""
    reference = str(metadata.get("reference", ""))
    if not reference:
        raise ConnectError("invalid_argument", "metadata.reference is required")
    return reference


def _checked_commands(spec: Json) -> None:
    if not part(spec, "commands").get("start"):
        raise ConnectError("invalid_argument", "spec.commands.start is required")


def create_service(request: Request) -> Json:
    """The service; it waits for a trigger or a start."""
    document = request.read(shapes_automation.CREATE_SERVICE)
    home, metadata, spec = _home(request), part(document, "metadata"), part(document, "spec")
    reference = _reference(metadata)
    _checked_commands(spec)
    row = definitions.new_service(_author(request, home), reference, metadata, spec)
    return {"service": show_automation.service(row, request.at, request.origin)}


def update_service(request: Request) -> Json:
    """The spec changes only while the service is down; its status is not a caller's to change."""
    document = request.read(shapes_automation.UPDATE_SERVICE)
    row = service_of(request)
    if "status" in document:
        raise ConnectError("permission_denied", "the status of a service is set by its environment")
    row.environment.handled_at = request.at
    definitions.change_service(request.world, row, part(document, "metadata"), part(document, "spec"))
    return {}


def delete_service(request: Request) -> Json:
    """Answers before it is gone, unless forced."""
    document = request.read(shapes_automation.DELETE_SERVICE)
    row = service_of(request)
    row.environment.handled_at = request.at
    services.request_delete(request.world, row, request.at, force=bool(document.get("force")))
    return {}


def create_task(request: Request) -> Json:
    """The task."""
    document = request.read(shapes_automation.CREATE_TASK)
    home, metadata = _home(request), part(document, "metadata")
    reference = _reference(metadata)
    needs = definitions.needs_of(home, cast("list[str]", document.get("dependsOn") or []))
    row = definitions.new_task(_author(request, home), reference, metadata, part(document, "spec"))
    row.depends_on = needs
    return {"task": show_automation.task(row)}


def update_task(request: Request) -> Json:
    """Absent fields stay as they are."""
    document = request.read(shapes_automation.UPDATE_TASK)
    row = task_of(request)
    row.environment.handled_at = request.at
    ids = cast("list[str]", document.get("dependsOn") or [])
    if ids:
        definitions.depend(row, definitions.needs_of(row.environment, ids))
    definitions.change_task(request.world, row, part(document, "metadata"), part(document, "spec"))
    return {}


def delete_task(request: Request) -> Json:
    """The task is gone; what it has run stays in the history."""
    request.read(shapes_automation.DELETE_TASK)
    row = task_of(request)
    row.environment.handled_at = request.at
    definitions.delete_task(request.world, row, request.at)
    return {}


def upsert(request: Request) -> Json:
    """Ids of what was made or changed."""
    document = request.read(shapes_automation.UPSERT)
    home = _home(request)
    file = part(document, "automationsFile")
    made, tasks = automations_file.apply_file(_author(request, home), file)
    return message(updatedServiceIds=made, updatedTaskIds=tasks)


TABLE: Mapping[str, Method] = {
    f"EnvironmentAutomationService/{name}": method
    for name, method in {
        "UpsertAutomationsFile": Method(upsert, "environmentId"),
        "CreateService": Method(create_service, "environmentId"),
        "UpdateService": Method(update_service, "id"),
        "DeleteService": Method(delete_service, "id"),
        "CreateTask": Method(create_task, "environmentId"),
        "UpdateTask": Method(update_task, "id"),
        "DeleteTask": Method(delete_task, "id"),
    }.items()
}

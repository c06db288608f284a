"""EnvironmentService: create, update, delete, unarchive, activity, tokens."""

from collections.abc import Mapping

from dashboard.simulator import creation, enums, environments, shapes_environment, tokens
from dashboard.simulator.creation import Wanted, part
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.methods.call import Method, Request
from dashboard.simulator.methods.environments import show, target
from dashboard.simulator.models import Environment
from dashboard.simulator.wire import Json


def create(request: Request) -> Json:
    """The new environment, in CREATING."""
    wanted = Wanted.of(request.read(shapes_environment.CREATE), request.caller)
    return {"environment": show(request, creation.create(request.world, wanted, request.at))}


def create_from_project(request: Request) -> Json:
    """The new environment, in CREATING."""
    document = request.read(shapes_environment.CREATE_FROM_PROJECT)
    projects = request.world.directory.projects
    project = next((row for row in projects if row.id == document["projectId"]), None)
    if project is None:
        raise ConnectError("not_found", "project not found")
    wanted = Wanted.of(document, request.caller)
    row = creation.create_from_project(request.world, wanted, project, request.at)
    return {"environment": show(request, row)}


def update(request: Request) -> Json:
    """Answers before a changed spec can be seen; the name changes at once."""
    document = request.read(shapes_environment.UPDATE)
    row = target(request)
    metadata, spec = part(document, "metadata"), part(document, "spec")
    lockdown = metadata.get("lockdownAt")
    if isinstance(lockdown, float) and 0 < lockdown <= request.at:
        raise ConnectError("invalid_argument", "lockdown_at must be in the future")
    if spec:
        limit = part(spec, "timeout").get("disconnected")
        idle_limit = int(limit) if isinstance(limit, float) else None
        given = creation.change(row, spec)
        environments.request_update(request.world, row, given, idle_limit, request.at)
        row.rebuild_pending |= bool(part(spec, "devcontainer").get("session"))
    _rename(request, row, metadata)
    return {}


def _rename(request: Request, row: Environment, metadata: Json) -> None:
    if row.phase == enums.DELETING:
        raise ConnectError("failed_precondition", "environment is deleting and cannot be updated")
    if "name" in metadata:
        row.name = str(metadata["name"])
    lockdown = metadata.get("lockdownAt")
    if isinstance(lockdown, float):
        row.lockdown_at = lockdown or None
    if metadata:
        environments.changed(request.world, row, spec=True)


def delete(request: Request) -> Json:
    """Answers before the deletion is done; with force it is done."""
    document = request.read(shapes_environment.DELETE)
    row = target(request)
    if document.get("force"):
        environments.remove(request.world, row, request.at)
    else:
        environments.request_delete(request.world, row, request.at)
    return {}


def unarchive(request: Request) -> Json:
    """It stays stopped, and can be started again."""
    request.read(shapes_environment.JUST_THE_ENVIRONMENT)
    row = target(request)
    if row.phase == enums.DELETING:
        raise ConnectError("failed_precondition", "environment is being deleted")
    if row.archived_at is not None:
        row.archived_at = None
        environments.changed(request.world, row, spec=True)
    return {}


def mark_active(request: Request) -> Json:
    """Keeps it from being stopped for inactivity; without effect on one that is not up."""
    document = request.read(shapes_environment.MARK_ACTIVE)
    row = target(request)
    signal = part(document, "activitySignal")
    at = signal.get("timestamp")
    moment = min(at, request.at) if isinstance(at, float) else request.at
    if row.usable and moment >= (row.signal_at or 0.0):
        source = str(signal.get("source", "")) or row.signal_source or "API"
        environments.signal(request.world, row, source, moment)
    return {}


def create_access_token(request: Request) -> Json:
    """A token for acting on one environment."""
    request.read(shapes_environment.ACCESS_TOKEN)
    return _token(request, tokens.ACCESS)


def create_logs_token(request: Request) -> Json:
    """A token for reading the logs of one environment."""
    request.read(shapes_environment.JUST_THE_ENVIRONMENT)
    return _token(request, tokens.LOGS)


def _token(request: Request, kind: str) -> Json:
    row = target(request)
    return {"accessToken": tokens.issue(request.world.secret, kind, row.id, request.at)}


TABLE: Mapping[str, Method] = {
    f"EnvironmentService/{name}": method
    for name, method in {
        "CreateEnvironment": Method(create, ""),
        "CreateEnvironmentFromProject": Method(create_from_project, "projectId"),
        "UpdateEnvironment": Method(update, "environmentId"),
        "DeleteEnvironment": Method(delete, "environmentId"),
        "UnarchiveEnvironment": Method(unarchive, "environmentId"),
        "MarkEnvironmentActive": Method(mark_active, "environmentId"),
        "CreateEnvironmentAccessToken": Method(create_access_token, "environmentId"),
        "CreateEnvironmentLogsToken": Method(create_logs_token, "environmentId"),
    }.items()
}

"""EnvironmentAutomationService: services, tasks and executions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from dashboard.simulator import enums, executions, services, show_automation
from dashboard.simulator.methods.call import Method, Request, id_key, position
from dashboard.simulator.models import Environment, Execution, Service, Task
from dashboard.simulator.paging import Page, turn
from dashboard.simulator.table import HasId, Table
from dashboard.simulator.wire import Json

T = TypeVar("T", bound=HasId)


def _rows(
    request: Request,
    page: Page,
    table: Table[T],
    environment_ids: list[str],
    own: Callable[[Environment], Iterable[T]],
) -> Iterator[T]:
    """Rows from the page's position down; those of the given environments are found without walking the table."""
    start = position(page)
    if not environment_ids:
        return table.descending(start)
    homes = [request.world.environment_table.get(identifier) for identifier in dict.fromkeys(environment_ids)]
    rows = [row for home in homes if home is not None for row in own(home) if start is None or row.id < start]
    return iter(sorted(rows, key=id_key, reverse=True))


def list_services(request: Request) -> Json:
    """Newest first."""
    part = request.body.part("filter")
    homes, ids = part.uuids("environmentIds"), set(part.uuids("serviceIds"))
    references = set(part.texts("references", shortest=1))
    roles = set(part.enums("roles", enums.SERVICE_ROLES, defined_only=True))
    page = request.page("services")
    rows = (
        row
        for row in _rows(request, page, request.world.service_table, homes, lambda home: home.services)
        if (not ids or row.id in ids)
        and (not references or row.recipe.reference in references)
        and (not roles or row.recipe.role in roles)
    )
    return turn(
        page, "services", rows, id_key, lambda row: show_automation.service(row, request.at, request.origin)
    )


def get_service(request: Request) -> Json:
    """One service."""
    return {"service": show_automation.service(service_of(request), request.at, request.origin)}


def service_of(request: Request) -> Service:
    """The service that the call names."""
    return request.find(request.world.service_table, "id", "service")


def start_service(request: Request) -> Json:
    """Answers before anything has changed."""
    row = service_of(request)
    row.environment.handled_at = request.at
    services.request_start(request.world, row, request.at)
    return {}


def stop_service(request: Request) -> Json:
    """Answers before anything has changed."""
    row = service_of(request)
    row.environment.handled_at = request.at
    services.request_stop(request.world, row, request.at)
    return {}


def list_tasks(request: Request) -> Json:
    """Newest first."""
    part = request.body.part("filter")
    homes, ids = part.uuids("environmentIds"), set(part.uuids("taskIds"))
    references = set(part.texts("references", shortest=1))
    page = request.page("tasks")
    rows = (
        row
        for row in _rows(request, page, request.world.task_table, homes, lambda home: home.tasks)
        if (not ids or row.id in ids) and (not references or row.recipe.reference in references)
    )
    return turn(page, "tasks", rows, id_key, show_automation.task)


def task_of(request: Request) -> Task:
    """The task that the call names."""
    return request.find(request.world.task_table, "id", "task")


def get_task(request: Request) -> Json:
    """One task."""
    return {"task": show_automation.task(task_of(request))}


def start_task(request: Request) -> Json:
    """Every call makes a new execution, which is PENDING in the answer."""
    row = task_of(request)
    row.environment.handled_at = request.at
    run = executions.request_start(request.world, row, request.caller, request.at)
    return {"taskExecution": show_automation.execution(run, request.origin)}


def list_executions(request: Request) -> Json:
    """Newest first."""
    part = request.body.part("filter")
    homes, tasks = part.uuids("environmentIds"), set(part.uuids("taskIds"))
    references = set(part.texts("taskReferences"))
    phases = set(part.enums("phases", enums.EXECUTION_PHASES))
    page = request.page("executions")
    if phases and not homes and phases.isdisjoint(enums.FINISHED):
        source = _live(request, page)
    else:
        source = _rows(request, page, request.world.execution_table, homes, lambda home: home.executions)
    rows = (
        row
        for row in source
        if (not phases or row.phase in phases)
        and (not tasks or row.task.id in tasks)
        and (not references or row.task.recipe.reference in references)
    )
    return turn(
        page, "taskExecutions", rows, id_key, lambda row: show_automation.execution(row, request.origin)
    )


def _live(request: Request, page: Page) -> Iterator[Execution]:
    """Only what has not finished: the question asked most often, answered without walking the whole history."""
    start = position(page)
    rows = [row for row in request.world.live_executions.values() if start is None or row.id < start]
    return iter(sorted(rows, key=id_key, reverse=True))


def _execution(request: Request) -> Execution:
    return request.find(request.world.execution_table, "id", "task execution")


def get_execution(request: Request) -> Json:
    """One execution."""
    return {"taskExecution": show_automation.execution(_execution(request), request.origin)}


def stop_execution(request: Request) -> Json:
    """Answers before anything has changed."""
    row = _execution(request)
    row.environment.handled_at = request.at
    executions.request_stop(request.world, row, request.at)
    return {}


TABLE: Mapping[str, Method] = {
    f"EnvironmentAutomationService/{name}": method
    for name, method in {
        "ListServices": Method(list_services),
        "GetService": Method(get_service),
        "StartService": Method(start_service, "id"),
        "StopService": Method(stop_service, "id"),
        "ListTasks": Method(list_tasks),
        "GetTask": Method(get_task),
        "StartTask": Method(start_task, "id"),
        "ListTaskExecutions": Method(list_executions),
        "GetTaskExecution": Method(get_execution),
        "StopTaskExecution": Method(stop_execution, "id"),
    }.items()
}

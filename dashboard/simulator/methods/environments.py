"""EnvironmentService: list, get, start, stop, machine classes."""

from collections.abc import Mapping

from dashboard.simulator import enums, environments, show_directory, show_environment
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.methods.call import Method, Request, id_key, position
from dashboard.simulator.methods.environment_filter import matching, read_filter
from dashboard.simulator.models import Environment, MachineClass
from dashboard.simulator.paging import Key, Page, after, turn
from dashboard.simulator.wire import Json


def list_environments(request: Request) -> Json:
    """Newest first unless a sort is given; archived and deleted ones only when asked for."""
    chosen = read_filter(request.body.part("filter"))
    sort = request.body.part("sort")
    by_archiving = sort.enum("field", enums.SORT_FIELDS) == "SORT_FIELD_ARCHIVED_AT"
    ascending = sort.enum("order", enums.SORT_ORDERS) == "SORT_ORDER_ASC"
    page = request.page(
        f"environments {'archived' if by_archiving else 'id'} {'up' if ascending else 'down'}"
    )
    table, key = request.world.environment_table, _archiving_key if by_archiving else id_key
    if by_archiving:
        rows = iter(after(page, matching(chosen, table.descending()), key, descending=not ascending))
    elif ascending:
        rows = matching(chosen, table.ascending(position(page)))
    else:
        rows = matching(chosen, table.descending(_start(page, chosen.newest_id)))
    answer = turn(page, "environments", rows, key, lambda row: show(request, row))
    total = request.count(page, lambda: sum(1 for _ in matching(chosen, table.descending(chosen.newest_id))))
    return {**answer, **total}


def show(request: Request, row: Environment) -> Json:
    """An environment as this call's answer shows it."""
    return show_environment.environment(row, request.world.directory.organization_id, request.origin)


def _start(page: Page, newest: str | None) -> str | None:
    """Where a walk down begins: at the page's position, or at the newest id that createdBefore lets through."""
    places = [place for place in (position(page), newest) if place is not None]
    return min(places, default=None)


def _archiving_key(row: Environment) -> Key:
    return (row.archived_at or 0.0, row.id)


def get_environment(request: Request) -> Json:
    """One environment; a deleted one answers with its phase as long as it is remembered."""
    row = request.find(request.world.environment_table, "environmentId", "environment", required=True)
    return {"environment": show(request, row)}


def target(request: Request) -> Environment:
    """The environment that a writing call names; one that is deleted is not there any more."""
    row = request.find(request.world.environment_table, "environmentId", "environment")
    if row.phase == enums.DELETED:
        raise ConnectError("not_found", "environment not found")
    row.handled_at = request.at
    return row


def start_environment(request: Request) -> Json:
    """Answers before anything has changed."""
    environments.request_start(request.world, target(request), request.at)
    return {}


def stop_environment(request: Request) -> Json:
    """Answers before anything has changed."""
    environments.request_stop(request.world, target(request), request.at)
    return {}


def list_classes(request: Request) -> Json:
    """Machine classes; `canCreateEnvironments` leaves the enabled ones."""
    part = request.body.part("filter")
    runners = set(part.uuids("runnerIds"))
    kinds = set(part.enums("runnerKinds", enums.RUNNER_KINDS))
    providers = set(part.enums("runnerProviders", enums.RUNNER_PROVIDERS))
    enabled, creatable = part.flag("enabled"), part.flag("canCreateEnvironments")
    page = request.page("classes")

    def fits(row: MachineClass) -> bool:
        return (
            (not runners or row.runner.id in runners)
            and (not kinds or row.runner.kind in kinds)
            and (not providers or row.runner.provider in providers)
            and (enabled is None or row.enabled == enabled)
            and (not creatable or row.enabled)
        )

    rows = after(page, filter(fits, request.world.directory.classes), id_key, descending=False)
    return turn(page, "environmentClasses", rows, id_key, show_directory.machine_class)


TABLE: Mapping[str, Method] = {
    "EnvironmentService/ListEnvironments": Method(list_environments),
    "EnvironmentService/GetEnvironment": Method(get_environment),
    "EnvironmentService/StartEnvironment": Method(start_environment, "environmentId"),
    "EnvironmentService/StopEnvironment": Method(stop_environment, "environmentId"),
    "EnvironmentService/ListEnvironmentClasses": Method(list_classes),
}

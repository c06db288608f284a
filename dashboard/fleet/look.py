"""One last look at an environment before something is done to it."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from dashboard.fleet import intake
from dashboard.fleet.entities import LIVE_EXECUTION, Environment, Execution, Kind
from dashboard.fleet.newer import newer
from dashboard.fleet.reading import with_what_is_inside
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.store import Addressed, Observation, Store, StoreError
from dashboard.ona import ExecutionFilter, Ona, Page, errors
from dashboard.ona.schema import TaskExecution

Address = tuple[str, bool]
"""An environment's id, and whether what runs in it is looked at too."""


@dataclass(frozen=True, slots=True)
class Look:
    """An environment as it is now, with its live executions; `row` is None when it is gone or hidden. `skipped` counts
    executions that could not be read, `ahead` is by how many seconds the API's clock is ahead of ours.
    """

    row: Environment | None
    executions: tuple[Execution, ...] = ()
    skipped: int = 0
    ahead: float | None = None


def look(ona: Ona, store: Store, fleet: Fleet, address: Address, clock: Callable[[], float]) -> Look:
    """Read it from the API, and keep what was seen if the store can be reached. Raises OnaError when the API does not
    answer.
    """
    environment_id, inside = address
    asked = clock()
    try:
        row = intake.environment(ona.environments.get(environment_id))
    except errors.NotFound:
        _keep(store, [], with_what_is_inside([(Kind.ENVIRONMENT, environment_id)], fleet))
        return Look(None)
    except errors.PermissionDenied:
        return Look(None)
    seen, skipped = [Observation(row, asked)], 0
    for page in _live_executions(ona, row) if inside else ():
        skipped += len(page.skipped)
        for item in page.items:
            name = fleet.tasks[item.metadata.task_id].name if item.metadata.task_id in fleet.tasks else ""
            seen.append(Observation(intake.execution(item, name), page.asked_at))
    _keep(store, seen)
    executions = tuple(one.row for one in seen if isinstance(one.row, Execution))
    return Look(row, executions, skipped, ona.clock_ahead)


def _live_executions(ona: Ona, row: Environment) -> Iterable[Page[TaskExecution]]:
    if row.phase != "running":
        return ()
    return ona.automations.execution_pages(ExecutionFilter(environment_ids=(row.id,), phases=LIVE_EXECUTION))


def _keep(store: Store, seen: list[Observation], gone: list[Addressed] | None = None) -> None:
    with suppress(StoreError):
        store.write(seen, newer=newer, gone=gone or [])

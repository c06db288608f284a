"""Whether what the dashboard knows is what the API says, field by field."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from dashboard.fleet import intake
from dashboard.fleet.entities import Kind
from dashboard.fleet.kept import beyond
from dashboard.fleet.store import Store
from dashboard.ona import EnvironmentFilter, Ona

KINDS = (Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK, Kind.EXECUTION)


def world_of(ona: Ona, kept: int) -> dict[Kind, dict[str, Any]]:
    """What the API says, read in the plainest way there is: every list from end to end, one after another. Of a task's
    finished executions the newest `kept`.
    """
    lists = ona.automations
    environments = list(ona.environments.pages())
    environments += list(ona.environments.pages(EnvironmentFilter(archival_status="archived")))
    found: dict[Kind, list[Any]] = {
        Kind.ENVIRONMENT: [intake.environment(item) for page in environments for item in page.items],
        Kind.SERVICE: [intake.service(item) for page in lists.service_pages() for item in page.items],
        Kind.TASK: [intake.task(item) for page in lists.task_pages() for item in page.items],
        Kind.EXECUTION: [intake.execution(item) for page in lists.execution_pages() for item in page.items],
    }
    surplus = beyond(kept, found[Kind.EXECUTION], {})
    return {kind: {row.id: row for row in rows if row.id not in surplus} for kind, rows in found.items()}


def differences(store: Store, truth: dict[Kind, dict[str, Any]]) -> Iterator[str]:
    """Each field of each row that is not as the API says. (An execution's name is its task's: not its own field.)"""
    for kind in KINDS:
        held = {row.id: row for _, row in store.rows(kind)}
        for identifier in held.keys() ^ truth[kind].keys():
            yield f"{kind} {identifier}: {'not there any more' if identifier in held else 'missing'}"
        for identifier in held.keys() & truth[kind].keys():
            ours, theirs = asdict(held[identifier]), asdict(truth[kind][identifier])
            for name in ours:
                if ours[name] != theirs[name] and not (kind is Kind.EXECUTION and name == "name"):
                    yield f"{kind} {identifier}: {name} is {ours[name]!r} and should be {theirs[name]!r}"

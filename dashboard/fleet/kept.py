"""How much of the executions' history is kept: of each task the newest ones. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from dashboard.fleet.entities import Execution

KEPT = 50
"""Finished executions of one task that are kept unless a setting says otherwise."""


def beyond(kept: int, seen: Iterable[Execution], known: Mapping[str, Execution]) -> set[str]:
    """The ids of finished executions that are older than the newest `kept` of their task; live ones always stay."""
    rows = {row.id: row for row in known.values()} | {row.id: row for row in seen}
    finished: dict[str, list[Execution]] = defaultdict(list)
    for row in rows.values():
        if not row.live:
            finished[row.task_id].append(row)
    surplus: set[str] = set()
    for runs in finished.values():
        if len(runs) > kept:
            runs.sort(key=_age, reverse=True)
            surplus.update(row.id for row in runs[kept:])
    return surplus


def _age(row: Execution) -> tuple[float, str]:
    return row.created or 0.0, row.id

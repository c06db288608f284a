"""Rows that say the same hold the same objects: an id that eight rows name takes the room of one."""

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

from dashboard.fleet.entities import Environment, Execution, Row, Service, Task

_CREATOR = ("creator_id", "creator_kind", "phase", "desired", "name")
_FIELDS: dict[type[Any], tuple[str, ...]] = {
    Environment: (
        *_CREATOR, "id", "repository", "branch", "context_url", "project_id", "runner_id", "class_id", "role",
        "failures", "warnings", "signal_source", "timed_out", "timeout",
    ),
    Service: (*_CREATOR, "environment_id", "reference", "description", "role", "triggers", "marks"),
    Task: (
        "creator_id", "creator_kind", "name", "id", "environment_id", "reference", "description", "triggers",
        "depends_on", "mark",
    ),
    Execution: (*_CREATOR, "environment_id", "task_id", "failure", "started_by"),
}  # fmt: skip
"""Texts, tuples of texts, and numbers that many rows have."""
_READ = {row_type: attrgetter(*names) for row_type, names in _FIELDS.items()}
_WRITE = {
    row_type: [getattr(row_type, name).__set__ for name in names] for row_type, names in _FIELDS.items()
}


def shared(rows: Iterable[tuple[int, Row]], pool: dict[Any, Any]) -> Iterator[tuple[int, Row]]:
    """The same rows; what an earlier one in `pool` says too is held once."""
    keep = pool.setdefault
    for version, row in rows:
        if (read := _READ.get(type(row))) is not None:
            for write, value in zip(_WRITE[type(row)], read(row), strict=True):
                if (known := keep(value, value)) is not value:
                    write(row, known)  # an equal value: the row stays what it was
        yield version, row


def as_before(row: Row, before: Row | None) -> Row:
    """`row`, holding what it shares with the row that was in its place."""
    if before is None or type(before) is not type(row) or (read := _READ.get(type(row))) is None:
        return row
    for write, value, old in zip(_WRITE[type(row)], read(row), read(before), strict=True):
        if value is not old and value == old:
            write(row, old)
    return row

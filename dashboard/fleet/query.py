"""Which rows a list shows, in which order: free text, phase, project, sort, page. All of it comes from the address.

Everything a person can type ends in the nearest sensible list: an unknown sort is the default one, a page out
of range the nearest page.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from dashboard.fleet.entities import Environment, Execution, Kind, Listed, Service, Task
from dashboard.fleet.snapshot import Fleet

PAGE_SIZE = 50
LONGEST_TEXT = 200
MOST_WORDS = 8

Key = Callable[[Fleet, Any], Any]

# Failed first, then what moves, then what runs, then the rest; unknown words last.
_PHASES = (
    "failed",
    "deleting",
    "stopping",
    "creating",
    "starting",
    "updating",
    "pending",
    "running",
    "succeeded",
    "stopped",
    "deleted",
    "archived",
)
PHASE_ORDER = {phase: number for number, phase in enumerate(_PHASES)}


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for; `phase` and `project` are "" for all, `sort` is a field name with "-" for
    descending.
    """

    text: str = ""
    phase: str = ""
    project: str = ""
    sort: str = ""
    page: int = 1


@dataclass(frozen=True)
class Result:
    """One page of rows; `phases` and `projects` count what the other filters leave, so that a choice shows
    its outcome.
    """

    query: Query
    rows: list[Listed]
    total: int
    pages: int
    phases: Mapping[str, int]
    projects: Mapping[str, int]
    everything: int


def _project_id(fleet: Fleet, row: Listed) -> str:
    environment = fleet.environments.get(row.environment_id)
    return environment.project_id if environment is not None else ""


def phase_of(row: Listed) -> str:
    """The word the phase filter goes by: what is archived is archived and what failed has failed, whatever its
    phase.
    """
    if isinstance(row, Environment) and row.archived is not None:
        return "archived"
    if row.failed:
        return "failed"
    return row.phase or ("not_started" if isinstance(row, Service) else "unknown")


def _phase_key(_: Fleet, row: Listed) -> int:
    return PHASE_ORDER.get(phase_of(row), len(PHASE_ORDER))


def _name_key(_: Fleet, row: Listed) -> str:
    return row.name.casefold()


def _created_key(_: Fleet, row: Listed) -> float:
    return row.created or 0.0


def _environment_key(fleet: Fleet, row: Listed) -> str:
    return fleet.environment_name(row.environment_id).casefold()


def _project_key(fleet: Fleet, row: Listed) -> str:
    return fleet.project(_project_id(fleet, row)).casefold()


def _creator_key(fleet: Fleet, row: Listed) -> str:
    return fleet.person(row.creator_id, row.creator_kind).casefold()


def last_active(environment: Environment) -> float | None:
    """Epoch seconds of the newest of the activity signal and the last start: signals come only every five minutes."""
    return max((at for at in (environment.signal_at, environment.started) if at is not None), default=None)


def _active_key(_: Fleet, row: Environment) -> float:
    return last_active(row) or 0.0


def _duration_key(_: Fleet, row: Execution) -> float:
    return row.duration(row.started or 0.0) or 0.0


def _last_run_key(fleet: Fleet, row: Task) -> float:
    runs = fleet.runs_of(row.id)
    return (runs[0].created or 0.0) if runs else 0.0


_COMMON: dict[str, Key] = {
    "name": _name_key,
    "created": _created_key,
    "environment": _environment_key,
    "project": _project_key,
    "creator": _creator_key,
}
SORTS: dict[Kind, dict[str, Key]] = {
    Kind.ENVIRONMENT: {**_COMMON, "phase": _phase_key, "active": _active_key},
    Kind.SERVICE: {**_COMMON, "phase": _phase_key},
    Kind.TASK: {**_COMMON, "run": _last_run_key},
    Kind.EXECUTION: {**_COMMON, "phase": _phase_key, "duration": _duration_key},
}
DEFAULT_SORT = {
    Kind.ENVIRONMENT: "-created",
    Kind.SERVICE: "phase",
    Kind.TASK: "name",
    Kind.EXECUTION: "-created",
}


def parse(kind: Kind, parameters: Mapping[str, str]) -> Query:
    """The query of an address, corrected to what exists."""
    sort = parameters.get("sort", "")
    if sort.removeprefix("-") not in SORTS[kind]:
        sort = DEFAULT_SORT[kind]
    digits = parameters.get("page", "1")
    page = int(digits[:18]) if digits.isascii() and digits.isdigit() else 1
    return Query(
        text=" ".join(parameters.get("q", "")[:LONGEST_TEXT].split()),
        phase=parameters.get("phase", "").strip()[:64],
        project=parameters.get("project", "").strip()[:64],
        sort=sort,
        page=max(1, page),
    )


def run(fleet: Fleet, kind: Kind, query: Query, rows: Iterable[Listed] | None = None) -> Result:
    """The page of `rows` (default: all of the kind) that `query` asks for."""
    candidates = list(cast("Iterable[Listed]", fleet.of(kind).values()) if rows is None else rows)
    matching = _with_text(fleet, candidates, query.text)
    in_phase = [row for row in matching if not query.phase or phase_of(row) == query.phase]
    in_project = [row for row in matching if not query.project or _project_id(fleet, row) == query.project]
    both = [row for row in in_phase if not query.project or _project_id(fleet, row) == query.project]
    pages = max(1, -(-len(both) // PAGE_SIZE))
    page = min(query.page, pages)
    return Result(
        query=query
        if page == query.page
        else Query(query.text, query.phase, query.project, query.sort, page),
        rows=_page(fleet, kind, both, query.sort, page),
        total=len(both),
        pages=pages,
        phases=Counter(phase_of(row) for row in in_project),
        projects=Counter(_project_id(fleet, row) for row in in_phase),
        everything=len(candidates),
    )


def _page(fleet: Fleet, kind: Kind, rows: list[Listed], sort: str, page: int) -> list[Listed]:
    key, descending = SORTS[kind][sort.removeprefix("-")], sort.startswith("-")
    rank = _by_id_then(fleet, key)
    end = page * PAGE_SIZE
    if end < len(rows) // 4:  # the first pages of a long list need not sort the whole
        first = heapq.nlargest(end, rows, key=rank) if descending else heapq.nsmallest(end, rows, key=rank)
        return first[end - PAGE_SIZE :]
    return sorted(rows, key=rank, reverse=descending)[end - PAGE_SIZE : end]


def _by_id_then(fleet: Fleet, key: Key) -> Callable[[Listed], tuple[Any, str]]:
    return lambda row: (key(fleet, row), row.id)


def _with_text(fleet: Fleet, rows: list[Listed], text: str) -> list[Listed]:
    words = text.casefold().split()[:MOST_WORDS]
    if not words:
        return rows
    return [row for row in rows if _has(words, _searchable(fleet, row))]


def _has(words: list[str], text: str) -> bool:
    return all(word in text for word in words)


def _searchable(fleet: Fleet, row: Listed) -> str:
    parts = [
        row.id,
        row.name,
        fleet.person(row.creator_id, row.creator_kind),
        fleet.project(_project_id(fleet, row)),
    ]
    if isinstance(row, Environment):
        parts += [row.repository, row.branch, *row.failures]
    else:
        parts.append(fleet.environment_name(row.environment_id))
    if isinstance(row, Service | Task):
        parts.append(row.reference)
    if isinstance(row, Service | Execution):
        parts.append(row.failure)
    return "\n".join(parts).casefold()

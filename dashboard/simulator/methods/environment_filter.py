"""The filter of ListEnvironments: fields are joined by and, values of one field by or."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from dashboard.simulator import enums
from dashboard.simulator.ids import just_after
from dashboard.simulator.models import Environment
from dashboard.simulator.requests import Message

Test = Callable[[Environment], bool]
LONGEST_SEARCH = 256


@dataclass(slots=True)
class Filter:
    """Tests that a row must pass; `newest_id`: no id from there on can pass (from createdBefore)."""

    tests: list[Test] = field(default_factory=list)
    newest_id: str | None = None

    def among(self, values: Collection[str], read: Callable[[Environment], str]) -> None:
        """Keep rows whose property is one of the values; no values, no test."""
        if values:
            allowed = frozenset(values)
            self.tests.append(lambda row: read(row) in allowed)


def matching(chosen: Filter, rows: Iterator[Environment]) -> Iterator[Environment]:
    """The rows that pass every test. (Loops, because a fleet of 10,000 may be walked for one page.)"""
    tests = tuple(chosen.tests)
    for row in rows:
        for test in tests:
            if not test(row):
                break
        else:
            yield row


def read_filter(part: Message) -> Filter:
    """The filter, from the request's `filter` message."""
    chosen = Filter()
    phases = part.enums("statusPhases", enums.ENVIRONMENT_PHASES)
    chosen.among(phases, lambda row: row.phase)
    if not phases:
        chosen.tests.append(lambda row: row.phase != enums.DELETED)
    _archival(chosen, part.enum("archivalStatus", enums.ARCHIVAL_STATUSES))
    chosen.among(part.uuids("runnerIds"), lambda row: row.runner.id)
    chosen.among(part.uuids("creatorIds"), lambda row: row.creator.id)
    chosen.among(part.uuids("projectIds"), lambda row: row.project.id if row.from_project else "")
    chosen.among(part.uuids("sessionIds"), lambda row: row.session_id)
    chosen.among(
        part.enums("runnerKinds", enums.RUNNER_KINDS, defined_only=True), lambda row: row.runner.kind
    )
    chosen.among(part.enums("roles", enums.ENVIRONMENT_ROLES, defined_only=True), lambda row: row.role)
    _times(chosen, part)
    _search(chosen, part.text("search", longest=LONGEST_SEARCH).casefold())
    return chosen


def _archival(chosen: Filter, status: str) -> None:
    """Unspecified means active: the platform's own client always asks for all when it wants all."""
    if status == "ARCHIVAL_STATUS_ALL":
        return
    archived = status == "ARCHIVAL_STATUS_ARCHIVED"
    chosen.tests.append(lambda row: (row.archived_at is not None) == archived)


def _times(chosen: Filter, part: Message) -> None:
    created, lockdown = part.time("createdBefore"), part.time("lockdownBefore")
    if created is not None:
        chosen.newest_id = just_after(max(created, 0.0))
        chosen.tests.append(lambda row: row.created < created)
    if lockdown is not None:
        chosen.tests.append(lambda row: row.lockdown_at is not None and row.lockdown_at < lockdown)


def _search(chosen: Filter, text: str) -> None:
    """Case-insensitive, in id, name, repository address and branch."""
    if text:
        chosen.tests.append(
            lambda row: any(
                text in place.casefold() for place in (row.id, row.name, row.project.repository, row.branch)
            )
        )

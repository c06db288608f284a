"""This process's copy of the fleet, from which every page is rendered.

`Fleet` is immutable: a request takes one and sees one moment throughout. `Snapshot` keeps the newest one: it
asks Redis for the version at most every `CHECK_SECONDS`, applies the changes since, and reads everything
again when it has fallen behind the stream or the store began a new life. When Redis does not answer, the last
fleet stays, with the reason.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import cast

from dashboard.fleet.entities import (
    Environment,
    EnvironmentClass,
    Execution,
    Kind,
    Person,
    Project,
    Row,
    Runner,
    Service,
    Task,
    short_id,
)
from dashboard.fleet.store import Change, Store, StoreError, Sweep

CHECK_SECONDS = 0.25
FORGOTTEN = "Redis has lost what it held; everything is being read again."
"""A store that began a new life holds little until its first full sweep: what is known is better until then."""
EMPTY: Mapping[str, Row] = MappingProxyType({})


@dataclass(frozen=True)
class Fleet:
    """Every row at one moment; `versions` says at which version each row last changed."""

    epoch: str = ""
    version: int = 0
    rows: Mapping[Kind, Mapping[str, Row]] = field(default_factory=dict)
    versions: Mapping[Kind, Mapping[str, int]] = field(default_factory=dict)

    def of(self, kind: Kind) -> Mapping[str, Row]:
        return self.rows.get(kind, EMPTY)

    @property
    def environments(self) -> Mapping[str, Environment]:
        return cast("Mapping[str, Environment]", self.of(Kind.ENVIRONMENT))

    @property
    def services(self) -> Mapping[str, Service]:
        return cast("Mapping[str, Service]", self.of(Kind.SERVICE))

    @property
    def tasks(self) -> Mapping[str, Task]:
        return cast("Mapping[str, Task]", self.of(Kind.TASK))

    @property
    def executions(self) -> Mapping[str, Execution]:
        return cast("Mapping[str, Execution]", self.of(Kind.EXECUTION))

    @property
    def classes(self) -> Mapping[str, EnvironmentClass]:
        return cast("Mapping[str, EnvironmentClass]", self.of(Kind.CLASS))

    @property
    def people(self) -> Mapping[str, Person]:
        return cast("Mapping[str, Person]", self.of(Kind.PERSON))

    @property
    def projects(self) -> Mapping[str, Project]:
        return cast("Mapping[str, Project]", self.of(Kind.PROJECT))

    @property
    def runners(self) -> Mapping[str, Runner]:
        return cast("Mapping[str, Runner]", self.of(Kind.RUNNER))

    def version_of(self, kind: Kind, identifier: str) -> int:
        return self.versions.get(kind, {}).get(identifier, 0)

    @cached_property
    def _by_environment(self) -> dict[Kind, dict[str, list[str]]]:
        found: dict[Kind, dict[str, list[str]]] = {}
        for kind in (Kind.SERVICE, Kind.TASK, Kind.EXECUTION):
            lists = found[kind] = defaultdict(list)
            for row in self.of(kind).values():
                lists[cast("Service", row).environment_id].append(row.id)
        return found

    def inside(self, kind: Kind, environment_id: str) -> list[Row]:
        """The services, tasks or executions of one environment."""
        rows = self.of(kind)
        return [rows[identifier] for identifier in self._by_environment[kind].get(environment_id, ())]

    @cached_property
    def _by_task(self) -> dict[str, list[Execution]]:
        lists: dict[str, list[Execution]] = defaultdict(list)
        for execution in self.executions.values():
            lists[execution.task_id].append(execution)
        for runs in lists.values():
            runs.sort(key=lambda run: run.created or 0.0, reverse=True)
        return lists

    def runs_of(self, task_id: str) -> list[Execution]:
        """A task's executions, newest first."""
        return self._by_task.get(task_id, [])

    @cached_property
    def person_by_email(self) -> Mapping[str, str]:
        """E-mail address in lower case → person id; an address that two people share names nobody."""
        found: dict[str, str] = {}
        for person in self.people.values():
            if email := person.email.strip().lower():
                found[email] = "" if email in found else person.id
        return found

    # Names instead of ids; an id nobody can name is shown shortened.

    def person(self, identifier: str, kind: str = "") -> str:
        known = self.people.get(identifier)
        if known is not None and (known.name or known.email):
            return known.name or known.email
        return f"{kind.replace('_', ' ') or 'user'} {short_id(identifier)}" if identifier else "nobody"

    def project(self, identifier: str) -> str:
        known = self.projects.get(identifier)
        return known.name if known is not None and known.name else short_id(identifier)

    def runner(self, identifier: str) -> str:
        known = self.runners.get(identifier)
        return known.name if known is not None and known.name else short_id(identifier)

    def environment_class(self, identifier: str) -> str:
        known = self.classes.get(identifier)
        return known.name if known is not None and known.name else short_id(identifier)

    def environment_name(self, identifier: str) -> str:
        known = self.environments.get(identifier)
        return known.name if known is not None and known.name else short_id(identifier)

    def task_name(self, identifier: str) -> str:
        known = self.tasks.get(identifier)
        return known.name if known is not None and known.name else short_id(identifier)

    def applied(self, epoch: str, changes: Iterable[Change]) -> "Fleet":
        """The fleet after `changes`."""
        rows: dict[Kind, Mapping[str, Row]] = dict(self.rows)
        versions: dict[Kind, Mapping[str, int]] = dict(self.versions)
        own: dict[Kind, tuple[dict[str, Row], dict[str, int]]] = {}
        version = self.version
        for change in changes:
            if change.kind not in own:
                own[change.kind] = (dict(rows.get(change.kind, {})), dict(versions.get(change.kind, {})))
                rows[change.kind], versions[change.kind] = own[change.kind]
            of_kind, of_versions = own[change.kind]
            if change.row is None:
                of_kind.pop(change.id, None)
                of_versions.pop(change.id, None)
            else:
                of_kind[change.id], of_versions[change.id] = change.row, change.version
            version = change.version
        return Fleet(epoch, version, rows, versions)


def load(store: Store) -> Fleet:
    """Everything in the store. Written to meanwhile, it may hold rows newer than its version; applying them
    again is harmless.
    """
    epoch, version = store.position()
    rows: dict[Kind, Mapping[str, Row]] = {}
    versions: dict[Kind, Mapping[str, int]] = {}
    for kind in Kind:
        pairs = list(store.rows(kind))
        rows[kind] = {row.id: row for _, row in pairs}
        versions[kind] = {row.id: number for number, row in pairs}
    return Fleet(epoch, version, rows, versions)


@dataclass(frozen=True)
class Moment:
    """What a request sees: the fleet, how its sweeps went, and why Redis could not be asked ("" when it could)."""

    fleet: Fleet = field(default_factory=Fleet)
    sweeps: Mapping[str, Sweep] = field(default_factory=dict)
    trouble: str = ""


class Snapshot:
    """The newest `Moment`, shared by the threads of a process. `clock` gives monotonic seconds."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._moment = Moment()
        self._checked: float | None = None

    def now(self) -> Moment:
        """The newest moment; asks Redis at most every CHECK_SECONDS, and one thread at a time."""
        fresh = self._checked is not None and self._clock() - self._checked < CHECK_SECONDS
        if fresh or not self._lock.acquire(blocking=self._checked is None):
            return self._moment
        try:
            self._moment = self._refreshed(self._moment)
            self._checked = self._clock()
        finally:
            self._lock.release()
        return self._moment

    def _refreshed(self, old: Moment) -> Moment:
        try:
            epoch, version = self._store.position()
            sweeps = self._store.sweeps()
            if old.fleet.epoch not in {"", epoch} and "full:ok" not in sweeps:
                return replace(old, trouble=FORGOTTEN)
            return Moment(self._caught_up(old.fleet, epoch, version), sweeps)
        except StoreError as error:
            return replace(old, trouble=f"Redis does not answer ({type(error).__name__})")

    def _caught_up(self, fleet: Fleet, epoch: str, version: int) -> Fleet:
        if not epoch:
            return fleet  # a store that lost its memory: what we know is better than nothing until the next sweep
        if (epoch, version) == (fleet.epoch, fleet.version):
            return fleet
        if epoch == fleet.epoch and version > fleet.version:
            changes = self._store.changes_since(fleet.version)
            if changes is not None:
                return fleet.applied(epoch, changes)
        return load(self._store)

"""This process's copy of the fleet, from which every page is rendered.

`Fleet` is immutable: a request takes one and sees one moment throughout. `Snapshot` keeps the newest one: it
asks Redis for the version every `CHECK_SECONDS`, applies the changes since, and reads everything again when it
has fallen behind the stream or the store began a new life. In a web process a thread of its own does so
(`follow`). When Redis does not answer, the last fleet stays, with the reason.
"""

import gc
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar, cast

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
from dashboard.fleet.index import Key, Postings
from dashboard.fleet.marking import marked as _
from dashboard.fleet.order import Order
from dashboard.fleet.places import places_in
from dashboard.fleet.sentences import sentence
from dashboard.fleet.sharing import as_before, shared
from dashboard.fleet.store import Change, Store, StoreError, Sweep
from dashboard.fleet.table import Edit, Table, Touched

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.25
BEHIND_SECONDS = 1.0
"""A moment this old is brought up to date by the request itself: the thread that should have done it sleeps."""
FORGOTTEN = _("Redis has lost what it held; everything is being read again.")
"""A store that began a new life holds little until its first full sweep: what is known is better until then."""
Index = TypeVar("Index", Order, Postings)


BY_ENVIRONMENT = Key(lambda _, row: row.environment_id)
BY_TASK = Key(lambda _, row: row.task_id)
LIVE = Key(lambda _, row: row.live)
_DIRECTORY = frozenset({Kind.CLASS, Kind.PERSON, Kind.PROJECT, Kind.RUNNER})
_NOBODY: Table[Row] = Table()
_NAMES = {
    "environments": Kind.ENVIRONMENT,
    "services": Kind.SERVICE,
    "tasks": Kind.TASK,
    "executions": Kind.EXECUTION,
    "classes": Kind.CLASS,
    "people": Kind.PERSON,
    "projects": Kind.PROJECT,
    "runners": Kind.RUNNER,
}


def named(
    kind: Kind, identifier: str, known: Project | Runner | EnvironmentClass | Environment | Task | None
) -> str:
    """The name of what is `known`, else the short id with its kind; "" for no id."""
    if known is not None and known.name:
        return known.name
    return f"{kind.value} {short_id(identifier)}" if identifier else ""


@dataclass(frozen=True)
class Fleet:
    """Every row at one moment. Indexes over them are made when somebody asks for one, and kept from then on."""

    epoch: str = ""
    version: int = 0
    rows: Mapping[Kind, Mapping[str, Row]] = field(default_factory=dict)
    _indexes: dict[tuple[type, Kind, Key], Any] = field(default_factory=dict, repr=False, compare=False)

    environments: Mapping[str, Environment] = field(init=False, repr=False, compare=False)
    services: Mapping[str, Service] = field(init=False, repr=False, compare=False)
    tasks: Mapping[str, Task] = field(init=False, repr=False, compare=False)
    executions: Mapping[str, Execution] = field(init=False, repr=False, compare=False)
    classes: Mapping[str, EnvironmentClass] = field(init=False, repr=False, compare=False)
    people: Mapping[str, Person] = field(init=False, repr=False, compare=False)
    projects: Mapping[str, Project] = field(init=False, repr=False, compare=False)
    runners: Mapping[str, Runner] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tables = {kind: Table.of(rows) for kind, rows in self.rows.items()}
        object.__setattr__(self, "rows", tables)
        for name, kind in _NAMES.items():
            object.__setattr__(self, name, tables.get(kind, _NOBODY))

    def table(self, kind: Kind) -> Table[Row]:
        return cast("Table[Row]", self.rows.get(kind, _NOBODY))

    def of(self, kind: Kind) -> Mapping[str, Row]:
        return self.table(kind)

    def order(self, kind: Kind, key: Key) -> Order:
        """The rows of a kind, sorted."""
        return self._index(Order, kind, key)

    def postings(self, kind: Kind, key: Key) -> Postings:
        """The rows of a kind, by value."""
        return self._index(Postings, kind, key)

    def _index(self, index: type[Index], kind: Kind, key: Key) -> Index:
        found: Index | None = self._indexes.get((index, kind, key))
        if found is None:
            found = self._indexes[index, kind, key] = index.build(self, kind, key)
        return found

    def version_of(self, kind: Kind, identifier: str) -> int:
        """The version at which a row last changed."""
        return self.table(kind).version_of(identifier)

    def inside(self, kind: Kind, environment_id: str) -> list[Row]:
        """The services, tasks or executions of one environment."""
        return self._equal(kind, BY_ENVIRONMENT, environment_id)

    def runs_of(self, task_id: str) -> list[Execution]:
        """A task's executions, newest first."""
        runs = cast("list[Execution]", self._equal(Kind.EXECUTION, BY_TASK, task_id))
        return sorted(runs, key=lambda run: run.created or 0.0, reverse=True)

    def _equal(self, kind: Kind, key: Key, value: str) -> list[Row]:
        table = self.table(kind)
        return [table.at(place) for place in self.order(kind, key).equal(self, table, key, value)]

    def live(self) -> Iterator[Execution]:
        """The task executions that wait or run."""
        table = cast("Table[Execution]", self.table(Kind.EXECUTION))
        return (table.at(place) for place in places_in(self.postings(Kind.EXECUTION, LIVE)[True]))

    @cached_property
    def at_work(self) -> frozenset[str]:
        """The ids of the environments in which a task execution waits or runs."""
        return frozenset(row.environment_id for row in self.live())

    @cached_property
    def person_by_email(self) -> Mapping[str, str]:
        """E-mail address in lower case → person id; an address that two people share names nobody."""
        found: dict[str, str] = {}
        for person in self.people.values():
            if email := person.email.strip().lower():
                found[email] = "" if email in found else person.id
        return found

    # Names instead of ids; an id nobody can name is shown shortened, with its kind.

    def person(self, identifier: str, kind: str = "") -> str:
        known = self.people.get(identifier)
        if known is not None and (known.name or known.email):
            return known.name or known.email
        return f"{kind.replace('_', ' ') or 'user'} {short_id(identifier)}" if identifier else "nobody"

    def project(self, identifier: str) -> str:
        return named(Kind.PROJECT, identifier, self.projects.get(identifier))

    def runner(self, identifier: str) -> str:
        return named(Kind.RUNNER, identifier, self.runners.get(identifier))

    def environment_class(self, identifier: str) -> str:
        return named(Kind.CLASS, identifier, self.classes.get(identifier))

    def environment_name(self, identifier: str) -> str:
        return named(Kind.ENVIRONMENT, identifier, self.environments.get(identifier))

    def task_name(self, identifier: str) -> str:
        return named(Kind.TASK, identifier, self.tasks.get(identifier))

    def applied(self, epoch: str, changes: Iterable[Change]) -> "Fleet":
        """The fleet after `changes`. It costs what changed: all else is shared."""
        edits: dict[Kind, list[Edit[Row]]] = {}
        version = self.version
        for kind, alike in groupby(changes, key=attrgetter("kind")):
            known, listed = self.table(kind).get, edits.setdefault(kind, [])
            for change in alike:
                row = change.row and as_before(change.row, known(change.id))
                listed.append((change.id, row, change.version))
                version = change.version
        tables, touched = dict(self.rows), dict[Kind, list[Touched[Row]]]()
        for kind, some in edits.items():
            tables[kind], touched[kind] = self.table(kind).changed(some)
        new = Fleet(epoch, version, tables)
        if Kind.PERSON not in touched and "person_by_email" in self.__dict__:
            new.__dict__["person_by_email"] = self.person_by_email
        new._follow(self, touched)
        return new

    def _follow(self, old: "Fleet", touched: Mapping[Kind, list[Touched[Row]]]) -> None:
        """Bring over the indexes of the fleet before; those that read other kinds last, since they ask the others."""
        indexes = list(old._indexes.items())  # at once: a request may be making another one
        for (index, kind, key), found in sorted(indexes, key=lambda item: len(item[0][2].through)):
            some = self._affected(kind, key, touched)
            if some is None:
                self._indexes[index, kind, key] = index.build(self, kind, key)  # type: ignore[attr-defined]
            else:
                self._indexes[index, kind, key] = found.changed(old, self, kind, key, some) if some else found

    def _affected(
        self, kind: Kind, key: Key, touched: Mapping[Kind, list[Touched[Row]]]
    ) -> list[Touched[Row]] | None:
        """The places whose key may have changed; None when that may be any (somebody has a new name)."""
        if key.through & _DIRECTORY & touched.keys():
            return None
        own = {one.place: one for one in touched.get(kind, ())}
        table = self.table(kind)
        for row in self._beside(kind, key, touched):
            if (place := table.place_of(row.id)) is not None:
                own.setdefault(place, Touched(place, row, row))
        return list(own.values())

    def _beside(self, kind: Kind, key: Key, touched: Mapping[Kind, list[Touched[Row]]]) -> Iterator[Row]:
        """Rows of `kind` that read one of the touched rows of another kind."""
        if Kind.ENVIRONMENT in key.through and kind is not Kind.ENVIRONMENT:
            for one in touched.get(Kind.ENVIRONMENT, ()):
                if _shown_elsewhere(one.old) != _shown_elsewhere(one.new):
                    for row in (one.old, one.new):
                        yield from self.inside(kind, row.id) if row is not None else ()
        if Kind.EXECUTION in key.through and kind is Kind.TASK:
            for one in touched.get(Kind.EXECUTION, ()):
                for run in (one.old, one.new):
                    task = self.tasks.get(run.task_id) if isinstance(run, Execution) else None
                    yield from (task,) if task is not None else ()


def _shown_elsewhere(row: Row | None) -> tuple[str, ...]:
    """What the rows inside an environment are sorted and found by."""
    return (row.id, row.name, row.project_id) if isinstance(row, Environment) else ()


def load(store: Store) -> Fleet:
    """Everything in the store. Written to meanwhile, it may hold rows newer than its version; applying them
    again is harmless.
    """
    epoch, version = store.position()
    pool: dict[Any, Any] = {}
    rows = {
        kind: Table((number, row.id, row) for number, row in shared(store.rows(kind), pool)) for kind in Kind
    }
    return Fleet(epoch, version, rows)


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
        self._follows = False
        self._ended = threading.Event()
        self._follower: threading.Thread | None = None
        self._process = os.getpid()

    def follow(self) -> None:
        """From the next `now()` on a thread keeps the moment new, so that no request pays for it."""
        self._follows = True
        self._ended.clear()

    def rest(self) -> None:
        """No thread any more: each `now()` looks for itself again."""
        self._follows = False
        self._ended.set()

    def now(self) -> Moment:
        """The newest moment; asks Redis at most every CHECK_SECONDS, and one thread at a time."""
        if self._follows:
            self._see_to_follower()
        patience = BEHIND_SECONDS if self._follows else CHECK_SECONDS
        fresh = self._checked is not None and self._clock() - self._checked < patience
        if not fresh:
            self._check(wait=self._checked is None)
        return self._moment

    def newest(self) -> Moment:
        """What Redis holds now, also what was written a moment ago."""
        self._check(wait=True)
        return self._moment

    def wrote(self, epoch: str, changes: Sequence[Change]) -> None:
        """What this process has just written itself, a version at a time: it need not read that back. It takes it up
        where nothing lies in between, and else finds it in the stream as all others do.
        """
        with self._lock:
            fleet = self._moment.fleet
            follows = changes and changes[0].version == fleet.version + 1
            if follows and fleet.epoch in {"", epoch}:
                self._moment = replace(self._moment, fleet=fleet.applied(epoch, changes))

    def _check(self, *, wait: bool) -> None:
        if not self._lock.acquire(blocking=wait):
            return
        try:
            self._moment = self._refreshed(self._moment)
            self._checked = self._clock()
        finally:
            self._lock.release()

    def _see_to_follower(self) -> None:
        """A process that was forked has neither the thread nor what held the lock."""
        if self._process != os.getpid():
            self._process, self._lock, self._follower = os.getpid(), threading.Lock(), None
        if self._follower is None or not self._follower.is_alive():
            with self._lock if self._checked is None else nullcontext():
                if self._follower is None or not self._follower.is_alive():
                    self._follower = threading.Thread(target=self._keep_up, name="snapshot", daemon=True)
                    self._follower.start()

    def _keep_up(self) -> None:
        while not self._ended.is_set():
            try:
                self._check(wait=True)
            except Exception:
                logger.exception("the copy of the fleet could not be brought up to date")
            self._ended.wait(CHECK_SECONDS)

    def _refreshed(self, old: Moment) -> Moment:
        try:
            epoch, version = self._store.position()
            sweeps = self._store.sweeps()
            if old.fleet.epoch not in {"", epoch} and "full:ok" not in sweeps:
                return replace(old, trouble=FORGOTTEN)
            return Moment(self._caught_up(old.fleet, epoch, version), sweeps)
        except StoreError as error:
            return replace(old, trouble=sentence("Redis does not answer ({why}).", why=type(error).__name__))

    def _caught_up(self, fleet: Fleet, epoch: str, version: int) -> Fleet:
        if not epoch:
            return fleet  # a store that lost its memory: what we know is better than nothing until the next sweep
        if (epoch, version) == (fleet.epoch, fleet.version):
            return fleet
        if epoch == fleet.epoch and version > fleet.version:
            changes = self._store.changes_since(fleet.version)
            if changes is not None:
                return fleet.applied(epoch, changes)
        return self._loaded(fleet)

    def _loaded(self, old: Fleet) -> Fleet:
        """Everything, with the indexes that were asked for. The collector need never look at what lasts."""
        if not self._follows:
            return load(self._store)
        gc.disable()
        try:
            fleet = load(self._store)
            for index, kind, key in list(old._indexes):
                fleet._index(index, kind, key)
            gc.freeze()
        finally:
            gc.enable()
        return fleet

"""Poll, compare, write: how the store comes to know what the API knows.

A *full* sweep lists everything; what a complete scan did not show is gone. A *hot* sweep lists what moves:
environments on their way, live executions, services of environments that run or stop; what left its hot
state meanwhile is read one by one. An incomplete scan never removes anything; of a full sweep that fails stays
what it had landed by then, with the reason beside it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from math import ceil

from dashboard.fleet import automations_file, intake, intake_details
from dashboard.fleet.batches import batches
from dashboard.fleet.collector import unhurried
from dashboard.fleet.details import AUTOMATIONS_FILE, CurrentFile
from dashboard.fleet.entities import HOT_PHASES, LIVE_EXECUTION, Environment, Kind, Row, kind_of
from dashboard.fleet.full_scan import EVERYTHING, FullScan
from dashboard.fleet.kept import KEPT
from dashboard.fleet.memory import Memory
from dashboard.fleet.newer import newer
from dashboard.fleet.parallel import Chain
from dashboard.fleet.remarks import notes
from dashboard.fleet.snapshot import Fleet, Snapshot
from dashboard.fleet.store import Addressed, Observation, Store, Sweep
from dashboard.fleet.tally import OF_ONE_KIND, Tally
from dashboard.fleet.trouble import meaning
from dashboard.fleet.windows import Window, windows
from dashboard.ona import EnvironmentFilter, ExecutionFilter, Ona, Page, ServiceFilter, errors, schema

HISTORY_SECONDS = 3600.0
"""All executions are read this often; in between only what is new."""
MOST_BATCHES = 40
"""Of services that a hot sweep asks for; where there are more they take turns."""
TURN_SECONDS = 5.0
MOST_EARLY = 8
"""Environments that are read side by side when events named them."""
MOST_READ_SINGLY = 40
"""What a hot sweep reads one by one, at most; the next full sweep sees the rest."""

MOST_DOUBTED = 200
"""What a full sweep missed and asks for one by one, at most; the next one asks for the rest."""
JUST_MADE = 30.0
"""Seconds for which the API may not find what it has just made."""


class Reading(Enum):
    """What came of reading one resource."""

    SEEN = "seen"
    GONE = "gone"
    HIDDEN = "not visible to this key"


class Sync:
    """The sweeps over one API into one store. `clock` gives epoch seconds."""

    def __init__(  # noqa: PLR0913 - each is one part or one knob
        self,
        ona: Ona,
        store: Store,
        snapshot: Snapshot,
        clock: Callable[[], float],
        *,
        history_seconds: float = HISTORY_SECONDS,
        kept: int = KEPT,
        memory: Memory | None = None,
        remark: Callable[[str, float], list[str]] = lambda _name, _seconds: [],
    ) -> None:
        """`memory`: of what this process has listed, kept between sweeps. `history_seconds`: how often all
        executions are read; `kept`: finished ones of a task that are kept. `remark`: what else to tell of a sweep,
        given its name and seconds.
        """
        self._remark = remark
        self._history_seconds, self._kept = history_seconds, kept
        self._memory = memory or Memory()
        self._ona = ona
        self._store = store
        self._snapshot = snapshot
        self._clock = clock

    def full(self, kinds: Collection[Kind] = EVERYTHING, *, whole_history: bool = False) -> Sweep:
        """Everything: environments, services, tasks, executions and environment classes, or some of these.

        Of the executions what is new, and all of them once in a while or with `whole_history`.
        """
        read_at = self._history_read_at()
        whole = whole_history or self._clock() - read_at >= self._history_seconds

        def scan(fleet: Fleet, tally: Tally) -> None:
            def find_gone(kind: Kind, known: set[str]) -> None:
                self._find_gone(kind, fleet, known, tally)

            land = partial(self._land, tally)
            FullScan(self._ona, fleet, tally, self._memory, find_gone, land, whole, self._kept).run(kinds)

        return self._swept("full", scan, self._clock() if whole else read_at)

    def _history_read_at(self) -> float:
        """When the last sweep began that read all executions; 0.0: never."""
        last = self._store.sweeps().get("full:ok")
        return 0.0 if last is None else last.history_at

    def hot(self) -> Sweep:
        """What moves, what ended since, and what people have open."""
        return self._swept("hot", self._scan_hot)

    def names(self) -> Sweep:
        """Names for ids: people, projects, runners. What the key may not read is left as it is."""
        return self._swept("names", self._scan_names)

    def refresh(self, address: Addressed) -> tuple[Reading, Row | None, float]:
        """Read one resource now and write it: what came of it, the row, and when it was asked (epoch seconds).

        Raises OnaError when the API does not answer.
        """
        tally, asked = Tally(), self._clock()
        reading = self._read(address, tally)
        self._store.write(tally.seen, newer=newer, gone=tally.gone)
        return reading, tally.seen[0].row if tally.seen else None, asked

    def automations_file(self, environment_id: str) -> CurrentFile:
        """Read the services and tasks of one environment now, write them, and keep the file they make."""
        asked = self._clock()
        try:
            file, items = automations_file.read(self._ona, environment_id, asked)
        except errors.OnaError as trouble:
            file, items = CurrentFile(environment_id, asked, trouble=str(trouble)), []
        rows = [
            intake.task(item) if isinstance(item, schema.Task) else intake.service(item) for item in items
        ]
        self._store.write([Observation(row, asked) for row in rows], newer=newer)
        self._store.keep_detail(AUTOMATIONS_FILE, file)
        return file

    def early(self, identifiers: list[str]) -> int:
        """Read these environments now, and the services of those whose phase changed; how many rows changed.

        Raises OnaError when the API does not answer, after what did come is written.
        """
        tally, fleet = Tally(), self._known()
        try:
            with ThreadPoolExecutor(min(MOST_EARLY, max(1, len(identifiers)))) as pool:
                list(pool.map(lambda key: self._read((Kind.ENVIRONMENT, key), tally), identifiers))
            moved, _ = _with_services(tally, fleet)
            known = Counter(row.environment_id for row in fleet.services.values())
            tally.walk([self._services_of(ids) for ids in batches(moved, known)], intake.service)
        finally:
            self._land(tally)
        return tally.changed

    def _swept(self, name: str, scan: Callable[[Fleet, Tally], None], history_at: float = 0.0) -> Sweep:
        started, requests, tally = self._clock(), self._ona.requests, Tally()
        try:
            with unhurried():
                scan(self._known(), tally)
                self._land(tally)
        except errors.OnaError as trouble:
            tally.troubles.append(trouble)
        requests, spent = self._ona.requests - requests, self._clock() - started
        sweep = Sweep(
            name,
            started,
            spent,
            "; ".join(str(trouble) for trouble in tally.troubles),
            requests,
            tally.changed,
            tally.skipped,
            tally.counts(),
            self._ona.clock_ahead,
            " ".join(dict.fromkeys(meaning(trouble) for trouble in tally.troubles)),
            [*notes([*tally.seen, *tally.odd], tally.notes), *self._remark(name, spent)],
            history_at,
        )
        self._store.record(sweep)
        return sweep

    def _known(self) -> Fleet:
        """What the store holds; nothing while it is not the store that was copied."""
        fleet = self._snapshot.now().fleet
        return fleet if fleet.epoch == self._store.position()[0] else Fleet()

    def _land(self, tally: Tally) -> None:
        """Write what has been seen and found gone since the last landing: a long first sweep fills pages as it
        goes, and what one kind has shown does not depend on the next.
        """
        if tally.landed == len(tally.seen) and not tally.gone:
            return
        fleet = self._known()
        seen = [
            one for one in tally.seen[tally.landed :] if fleet.of(kind_of(one.row)).get(one.row.id) != one.row
        ]
        tally.changed += self._store.write(seen, newer=newer, gone=tally.gone)
        tally.landed = len(tally.seen)
        tally.gone.clear()

    # What is gone

    def _find_gone(self, kind: Kind, fleet: Fleet, known: set[str], tally: Tally) -> None:
        """What was known and is on no page of a complete scan. A page can lack an item that is there, when another
        one vanished between two requests: so what is a class, or in an environment that is no more, is gone, and
        the others are asked for.
        """
        if kind is Kind.CLASS:
            tally.missing(kind, known)
            return
        rows, doubtful = fleet.of(kind), []
        for identifier in known - tally.ids(kind):
            home = "" if kind is Kind.ENVIRONMENT else getattr(rows.get(identifier), "environment_id", "")
            if home and tally.homes is not None and home not in tally.homes:
                tally.gone.append((kind, identifier))
            else:
                doubtful.append((kind, identifier))
        for address in sorted(doubtful)[:MOST_DOUBTED]:
            self._ask_whether_gone(address, tally)
        if kind is Kind.ENVIRONMENT:
            tally.homes = (known | tally.ids(kind)) - {identifier for _, identifier in tally.gone}

    def _ask_whether_gone(self, address: Addressed, tally: Tally) -> None:
        try:
            reading = self._read(address, tally)
        except OF_ONE_KIND:
            return  # not known: it stays
        if reading is Reading.HIDDEN or (
            reading is Reading.SEEN and getattr(tally.seen[-1].row, "phase", "") == "deleted"
        ):
            tally.gone.append(address)

    # The hot sweep

    def _scan_hot(self, fleet: Fleet, tally: Tally) -> None:
        def execution(seen: schema.TaskExecution) -> Row:
            return intake.execution(seen, _task_name(fleet, seen.metadata.task_id))

        live = ExecutionFilter(phases=LIVE_EXECUTION)
        moving = [row for row in fleet.environments.values() if row.phase in HOT_PHASES]
        tally.walk([partial(self._moving, one) for one in windows(moving)], intake.environment)
        tally.walk([lambda: self._ona.automations.execution_pages(live)], execution)
        self._read_singly(_left_hot(tally, fleet), tally)
        known = Counter(row.environment_id for row in fleet.services.values())
        moved, steady = _with_services(tally, fleet)
        groups = [*batches(moved, known), *self._next_in_turn(list(batches(steady, known)))]
        tally.walk([self._services_of(ids) for ids in groups], intake.service)
        self._read_singly(self._store.attended(), tally)

    def _next_in_turn(self, groups: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """All of them, or where they are many those whose turn it is: the next sweeps ask for the others."""
        turns = ceil(len(groups) / MOST_BATCHES)
        return groups if turns <= 1 else groups[int(self._clock() / TURN_SECONDS) % turns :: turns]

    def _moving(self, window: Window) -> Iterator[Page[schema.Environment]]:
        """The environments of a window that move; nothing is removed by what is missing here."""
        restriction = EnvironmentFilter(status_phases=HOT_PHASES, created_before=window.created_before)
        for page in self._ona.environments.pages(restriction):
            yield page
            times = (item.metadata.created_at for item in page.items)
            if window.ends_with(None if moment is None else moment.timestamp() for moment in times):
                return

    def _services_of(self, ids: tuple[str, ...]) -> Chain:
        return lambda: self._ona.automations.service_pages(ServiceFilter(environment_ids=ids))

    def _read_singly(self, addresses: list[Addressed], tally: Tally) -> None:
        """Read one by one; an answer that makes no sense costs that one resource, not the sweep."""
        for address in addresses[:MOST_READ_SINGLY]:
            try:
                self._read(address, tally)
            except (errors.BadAnswer, errors.InvalidRequest):
                tally.skipped += 1

    # One resource

    def _read(self, address: Addressed, tally: Tally) -> Reading:
        """Read one resource into `tally` and its detail into the store; raises OnaError when the API does not
        answer.
        """
        kind, identifier = address
        asked = self._clock()
        try:
            row = self._row_of(kind, identifier, asked)
        except errors.NotFound:
            if not self._just_made(address, asked):
                tally.gone.append(address)
            return Reading.GONE
        except errors.PermissionDenied as refused:
            self._store.keep_unread(
                kind, identifier, f"Ona does not show it to this dashboard's key: {refused}"
            )
            return Reading.HIDDEN
        except errors.OnaError as trouble:
            self._store.keep_unread(kind, identifier, f"{meaning(trouble)} In its words: {trouble}")
            raise
        tally.extend([Observation(row, asked)])
        return Reading.SEEN

    def _just_made(self, address: Addressed, asked: float) -> bool:
        kind, identifier = address
        created = getattr(self._snapshot.now().fleet.of(kind).get(identifier), "created", None)
        return created is not None and asked - created < JUST_MADE

    def _row_of(self, kind: Kind, identifier: str, asked: float) -> Row:
        if kind is Kind.ENVIRONMENT:
            environment = self._ona.environments.get(identifier)
            self._store.keep_detail(kind, intake_details.environment(environment, asked))
            return intake.environment(environment)
        if kind is Kind.SERVICE:
            service = self._ona.automations.get_service(identifier)
            self._store.keep_detail(kind, intake_details.service(service, asked))
            return intake.service(service)
        if kind is Kind.TASK:
            task = self._ona.automations.get_task(identifier)
            self._store.keep_detail(kind, intake_details.task(task, asked))
            return intake.task(task)
        execution = self._ona.automations.get_execution(identifier)
        self._store.keep_detail(Kind.EXECUTION, intake_details.execution(execution, asked))
        return intake.execution(execution, _task_name(self._snapshot.now().fleet, execution.metadata.task_id))

    # Names

    def _scan_names(self, fleet: Fleet, tally: Tally) -> None:
        for kind, scan in (
            (Kind.PERSON, self._scan_people),
            (Kind.PROJECT, self._scan_projects),
            (Kind.RUNNER, self._scan_runners),
        ):
            skipped = tally.skipped
            try:
                scan(tally)
            except (errors.PermissionDenied, errors.Unimplemented, errors.NotFound, errors.InvalidRequest):
                continue  # this key may not read these names: their ids are shown shortened
            if tally.skipped == skipped:
                tally.missing(kind, fleet.of(kind))

    def _scan_people(self, tally: Tally) -> None:
        for members in self._ona.directory.member_pages(self._ona.directory.identity().organization_id):
            tally.add(members, intake.person)

    def _scan_projects(self, tally: Tally) -> None:
        for projects in self._ona.directory.project_pages():
            tally.add(projects, intake.project)

    def _scan_runners(self, tally: Tally) -> None:
        for runners in self._ona.directory.runner_pages():
            tally.add(runners, intake.runner)


def _with_services(tally: Tally, fleet: Fleet) -> tuple[list[str], list[str]]:
    """The environments of this sweep whose services may move: those that changed themselves, and those that run on."""
    moved, steady = list[str](), list[str]()
    for row in (one.row for one in tally.seen):
        if isinstance(row, Environment) and row.phase not in {"creating", "starting"}:
            old = fleet.environments.get(row.id)
            (steady if old is not None and old.phase == row.phase else moved).append(row.id)
    return moved, steady


def _left_hot(tally: Tally, fleet: Fleet) -> list[Addressed]:
    """What we believed to move and the API no longer lists as moving."""
    listed = tally.ids(Kind.ENVIRONMENT) | tally.ids(Kind.EXECUTION)
    environments = [
        row.id for row in fleet.environments.values() if row.phase in HOT_PHASES and row.id not in listed
    ]
    executions = [row.id for row in fleet.executions.values() if row.live and row.id not in listed]
    return [(Kind.ENVIRONMENT, key) for key in environments] + [(Kind.EXECUTION, key) for key in executions]


def _task_name(fleet: Fleet, task_id: str) -> str:
    task = fleet.tasks.get(task_id)
    return task.name if task is not None else ""

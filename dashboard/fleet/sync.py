"""Poll, compare, write: how the store comes to know what the API knows.

A *full* sweep lists everything; what a complete scan did not show is gone. A *hot* sweep lists what moves:
environments on their way, live executions, services of environments that run or stop; what left its hot
state meanwhile is read one by one. An incomplete scan never removes anything; of a full sweep that fails stays
what it had landed by then, with the reason beside it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import ceil

from dashboard.fleet import automations_file, intake
from dashboard.fleet.batches import batches
from dashboard.fleet.collector import unhurried
from dashboard.fleet.details import AUTOMATIONS_FILE, CurrentFile
from dashboard.fleet.directory_scan import scan_names
from dashboard.fleet.entities import HOT_PHASES, LIVE_EXECUTION, Environment, Kind, Row, kind_of
from dashboard.fleet.full_scan import EVERYTHING, FullScan, listed
from dashboard.fleet.kept import KEPT
from dashboard.fleet.memory import Memory, Trace
from dashboard.fleet.newer import newer
from dashboard.fleet.parallel import Chain
from dashboard.fleet.reading import Reader, Reading, task_name, with_what_is_inside
from dashboard.fleet.remarks import notes
from dashboard.fleet.snapshot import Fleet, Snapshot
from dashboard.fleet.store import Addressed, Observation, Store, Sweep
from dashboard.fleet.tally import Tally
from dashboard.fleet.trouble import meaning
from dashboard.fleet.windows import Window, windows
from dashboard.ona import EnvironmentFilter, ExecutionFilter, Ona, Page, ServiceFilter, errors, schema

HISTORY_SECONDS = 3600.0
"""All executions are read this often; in between only what is new."""
MOST_BATCHES = 40
"""Of services that a hot sweep asks for; where there are more they take turns."""
TURN_SECONDS = 5.0
SIDE_BY_SIDE = 8
"""Of what is read one by one: what events named, what is looked at, what has left its hot state."""
MOST_READ_SINGLY = 40
"""What a hot sweep reads one by one, at most; the next full sweep sees the rest."""


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
        self._reader = Reader(ona, store, snapshot, clock)

    def full(self, kinds: Collection[Kind] = EVERYTHING, *, whole_history: bool = False) -> Sweep:
        """Everything: environments, services, tasks, executions and environment classes, or some of these.

        Of the executions what is new, and all of them once in a while or with `whole_history`.
        """
        read_at = self._history_read_at()
        whole = whole_history or not 0 <= self._clock() - read_at < self._history_seconds

        def scan(fleet: Fleet, tally: Tally) -> None:
            def find_gone(kind: Kind, known: set[str]) -> None:
                self._reader.find_gone(kind, fleet, known, tally, self._memory)

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
        return self._swept("names", partial(scan_names, self._ona))

    def refresh(self, address: Addressed) -> tuple[Reading, Row | None, float]:
        """Read one resource now and write it: what came of it, the row, and when it was asked (epoch seconds).

        Raises OnaError when the API does not answer.
        """
        tally, asked = Tally(), self._clock()
        reading = self._reader.read(address, tally)
        self._write(tally.seen, tally.gone)
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
        self._write([Observation(row, asked) for row in rows])
        self._store.keep_detail(AUTOMATIONS_FILE, file)
        return file

    def early(self, identifiers: list[str]) -> int:
        """Read these environments now, and the services of those whose phase changed; how many rows changed.

        Raises OnaError when the API does not answer, after what did come is written.
        """
        tally, fleet = Tally(), self._known()
        try:
            with ThreadPoolExecutor(min(SIDE_BY_SIDE, max(1, len(identifiers)))) as pool:
                list(pool.map(lambda key: self._reader.read((Kind.ENVIRONMENT, key), tally), identifiers))
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
                self._snapshot.newest()  # a sweep that follows another at once builds on what that one wrote
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
            tally.twice,
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
        tally.departed |= {identifier for kind, identifier in tally.gone if kind is Kind.ENVIRONMENT}
        known = {kind: fleet.table(kind).get for kind in Kind}
        seen = [one for one in tally.seen[tally.landed :] if known[kind_of(one.row)](one.row.id) != one.row]
        if tally.departed:
            seen = [one for one in seen if getattr(one.row, "environment_id", "") not in tally.departed]
        tally.changed += self._write(seen, tally.gone)
        tally.landed = len(tally.seen)
        tally.gone.clear()

    def _write(self, seen: list[Observation], gone: Sequence[Addressed] = ()) -> int:
        gone = with_what_is_inside(gone, self._known()) if gone else gone
        return self._store.write(seen, newer=newer, gone=gone, heard=self._snapshot.wrote)

    # The hot sweep

    def _scan_hot(self, fleet: Fleet, tally: Tally) -> None:
        def execution(seen: schema.TaskExecution) -> Row:
            return intake.execution(seen, task_name(fleet, seen.metadata.task_id))

        live = ExecutionFilter(phases=LIVE_EXECUTION)
        moving = [row for row in fleet.environments.values() if row.phase in HOT_PHASES]
        tally.walk([partial(self._moving, fleet, one) for one in windows(moving)], intake.environment)
        moved, steady = _with_services(tally, fleet)
        self._land(tally)  # the services of a large fleet take longer than all that comes before
        self._read_singly(self._store.attended(), tally)
        tally.walk([lambda: self._ona.automations.execution_pages(live)], execution)
        left = _left_hot(tally, fleet)
        self._read_singly(left, tally)
        moved += [key for _, key in left if key in tally.ids(Kind.ENVIRONMENT)]
        self._land(tally)
        known = Counter(row.environment_id for row in fleet.services.values())
        groups = [*batches(moved, known), *self._next_in_turn(list(batches(steady, known)))]
        tally.walk([self._services_of(ids) for ids in groups], intake.service)

    def _next_in_turn(self, groups: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """All of them, or where they are many those whose turn it is: the next sweeps ask for the others."""
        turns = ceil(len(groups) / MOST_BATCHES)
        return groups if turns <= 1 else groups[int(self._clock() / TURN_SECONDS) % turns :: turns]

    def _moving(self, fleet: Fleet, window: Window) -> Iterator[Page[intake.Seen]]:
        """The environments of a window that move; nothing is removed by what is missing here."""

        def recall(digest: int) -> Trace | None:
            return self._memory.glance(digest, fleet.environments)

        restriction = EnvironmentFilter(status_phases=HOT_PHASES, created_before=window.created_before)
        for page in self._ona.environments.summaries(restriction, recall=recall):
            yield page
            if window.ends_with(created for _, created in listed(page)):
                return

    def _services_of(self, ids: tuple[str, ...]) -> Chain:
        return lambda: self._ona.automations.service_pages(ServiceFilter(environment_ids=ids))

    def _read_singly(self, addresses: list[Addressed], tally: Tally) -> None:
        """Read each by itself; an answer that makes no sense costs that one resource, not the sweep."""

        def makes_sense(address: Addressed) -> bool:
            try:
                self._reader.read(address, tally)
            except (errors.BadAnswer, errors.InvalidRequest):
                return False
            return True

        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="sweep") as pool:
            tally.skipped += list(pool.map(makes_sense, addresses[:MOST_READ_SINGLY])).count(False)


def _with_services(tally: Tally, fleet: Fleet) -> tuple[list[str], list[str]]:
    """The environments of this sweep whose services may move: those that changed themselves, and those that run on,
    each in the order of ids: so turns are taken by the same groups.
    """
    moved, steady = list[str](), list[str]()
    seen = {one.row.id: one.row for one in tally.seen if isinstance(one.row, Environment)}
    for identifier in sorted(tally.ids(Kind.ENVIRONMENT)):
        old = fleet.environments.get(identifier)
        row = seen.get(identifier, old)
        if row is not None and row.phase not in {"creating", "starting"}:
            (steady if old is not None and old.phase == row.phase else moved).append(identifier)
    return moved, steady


def _left_hot(tally: Tally, fleet: Fleet) -> list[Addressed]:
    """What we believed to move and the API no longer lists as moving."""
    listed = tally.ids(Kind.ENVIRONMENT) | tally.ids(Kind.EXECUTION)
    environments = [
        row.id for row in fleet.environments.values() if row.phase in HOT_PHASES and row.id not in listed
    ]
    executions = [row.id for row in fleet.executions.values() if row.live and row.id not in listed]
    return [(Kind.ENVIRONMENT, key) for key in environments] + [(Kind.EXECUTION, key) for key in executions]

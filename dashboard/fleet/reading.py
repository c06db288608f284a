"""Reading one resource by itself, and asking so what became of what a list did not show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from dashboard.fleet import intake, intake_details
from dashboard.fleet.entities import Environment, Kind, Row
from dashboard.fleet.memory import Memory
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet, Snapshot
from dashboard.fleet.store import Addressed, Observation, Store
from dashboard.fleet.tally import OF_ONE_KIND, Tally
from dashboard.fleet.trouble import meaning
from dashboard.ona import Ona, errors

MOST_DOUBTED = 200
"""What a full sweep missed and asks for one by one, at most; what of the rest the next one misses too is gone."""
JUST_MADE = 30.0
"""Seconds for which the API may not find what it has just made."""
SKEW = 600.0
"""Seconds by which the API's clock may be ahead; what was made later than that was not made just now."""


class Reading(Enum):
    """What came of reading one resource."""

    SEEN = "seen"
    GONE = "gone"
    HIDDEN = "not visible to this key"


@dataclass(frozen=True)
class Reader:
    """Reads from one API for one store. `clock` gives epoch seconds."""

    ona: Ona
    store: Store
    snapshot: Snapshot
    clock: Callable[[], float]

    def read(self, address: Addressed, tally: Tally) -> Reading:
        """Read one resource into `tally` and its detail into the store; raises OnaError when the API does not
        answer.
        """
        kind, identifier = address
        asked = self.clock()
        try:
            row = self._row_of(kind, identifier, asked)
        except errors.NotFound:
            if not self._just_made(address, asked):
                tally.gone.append(address)
            return Reading.GONE
        except errors.PermissionDenied as refused:
            self.store.keep_unread(
                kind,
                identifier,
                sentence("Ona does not show it to this dashboard's key: {trouble}", trouble=str(refused)),
            )
            return Reading.HIDDEN
        except errors.OnaError as trouble:
            why = sentence("{words} In its words: {trouble}", words=meaning(trouble), trouble=str(trouble))
            self.store.keep_unread(kind, identifier, why)
            raise
        if self._long_deleted(row):
            tally.gone.append(address)
            return Reading.GONE
        tally.extend([Observation(row, asked)])
        return Reading.SEEN

    def _long_deleted(self, row: Row) -> bool:
        """Whether it is an environment that was deleted and removed before: the API can still be asked for it, such
        as for a page that is open, but no list has it.
        """
        return (
            isinstance(row, Environment)
            and row.phase == "deleted"
            and row.id not in self.snapshot.now().fleet.environments
        )

    def _just_made(self, address: Addressed, asked: float) -> bool:
        kind, identifier = address
        created = getattr(self.snapshot.now().fleet.of(kind).get(identifier), "created", None)
        return created is not None and -SKEW < asked - created < JUST_MADE

    def _row_of(self, kind: Kind, identifier: str, asked: float) -> Row:
        if kind is Kind.ENVIRONMENT:
            environment = self.ona.environments.get(identifier)
            self.store.keep_detail(kind, intake_details.environment(environment, asked))
            return intake.environment(environment)
        if kind is Kind.SERVICE:
            service = self.ona.automations.get_service(identifier)
            self.store.keep_detail(kind, intake_details.service(service, asked))
            return intake.service(service)
        if kind is Kind.TASK:
            task = self.ona.automations.get_task(identifier)
            self.store.keep_detail(kind, intake_details.task(task, asked))
            return intake.task(task)
        execution = self.ona.automations.get_execution(identifier)
        self.store.keep_detail(Kind.EXECUTION, intake_details.execution(execution, asked))
        return intake.execution(execution, task_name(self.snapshot.now().fleet, execution.metadata.task_id))

    # What is gone

    def find_gone(self, kind: Kind, fleet: Fleet, known: set[str], tally: Tally, memory: Memory) -> None:
        """What was known and is on no page of a complete scan. A page can lack an item that is there, when another
        one vanished between two requests: so what is a class, or in an environment that is no more, is gone, and
        the others are asked for. What two scans after each other lack is gone too.
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
        doubtful.sort()
        for address in doubtful[:MOST_DOUBTED]:
            self._ask_whether_gone(address, tally)
        twice = memory.doubted.get(kind, frozenset())
        tally.gone += [address for address in doubtful[MOST_DOUBTED:] if address[1] in twice]
        memory.doubted[kind] = frozenset(key for _, key in doubtful[MOST_DOUBTED:]) - twice
        if kind is Kind.ENVIRONMENT:
            tally.homes = (known | tally.ids(kind)) - {identifier for _, identifier in tally.gone}

    def _ask_whether_gone(self, address: Addressed, tally: Tally) -> None:
        try:
            reading = self.read(address, tally)
        except OF_ONE_KIND:
            return  # not known: it stays
        if reading is Reading.HIDDEN or (
            reading is Reading.SEEN and getattr(tally.seen[-1].row, "phase", "") == "deleted"
        ):
            tally.gone.append(address)


def task_name(fleet: Fleet, task_id: str) -> str:
    task = fleet.tasks.get(task_id)
    return task.name if task is not None else ""


INSIDE = (Kind.SERVICE, Kind.TASK, Kind.EXECUTION)


def with_what_is_inside(gone: Iterable[Addressed], fleet: Fleet) -> list[Addressed]:
    """What is gone, and all that was in the environments among it."""
    found = dict.fromkeys(gone)
    homes = [identifier for kind, identifier in found if kind is Kind.ENVIRONMENT]
    found |= {(kind, row.id): None for home in homes for kind in INSIDE for row in fleet.inside(kind, home)}
    return list(found)

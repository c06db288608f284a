"""What the simulated world wrote down: every transition, at the moment it happened, and every call that changed it."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dashboard.simulator import World, enums
from dashboard.simulator.events import Resource
from dashboard.simulator.models import Environment, Execution

STOP = "StopEnvironment"


class Seen(NamedTuple):
    """An environment or an execution (`run` is its id) as it was from `at` on, in epoch seconds."""

    at: float
    environment: str
    run: str
    phase: str
    started: float = 0.0
    signal_at: float = 0.0
    source: str = ""


@dataclass
class Witness:
    """The world's own ledger. `log` is in the order of what happened."""

    world: World
    log: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        for row in self.world.environments.values():
            self.note("", row)
        self.world.hub.witnesses.append(self.note)

    def note(self, _operation: str, row: Resource) -> None:
        at = self.world.moment
        if isinstance(row, Environment):
            signal = row.signal_at or 0.0
            self.log.append(Seen(at, row.id, "", row.phase, row.last_started, signal, row.signal_source))
        elif isinstance(row, Execution):
            self.log.append(Seen(at, row.environment.id, row.id, row.phase))

    def stops(self) -> list[tuple[float, str]]:
        """The calls for a stop that were carried out: when, and of which environment."""
        return [(call.at, call.target) for call in self.world.calls_to(STOP) if call.outcome == "ok"]


@dataclass
class State:
    """An environment at one moment of the log. `since` is when its phase began."""

    phase: str = ""
    since: float = 0.0
    started: float = 0.0
    signal_at: float = 0.0
    source: str = ""
    runs: set[str] = field(default_factory=set)

    @property
    def active_at(self) -> float:
        return max(self.started, self.signal_at)

    def take(self, seen: Seen) -> None:
        if seen.run:
            (self.runs.discard if seen.phase in enums.FINISHED else self.runs.add)(seen.run)
            return
        if seen.phase != self.phase:
            self.phase, self.since = seen.phase, seen.at
        self.started, self.signal_at, self.source = seen.started, seen.signal_at, seen.source


def replay(witness: Witness) -> Iterator[tuple[float, str, State]]:
    """The log once more, from the start: each environment as it was when a call for its stop came in."""
    states: dict[str, State] = {}
    place, log = 0, witness.log
    for at, identifier in sorted(witness.stops()):
        while place < len(log) and log[place].at <= at:
            states.setdefault(log[place].environment, State()).take(log[place])
            place += 1
        yield at, identifier, states[identifier]


def as_seen(log: Iterable[Seen], looks: Iterable[float]) -> Iterator[Seen]:
    """The log as somebody knows it who looks at these moments (epoch seconds): of an environment the state at each of
    them, of executions the times that the API tells of them.
    """
    waiting, news = deque(log), dict[str, Seen]()
    for look in looks:
        while waiting and waiting[0].at <= look:
            seen = waiting.popleft()
            if seen.run:
                yield seen
            else:
                news[seen.environment] = seen
        yield from (seen._replace(at=look) for seen in news.values())
        news.clear()


def periods(log: Iterable[Seen], end: float) -> Iterator[tuple[str, float, float, State]]:
    """The log as periods in which nothing was noted of an environment: its id, from when, until when, and its state."""
    states: dict[str, tuple[float, State]] = {}
    for seen in log:
        begins, state = states.get(seen.environment, (seen.at, State()))
        yield seen.environment, begins, seen.at, state
        state.take(seen)
        states[seen.environment] = (seen.at, state)
    for identifier, (begins, state) in states.items():
        yield identifier, begins, end, state

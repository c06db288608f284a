"""The simulated world: what exists, what is planned, and one lock around both.

Nothing runs in the background. Whoever looks first moves the world forward to the present by carrying out what was
planned for the time that has passed.
"""

import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import contextmanager
from itertools import count
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from dashboard.simulator import automations, events
from dashboard.simulator import life as living
from dashboard.simulator import seed as seeding
from dashboard.simulator.clock import Clock
from dashboard.simulator.directory import Directory
from dashboard.simulator.faults import Faults
from dashboard.simulator.models import Call, Environment, Execution, Service, Task
from dashboard.simulator.table import HasId, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T", bound=HasId)
Happening = Callable[["World", float], None]

# Work that recurs skips what it missed beyond this many seconds, so that a long silence costs no long catching up.
CATCH_UP_SECONDS = 900.0


class World:
    """A whole organisation with its environments; the same arguments and start time make the same one.

    `environments`: how many exist at the start (archived ones included, a few deleted ones come on top).
    `speed`: simulated seconds per real second, 0 freezes. `now`: real time in epoch seconds.
    `life`: whether people come and go by themselves; without it only requests change anything.
    `moment` is when what happens just now happens: for those who write down what they are told.
    """

    def __init__(
        self,
        *,
        environments: int = 60,
        seed: int = 7,
        speed: float = 1.0,
        now: Callable[[], float] = time.time,
        life: bool = True,
    ) -> None:
        self.lock = threading.RLock()
        self.clock = Clock(now, speed)
        self.size = environments
        self.hub = events.Hub()
        self.faults = Faults(seed)
        self.secret = f"{Random(f'{seed} secret').getrandbits(256):x}"
        self.rng = Random(f"{seed} life")
        self.horizon = self.moment = self.clock.started
        self.calls: list[Call] = []
        self.environment_table: Table[Environment] = Table()
        self.service_table: Table[Service] = Table()
        self.task_table: Table[Task] = Table()
        self.execution_table: Table[Execution] = Table()
        self.live_executions: dict[str, Execution] = {}
        self._agenda: list[tuple[float, int, Happening]] = []
        self._order = count()
        self.directory: Directory = seeding.settle(self, environments, seed, self.clock.started)
        self.caller = self.directory.caller
        if life:
            living.begin(self, self.clock.started)

    # Time

    def plan(self, at: float, happening: Happening) -> None:
        """Have `happening(world, at)` called once simulated time reaches `at`."""
        heapq.heappush(self._agenda, (at, next(self._order), happening))

    def advance(self) -> float:
        """Carry out everything planned up to now and return now (epoch seconds, simulated)."""
        with self.lock:
            self.horizon = now = self.clock.now()
            while self._agenda and self._agenda[0][0] <= now:
                self.moment, _, happening = heapq.heappop(self._agenda)
                happening(self, self.moment)
            self.moment = now
            return now

    @contextmanager
    def present(self) -> "Iterator[float]":
        """Hold the world still at the present moment; yields now."""
        with self.lock:
            yield self.advance()

    def caught_up(self, at: float) -> float:
        """`at`, or a recent moment when `at` lies so far back that catching up step by step would take long."""
        return max(at, self.horizon - CATCH_UP_SECONDS)

    def settle(self, environment: Environment, at: float) -> None:
        """Take in a new environment, with the services and tasks that it brings along."""
        self.environment_table.add(environment)
        self.hub.tell(events.CREATE, environment)
        automations.equip(environment, self.rng, at)
        for service in environment.services:
            self.service_table.add(service)
            self.hub.tell(events.CREATE, service)
        for task in environment.tasks:
            self.task_table.add(task)
            self.hub.tell(events.CREATE, task)

    # For assertions: copies, so that a server thread cannot change them meanwhile

    @property
    def environments(self) -> Mapping[str, Environment]:
        """Environments by id as of now, deleted ones that are still remembered included."""
        return self._copy(self.environment_table)

    @property
    def services(self) -> Mapping[str, Service]:
        """Services by id as of now."""
        return self._copy(self.service_table)

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Tasks by id as of now."""
        return self._copy(self.task_table)

    @property
    def executions(self) -> Mapping[str, Execution]:
        """Task executions by id as of now."""
        return self._copy(self.execution_table)

    def calls_to(self, method: str, target: str | None = None) -> list[Call]:
        """Write calls received for a method (its last part, such as "StartTask"), for one target if given."""
        with self.lock:
            return [call for call in self.calls if call.method == method and target in {None, call.target}]

    def phase_counts(self, among: Collection[Environment] | None = None) -> Counter[str]:
        """How many environments are in each phase."""
        return Counter(item.phase for item in (self.environments.values() if among is None else among))

    def _copy(self, table: Table[T]) -> Mapping[str, T]:
        with self.present():
            return MappingProxyType(dict(table.rows))

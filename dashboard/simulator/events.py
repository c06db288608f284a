"""What changes in the world, told to those who listen. Nothing is kept for those who come later."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from dashboard.simulator.models import Environment, Execution, Service, Task

CREATE = "RESOURCE_OPERATION_CREATE"
UPDATE = "RESOURCE_OPERATION_UPDATE"
DELETE = "RESOURCE_OPERATION_DELETE"
UPDATE_STATUS = "RESOURCE_OPERATION_UPDATE_STATUS"

LONGEST_QUEUE = 1000
_KINDS = {
    Environment: "RESOURCE_TYPE_ENVIRONMENT",
    Task: "RESOURCE_TYPE_TASK",
    Execution: "RESOURCE_TYPE_TASK_EXECUTION",
    Service: "RESOURCE_TYPE_SERVICE",
}

Resource: TypeAlias = Environment | Service | Task | Execution
Witness = Callable[[str, Resource], None]
"""Told on the spot, with the resource itself."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `environment_id`: the environment that the resource is or belongs to."""

    operation: str
    kind: str
    id: str
    environment_id: str
    creator_id: str


class Listener:
    """One stream's queue; `overflowed` once it was too slow to be told everything."""

    def __init__(self, wants: Callable[[Event], bool]) -> None:
        self.wants = wants
        self.overflowed = False
        self._queue: deque[Event] = deque()
        self._ready = threading.Condition()

    def tell(self, event: Event) -> None:
        """Queue an event, unless there are too many already."""
        with self._ready:
            if len(self._queue) >= LONGEST_QUEUE:
                self.overflowed = True
            else:
                self._queue.append(event)
            self._ready.notify()

    def take(self, seconds: float) -> list[Event]:
        """Everything queued; waits up to `seconds` for something."""
        with self._ready:
            if not self._queue:
                self._ready.wait(seconds)
            taken = list(self._queue)
            self._queue.clear()
            return taken


class Hub:
    """Passes events on. Telling costs nothing while nobody listens."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()
        self.witnesses: list[Witness] = []

    def __len__(self) -> int:
        return len(self._listeners)

    def join(self, wants: Callable[[Event], bool]) -> Listener:
        """A new listener, told what it `wants` from now on."""
        listener = Listener(wants)
        with self._lock:
            self._listeners = (*self._listeners, listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Tell it nothing more."""
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

    def tell(self, operation: str, row: Resource) -> None:
        """Something happened to a resource."""
        for witness in self.witnesses:
            witness(operation, row)
        if not self._listeners:
            return
        home = row if isinstance(row, Environment) else row.environment
        event = Event(operation, _KINDS[type(row)], row.id, home.id, row.creator.id)
        for listener in self._listeners:
            if listener.wants(event):
                listener.tell(event)

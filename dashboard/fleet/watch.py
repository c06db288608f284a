"""Listens to the API's events and has what they name read at once. Polls stay the truth: without events, and
whatever is lost of them, the next poll finds the same.

A stream has no memory: after each connection what moves is read again. Events that come together are read together,
and one resource at most once a second.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dashboard.fleet.store import Store, StoreError, WatchState
from dashboard.ona import Ona, errors
from dashboard.ona.events import EventStream, Only

logger = logging.getLogger(__name__)

LEASE_SECONDS, RENEW_SECONDS = 30.0, 10.0
FLUSH_SECONDS = 0.25
AGAIN_SECONDS = 1.0
"""One resource is read at most this often, however often it changes."""
FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0
SETTLED_SECONDS = 60.0
"""A stream that lived this long makes the next delay the first one again."""
REFUSED_SECONDS = 3600.0
"""After which a key that may not listen tries again."""
NOT_PERMITTED = (errors.PermissionDenied, errors.Unauthenticated, errors.Unimplemented)


@dataclass
class Pending:
    """The ids that events named and that have not been read since. Threads may share it."""

    ids: dict[str, None] = field(default_factory=dict)
    read_at: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, identifier: str) -> None:
        with self.lock:
            self.ids[identifier] = None

    def due(self, now: float) -> list[str]:
        """What may be read now, first come first; the rest waits."""
        with self.lock:
            self.read_at = {key: at for key, at in self.read_at.items() if now - at < AGAIN_SECONDS}
            ready = [identifier for identifier in self.ids if identifier not in self.read_at]
            for identifier in ready:
                del self.ids[identifier]
                self.read_at[identifier] = now
            return ready


class Watcher:
    """`early` reads the environments with these ids, `moving` all that moves. `stop` ends it."""

    def __init__(
        self,
        ona: Ona,
        store: Store,
        early: Callable[[list[str]], object],
        moving: Callable[[], object],
        stop: threading.Event,
    ) -> None:
        self._ona, self._store, self._early, self._moving, self._stop = ona, store, early, moving, stop
        self._stream: EventStream | None = None
        self._state = WatchState("waiting", time.time())
        self._delay = FIRST_DELAY

    def run(self) -> None:
        """Until it is told to stop; one at a time of all machines, the others wait for their turn."""
        while not self._stop.is_set():
            try:
                with self._store.lease("watch", LEASE_SECONDS) as renew:
                    if renew is not None:
                        self._listen(renew)
                        continue
            except StoreError as error:
                logger.warning("events: Redis does not answer (%s)", type(error).__name__)
            self._stop.wait(RENEW_SECONDS / 2)

    def _listen(self, renew: Callable[[], bool]) -> None:
        """Listen as long as the lease holds."""
        held, pending = threading.Event(), Pending()
        held.set()
        reader = threading.Thread(target=self._keep_reading, args=(pending, renew, held), name="events")
        reader.start()
        try:
            while held.is_set() and not self._stop.is_set():
                self._connected_once(pending, held)
        finally:
            held.clear()
            reader.join()

    def _connected_once(self, pending: Pending, held: threading.Event) -> None:
        began, wait = time.monotonic(), 0.0
        try:
            with self._ona.events.organization(Only(resource_type="environment")) as stream:
                self._stream = stream
                self._tell("listening")
                self._moving()  # what happened while nobody listened
                for event in stream:
                    self._state.events += 1
                    if event.kind == "environment" and event.resource_id:
                        pending.add(event.resource_id)
            reason = "the stream ended"
        except NOT_PERMITTED as error:
            wait, reason = REFUSED_SECONDS, str(error)
            if held.is_set() and not self._stop.is_set():
                self._tell("refused", reason)
        except (errors.OnaError, StoreError) as error:
            reason = str(error) or type(error).__name__
        finally:
            self._stream = None
        if self._stop.is_set() or not held.is_set():
            return
        if not wait:
            self._delay = FIRST_DELAY if time.monotonic() - began > SETTLED_SECONDS else self._delay
            wait = self._delay + random.random()  # noqa: S311 - so that not all come back at once
            self._delay = min(2 * self._delay, LONGEST_DELAY)
            self._tell("waiting", reason)
        logger.warning("events: %s; connecting again in %.0f s", reason, wait)
        end = time.monotonic() + wait
        while held.is_set() and time.monotonic() < end and not self._stop.wait(FLUSH_SECONDS):
            pass

    def _keep_reading(self, pending: Pending, renew: Callable[[], bool], held: threading.Event) -> None:
        """Have read what is due, keep the lease; hang up when it is lost or everything is to end."""
        renewed = time.monotonic()
        while held.is_set() and not self._stop.wait(FLUSH_SECONDS):
            try:
                if time.monotonic() - renewed > RENEW_SECONDS:
                    renewed = time.monotonic()
                    self._tell(self._state.state, self._state.reason)
                    if not renew():
                        break
                if due := pending.due(time.monotonic()):
                    self._state.read += len(due)
                    self._early(due)
            except errors.OnaError as error:
                logger.warning("events: %s", error)
            except StoreError:
                break
            except Exception:
                logger.exception("events: what they name could not be read")
        held.clear()
        if (stream := self._stream) is not None:
            stream.hang_up()

    def _tell(self, state: str, reason: str = "") -> None:
        if state != self._state.state:
            self._state = WatchState(state, time.time(), reason, self._state.events, self._state.read)
        self._state.reason, self._state.seen = reason, time.time()
        self._store.keep_watch_state(self._state)

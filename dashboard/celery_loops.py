"""What worker and beat do otherwise than Celery's own: they find their way back to a broker that was gone, and any
number of beats send each job once.

Named in the settings of `dashboard.celery` and loaded by those two alone: a web process only hands jobs over.
"""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

from celery import beat
from celery.schedules import schedule
from celery.utils.log import get_logger
from celery.worker import consumer

from dashboard.fleet.claims import Claims
from dashboard.fleet.store import StoreError
from dashboard.jobs import parts

logger = get_logger(__name__)
RECONNECT: dict[str, Any] = {"interval_start": 0.2, "interval_step": 0.4, "interval_max": 2}
"""Seconds between tries to reach the broker: the first wait, what each adds, the longest."""


class Consumer(consumer.Consumer):
    """Celery's consumer, which comes back within 2 s of a broker's return instead of up to 30 s."""

    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, **RECONNECT)
        return super().ensure_connected(conn)


EARLY = 0.05
"""Seconds by which a claim lapses before the same beat is due again."""
PATIENCE = 2.0
"""Seconds at most that a beat leaves to the one whose turn it was, before it sends in its place."""
TRY_AGAIN = 1.0
MOVED = 2.0
"""Seconds by which the machine's clock must have jumped to be noticed."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Scheduler(beat.Scheduler):
    """Celery's scheduler without a file: what repeats is due at once after a start, unless a beat has just sent it.

    Each turn of a job is a claim in Redis that lasts until the next one: whoever has it sends. A beat that finds a turn
    claimed comes back when the claim has lapsed, and a little later; if the other one lives, it has claimed the next
    turn by then. So there is no leader to lose, and a beat that was frozen finds what it is late for claimed. What
    could not be sent gives its turn back, and is due again.
    """

    def __init__(self, *args: Any, claims: Claims | None = None, **options: Any) -> None:
        self._claims = claims or Claims(parts.store())
        self._unsent: dict[str, float] = {}
        """Name → when it may be tried again (monotonic seconds)."""
        super().__init__(*args, **options)

    def is_due(self, entry: Any) -> Any:
        """Celery's answer, (due, seconds until asked again), unless another beat sends this one."""
        due, seconds = super().is_due(entry)
        if not due:
            return due, seconds
        interval = seconds
        wait = self._unsent.get(entry.name, 0.0) - time.monotonic()
        if wait > 0:
            return False, wait
        try:
            if entry.name in self._unsent:
                self._claims.give_back(entry.name)
                del self._unsent[entry.name]
            left = self._claims.take(entry.name, max(interval - EARLY, interval / 2))
        except StoreError as error:
            logger.warning("could not claim %s: %s; trying again in %.0f s", entry.name, error, TRY_AGAIN)
            return False, TRY_AGAIN
        if left is None:
            return True, seconds
        return False, left + EARLY + min(PATIENCE, interval / 4)

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self._all_due()
        self._origin = time.time() - time.monotonic()

    def _all_due(self) -> None:
        for entry in self.schedule.values():
            if isinstance(entry.schedule, schedule):  # a crontab waits for its time
                entry.last_run_at = LONG_AGO

    def tick(self, *args: Any, **options: Any) -> Any:
        """Celery's, after a look whether the machine's clock was moved: set back, it would have nothing sent until it
        has caught up with the last time. What repeats is due at once then; claims keep it from coming too often.
        """
        origin = time.time() - time.monotonic()
        if abs(origin - self._origin) > MOVED:
            logger.warning("the clock of this machine was moved by %+.0f s", origin - self._origin)
            self._all_due()
            self._heap = None
        self._origin = origin
        return super().tick(*args, **options)

    def _ensure_connected(self) -> Any:
        return self.connection.ensure_connection(self._say, **RECONNECT)

    def _say(self, error: Exception, seconds: float) -> None:
        logger.warning("cannot reach the broker: %s; trying again in %.1f s", error, seconds)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one due job; a broker that is down costs a line in the log, not a page of traceback."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except Exception as error:  # noqa: BLE001 - the schedule must go on whatever the broker says
            logger.warning("could not send %s: %s", entry.task, error.__cause__ or error)
            if isinstance(entry.schedule, schedule):
                self._unsent[entry.name] = time.monotonic() + TRY_AGAIN
                self.schedule[entry.name].last_run_at = LONG_AGO
                self._heap = None  # it has been put off by a whole interval

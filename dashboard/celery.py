"""The Celery app: background jobs (`dashboard/jobs.py`) over the Redis or Valkey of `REDIS_URL`.

    celery -A dashboard.celery worker --pool threads --concurrency 8
    celery -A dashboard.celery beat

A message may be lost or arrive twice: the ledger and the next poll make up for both. So messages are
acknowledged early and results are not kept. A broker that is down is tried again for ever by the worker, and
fails a publish within a second instead of hanging the page that publishes.
"""

import os
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery, beat
from celery.schedules import schedule
from celery.utils.log import get_logger
from celery.worker import consumer
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
logger = get_logger(__name__)
RECONNECT: dict[str, Any] = {"interval_start": 0.2, "interval_step": 0.4, "interval_max": 2}
"""Seconds between tries to reach the broker: the first wait, what each adds, the longest."""


def broker_url(redis_url: str) -> str:
    """`redis_url` in the words of kombu, which calls a unix socket `redis+socket://…?virtual_host=N`."""
    if not redis_url.startswith("unix://"):
        return redis_url
    parts = urlsplit(redis_url)
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"


def options(redis_url: str) -> dict[str, Any]:
    """Celery's settings; times are seconds."""
    return {
        "broker_url": broker_url(redis_url),
        "broker_connection_timeout": 1,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # for ever
        "broker_transport_options": {
            "global_keyprefix": "ona:celery:",
            "socket_connect_timeout": 1,
            "socket_timeout": 5,
            "visibility_timeout": 300,
            # What a publish does when it has to connect first: try once more, then fail.
            "max_retries": 1,
            "interval_start": 0.1,
            "interval_step": 0,
            "interval_max": 0.1,
        },
        "imports": ["dashboard.jobs"],
        "task_default_queue": "jobs",
        "task_ignore_result": True,
        "task_acks_late": False,
        "task_publish_retry": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_consumer": "dashboard.celery:Consumer",
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "beat_scheduler": "dashboard.celery:Scheduler",
        "beat_max_loop_interval": 5,
        "enable_utc": True,
        "timezone": "UTC",
    }


class Consumer(consumer.Consumer):
    """Celery's consumer, which comes back within 2 s of a broker's return instead of up to 30 s."""

    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, **RECONNECT)
        return super().ensure_connected(conn)


class Scheduler(beat.Scheduler):
    """Celery's scheduler without a file: what repeats is due at once after a start."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            if isinstance(entry.schedule, schedule):  # a crontab waits for its time
                entry.last_run_at = datetime(2000, 1, 1, tzinfo=UTC)

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


app = Celery("dashboard")
app.conf.update(options(settings.REDIS_URL))

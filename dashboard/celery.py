"""The Celery app: background jobs (`dashboard/jobs/`) over the Redis or Valkey of `REDIS_URL`.

    celery -A dashboard.celery worker --pool threads --concurrency 8
    celery -A dashboard.celery worker --pool threads --concurrency 4 -Q actions,hot    # one for what is urgent
    celery -A dashboard.celery beat        # any number: each job is sent by one of them

A message may be lost or arrive twice: the ledger and the next poll make up for both. So messages are
acknowledged early and results are not kept. A broker that is down is tried again for ever by the worker, and
fails a publish within a second instead of hanging the page that publishes.
"""

import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery
from django.conf import settings
from kombu import Queue

from dashboard.config.redis import sentinels
from dashboard.fleet.store import AT_ONCE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
KEY_PREFIX = "ona:celery:"
"""Of everything that Celery keeps in Redis."""
QUEUES = ("actions", "hot", "full", "logs", "notify")
"""By urgency: what somebody asked for, what moves or is looked at, everything and the housekeeping, logs that are
followed, messages to people. One worker serves them all, unless it is told which (`-Q actions,hot`).
"""
OF_NO_OTHER = "full"
ROUTES: dict[str, dict[str, str]] = {
    name: {"queue": queue}
    for queue, names in {
        "actions": ("perform", "chase", "sweep_actions", "send_batches", "send_lane", "run_policies"),
        "hot": ("poll_hot", "refresh", "read_automations_file", "record_history"),
        "logs": ("tail",),
        "notify": ("find_notices", "send_notices", "forward_audit", "find_events", "send_events"),
    }.items()
    for name in (f"jobs.{one}" for one in names)
}
"""Name of a job → its queue; what is not named goes to OF_NO_OTHER."""


def broker_url(redis_url: str) -> str:
    """`redis_url` in the words of kombu, which calls a unix socket `redis+socket://…?virtual_host=N`, and wants an
    address for each sentinel.
    """
    if group := sentinels(redis_url):
        return group.broker_url
    if not redis_url.startswith("unix://"):
        return redis_url
    parts = urlsplit(redis_url)
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"


def options(redis_url: str) -> dict[str, Any]:
    """Celery's settings; times are seconds."""
    group = sentinels(redis_url)
    return {
        "broker_url": broker_url(redis_url),
        "broker_connection_timeout": 1,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # for ever
        "broker_transport_options": {
            "global_keyprefix": KEY_PREFIX,
            "socket_connect_timeout": 1,
            "socket_timeout": 5,
            "visibility_timeout": 300,
            # What a publish does when it has to connect first: try once more, then fail.
            "max_retries": 1,
            "interval_start": 0.1,
            "interval_step": 0,
            "interval_max": 0.1,
            **({"master_name": group.name, "sentinel_kwargs": AT_ONCE} if group else {}),
        },
        "imports": ["dashboard.jobs"],
        "task_default_queue": OF_NO_OTHER,
        "task_queues": [Queue(name) for name in QUEUES],
        "task_routes": ROUTES,
        "task_ignore_result": True,
        "task_acks_late": False,
        "task_publish_retry": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_consumer": "dashboard.celery_loops:Consumer",
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "beat_scheduler": "dashboard.celery_loops:Scheduler",
        "beat_max_loop_interval": 5,
        "enable_utc": True,
        "timezone": "UTC",
    }


app = Celery("dashboard")
app.conf.update(options(settings.REDIS_URL))

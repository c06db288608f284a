"""How the jobs are getting on, for `/metrics`."""

import time
from typing import Any

from celery.signals import before_task_publish

from dashboard.celery import KEY_PREFIX, QUEUES
from dashboard.fleet import meters
from dashboard.fleet.meters import SENT_HEADER, Queue, Spending
from dashboard.jobs import parts


@before_task_publish.connect
def note_when_handed_over(headers: dict[str, Any], **_: object) -> None:
    headers[SENT_HEADER] = time.time()


def queues() -> dict[str, Queue]:
    """What waits in each of the broker's queues; raises StoreError."""
    found = meters.queues(parts.store(), [KEY_PREFIX + name for name in QUEUES])
    return dict(zip(QUEUES, found, strict=True))


def spending() -> Spending:
    """The budget of requests; raises StoreError."""
    return meters.spending(parts.store())

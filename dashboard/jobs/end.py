"""A worker that is told to end finishes what it has begun; what goes on and on asks here and stops early."""

import threading

from celery.signals import worker_shutting_down

ending = threading.Event()
"""Set when this worker was told to end."""


@worker_shutting_down.connect
def _told(**_: object) -> None:
    ending.set()

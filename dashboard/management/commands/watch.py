"""`manage.py watch`: listens to the API's events and has what they name read at once."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

ENDING_SECONDS = 3.0
"""For a stream to hang up; one that still waits for its first byte is left behind."""


class Command(BaseCommand):
    help = "Listens to the Ona API's events, so that changes are seen before the next poll; ends on SIGTERM."
    requires_system_checks = []

    def handle(self, *_: Any, **__: Any) -> None:
        from dashboard import jobs

        if not settings.WATCH_EVENTS:
            self.stdout.write("WATCH_EVENTS is 0: nothing to do, the polls go on.")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        worker = threading.Thread(target=jobs.watcher(stop).run, name="watcher", daemon=True)
        worker.start()
        self.stdout.write("Listening to events.")
        self.stdout.flush()
        while worker.is_alive() and not stop.is_set():
            worker.join(0.5)
        worker.join(ENDING_SECONDS)

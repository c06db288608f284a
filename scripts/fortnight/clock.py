"""One clock for the simulated world and for the dashboard that watches it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from unittest import mock

from django.utils import timezone

START = datetime.fromisoformat("2026-09-21T00:00:00+00:00").timestamp()
"""A Monday."""


@dataclass
class Clock:
    """Epoch seconds that pass only when the run says so."""

    now: float

    def __call__(self) -> float:
        return self.now

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """Have this process go by it; what waits and times out goes by the machine's monotonic clock as always."""
        with mock.patch.object(time, "time", self), mock.patch.object(timezone, "now", self.moment):
            yield

"""A rate limit as the platform applies it: refused calls say how long to wait."""

import threading
from collections.abc import Callable

from dashboard.simulator.errors import rate_limited


class RateLimit:
    """A bucket of one second's worth of calls that fills at `rate` calls a second (of real time)."""

    def __init__(self, rate: float, now: Callable[[], float]) -> None:
        self.rate = rate
        self.capacity = max(1.0, rate)
        self._now = now
        self._left = self.capacity
        self._seen = now()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Use one call. Raises resource_exhausted with the time until the next is free."""
        with self._lock:
            now = self._now()
            self._left = min(self.capacity, self._left + max(0.0, now - self._seen) * self.rate)
            self._seen = now
            if self._left < 1:
                raise rate_limited((1 - self._left) / self.rate)
            self._left -= 1

"""How fast to ask. The API publishes no limits; one learns them from its 429 answers."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

LONGEST_HOLD = 30.0
"""Seconds. A 429 that asks for more makes the call fail (`RateLimited`) instead of blocking its thread."""
SLOWEST = 0.05
"""The floor, as a share of the full rate."""
RECOVERY = 0.01
"""What a success gives back, as a share of the full rate."""


class Pace(Protocol):
    """Told of every request before it is sent and of how it went; may be shared by threads or processes."""

    def wait(self) -> None:
        """Block until a request may be sent."""

    def slow_down(self, delay: float | None) -> None:
        """The API answered 429; `delay` is how many seconds it asked for, None when it did not say."""

    def speed_up(self) -> None:
        """The API answered."""

    def failed(self, kind: str) -> None:
        """A request brought an error of this type; to be counted."""


class Unpaced:
    """No limit but the API's own."""

    def wait(self) -> None:
        pass

    def slow_down(self, delay: float | None) -> None:
        pass

    def speed_up(self) -> None:
        pass

    def failed(self, kind: str) -> None:
        pass


class TokenPace:
    """At most `rate` requests a second, spread evenly, shared by the threads of this process.

    A 429 halves the rate (once a second at most: requests that were under way together are refused together),
    and every success restores a hundredth of the full rate. `clock` is in seconds and must not run backwards.
    """

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not rate > 0:
            raise ValueError("the rate must be more than 0 requests a second")
        self.full = self.rate = float(rate)
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next = self._halved = clock() - 1.0

    def wait(self) -> None:
        with self._lock:
            now = self._clock()
            turn = max(self._next, now)
            self._next = turn + 1.0 / self.rate
        if turn > now:
            self._sleep(turn - now)

    def slow_down(self, delay: float | None) -> None:
        with self._lock:
            now = self._clock()
            if now - self._halved >= 1.0:
                self._halved = now
                self.rate = max(self.rate / 2, self.full * SLOWEST)
            self._next = max(self._next, now + min(max(delay or 0.0, 0.0), LONGEST_HOLD))

    def speed_up(self) -> None:
        with self._lock:
            self.rate = min(self.full, self.rate + self.full * RECOVERY)

    def failed(self, kind: str) -> None:
        pass

"""Sends one call to the API: `POST {base}/gitpod.v1.{Service}/{Method}`, JSON both ways, a bearer key.

Reads are repeated when that can help, writes never: a lost answer to StartTask does not mean that nothing started.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from dashboard.ona import errors
from dashboard.ona.http import Bearer, Raw, exchange, timeouts
from dashboard.ona.pace import Pace, Unpaced
from dashboard.ona.refusals import api_error

ATTEMPTS = 4
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
MOST_DELAY = 60.0
"""Seconds that one call may spend waiting between its attempts."""


def may_retry(method: str, error: errors.OnaError) -> bool:
    """Whether to send the same call again: only reads, and only after what may pass by itself.

    Every call is a POST, so the rule goes by the method's name. A RetryInfo without a delay asks not to retry.
    """
    if not method.startswith(("Get", "List")):
        return False
    if isinstance(error, errors.ApiError) and error.retry_after == 0.0:
        return False
    return isinstance(error, errors.NoAnswer | errors.Truncated | errors.RateLimited | errors.Unavailable)


@dataclass(frozen=True)
class Answer:
    """The body of a 200 answer, and the epoch second just before the request for it was sent."""

    body: bytes
    asked_at: float


@dataclass
class Transport:
    """One address and one key. Safe to share between threads; close it when done."""

    base: httpx.URL
    key: Bearer
    client: httpx.Client
    pace: Pace = field(default_factory=Unpaced)
    timeout: float = 10.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    rng: Callable[[], float] = random.random
    requests: int = 0
    owns_client: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def call(self, service: str, method: str, message: Mapping[str, Any]) -> Answer:
        """Sends `message` and returns the answer; raises any OnaError."""
        url = self.base.copy_with(path=f"{self.base.path.rstrip('/')}/gitpod.v1.{service}/{method}")
        waited = 0.0
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.attempt(url, method, message)
            except errors.OnaError as error:
                delay = self.delay(error, attempt)
                hopeless = delay > LONGEST_DELAY or waited + delay > MOST_DELAY
                if attempt == ATTEMPTS or hopeless or not may_retry(method, error):
                    raise
            waited += delay
            self.sleep(delay)
        raise AssertionError("unreachable")

    def delay(self, error: errors.OnaError, attempt: int) -> float:
        """Seconds before the next attempt: what the API asked for, else twice as much each time with full jitter."""
        if isinstance(error, errors.ApiError) and error.retry_after is not None:
            return error.retry_after
        return self.rng() * FIRST_DELAY * 2**attempt

    def attempt(self, url: httpx.URL, method: str, message: Mapping[str, Any]) -> Answer:
        """Sends once (and follows redirects)."""
        asked_at = self.clock()

        def before() -> None:
            nonlocal asked_at
            self.pace.wait()
            with self.lock:
                self.requests += 1
            asked_at = self.clock()

        raw = exchange(self.client, url, message, self.key, timeouts(self.timeout), before)
        if raw.status != 200:
            raise self.refused(raw, method)
        self.pace.speed_up()
        return Answer(raw.body, asked_at)

    def refused(self, raw: Raw, method: str) -> errors.OnaError:
        """The error that an answer other than 200 means; the pace is told of it."""
        if raw.status < 400:
            return errors.BadAnswer(f"{method}: the answer has the unexpected status {raw.status}")
        error = api_error(
            raw.status, raw.headers, raw.body, method=method, key=self.key.secret, now=self.clock()
        )
        if isinstance(error, errors.RateLimited):
            self.pace.slow_down(error.retry_after)
        else:
            self.pace.speed_up()
        return error

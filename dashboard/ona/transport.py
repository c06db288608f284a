"""One call to the API: `POST {base}/gitpod.v1.{Service}/{Method}`, repeated when that is safe and can help.

Reads are repeated, writes never: a lost answer to StartTask does not mean that nothing started.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from dashboard.ona import errors
from dashboard.ona.http import Raw, Wire
from dashboard.ona.refusals import api_error
from dashboard.tracing import span

logger = logging.getLogger(__name__)
T = TypeVar("T")
ATTEMPTS = 4
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
MOST_DELAY = 60.0
"""Seconds that one call may spend waiting between its attempts."""
PASSING = (errors.NoAnswer, errors.Truncated, errors.RateLimited, errors.Unavailable)
"""What may be gone a moment later."""
ACCIDENTS = (errors.ServerError, errors.BadAnswer)
"""What may be bad luck: an internal error, an answer that is none. Hardly ever twice in a row."""
ATTEMPTS_AT_ACCIDENTS = 3
"""A sweep has hundreds of requests, and one of them has bad luck."""


def may_retry(method: str, error: errors.OnaError) -> bool:
    """Whether to send the same call again: only reads, and only after what may pass by itself.

    Every call is a POST, so the rule goes by the method's name. A RetryInfo without a delay says not to.
    """
    return repeatable(method) and isinstance(error, PASSING) and not told_not_to(error)


def repeatable(method: str) -> bool:
    """Whether it only reads."""
    return method.startswith(("Get", "List"))


def told_not_to(error: errors.OnaError) -> bool:
    return isinstance(error, errors.ApiError) and error.told_not_to_retry


@dataclass(frozen=True)
class Transport:
    """One address. `sleep` takes seconds, `rng` gives 0.0 to 1.0."""

    base: httpx.URL
    wire: Wire
    sleep: Callable[[float], None]
    rng: Callable[[], float]

    def url(self, service: str, method: str) -> httpx.URL:
        """Where a method is."""
        return self.base.copy_with(path=f"{self.base.path.rstrip('/')}/gitpod.v1.{service}/{method}")

    def call(self, service: str, method: str, message: Mapping[str, Any]) -> Raw:
        """Sends `message` and returns the 200 answer; raises any OnaError."""
        url = self.url(service, method)
        waited, attempt = 0.0, 1
        while True:
            try:
                return self.attempt(url, method, message)
            except errors.OnaError as error:
                self.count(error)
                delay = self.delay(error, attempt)
                exhausted = attempt == ATTEMPTS or delay > LONGEST_DELAY or waited + delay > MOST_DELAY
                if exhausted or not may_retry(method, error):
                    raise
            waited, attempt = waited + delay, attempt + 1
            self.sleep(delay)

    def persist(self, method: str, read: Callable[[], T]) -> T:
        """What `read` makes of an answer; a method that only reads is called again after an accident."""
        attempt = 1
        while True:
            try:
                return read()
            except errors.Truncated:
                raise  # `call` has repeated that
            except ACCIDENTS as error:
                self.count(error)
                if attempt == ATTEMPTS_AT_ACCIDENTS or not repeatable(method) or told_not_to(error):
                    raise
                delay = min(LONGEST_DELAY, self.delay(error, attempt))
            attempt += 1
            self.sleep(delay)

    def count(self, error: errors.OnaError) -> None:
        """Tell the pace, once."""
        if not error.counted:
            error.counted = True
            self.wire.pace.failed(type(error).__name__)

    def delay(self, error: errors.OnaError, attempt: int) -> float:
        """Seconds to the next attempt: what the API asked for, else doubling with full jitter."""
        if isinstance(error, errors.ApiError) and error.retry_after is not None:
            return error.retry_after
        longest: float = FIRST_DELAY * 2**attempt
        return self.rng() * longest

    def attempt(self, url: httpx.URL, method: str, message: Mapping[str, Any]) -> Raw:
        """Sends once."""
        if not repeatable(method):
            return self.judged(self.written(url, method, message), method)
        return self.judged(self.wire.exchange(url, message), method)

    def written(self, url: httpx.URL, method: str, message: Mapping[str, Any]) -> Raw:
        """Sends what changes something, and says so in the log: by its method, never by what was sent."""
        with span(f"call {method}", {"rpc.method": method}) as note:
            raw = self.wire.exchange(url, message)
            note("http.response.status_code", raw.status)
        logger.info("%s answered %d", method, raw.status)
        return raw

    def judged(self, raw: Raw, method: str) -> Raw:
        """An answer that is one; raises any ApiError, and BadAnswer."""
        if raw.status >= 400:
            raise self.refused(raw, method)
        if raw.status != 200:
            raise errors.BadAnswer(f"{method}: the answer has the unexpected status {raw.status}")
        self.wire.pace.speed_up()
        return raw

    def refused(self, raw: Raw, method: str) -> errors.ApiError:
        """The error that the answer means; the pace is told of it."""
        error = api_error(raw, method, key=self.wire.key.secret, now=self.wire.clock())
        if isinstance(error, errors.RateLimited):
            self.wire.pace.slow_down(error.retry_after)
        return error

"""How often something was tried lately, counted for all processes in Redis: for limits, not for statistics.

tries:<digest>      a number that lapses with its window; what was tried is not readable from its key
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import cast

from dashboard.fleet.store import Store, StoreError

MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many tries of one thing within `seconds` from the first."""

    name: str
    most: int
    seconds: int


@dataclass
class Tries:
    """While Redis does not answer each process counts for itself, in `own`: a limit never falls away."""

    store: Store
    own: dict[str, tuple[int, float]]
    clock: Callable[[], float] = time.monotonic

    def wait(self, limit: Limit, *what: str) -> int:
        """Count one more try of `what`; returns for how many seconds to wait: 0 within the limit."""
        count, left = self._counted(limit, what)
        return 0 if count <= limit.most else max(left, 1)

    def count(self, limit: Limit, *what: str) -> int:
        """Count one more of `what`; returns how many that makes in this window, whatever the limit."""
        return self._counted(limit, what)[0]

    def _counted(self, limit: Limit, what: tuple[str, ...]) -> tuple[int, int]:
        """The count, and the seconds left of its window."""
        key = self._key(limit, what)
        try:
            return self._shared(key, limit.seconds)
        except StoreError:
            return self._alone(key, limit.seconds)

    def forget(self, limit: Limit, *what: str) -> None:
        """Begin to count anew, after a success."""
        key = self._key(limit, what)
        self.own.pop(key, None)
        try:
            self.store._redis.delete(key)
        except StoreError:
            return

    def _shared(self, key: str, seconds: int) -> tuple[int, int]:
        with self.store._redis.pipeline() as pipe:
            pipe.set(key, 0, ex=seconds, nx=True)
            pipe.incr(key)
            pipe.ttl(key)
            _, count, left = cast("tuple[object, int, int]", pipe.execute())
        return count, left

    def _alone(self, key: str, seconds: int) -> tuple[int, int]:
        now = self.clock()
        count, end = self.own.get(key, (0, 0.0))
        if end <= now:
            count, end = 0, now + seconds
        if len(self.own) >= MOST_KEPT:
            self.own.clear()
        self.own[key] = (count + 1, end)
        return count + 1, int(end - now)

    def _key(self, limit: Limit, what: tuple[str, ...]) -> str:
        digest = blake2b("\0".join((limit.name, *what)).encode(), digest_size=16).hexdigest()
        return self.store._key("tries", digest)

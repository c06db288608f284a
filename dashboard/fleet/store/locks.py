"""Single flight: locks that lapse, and that the dead let go of at once."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import cast

import redis

from dashboard.fleet.store.part import Part
from dashboard.process import has_died, this_process

_held: set[str] = set()
"""The tokens of the locks that this process holds or asks for."""


def _is_left_over(token: str) -> bool:
    """Whether nobody holds the lock with this token: its process has died, or it is this one, which let go of it
    and got it back when Redis came back from an older dump.
    """
    process = token.partition("/")[0]
    return token not in _held if process == this_process() else has_died(process)


class Locks(Part):
    """For one holder at a time, of all processes."""

    @contextmanager
    def lease(self, name: str, seconds: float) -> Iterator[Callable[[], bool] | None]:
        """For what goes on and on: as `single`, with a call that makes it last another `seconds`, False when it is
        lost; None for everybody but the holder.
        """
        self._take_from_the_dead(name)
        lock = self._redis.lock(self._key("lock", name), timeout=seconds, blocking=False, thread_local=False)
        token = f"{this_process()}/{secrets.token_hex(8)}"
        _held.add(token)

        def renew() -> bool:
            try:
                return bool(lock.reacquire())
            except redis.exceptions.LockError:
                return False

        try:
            yield renew if lock.acquire(token=token) else None
        finally:
            with suppress(redis.RedisError):
                lock.release()
            _held.discard(token)

    def _take_from_the_dead(self, name: str) -> None:
        holder = cast("bytes | None", self._redis.get(self._key("lock", name)))
        if holder is not None and _is_left_over(holder.decode()):
            lock = self._redis.lock(self._key("lock", name))
            lock.local.token = holder
            with suppress(redis.RedisError):  # somebody else was faster
                lock.release()

    @contextmanager
    def single(self, name: str, seconds: float) -> Iterator[bool]:
        """True for the one holder of lock `name`. It lapses after `seconds` if its holder dies, and at once when
        that was a process of this machine.
        """
        self._take_from_the_dead(name)
        lock = self._redis.lock(self._key("lock", name), timeout=seconds, blocking=False)
        token = f"{this_process()}/{secrets.token_hex(8)}"
        _held.add(token)
        try:
            if not lock.acquire(token=token):
                yield False
                return
            yield True
        finally:
            with suppress(redis.RedisError):  # it lapsed, or Redis is gone: either way nobody waits for us
                lock.release()
            _held.discard(token)

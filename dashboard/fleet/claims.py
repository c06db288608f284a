"""Turns that several processes could take, and one does: a key that lapses when the next turn may be taken.

beat:<name>     who took the turn
"""

from dashboard.fleet.store import Store
from dashboard.process import this_process

GIVE_BACK = 'if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("DEL", KEYS[1]) end'


class Claims:
    """Shared through `store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, name: str, seconds: float) -> float | None:
        """None when the turn is ours, for so many seconds; else the seconds for which it is another's.

        A claim that was made for longer (before a setting changed) is cut to `seconds`. Raises StoreError.
        """
        redis, key, most = self._store._redis, self._store._key("beat", name), max(1, int(seconds * 1000))
        if redis.set(key, this_process(), nx=True, px=most):
            return None
        left = redis.pttl(key)
        if left > most or left == -1:
            redis.pexpire(key, most)
            left = most
        return max(left, 0) / 1000

    def give_back(self, name: str) -> None:
        """The turn that this process took came to nothing: it can be taken again. Raises StoreError."""
        self._store._redis.eval(GIVE_BACK, 1, self._store._key("beat", name), this_process())

    def is_taken(self, name: str) -> bool:
        """Whether somebody has the turn; raises StoreError."""
        return bool(self._store._redis.exists(self._store._key("beat", name)))

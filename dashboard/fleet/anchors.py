"""The newest anchor of the audit, in Redis, where whoever writes in the database does not reach it.

ona:audit:anchor    hash: number and seal of the newest entry at some moment
"""

from typing import cast

from dashboard.fleet.store import Store

KEY = "ona:audit:anchor"
"""Without a fleet's namespace: the audit belongs to the database, whatever API it was written beside."""


def keep(store: Store, number: int, digest: str) -> None:
    store._redis.hset(KEY, mapping={"number": number, "digest": digest})


def kept(store: Store) -> tuple[int, str] | None:
    found = cast("dict[bytes, bytes]", store._redis.hgetall(KEY))
    return (int(found[b"number"]), found[b"digest"].decode()) if found else None


def forget(store: Store) -> None:
    store._redis.delete(KEY)

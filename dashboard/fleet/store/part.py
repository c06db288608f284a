"""What every part of the store has: a client, and where its keys begin."""

from hashlib import blake2b
from typing import Any, cast

import redis
import redis.sentinel
from redis.backoff import NoBackoff
from redis.retry import Retry

from dashboard.config.redis import sentinels

PATIENCE: dict[str, Any] = {"socket_timeout": 3, "socket_connect_timeout": 1}
"""Seconds."""
AT_ONCE: dict[str, Any] = {**PATIENCE, "retry": Retry(NoBackoff(), 0)}
"""For sentinels: else one that is gone costs every new connection four seconds before the next is asked."""
StoreError = redis.RedisError
"""Raised by every method of the store when Redis does not answer."""


def namespace(base_url: str, api_key: str) -> str:
    return blake2b(f"{base_url}\0{api_key}".encode(), digest_size=6).hexdigest()


def namespace_of(client: "redis.Redis", base_url: str, api_key: str) -> str:
    """Where the fleet of this key is kept: with that of the key whose place it took, if it took one's."""
    name = namespace(base_url, api_key)
    try:
        kept = cast("bytes | None", client.get(f"ona:{name}:follows"))
    except StoreError:
        return name
    return kept.decode() if kept else name


def follow(client: "redis.Redis", base_url: str, old_key: str, new_key: str) -> None:
    """A new key has taken the place of an old one: processes that start with it find the same fleet."""
    name = namespace_of(client, base_url, old_key)
    client.set(f"ona:{namespace(base_url, new_key)}:follows", name)


def connect(url: str) -> "redis.Redis":
    """A client with short timeouts, so that a dead Redis costs a page a moment and not its life.

    Of a group with sentinels it is the primary's: each new connection asks who that is.
    """
    group = sentinels(url)
    if group is None:
        return redis.Redis.from_url(url, **PATIENCE, health_check_interval=15)
    sentinel: Any = redis.sentinel.Sentinel
    asked = sentinel(list(group.hosts), sentinel_kwargs=AT_ONCE)
    who = {"username": group.username, "password": group.password, "db": group.database}
    return cast("redis.Redis", asked.master_for(group.name, **AT_ONCE, **who, health_check_interval=15))


class Part:
    """The keys of one namespace."""

    def __init__(self, client: "redis.Redis", name: str) -> None:
        self._redis = client
        self._prefix = f"ona:{name}:"

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

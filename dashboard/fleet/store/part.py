"""What every part of the store has: a client, and where its keys begin."""

from hashlib import blake2b

import redis

StoreError = redis.RedisError
"""Raised by every method of the store when Redis does not answer."""


def namespace(base_url: str, api_key: str) -> str:
    return blake2b(f"{base_url}\0{api_key}".encode(), digest_size=6).hexdigest()


def connect(url: str) -> "redis.Redis":
    """A client with short timeouts, so that a dead Redis costs a page a moment and not its life."""
    return redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=1, health_check_interval=15)


class Part:
    """The keys of one namespace."""

    def __init__(self, client: "redis.Redis", name: str) -> None:
        self._redis = client
        self._prefix = f"ona:{name}:"

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

"""What Redis knows of how things go, for whoever watches over the dashboard: the budget of requests, and queues.

Bounded work: one round trip each, whatever is stored.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from dashboard.fleet.budget import FAILED, REFUSED, SENT
from dashboard.fleet.store import Store

SENT_HEADER = "ona_sent"
"""Of a message: the epoch second at which it was handed over."""


@dataclass(frozen=True, slots=True)
class Spending:
    """The budget now: requests a second (None: nothing was sent for an hour), seconds until the next slot is free;
    and since the counting began how many were sent, refused with a 429, and failed by type of error.
    """

    rate: float | None = None
    wait: float = 0.0
    sent: int = 0
    refused: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """How many messages wait, and when the oldest was handed over (epoch seconds; None: not known)."""

    depth: int
    oldest: float | None


def spending(store: Store) -> Spending:
    """Raises StoreError."""
    with store._redis.pipeline(transaction=False) as pipe:
        pipe.hgetall(store._key("budget"))
        pipe.time()
        held, now = cast("tuple[dict[bytes, bytes], tuple[int, int]]", tuple(pipe.execute()))
    told = {name.decode(): value for name, value in held.items()}
    failed = {name.removeprefix(FAILED): int(n) for name, n in told.items() if name.startswith(FAILED)}
    turn = float(told.get("next", 0.0))
    return Spending(
        float(told["rate"]) if "rate" in told else None,
        max(0.0, turn - (now[0] + now[1] / 1e6)),
        int(told.get(SENT, 0)),
        int(told.get(REFUSED, 0)),
        failed,
    )


def queues(store: Store, keys: Iterable[str]) -> list[Queue]:
    """Of each key of a broker's list, in their order; raises StoreError."""
    with store._redis.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.llen(key)
            pipe.lindex(key, -1)
        answers = pipe.execute()
    return [Queue(depth, _handed_over(last)) for depth, last in zip(answers[::2], answers[1::2], strict=True)]


def _handed_over(message: bytes | None) -> float | None:
    try:
        told: Any = json.loads(message or b"")
        return float(told["headers"][SENT_HEADER])
    except (ValueError, TypeError, KeyError):
        return None

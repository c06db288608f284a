"""What the store holds beside the rows: how sweeps went, one resource in depth, what people look at, events."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar, cast

from dashboard.fleet.codec import decode_detail, encode_detail
from dashboard.fleet.details import Detail
from dashboard.fleet.entities import KINDS, Kind
from dashboard.fleet.store.part import Part
from dashboard.fleet.store.shapes import Addressed, Sweep, WatchState

KEPT = ("version", "epoch", "server", "changes", "sweeps", "attention")
KEEP = 7 * 24 * 3600
DETAIL_KEEP = 3600
ATTENTION_KEEP = 60
WATCH_KEEP = 60


Made = TypeVar("Made", Sweep, WatchState)


def _known(what: type[Made], written: Mapping[str, Any]) -> Made:
    """As another version of this program may have written it: what is not known here is left out."""
    known = {one.name for one in fields(what)}
    return what(**{name: value for name, value in written.items() if name in known})


class Beside(Part):
    """Sweeps, details, attention, events."""

    def record(self, sweep: Sweep) -> None:
        """Keep a sweep's outcome beside its last success, and keep the fleet's keys alive for another week."""
        text = json.dumps(asdict(sweep))
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(self._key("sweeps"), f"{sweep.name}:last", text)
            if not sweep.error:
                pipe.hset(self._key("sweeps"), f"{sweep.name}:ok", text)
            for key in (*KEPT, *(f"rows:{kind}" for kind in Kind)):
                pipe.expire(self._key(key), KEEP)
            pipe.execute()

    def sweeps(self) -> dict[str, Sweep]:
        """`<name>:last` and `<name>:ok` of every sweep that has run."""
        stored = cast("dict[bytes, bytes]", self._redis.hgetall(self._key("sweeps")))
        return {name.decode(): _known(Sweep, json.loads(text)) for name, text in stored.items()}

    # One resource in depth

    def keep_detail(self, kind: str, detail: Detail) -> None:
        self._redis.set(self._key("detail", kind, detail.id), encode_detail(detail), ex=DETAIL_KEEP)
        self._redis.delete(self._key("unread", kind, detail.id))

    def keep_unread(self, kind: str, identifier: str, why: str) -> None:
        """Why a resource that somebody looks at cannot be read, until it is or nobody looks any more."""
        self._redis.set(self._key("unread", kind, identifier), why.encode(), ex=ATTENTION_KEEP)

    def unread(self, kind: str, identifier: str) -> str:
        """The reason, "" when there is none."""
        why = cast("bytes | None", self._redis.get(self._key("unread", kind, identifier)))
        return "" if why is None else why.decode()

    def detail(self, kind: str, identifier: str) -> Detail | None:
        blob = cast("bytes | None", self._redis.get(self._key("detail", kind, identifier)))
        return None if blob is None else decode_detail(kind, blob)

    def attend(self, kind: Kind, identifier: str) -> bool:
        """Say that a page shows this resource now; True when nobody was looking at it before."""
        return bool(self._redis.zadd(self._key("attention"), {f"{kind.value}:{identifier}": time.time()}))

    def attended(self) -> list[Addressed]:
        """What pages have shown within the last minute, latest first."""
        key = self._key("attention")
        self._redis.zremrangebyscore(key, "-inf", time.time() - ATTENTION_KEEP)
        names = [
            name.decode().partition(":") for name in cast("list[bytes]", self._redis.zrevrange(key, 0, -1))
        ]
        return [(Kind(kind), identifier) for kind, _, identifier in names if kind in KINDS]

    # Events

    def keep_watch_state(self, state: WatchState) -> None:
        self._redis.set(self._key("watch"), json.dumps(asdict(state)), ex=WATCH_KEEP)

    def watch_state(self) -> WatchState | None:
        """None when nobody listens."""
        text = cast("bytes | None", self._redis.get(self._key("watch")))
        return None if text is None else _known(WatchState, json.loads(text))

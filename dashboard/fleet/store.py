"""The fleet in Redis. The only module that speaks Redis, with `budget`.

Keys, all under `ona:<namespace>:` (the namespace is a digest of base address and key, so that two
organisations never mix):

    rows:<kind>          hash, id → b"<version> <asked>\\n<blob>"; asked = when the request for it was sent
    version              counter, raised by each write that changed something
    epoch                random text of this store's life; another epoch means another numbering
    server               which life of the Redis process the epoch belongs to
    changes              capped stream; entry ids are <version>-<n>, fields kind, id, blob (empty = removed), asked
    sweeps               hash, name of a sweep → JSON of its last run, and of its last success
    detail:<kind>:<id>   blob of one resource's own page, expires
    unread:<kind>:<id>   why one resource could not be read, expires
    attention            sorted set, <kind>:<id> → when a page last asked for it
    watch                JSON of how listening to events goes, expires
    lock:<name>          single flight

Every writer watches `version` while it compares and writes, so that two sweeps never interleave.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

import redis
from redis.client import Pipeline

from dashboard.fleet.codec import decode_detail, decode_row, encode_detail, encode_row
from dashboard.fleet.details import Detail
from dashboard.fleet.entities import Kind, Row, kind_of
from dashboard.process import has_died, this_process

StoreError = redis.RedisError
"""Raised by every method here when Redis does not answer."""

KEPT = ("version", "epoch", "server", "changes", "sweeps", "attention")
KEEP = 7 * 24 * 3600
DETAIL_KEEP = 3600
ATTENTION_KEEP = 60
WATCH_KEEP = 60
CHANGES_KEPT = 50_000
BATCH = 2_000
ATTEMPTS = 20

WRITE = """
local number, at = 0, 3
while at < #ARGV do
  local rows, kind, asked, last = KEYS[tonumber(ARGV[at])], ARGV[at+1], ARGV[at+2], at + 3 + 2 * tonumber(ARGV[at+3])
  local head = ARGV[1] .. ' ' .. asked .. '\\n'
  for one = at + 4, last, 2 do
    local id, blob = ARGV[one], ARGV[one+1]
    if blob == '' then
      redis.call('HDEL', rows, id)
    else
      redis.call('HSET', rows, id, head .. blob)
    end
    redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], ARGV[1] .. '-' .. number,
      'kind', kind, 'id', id, 'blob', blob, 'asked', asked)
    number = number + 1
  end
  at = last + 1
end
"""
"""Rows and their changes in one command instead of two for each row. ARGV: version, how many changes are kept, and of
each page of rows the place of its hash among KEYS, its kind, when it was asked for (every digit: a rounded moment may
seem later than it was) and how many there are, then of each its id and its blob (empty: removed).
"""

Addressed = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Observation:
    """A row as the API showed it to a request sent at `asked` (epoch seconds)."""

    row: Row
    asked: float


Newer = Callable[[Observation, Observation], bool]


@dataclass(frozen=True, slots=True)
class Sweep:
    """One run of a sweep: epoch seconds, counts, and the reason when it failed. `ahead`: seconds by which the API's
    clock was ahead of ours, None when its answers did not say. `meaning` says what the reason means for a
    person; `notes` what else was odd, a sentence each; `history_at`: when the last sweep began that read all
    executions.
    """

    name: str
    started: float
    seconds: float = 0.0
    error: str = ""
    requests: int = 0
    changed: int = 0
    skipped: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    ahead: float | None = None
    meaning: str = ""
    notes: list[str] = field(default_factory=list)
    history_at: float = 0.0


@dataclass(slots=True)
class WatchState:
    """How listening to events goes: `state` is listening, waiting or refused, since when (epoch seconds) and why;
    how many events came, how many resources were read for them, and when this was last confirmed.
    """

    state: str
    since: float
    reason: str = ""
    events: int = 0
    read: int = 0
    seen: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """One row that changed: `row` is None when it is gone; `asked` says when the request that showed it was sent
    (epoch seconds), 0.0 for what is gone.
    """

    version: int
    kind: Kind
    id: str
    row: Row | None
    asked: float = field(default=0.0, compare=False)


def namespace(base_url: str, api_key: str) -> str:
    return blake2b(f"{base_url}\0{api_key}".encode(), digest_size=6).hexdigest()


def connect(url: str) -> "redis.Redis":
    """A client with short timeouts, so that a dead Redis costs a page a moment and not its life."""
    return redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=1, health_check_interval=15)


def _unpack(value: bytes) -> tuple[int, float, bytes]:
    head, _, blob = value.partition(b"\n")
    version, _, asked = head.partition(b" ")
    return int(version), float(asked), blob


def _sweep(written: Mapping[str, Any]) -> Sweep:
    """A sweep as another version of this program may have written it: what is not known here is left out."""
    known = {one.name for one in fields(Sweep)}
    return Sweep(**{name: value for name, value in written.items() if name in known})


def _newest(seen: Iterable[Observation], newer: Newer) -> list[Observation]:
    """One observation a row: a sweep may meet a row on two pages, or list it and read it again."""
    best: dict[Addressed, Observation] = {}
    for new in seen:
        address = (kind_of(new.row), new.row.id)
        if address not in best or newer(best[address], new):
            best[address] = new
    return list(best.values())


_held: set[str] = set()
"""The tokens of the locks that this process holds or asks for."""


def _is_left_over(token: str) -> bool:
    """Whether nobody holds the lock with this token: its process has died, or it is this one, which let go of it
    and got it back when Redis came back from an older dump.
    """
    process = token.partition("/")[0]
    return token not in _held if process == this_process() else has_died(process)


class Store:
    """The fleet of one namespace in Redis."""

    def __init__(self, client: "redis.Redis", name: str) -> None:
        self._redis = client
        self._prefix = f"ona:{name}:"

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    # Reading

    def position(self) -> tuple[str, int]:
        """(epoch, version); ("", 0) when nothing has been written yet. One round trip."""
        epoch, version = cast(
            "list[bytes | None]", self._redis.mget(self._key("epoch"), self._key("version"))
        )
        return (epoch or b"").decode(), int(version or 0)

    def rows(self, kind: Kind) -> Iterator[tuple[int, Row]]:
        """Every (version, row) of a kind; what cannot be read is left out."""
        for _, value in self._redis.hscan_iter(self._key("rows", kind), count=BATCH):
            version, _, blob = _unpack(cast("bytes", value))
            if (row := decode_row(kind, blob)) is not None:
                yield version, row

    def row(self, kind: Kind, identifier: str) -> Row | None:
        value = cast("bytes | None", self._redis.hget(self._key("rows", kind), identifier))
        return None if value is None else decode_row(kind, _unpack(value)[2])

    def observed(self, kind: Kind, identifiers: Iterable[str]) -> dict[str, Observation]:
        """Rows by id, each with the epoch second at which it was asked for; those that are there."""
        found = self._stored((kind, identifier) for identifier in identifiers)
        rows = {key: (decode_row(kind, blob), asked) for (_, key), (_, asked, blob) in found.items()}
        return {key: Observation(row, asked) for key, (row, asked) in rows.items() if row is not None}

    def ids(self, kind: Kind) -> set[str]:
        return {key.decode() for key in cast("list[bytes]", self._redis.hkeys(self._key("rows", kind)))}

    def changes_since(self, version: int) -> list[Change] | None:
        """What changed after `version`, oldest first; None when the stream no longer reaches back that far."""
        entries = cast(
            "list[Any]", self._redis.xrange(self._key("changes"), min=f"({version}-{2**63}", max="+")
        )
        if not entries or entries[0][0] != b"%d-0" % (version + 1):  # trimmed, perhaps within one version
            return None
        return [self._change(identifier, fields) for identifier, fields in entries]

    @staticmethod
    def _change(identifier: bytes, fields: Mapping[bytes, bytes]) -> Change:
        kind, blob = Kind(fields[b"kind"].decode()), fields[b"blob"]
        version = int(identifier.partition(b"-")[0])
        row = decode_row(kind, blob) if blob else None
        return Change(version, kind, fields[b"id"].decode(), row, float(fields.get(b"asked", 0.0)))

    # Writing

    def write(self, seen: Iterable[Observation], *, newer: Newer, gone: Iterable[Addressed] = ()) -> int:
        """Write what differs and is newer than what is stored, remove `gone`; returns how many rows changed.

        `newer(old, new)` decides. A write that changes nothing leaves version and stream alone.
        """
        fresh, removed, changed = _newest(seen, newer), list(gone), 0
        if not fresh and not removed:
            return 0
        server = self._server()
        for start in range(0, len(fresh), BATCH):
            changed += self._write_batch(server, fresh[start : start + BATCH], [], newer)
        for start in range(0, len(removed), BATCH):
            changed += self._write_batch(server, [], removed[start : start + BATCH], newer)
        return changed

    def _write_batch(
        self, server: bytes, seen: list[Observation], gone: list[Addressed], newer: Newer
    ) -> int:
        for _ in range(ATTEMPTS):
            with self._redis.pipeline() as pipe:
                try:
                    return self._compare_and_write(pipe, server, seen, gone, newer)
                except redis.WatchError:
                    continue
        raise redis.RedisError("another writer kept changing the fleet")

    def _compare_and_write(
        self, pipe: Pipeline, server: bytes, seen: list[Observation], gone: list[Addressed], newer: Newer
    ) -> int:
        pipe.watch(self._key("version"))  # type: ignore[no-untyped-call]
        version = self.position()[1] + 1
        writes = self._different(seen, newer)
        removals = [(kind, key, 0.0, b"") for kind, key in self._stored(gone)]
        if not writes and not removals:
            return 0
        pipe.multi()
        pipe.set(self._key("version"), version, keepttl=True)
        if server != self._redis.get(self._key("server")):
            pipe.set(self._key("epoch"), secrets.token_hex(8))
            pipe.set(self._key("server"), server)
        changes = [*writes, *removals]
        kinds = {kind: place for place, kind in enumerate(dict.fromkeys(one[0] for one in changes), 2)}
        keys = [self._key("changes"), *(self._key("rows", kind) for kind in kinds)]
        told: list[Any] = [version, CHANGES_KEPT]
        for (kind, asked), page in groupby(changes, key=itemgetter(0, 2)):
            rows = [part for _, key, _, blob in page for part in (key, blob)]
            told += (kinds[kind], kind.value, repr(asked), len(rows) // 2, *rows)
        pipe.eval(WRITE, len(keys), *keys, *told)
        pipe.execute()
        return len(changes)

    def _server(self) -> bytes:
        """This life of the Redis process. After a restart from an older dump the numbering goes back, and the
        same numbers would mean other changes: a new life begins a new epoch.
        """
        return str(self._redis.info("server").get("run_id", "")).encode()

    def _different(self, seen: list[Observation], newer: Newer) -> list[tuple[Kind, str, float, bytes]]:
        stored = self._stored((kind_of(new.row), new.row.id) for new in seen)
        result = []
        for new in seen:
            kind, blob = kind_of(new.row), encode_row(new.row)
            _, asked, old_blob = stored.get((kind, new.row.id), (0, 0.0, b""))
            old = decode_row(kind, old_blob) if old_blob and old_blob != blob else None
            if old_blob != blob and (old is None or newer(Observation(old, asked), new)):
                result.append((kind, new.row.id, new.asked, blob))
        return result

    def _stored(self, addresses: Iterable[Addressed]) -> dict[Addressed, tuple[int, float, bytes]]:
        by_kind: dict[Kind, list[str]] = {}
        for kind, key in addresses:
            by_kind.setdefault(kind, []).append(key)
        found: dict[Addressed, tuple[int, float, bytes]] = {}
        for kind, keys in by_kind.items():
            values = cast("list[bytes | None]", self._redis.hmget(self._key("rows", kind), keys))
            found |= {(kind, key): _unpack(value) for key, value in zip(keys, values, strict=True) if value}
        return found

    # Sweeps

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
        return {name.decode(): _sweep(json.loads(text)) for name, text in stored.items()}

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
        return [(Kind(kind), identifier) for kind, _, identifier in names]

    # Events

    def keep_watch_state(self, state: WatchState) -> None:
        self._redis.set(self._key("watch"), json.dumps(asdict(state)), ex=WATCH_KEEP)

    def watch_state(self) -> WatchState | None:
        """None when nobody listens."""
        text = cast("bytes | None", self._redis.get(self._key("watch")))
        return None if text is None else WatchState(**json.loads(text))

    # Single flight

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

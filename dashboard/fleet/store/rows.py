"""The rows, and the stream of what changed in them.

Every writer watches `version` while it compares and writes, so that two sweeps never interleave.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, cast

import redis
from redis.client import Pipeline

from dashboard.fleet.codec import decode_row, encode_row
from dashboard.fleet.entities import KINDS, Environment, Kind, Row, kind_of
from dashboard.fleet.store.part import Part
from dashboard.fleet.store.shapes import Addressed, Change, Heard, Newer, Observation

CHANGES_KEPT = 50_000
BATCH = 2_000
ATTEMPTS = 20

WRITE = """
local number = 0
for at = 3, #ARGV, 5 do
  local rows, kind, asked, page = KEYS[tonumber(ARGV[at])], ARGV[at+1], ARGV[at+2], ARGV[at+4]
  local head, start, id = ARGV[1] .. ' ' .. asked .. '\\n', 1, nil
  for length in string.gmatch(ARGV[at+3], '%d+') do
    local part = string.sub(page, start, start + length - 1)
    start = start + length
    if id == nil then
      id = part
    else
      if part == '' then
        redis.call('HDEL', rows, id)
      else
        redis.call('HSET', rows, id, head .. part)
      end
      redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], ARGV[1] .. '-' .. number,
        'kind', kind, 'id', id, 'blob', part, 'asked', asked)
      number, id = number + 1, nil
    end
  end
end
"""
"""Rows and their changes in one command instead of two for each row. ARGV: version, how many changes are kept, and of
each page of rows the place of its hash among KEYS, its kind, when it was asked for (every digit: a rounded moment may
seem later than it was), and of each row its id and its blob (empty: removed): their lengths, and all of them in a row.
"""

READ = """
local ids, start = {}, 1
for length in string.gmatch(ARGV[1], '%d+') do
  ids[#ids + 1] = string.sub(ARGV[2], start, start + length - 1)
  start = start + length
end
local values, lengths = redis.call('HMGET', KEYS[1], unpack(ids)), {}
for at, value in ipairs(values) do
  values[at] = value or ''
  lengths[at] = #values[at]
end
return {table.concat(lengths, ' '), table.concat(values)}
"""
"""HMGET of at most BATCH ids, given as their lengths and all of them in a row; so is the answer (0: it is not there).
With an argument and a reply for each row the client takes longer than for all else that it does with them.
"""


class Written(NamedTuple):
    """A row that is written, or removed: then there is neither a row nor a blob."""

    kind: Kind
    id: str
    asked: float = 0.0
    blob: bytes = b""
    row: Row | None = None


def _unpack(value: bytes) -> tuple[int, float, bytes]:
    head, _, blob = value.partition(b"\n")
    version, _, asked = head.partition(b" ")
    return int(version), float(asked), blob


def _newest(seen: Iterable[Observation], newer: Newer) -> list[Observation]:
    """One observation a row: a sweep may meet a row on two pages, or list it and read it again."""
    best: dict[Addressed, Observation] = {}
    for new in seen:
        address = (kind_of(new.row), new.row.id)
        if address not in best or newer(best[address], new):
            best[address] = new
    return list(best.values())


def _is_no_more(row: Row) -> bool:
    """Whether it is an environment that was deleted. The API can be asked for one long after no list has it any more:
    an answer that comes when it has been removed here does not bring it back.
    """
    return isinstance(row, Environment) and row.phase == "deleted"


class Rows(Part):
    """Reading and writing rows."""

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
        """What changed after `version`, oldest first; None when the stream no longer reaches back that far.

        What only a newer version can read is left out: what this one knows of it stays as it is.
        """
        entries = cast(
            "list[Any]", self._redis.xrange(self._key("changes"), min=f"({version}-{2**63}", max="+")
        )
        if not entries or entries[0][0] != b"%d-0" % (version + 1):  # trimmed, perhaps within one version
            return None
        changes = (self._change(identifier, fields) for identifier, fields in entries)
        return [change for change in changes if change is not None]

    @staticmethod
    def _change(identifier: bytes, fields: Mapping[bytes, bytes]) -> Change | None:
        if (name := fields[b"kind"].decode()) not in KINDS:
            return None
        kind, blob = Kind(name), fields[b"blob"]
        version = int(identifier.partition(b"-")[0])
        row = decode_row(kind, blob) if blob else None
        if blob and row is None:
            return None
        return Change(version, kind, fields[b"id"].decode(), row, float(fields.get(b"asked", 0.0)))

    def write(
        self,
        seen: Iterable[Observation],
        *,
        newer: Newer,
        gone: Iterable[Addressed] = (),
        heard: Heard = lambda _epoch, _changes: None,
    ) -> int:
        """Write what differs and is newer than what is stored, remove `gone`; returns how many rows changed.

        `newer(old, new)` decides. A write that changes nothing leaves version and stream alone. `heard` is told of what
        was written, at most BATCH changes at a time.
        """
        fresh, removed, changed = _newest(seen, newer), list(gone), 0
        if not fresh and not removed:
            return 0
        server = self._server()
        batches = [(fresh[start : start + BATCH], list[Addressed]()) for start in range(0, len(fresh), BATCH)]
        batches += [([], removed[start : start + BATCH]) for start in range(0, len(removed), BATCH)]
        for some_seen, some_gone in batches:
            epoch, changes = self._write_batch(server, some_seen, some_gone, newer)
            changed += len(changes)
            heard(epoch, changes)
        return changed

    def _write_batch(
        self, server: bytes, seen: list[Observation], gone: list[Addressed], newer: Newer
    ) -> tuple[str, list[Change]]:
        """The epoch, and what was written."""
        for _ in range(ATTEMPTS):
            with self._redis.pipeline() as pipe:
                try:
                    return self._compare_and_write(pipe, server, seen, gone, newer)
                except redis.WatchError:
                    continue
        raise redis.RedisError("another writer kept changing the fleet")

    def _compare_and_write(
        self, pipe: Pipeline, server: bytes, seen: list[Observation], gone: list[Addressed], newer: Newer
    ) -> tuple[str, list[Change]]:
        pipe.watch(self._key("version"))  # type: ignore[no-untyped-call]
        epoch, version = self.position()
        version += 1
        written = self._different(seen, newer)
        written += [Written(kind, key) for kind, key in self._stored(gone)]
        if not written:
            return epoch, []
        pipe.multi()
        pipe.set(self._key("version"), version, keepttl=True)
        if server != self._redis.get(self._key("server")):
            epoch = secrets.token_hex(8)
            pipe.set(self._key("epoch"), epoch)
            pipe.set(self._key("server"), server)
        kinds = {kind: place for place, kind in enumerate(dict.fromkeys(one.kind for one in written), 2)}
        keys = [self._key("changes"), *(self._key("rows", kind) for kind in kinds)]
        told: list[Any] = [version, CHANGES_KEPT]
        for (kind, asked), page in groupby(written, key=attrgetter("kind", "asked")):
            parts = [part for one in page for part in (one.id.encode(), one.blob)]
            lengths = " ".join([str(len(part)) for part in parts])
            told += (kinds[kind], kind.value, repr(asked), lengths, b"".join(parts))
        pipe.eval(WRITE, len(keys), *keys, *told)
        pipe.execute()
        return epoch, [Change(version, one.kind, one.id, one.row, one.asked) for one in written]

    def _server(self) -> bytes:
        """This life of the Redis process. After a restart from an older dump the numbering goes back, and the
        same numbers would mean other changes: a new life begins a new epoch.
        """
        return str(self._redis.info("server").get("run_id", "")).encode()

    def _different(self, seen: list[Observation], newer: Newer) -> list[Written]:
        stored = self._stored((kind_of(new.row), new.row.id) for new in seen)
        result = []
        for new in seen:
            kind, blob = kind_of(new.row), encode_row(new.row)
            _, asked, old_blob = stored.get((kind, new.row.id), (0, 0.0, b""))
            if not old_blob and _is_no_more(new.row):
                continue
            old = decode_row(kind, old_blob) if old_blob and old_blob != blob else None
            if old_blob != blob and (old is None or newer(Observation(old, asked), new)):
                result.append(Written(kind, new.row.id, new.asked, blob, new.row))
        return result

    def _stored(self, addresses: Iterable[Addressed]) -> dict[Addressed, tuple[int, float, bytes]]:
        by_kind: dict[Kind, list[str]] = {}
        for kind, key in addresses:
            by_kind.setdefault(kind, []).append(key)
        found: dict[Addressed, tuple[int, float, bytes]] = {}
        for kind, keys in by_kind.items():
            for start in range(0, len(keys), BATCH):
                some = keys[start : start + BATCH]
                values = zip(some, self._values(self._key("rows", kind), some), strict=True)
                found |= {(kind, key): _unpack(value) for key, value in values if value}
        return found

    def _values(self, rows: str, identifiers: list[str]) -> Iterator[bytes]:
        """What each of these has in a hash, b"" where there is nothing."""
        packed = [identifier.encode() for identifier in identifiers]
        lengths = " ".join([str(len(one)) for one in packed])
        answer = cast("list[bytes]", self._redis.eval(READ, 1, rows, lengths, b"".join(packed)))
        start = 0
        for length in map(int, answer[0].split()):
            yield answer[1][start : start + length]
            start += length

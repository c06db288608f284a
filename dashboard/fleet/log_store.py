"""Logs in Redis: the last lines of each log that somebody has opened, bounded in every direction.

Keys, under the prefix of the fleet's store; <log> is <kind>:<id>:

    log:lines:<log>     stream, one entry a line or section marker; ids are <number>-0, numbered from 1
    log:sections:<log>  hash, number of a section's beginning → what is known of it, see `log_sections`
    log:meta:<log>      hash: state, reason, and what the next reader needs to go on where the last one stopped
    log:watched:<log>   present while a page shows the log
    log:asked:<log>     present for the moments in which nobody need ask for a tail again
    logs                sorted set, <log> → when it was last read; the oldest go when there are too many
    lock:tail:<log>     one tail a log

A line has at most LINE_BYTES, a log LOG_BYTES, LOG_ENTRIES, and what is known of MOST_SECTIONS sections, and MOST_LOGS
logs are kept: 200 MB of lines and 12 MB of sections whatever they say, plus what Redis itself needs to hold them.
"""

import secrets
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, cast

from dashboard.fleet import log_sections
from dashboard.fleet.entities import Kind
from dashboard.fleet.log_entries import (
    CLOSE,
    GAP,
    LINE,
    OPEN,
    Entry,
    LogStatus,
    entry_of,
    fields_of,
    status_of,
)
from dashboard.fleet.log_sections import Section, Sections
from dashboard.fleet.store import Store, StoreError

LOG_BYTES = 2_000_000
LOG_ENTRIES = 5_000
MOST_LOGS = 100
DEEPEST = 12
"""Sections within sections."""
WATCHED_SECONDS = 60
LOCK_SECONDS = 20.0
PAGE = 500


class LogStore:
    """The logs of one fleet. `keep` is how many seconds a log stays after its last reading."""

    def __init__(self, store: Store, keep: float) -> None:
        self._redis, self._key = store._redis, store._key
        self._keep = max(1, int(keep))

    # What pages read

    def status(self, kind: Kind, identifier: str) -> LogStatus:
        return status_of(cast("Any", self._redis.hgetall(self._key("log:meta", kind, identifier))))

    def after(self, kind: Kind, identifier: str, number: int, most: int) -> list[Entry]:
        """The entries that follow `number`, oldest first."""
        found = self._redis.xrange(self._key("log:lines", kind, identifier), min=f"({number}-0", count=most)
        return [entry_of(*one) for one in cast("list[Any]", found)]

    def latest(self, kind: Kind, identifier: str, most: int) -> list[Entry]:
        """The last entries, oldest first."""
        found = self._redis.xrevrange(self._key("log:lines", kind, identifier), count=most)
        return [entry_of(*one) for one in reversed(cast("list[Any]", found))]

    def openings(self, kind: Kind, identifier: str, numbers: Sequence[int]) -> dict[int, Entry]:
        """The OPEN entries with these numbers, as far as they are still there."""
        with self._redis.pipeline(transaction=False) as pipe:
            for number in numbers:
                pipe.xrange(self._key("log:lines", kind, identifier), min=f"{number}-0", max=f"{number}-0")
            found = [entry_of(*one) for answer in pipe.execute() for one in answer]
        return {entry.number: entry for entry in found if entry.kind == OPEN}

    def sections(self, kind: Kind, identifier: str) -> list[Section]:
        """The sections of a log, in the order in which they began."""
        found = self._redis.hgetall(self._key("log:sections", kind, identifier))
        return log_sections.read(cast("dict[bytes, bytes]", found))

    def watch(self, kind: Kind, identifier: str) -> None:
        """Say that a page shows this log now."""
        self._redis.set(self._key("log:watched", kind, identifier), b"1", ex=WATCHED_SECONDS)

    def ask(self, kind: Kind, identifier: str, seconds: int) -> bool:
        """True when a tail should be asked for: none runs, and nobody asked within the last `seconds`."""
        if self._redis.exists(self._key("lock:tail", kind, identifier)):
            return False
        return bool(self._redis.set(self._key("log:asked", kind, identifier), b"1", nx=True, ex=seconds))

    # What a tail needs

    def watched(self, kind: Kind, identifier: str) -> bool:
        return bool(self._redis.exists(self._key("log:watched", kind, identifier)))

    @contextmanager
    def writing(self, kind: Kind, identifier: str) -> Iterator["LogWriter | None"]:
        """The one writer of this log; None when there is another. A writer that dies blocks for LOCK_SECONDS."""
        lock = self._redis.lock(
            self._key("lock:tail", kind, identifier), timeout=LOCK_SECONDS, blocking=False
        )
        if not lock.acquire():
            yield None
            return
        try:
            yield LogWriter(self, kind, identifier, lock)
        finally:
            with suppress(StoreError):  # it lapsed, or Redis is gone: either way nobody waits for us
                lock.release()

    def make_room(self) -> None:
        """Forget the logs that were read longest ago, beyond MOST_LOGS."""
        for name in cast("list[bytes]", self._redis.zrange(self._key("logs"), 0, -MOST_LOGS - 1)):
            with self._redis.pipeline() as pipe:
                for part in ("log:lines", "log:sections", "log:meta"):
                    pipe.delete(self._key(part, name.decode()))
                pipe.zrem(self._key("logs"), name)
                pipe.execute()


class LogWriter:
    """Writes one log while it holds the log's lock. Every write is one transaction."""

    def __init__(self, logs: LogStore, kind: Kind, identifier: str, lock: Any) -> None:
        self._logs, self._redis, self._lock = logs, logs._redis, lock
        self._name = f"{kind.value}:{identifier}"
        self._lines, self._meta = logs._key("log:lines", self._name), logs._key("log:meta", self._name)
        self._section_key = logs._key("log:sections", self._name)
        self._sections = Sections(logs.sections(kind, identifier))
        self._sizes: deque[tuple[int, int]] = deque()
        self._bytes = 0
        self.open: dict[str, int] = {}
        """Sections that have begun and not ended, outermost first: what the log calls each → the number of its OPEN."""
        self.status = logs.status(kind, identifier)
        self._load(kind, identifier)
        logs.make_room()

    def _load(self, kind: Kind, identifier: str) -> None:
        """What is stored, so that its bounds hold from the first line on."""
        number, fresh = 0, not self._sections
        while page := self._logs.after(kind, identifier, number, PAGE):
            number = page[-1].number
            self._count((entry.number, entry.size) for entry in page)
            for entry in page:
                self._nest(entry)
                if fresh:  # else one that is not known was forgotten
                    self._learn(entry)
        if not self.status.epoch or number != self.status.last:  # one of the two keys is gone: begin anew
            self._redis.delete(self._lines, self._section_key, self._meta)
            self._sizes.clear()
            self._sections.clear()
            self.open.clear()
            self._bytes, self.status = 0, LogStatus(epoch=secrets.token_hex(4))

    def _count(self, sizes: Iterator[tuple[int, int]]) -> None:
        for number, size in sizes:
            self._sizes.append((number, size))
            self._bytes += size

    def _nest(self, entry: Entry) -> None:
        if entry.kind == OPEN:
            self.open[entry.source] = entry.number
        elif entry.kind == CLOSE:
            self.open = {name: number for name, number in self.open.items() if number != entry.section}

    def _learn(self, entry: Entry) -> None:
        if entry.kind == OPEN:
            source, title = log_sections.named(entry.source), log_sections.named(entry.text)
            self._sections.begin(Section(entry.number, entry.section, source, title))
        elif entry.kind == CLOSE:
            self._sections.end(entry.section, entry.number, entry.seconds)

    @property
    def within(self) -> int:
        """The number of the innermost open section, 0 = none."""
        return next(reversed(self.open.values()), 0)

    def _placed(self, heard: Sequence[Entry]) -> Iterator[Entry]:
        number = self.status.last
        for one in heard:
            if one.kind == OPEN and len(self.open) >= DEEPEST:
                one = replace(one, kind=LINE)  # noqa: PLW2901
            section = self.open.get(one.source, 0) if one.kind == CLOSE else self.within
            if one.kind == CLOSE and not section:
                continue  # its beginning is gone, or never was
            number += 1
            entry = replace(one, number=number, section=0 if one.kind == GAP else section)
            self._nest(entry)
            self._learn(entry)
            yield entry

    def hold(self) -> None:
        """Keep the lock for another LOCK_SECONDS; raises StoreError when it is lost."""
        self._lock.extend(LOCK_SECONDS, replace_ttl=True)

    def write(self, heard: Sequence[Entry], **changes: Any) -> None:
        """Append what was heard and set `changes` of the status; numbers and sections are given here."""
        entries = list(self._placed(heard))
        self._count((entry.number, entry.size) for entry in entries)
        while self._sizes and (self._bytes > LOG_BYTES or len(self._sizes) > LOG_ENTRIES):
            self._bytes -= self._sizes.popleft()[1]
        last = entries[-1].number if entries else self.status.last
        kept_from = self._sizes[0][0] if self._sizes else last + 1
        facts = {name: getattr(self.status, name) for name in LogStatus.__slots__} | changes
        facts |= {"last": last, "kept_from": kept_from, "read_at": time.time()}
        facts["cut"] += sum(entry.cut for entry in entries)
        self.status = LogStatus(**facts)
        sections, forgotten = self._sections.changes()
        with self._redis.pipeline() as pipe:
            for entry in entries:
                if entry.number >= kept_from:
                    pipe.xadd(self._lines, cast("Any", fields_of(entry)), id=f"{entry.number}-0")
            if entries:
                pipe.xtrim(self._lines, minid=cast("Any", f"{kept_from}-0"), approximate=False)
            if sections:
                pipe.hset(self._section_key, mapping=cast("Any", sections))
            if forgotten:
                pipe.hdel(self._section_key, *map(str, forgotten))
            pipe.hset(self._meta, mapping=cast("Any", facts))
            pipe.zadd(self._logs._key("logs"), {self._name: time.time()})
            for key in (self._lines, self._section_key, self._meta, self._logs._key("logs")):
                pipe.expire(key, self._logs._keep)
            pipe.execute()

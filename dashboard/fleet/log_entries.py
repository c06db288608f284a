"""What a log is made of, and how it stands; both as Redis keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LINE_BYTES = 16 * 1024
ENTRY_OVERHEAD = 64
"""Bytes that an entry is counted as beyond its texts."""
WAITING, FOLLOWING, ENDED, FAILED = "waiting", "following", "ended", "failed"
LINE, OPEN, CLOSE, GAP = "line", "open", "close", "gap"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line (LINE), the begin or end of a section (OPEN, CLOSE), or a remark of ours (GAP).

    `section` is the number of the OPEN entry it stands in or that it closes, 0 = none; `cut`: the line was longer.
    `source` is what the log itself calls the section that an OPEN begins; `outcome` and `seconds` belong to a CLOSE.
    """

    kind: str
    text: str
    section: int = 0
    cut: bool = False
    outcome: str = ""
    seconds: float = 0.0
    source: str = ""
    number: int = 0

    @property
    def size(self) -> int:
        """Bytes it is counted as."""
        said = sum(len(one.encode("utf-8", "replace")) for one in (self.text, self.source, self.outcome))
        return said + ENTRY_OVERHEAD


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How a log stands. `epoch` names this numbering, "" = never read; `kept_from` is the first number still there.

    `read` counts the source's own lines, `mark` is a digest of its last ones, `session` names the run: with
    these a reader goes on where the last one stopped. `read_at` is in epoch seconds.
    """

    state: str = ""
    reason: str = ""
    epoch: str = ""
    last: int = 0
    kept_from: int = 1
    read: int = 0
    mark: str = ""
    session: str = ""
    cut: int = 0
    read_at: float = 0.0

    @property
    def dropped(self) -> int:
        """Entries that had to make room for newer ones."""
        return self.kept_from - 1


def fitting(text: str) -> tuple[str, bool]:
    """`text` in at most LINE_BYTES, and whether it had to be cut. No lone surrogates, which no page could send."""
    raw = text.encode("utf-8", "replace")
    return raw[:LINE_BYTES].decode("utf-8", "ignore"), len(raw) > LINE_BYTES


def fields_of(entry: Entry) -> dict[str, Any]:
    """As the stream keeps it, only what says something: most entries are a line and its text."""
    fields: dict[str, Any] = {"k": entry.kind, "t": entry.text.encode("utf-8", "replace")}
    more = {
        "s": entry.section,
        "c": int(entry.cut),
        "o": entry.outcome,
        "e": entry.seconds,
        "i": entry.source,
    }
    return fields | {name: value for name, value in more.items() if value}


def entry_of(identifier: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    return Entry(
        kind=fields[b"k"].decode(),
        text=fields[b"t"].decode("utf-8", "replace"),
        section=int(fields.get(b"s", 0)),
        cut=b"c" in fields,
        outcome=fields.get(b"o", b"").decode("utf-8", "replace"),
        seconds=float(fields.get(b"e", 0)),
        source=fields.get(b"i", b"").decode("utf-8", "replace"),
        number=int(identifier.partition(b"-")[0]),
    )


def status_of(stored: Mapping[bytes, bytes]) -> LogStatus:
    known: dict[str, Any] = {name.decode(): value.decode() for name, value in stored.items()}
    for name in ("last", "kept_from", "read", "cut"):
        if name in known:
            known[name] = int(known[name])
    if "read_at" in known:
        known["read_at"] = float(known["read_at"])
    return LogStatus(**{name: known[name] for name in LogStatus.__slots__ if name in known})

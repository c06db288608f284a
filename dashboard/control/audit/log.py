"""The audit: what happened here, in a chain that shows when something of it is missing or was changed.

Each entry is sealed with HMAC-SHA-256 over its content and the seal of the one before. Whoever can write in the
database cannot make such a seal: its key is `AUDIT_KEY`, else it follows from `SECRET_KEY`. Entries are written in the
transaction of what they tell of: either both are there or neither.

On PostgreSQL writers wait for each other from `append` to the end of their transaction, so in one that also changes
rows `append` comes last; on SQLite every transaction that writes is alone anyway.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, models, transaction

from dashboard.control.audit.models import AuditEntry

BEGINNING = "0" * 64
"""What stands for the seal before the first entry."""
LOCK = 0x6F6E6161
"""Number of the lock that writers on PostgreSQL wait for."""
SEALED = (
    "number", "act", "person", "person_id", "role", "address", "session", "kind", "target_id", "target_name",
    "reason", "outcome", "details", "upto", "before", "key",
)  # fmt: skip
LENGTHS = {
    field.name: field.max_length
    for field in AuditEntry._meta.local_fields
    if isinstance(field, models.CharField) and field.max_length
}
LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Person:
    """Who did it: the name at that time, the account's key and the role; "" for what is not known."""

    name: str = ""
    key: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """From where: an address or “command line”, "" for the dashboard's own workers; and the id of a `SignIn`."""

    address: str = ""
    session: str = ""


class Origin(Protocol):
    """Where what happens now comes from. Asked only when there is something to note."""

    def person(self) -> Person: ...
    def place(self) -> Place: ...


@dataclass(frozen=True, slots=True)
class Known:
    """An origin that needs no looking up."""

    who: Person = Person()
    where: Place = Place()

    def person(self) -> Person:
        return self.who

    def place(self) -> Place:
        return self.where


_origin: ContextVar[Origin] = ContextVar("audit_origin")


@dataclass(frozen=True, slots=True)
class Note:
    """What is to become an entry. `who`: None for whoever the origin names."""

    act: str
    at: datetime
    kind: str = ""
    target_id: str = ""
    target_name: str = ""
    reason: str = ""
    outcome: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)
    who: Person | None = None


@contextmanager
def comes_from(origin: Origin) -> Iterator[None]:
    """What is noted inside has this origin."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def person_of(user: Any) -> Person:
    """Of an account; nobody for None and for whoever is not signed in."""
    if user is None or not user.is_authenticated:
        return Person()
    return Person(str(user), str(user.pk), str(user.role))


def append(*notes: Note) -> list[AuditEntry]:
    """Add an entry for each note, in their order; all of them or none."""
    if not notes:
        return []
    origin = _origin.get(Known())
    with transaction.atomic():
        _be_alone()
        newest = AuditEntry.objects.newest_first().values_list("number", "digest").first()
        entries = list(_chained(notes, origin, newest or (0, BEGINNING)))
        AuditEntry.objects.bulk_create(entries, batch_size=200)
    return entries


def _be_alone() -> None:
    """Until the end of the transaction nobody else adds an entry. Were it otherwise, one of two would fail: their
    number is the primary key.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _chained(notes: Iterable[Note], origin: Origin, newest: tuple[int, str]) -> Iterator[AuditEntry]:
    number, before = newest
    place, key = origin.place(), settings.AUDIT_KEYS[0]
    for note in notes:
        number += 1
        who = origin.person() if note.who is None else note.who
        texts = {
            "act": note.act,
            "person": who.name,
            "person_id": who.key,
            "role": who.role,
            "address": place.address,
            "session": place.session,
            "kind": note.kind,
            "target_id": note.target_id,
            "target_name": note.target_name,
            "reason": note.reason,
            "outcome": note.outcome,
        }
        entry = AuditEntry(
            number=number,
            at=note.at,
            **{name: storable(text)[: LENGTHS[name]] for name, text in texts.items()},
            details={name: _detail(value) for name, value in note.details.items()},
            upto=note.details.get("upto") if note.act == "checkpoint" else None,
            before=before,
            key=mark(key),
        )
        entry.digest = before = seal(entry, key)
        yield entry


def _detail(value: str | int) -> str | int:
    return storable(value)[:LONGEST_DETAIL] if isinstance(value, str) else value


def storable(text: str) -> str:
    """As every database takes it and gives it back: no NUL, no half of a character."""
    return text.encode(errors="replace").decode().replace("\x00", "")


def content(entry: AuditEntry) -> dict[str, Any]:
    """All that is sealed, as plain values."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    return {"at": at, **{name: getattr(entry, name) for name in SEALED}}


def seal(entry: AuditEntry, key: bytes) -> str:
    """HMAC-SHA-256, in hexadecimal, over the content as JSON with sorted keys, without spaces, in ASCII."""
    told = json.dumps(content(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.new(key, told.encode(), hashlib.sha256).hexdigest()


def mark(key: bytes) -> str:
    """By which it is known which key sealed an entry; it tells nothing of the key."""
    return hashlib.sha256(b"mark:" + key).hexdigest()[:8]

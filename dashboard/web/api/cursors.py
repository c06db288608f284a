"""Cursors: which row a list goes on after, in a text that only this dashboard can write.

A cursor names the last row by what the list is sorted by and by its id, not by its number: what comes or goes before it
moves nothing, and the row itself may be gone.
"""

import base64
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

from dashboard.web.api.problems import Place, Problem

LONGEST = 4_000
_SIGNED = 12


def written(of: tuple[str, ...], mark: tuple[Any, ...] | None) -> str | None:
    """The cursor that stands for `mark` in the list that `of` tells from every other; None for no mark."""
    if mark is None:
        return None
    raw = json.dumps(mark, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
    return base64.urlsafe_b64encode(_signature(of, raw) + raw).decode().rstrip("=")


def read(of: tuple[str, ...], cursor: str) -> tuple[Any, ...] | None:
    """The mark, None for "". Raises Problem for what was not written here for this very list."""
    if not cursor:
        return None
    try:
        whole = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise _unknown() from None
    signature, raw = whole[:_SIGNED], whole[_SIGNED:]
    if not constant_time_compare(signature, _signature(of, raw)):
        raise _unknown()
    return tuple(json.loads(raw.decode(errors="surrogatepass")))


def _signature(of: tuple[str, ...], raw: bytes) -> bytes:
    said = json.dumps(of).encode() + raw
    return salted_hmac("dashboard.web.api.cursors", said, algorithm="sha256").digest()[:_SIGNED]


def _unknown() -> Problem:
    words = "This cursor is none of this list: start again without it."
    place = Place(where="cursor", message="Send it with the parameters of the list that gave it.")
    return Problem(400, words, kind="cursor", errors=(place,))


# Of rows in the database, newest first by `field`, then by id


def after(found: "QuerySet[Any]", field: str, mark: tuple[Any, ...] | None) -> "QuerySet[Any]":
    """What comes after the mark."""
    if mark is None:
        return found
    at, identifier = datetime.fromisoformat(mark[0]), UUID(mark[1])
    return found.filter(Q(**{f"{field}__lt": at}) | Q(**{field: at, "id__lt": identifier}))


def mark_of(row: Model, field: str) -> tuple[str, str]:
    return getattr(row, field).isoformat(), str(row.pk)

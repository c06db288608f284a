"""What the dashboard remembers of a person's taste: the columns of each list, how close rows lie, hints put away.

It lies in `User.preferences`, which comes with the person at each request, so that no page asks for it:

    {"columns": {"environments": ["phase", "branch"]}, "compact": true, "hints": ["overview"]}

Whatever else stands there, of an older or a newer version, is left alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from dashboard.control.models import User


def columns_of(user: User, section: str) -> tuple[str, ...] | None:
    """The columns that the person chose for a list, None for the usual ones."""
    chosen = _part(user, "columns", dict).get(section)
    return tuple(str(name) for name in chosen) if isinstance(chosen, list) else None


def is_compact(user: User) -> bool:
    return user.preferences.get("compact") is True


def put_away(user: User) -> frozenset[str]:
    """The hints that the person has read."""
    return frozenset(str(name) for name in _part(user, "hints", list))


def remember_look(user: User, section: str, columns: tuple[str, ...] | None, *, compact: bool) -> None:
    """`columns` None: the usual ones again."""
    with _changing(user) as found:
        chosen = {**_part(found, "columns", dict), section: list(columns or ())}
        if columns is None:
            del chosen[section]
        found.preferences |= {"columns": chosen, "compact": compact}


def put_hint_away(user: User, name: str) -> None:
    with _changing(user) as found:
        found.preferences |= {"hints": sorted({*put_away(found), name})}


@contextmanager
def _changing(user: User) -> Iterator[User]:
    """The person as the database has them now, saved at the end: two tabs lose nothing of each other's."""
    with transaction.atomic():
        found = User.objects.select_for_update().get(pk=user.pk)
        yield found
        found.save(update_fields=["preferences"])
    user.preferences = found.preferences


def _part(user: User, name: str, shape: type[Any]) -> Any:
    part = user.preferences.get(name)
    return part if isinstance(part, shape) else shape()

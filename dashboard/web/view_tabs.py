"""The saved views above a list: their tabs, their addresses, how many rows they have."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from dashboard.control.models import User
from dashboard.control.people.saved import DefaultView, SavedView
from dashboard.fleet.entities import Kind
from dashboard.fleet.query import DEFAULT_SORT, SORTS, Context, Query, run
from dashboard.fleet.snapshot import Fleet
from dashboard.web.addresses import list_address
from dashboard.web.kept import Kept

SHOWN_TABS = 8
READ_SECONDS = 1.0
"""For so long a view that another process has written may be missing from the tabs."""
COUNTED_FOR = 15.0
"""Seconds for which a count of one version of the fleet holds: what depends on the time moves on."""
MOST_COUNTS = 512


@dataclass(frozen=True, slots=True)
class Tab:
    view: SavedView
    url: str
    chosen: bool
    is_default: bool

    @property
    def shown(self) -> tuple[Hashable, ...]:
        """All that a page shows of it: two readings of a view that was renamed in between are equal to Django."""
        view = self.view
        return (view.pk, view.name, view.query, view.sort, self.url, self.chosen, self.is_default)


def tabs(user: User, kind: Kind, query: Query) -> list[Tab]:
    """One for each view that the person sees of this list."""
    return [
        Tab(view, address_of(view), query_of(view) == replace(query, page=1), is_default(view))
        for view in _seen_by(user, kind)
    ]


_seen: Kept[tuple[float, list[SavedView]]] = Kept()
forget = _seen.clear


def _seen_by(user: User, kind: Kind) -> list[SavedView]:
    """The database is asked at most once a READ_SECONDS, and at once after a view was written here."""
    now, known = time.monotonic(), _seen.get((user.pk, kind))
    if known is None or now - known[0] >= READ_SECONDS:
        known = (now, list(SavedView.objects.seen_by(user, kind.value)))
        _seen.put((user.pk, kind), known)
    return known[1]


@receiver([post_save, post_delete], sender=SavedView)
@receiver([post_save, post_delete], sender=DefaultView)
def _written(**_: object) -> None:
    forget()
    transaction.on_commit(forget)  # who asked in between has read what was there before


def is_default(view: SavedView) -> bool:
    """Whether the person's list opens with it; known of views that were read for a person."""
    return bool(getattr(view, "is_default", False))


def address_of(view: SavedView) -> str:
    said = (("columns", view.columns), ("density", view.density))
    carried = "".join(f"&{name}={value}" for name, value in said if value)
    return list_address(Kind(view.kind), query_of(view), carried)


def query_of(view: SavedView) -> Query:
    """What it asks for; an order that there is not, or no longer, is the list's own."""
    kind = Kind(view.kind)
    sort = view.sort if view.sort.removeprefix("-") in SORTS[kind] else DEFAULT_SORT[kind]
    return Query(view.query, sort)


_counts: OrderedDict[Any, int] = OrderedDict()
_lock = threading.Lock()


def count_of(fleet: Fleet, view: SavedView, context: Context) -> int:
    """How many rows a view has for this person, counted once for each version of the fleet."""
    kind, moment = Kind(view.kind), context.now - context.now % COUNTED_FOR
    key = (
        fleet.epoch,
        fleet.version,
        kind,
        view.query,
        context.person_id,
        context.exempt,
        context.made,
        context.starred,
        moment,
    )
    with _lock:
        known = _counts.get(key)
    if known is not None:
        return known
    found = run(fleet, kind, query_of(view), context).total
    with _lock:
        _counts[key] = found
        while len(_counts) > MOST_COUNTS:
            _counts.popitem(last=False)
    return found


def counted(fleet: Fleet, views: Iterable[SavedView], context: Context) -> list[tuple[SavedView, int]]:
    return [(view, count_of(fleet, view, context)) for view in views]

"""The last runs of services in rows of lists: asked for together, and kept for all who look at the same ones."""

import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from dashboard.control.models import ServiceSpell
from dashboard.fleet.entities import Service
from dashboard.fleet.snapshot import Fleet
from dashboard.web.kept import Kept
from dashboard.web.records import STRIP

KEPT = 10.0
"""Seconds for which the last runs of a service are believed."""

_strips: Kept[tuple[float, tuple[str, ...]]] = Kept(4_096)
"""Service → when they were asked for, and how its last spells ended, oldest first ("": it goes on)."""


def forget() -> None:
    _strips.clear()


def ask(_: Fleet, rows: Iterable[Service]) -> None:
    """Of all these rows at once, those whose last runs are not known or were asked for too long ago."""
    now = time.time()
    wanted = [row.id for row in rows if not row.platform and not _is_fresh(row.id, now)]
    if not wanted:
        return
    place = Window(RowNumber(), partition_by=F("service_id"), order_by=F("start").desc())
    spells = ServiceSpell.objects.filter(service_id__in=wanted).annotate(place=place)
    ended = defaultdict[str, list[str]](list)
    for key, outcome in (
        spells.filter(place__lte=STRIP).order_by("start").values_list("service_id", "outcome")
    ):
        ended[key].append(outcome)
    for key in wanted:
        _strips.put(key, (now, tuple(ended.get(key, ()))))


def _is_fresh(service_id: str, now: float) -> bool:
    known = _strips.get(service_id)
    return known is not None and 0 <= now - known[0] < KEPT


def strip(row: Service) -> dict[str, Any]:
    """For its row: how the last runs ended; one that goes on is in the phase of now. Empty of fewer than two."""
    _, ended = _strips.get(row.id) or (0.0, ())
    return {"strip": tuple(outcome or row.phase for outcome in ended) if len(ended) > 1 else ()}

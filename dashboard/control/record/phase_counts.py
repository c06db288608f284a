"""How many environments were in each phase, every ten minutes of the last eight days: small enough for a page to read.

Counted from the record's spans by the job that counts the hours, so a time in which no worker ran is made up for.
"""

import math
from collections import Counter

from django.db import models
from django.db.models import Count

from dashboard.control.record.models import RecordedEnvironment, Recording, Stretch
from dashboard.fleet.history import What

STEP = 600.0
KEPT = 8 * 86_400.0
AT_ONCE = 144
LATE = 120.0
"""Seconds after which a change of phase has been seen: a moment so young is not counted yet."""


class PhaseCount(models.Model):
    """Epoch seconds and phase → environments, also archived ones; no phases where nobody looked."""

    at = models.FloatField(unique=True)
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"phases at {self.at}"


def count() -> int:
    """Count the moments that are due since the last one, and drop what is too old; returns how many were counted."""
    recording = Recording.objects.first()
    if recording is None:
        return 0
    last = PhaseCount.objects.order_by("-at").values_list("at", flat=True).first()
    begin = max(recording.since, recording.until - KEPT, (last or 0.0) + 1.0)
    end = recording.until - LATE
    moments = range(math.ceil(begin / STEP), math.floor(end / STEP) + 1)
    rows = [PhaseCount(at=at * STEP, counts=_phases_at(at * STEP)) for at in moments[:AT_ONCE]]
    if last is None and not rows:  # something to see soon after the first start
        rows = [PhaseCount(at=recording.since, counts=_phases_at(recording.since))]
    PhaseCount.objects.bulk_create(rows, ignore_conflicts=True)
    PhaseCount.objects.filter(at__lt=recording.until - KEPT).delete()
    return len(rows)


def _phases_at(at: float) -> dict[str, int]:
    there = Stretch.objects.filter(start__lte=at, end__gt=at)
    if there.filter(environment_id="", what=What.GAP.value).exists():
        return {}
    ended = there.filter(what=What.PHASE.value).values_list("word").annotate(found=Count("id"))
    lasting = RecordedEnvironment.objects.filter(gone=None, phase_since__lte=at).values_list("phase")
    found: Counter[str] = Counter(dict(ended))
    found.update(dict(lasting.annotate(found=Count("id"))))
    return dict(found)


def since(at: float) -> list[tuple[float, dict[str, int]]]:
    """(moment, phase → environments), oldest first."""
    return list(PhaseCount.objects.filter(at__gte=at).order_by("at").values_list("at", "counts"))

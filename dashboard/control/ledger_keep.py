"""How long actions and batches stay: as long as the audit tells of them (`AUDIT_DAYS`)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from dashboard.control.models import Action, Batch

PORTION = 1_000
"""Rows that are deleted at a time: nobody who asks for something waits for longer."""


def prune(now: datetime) -> int:
    """Delete what ended so long ago, and the batches that are left without an action. Returns how many rows."""
    old = now - timedelta(days=settings.AUDIT_DAYS)
    gone = 0
    while ids := list(
        Action.objects.filter(ended__lt=old).order_by("ended").values_list("id", flat=True)[:PORTION]
    ):
        gone += Action.objects.filter(id__in=ids).delete()[0]
    empty = Batch.objects.filter(~Exists(Action.objects.filter(batch=OuterRef("pk"))), created__lt=old)
    return gone + empty.delete()[0]

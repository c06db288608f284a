"""Replays of policies over the record: what was asked, how far it is, and what came out."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Progress(models.TextChoices):
    """Where a replay is."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


UNFINISHED = (Progress.WAITING, Progress.RUNNING)


class ReplayQuerySet(models.QuerySet["Replay"]):
    """Reads are named after what needs them."""

    def light(self) -> "ReplayQuerySet":
        """Without the result, which is large."""
        return self.defer("result")

    def next_up(self, lost: datetime) -> "ReplayQuerySet":
        """What waits, and what nobody has worked on since `lost`; oldest first."""
        left = models.Q(state=Progress.RUNNING, beat__lt=lost)
        return self.light().filter(models.Q(state=Progress.WAITING) | left).order_by("asked", "id")


class Replay(models.Model):
    """A policy replayed over some days. `key` is a digest of everything that was asked: the same question twice is
    one row. `question` is a `whatif_run.Question`, `result` what `whatif_run` makes of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=64, unique=True)
    question: Any = models.JSONField()
    state = models.CharField(max_length=12, choices=Progress.choices, default=Progress.WAITING)
    asked = models.DateTimeField()
    asker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="replays"
    )
    begun = models.DateTimeField(null=True, blank=True)
    beat = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=500, blank=True)
    result: Any = models.JSONField(default=dict)

    objects = ReplayQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "asked"], name="replay_next")]

    def __str__(self) -> str:
        return f"replay {self.key[:8]} ({self.state})"

    @property
    def unfinished(self) -> bool:
        return self.state in UNFINISHED

"""Exemptions from being stopped for being idle."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models


class ExemptionQuerySet(models.QuerySet["Exemption"]):
    """Reads are named after what needs them."""

    def in_force(self, now: datetime) -> "ExemptionQuerySet":
        return self.filter(ended=None, until__gt=now).order_by("until", "id")

    def over(self, now: datetime) -> "ExemptionQuerySet":
        return self.filter(models.Q(ended__isnull=False) | models.Q(until__lte=now)).order_by("-until", "-id")


class Exemption(models.Model):
    """Somebody's word that an environment, or all that match a filter, is not to be stopped for being idle."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment_id = models.CharField(max_length=128, blank=True, db_index=True)
    query = models.CharField(max_length=1000, blank=True)
    name = models.CharField(max_length=1000)
    """Of the environment at that time, or the filter."""
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="exemptions"
    )
    actor_name = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)
    created = models.DateTimeField()
    until = models.DateTimeField(db_index=True)
    ended = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)

    objects = ExemptionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} until {self.until}"

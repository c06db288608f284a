"""What owners are warned of, each warning with its exact deadline."""

import uuid

from django.db import models
from django.db.models import Q


class StopWarning(models.Model):
    """One idle spell of one environment, of which a policy warns. `spell` is the last activity (epoch seconds) that it
    began with: any activity after it begins another.

    Nothing is stopped before `deadline`; None where nothing will be. Over, it says since when (`ended`) and why
    (`outcome`): active again, stopped, exempt. Told anew of the same spell, it has a new deadline. `cleared` is when it
    was settled whether somebody has to be told that it ended.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    policy = models.ForeignKey("control.IdlePolicy", on_delete=models.CASCADE, related_name="warnings")
    environment_id = models.CharField(max_length=128, db_index=True)
    name = models.CharField(max_length=200)
    creator_id = models.CharField(max_length=128, blank=True)
    spell = models.FloatField()
    decided = models.DateTimeField()
    deadline = models.DateTimeField(null=True, blank=True)
    because = models.CharField(max_length=1000, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=500, blank=True)
    cleared = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["policy"], name="warning_open", condition=Q(ended=None)),
            models.Index(fields=["ended"], name="warning_to_clear", condition=Q(cleared=None)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["policy", "environment_id", "spell"], name="one_warning_a_spell")
        ]

    def __str__(self) -> str:
        return f"{self.name} until {self.deadline}"

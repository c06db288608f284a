"""Spells of services in the database."""

from django.db import models
from django.db.models import Q

from dashboard.fleet.spells import Outcome

OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]


class ServiceSpell(models.Model):
    """A spell of a service of the team; times are epoch seconds, as in all of the record. `version` is the place in the
    store's stream of what was followed of it last.
    """

    service_id = models.CharField(max_length=128)
    environment_id = models.CharField(max_length=128, blank=True)
    name = models.CharField(max_length=200, blank=True)
    start = models.FloatField()
    up = models.FloatField(null=True, blank=True)
    end = models.FloatField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=OUTCOMES, blank=True)
    cut = models.BooleanField(default=False)
    version = models.PositiveBigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["end"], name="spell_end"),
            models.Index(fields=["service_id"], name="spell_open", condition=Q(end=None)),
            models.Index(
                fields=["environment_id", "end"],
                name="spell_failed",
                condition=Q(outcome=Outcome.FAILED.value),
            ),
        ]
        constraints = [models.UniqueConstraint(fields=["service_id", "start"], name="spell_recorded_once")]

    def __str__(self) -> str:
        return f"{self.name} from {self.start}"

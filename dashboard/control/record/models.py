"""The fleet's history in the database, and what an hour costs.

Times of the history are epoch seconds, as everywhere in `fleet`: a roll-up reads tens of thousands of them a minute.
What goes on is kept with its environment and becomes a `Stretch` when it ends, so that stretches are only ever
added.
"""

from django.conf import settings
from django.db import models

from dashboard.fleet.history import What

KINDS = [(what.value, what.value) for what in What]


class Recording(models.Model):
    """How far the record goes. There is one row."""

    ONLY = 1

    simulated = models.BooleanField(default=False)
    since = models.FloatField()
    until = models.FloatField()
    """What happened up to then is recorded, as far as anybody looked."""
    epoch = models.CharField(max_length=64)
    version = models.PositiveBigIntegerField()
    """Place in the store's stream of changes."""
    counted = models.FloatField()
    """The days' hours are counted up to then."""
    services_since = models.FloatField(null=True, blank=True)
    """Spells of services are recorded since then; None before the first run of a version that records them."""

    def __str__(self) -> str:
        return f"recorded up to {self.until}"


class RecordedEnvironment(models.Model):
    """An environment that has been seen, also one that is gone: what it is, and what goes on in it."""

    id = models.CharField(primary_key=True, max_length=128)
    name = models.CharField(max_length=200)
    project_id = models.CharField(max_length=128, blank=True)
    creator_id = models.CharField(max_length=128, blank=True)
    creator_kind = models.CharField(max_length=128, blank=True)
    class_id = models.CharField(max_length=128, blank=True)
    role = models.CharField(max_length=128, blank=True)
    first_seen = models.FloatField()
    gone = models.FloatField(null=True, blank=True)
    version = models.PositiveBigIntegerField()
    phase = models.CharField(max_length=128)
    phase_since = models.FloatField()
    started = models.FloatField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)
    signal_first = models.FloatField(null=True, blank=True)
    signal_last = models.FloatField(null=True, blank=True)
    runs = models.JSONField(default=dict, blank=True)
    """Executions under way: id → [name, start]."""

    class Meta:
        indexes = [models.Index(fields=["gone"], name="recorded_gone")]

    def __str__(self) -> str:
        return f"{self.name} ({self.phase})"


class Stretch(models.Model):
    """A span that has ended. `environment_id` is "" for one of the whole fleet."""

    environment_id = models.CharField(max_length=128, blank=True)
    what = models.CharField(max_length=8, choices=KINDS)
    word = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=128, blank=True)
    start = models.FloatField()
    end = models.FloatField()

    class Meta:
        verbose_name_plural = "stretches"
        indexes = [models.Index(fields=["end"], name="stretch_end")]
        constraints = [
            models.UniqueConstraint(
                fields=["environment_id", "what", "subject", "start"], name="stretch_recorded_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.word} of {self.environment_id}"


class RecordedName(models.Model):
    """What a person, a project or a class is called, or was called last."""

    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=128)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="one_name_for_each")]

    def __str__(self) -> str:
        return self.name


class EnvironmentDay(models.Model):
    """The hours of one environment on one day of `TIME_ZONE`, in seconds; `idle` is a part of `running`."""

    day = models.DateField()
    environment_id = models.CharField(max_length=128)
    project_id = models.CharField(max_length=128, blank=True)
    creator_id = models.CharField(max_length=128, blank=True)
    class_id = models.CharField(max_length=128, blank=True)
    running = models.FloatField()
    idle = models.FloatField()
    unknown = models.FloatField(default=0.0)

    class Meta:
        indexes = [models.Index(fields=["environment_id", "day"], name="day_of_environment")]
        constraints = [
            models.UniqueConstraint(fields=["day", "environment_id"], name="day_once_for_each_environment")
        ]

    def __str__(self) -> str:
        return f"{self.environment_id} on {self.day}"


class ClassPrice(models.Model):
    """What an hour of an environment class costs from a day on, until a later one. Rows are only ever added; of two
    for the same day the newer counts. The currency is the installation's (`CURRENCY`).
    """

    class_id = models.CharField(max_length=128)
    price = models.DecimalField(max_digits=12, decimal_places=4)
    valid_from = models.DateField()
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    set_by_name = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["class_id", "valid_from"], name="price_from")]
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.price} an hour of {self.class_id} from {self.valid_from}"

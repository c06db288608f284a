"""Idle policies, their runs, and what each said last of every environment."""

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from dashboard.control.idle import Limits
from dashboard.control.policies.opening import Opening, read


class PolicyState(models.TextChoices):
    """A policy stops nothing before an admin has armed it."""

    DRY = "dry", _("Dry run")
    ARMED = "armed", _("Armed")
    PAUSED = "paused", _("Paused")


class Act(models.TextChoices):
    """What is done in the end. The first two are about what runs, the others about what is stopped."""

    WARN = "warn", _("Warn only")
    STOP = "stop", _("Stop")
    ARCHIVE = "archive", _("Tell that Ona archives it soon")
    DELETE = "delete", _("Delete what is stopped")


ACTING = frozenset({Act.STOP, Act.DELETE})
OF_STOPPED = frozenset({Act.ARCHIVE, Act.DELETE})


class IdlePolicyQuerySet(models.QuerySet["IdlePolicy"]):
    """Reads are named after what needs them."""

    def awake(self) -> "IdlePolicyQuerySet":
        """Those that are evaluated, in a steady order."""
        found = self.exclude(state=PolicyState.PAUSED).select_related("armed_by", "channel", "fallback")
        return found.order_by("created", "id")

    def that_stop(self) -> "IdlePolicyQuerySet":
        """Those whose word counts beside another's."""
        return self.filter(state=PolicyState.ARMED, act=Act.STOP).order_by("created", "id")

    def beside(self, policy: "IdlePolicy") -> "IdlePolicyQuerySet":
        """Those whose word counts beside that of `policy`: they stop, or delete, like it."""
        act = Act.DELETE if policy.of_stopped else Act.STOP
        return self.filter(state=PolicyState.ARMED, act=act).order_by("created", "id")


class IdlePolicy(models.Model):
    """What is stopped when nobody has been active in it for `idle` seconds, where, when, and how many at most.

    `scope` is a filter over environments, `roles` the special roles it speaks of, `during` and `never` spans of the
    week as `control.policies.opening` reads them, by the clocks of `zone`. Owners are warned `lead` seconds before;
    `channel` is told too, `fallback` instead of owners whose address is not known. `said` is what its last run came to.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60)
    scope = models.CharField(max_length=1000, blank=True)
    idle = models.FloatField()
    roles = models.JSONField(default=list, blank=True)
    act = models.CharField(max_length=8, choices=Act.choices, default=Act.STOP)
    unsaved = models.BooleanField(default=False)
    """Deletes also what holds unpushed commits or changed files, or may."""
    lead = models.FloatField(default=0.0)
    channel = models.ForeignKey(
        "control.Channel", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    fallback = models.ForeignKey(
        "control.Channel", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    during = models.CharField(max_length=500, blank=True)
    never = models.CharField(max_length=500, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    most_a_run = models.PositiveIntegerField(default=20)
    most_an_hour = models.PositiveIntegerField(default=60)
    state = models.CharField(max_length=8, choices=PolicyState.choices, default=PolicyState.DRY)
    paused_why = models.CharField(max_length=500, blank=True)
    created = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    changed = models.DateTimeField()
    changed_by = models.CharField(max_length=200)
    armed = models.DateTimeField(null=True, blank=True)
    armed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="policies"
    )
    armed_by_name = models.CharField(max_length=200, blank=True)
    last_run = models.DateTimeField(null=True, blank=True)
    said = models.CharField(max_length=500, blank=True)

    objects = IdlePolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "idle policies"
        constraints = [models.UniqueConstraint(Lower("name"), name="policy_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def of_stopped(self) -> bool:
        return self.act in OF_STOPPED

    @property
    def phase(self) -> str:
        """Of the environments that it is about."""
        return "stopped" if self.of_stopped else "running"

    @property
    def limits(self) -> Limits:
        return Limits(self.idle, roles=frozenset(self.roles), name=self.name)

    @property
    def opening(self) -> Opening:
        return Opening(read(self.during), read(self.never), ZoneInfo(self.zone))

    def next_change(self, now: datetime) -> datetime | None:
        """When its window opens or closes next."""
        opening = self.opening
        return None if opening.always else opening.next_change(now)


class PolicyRun(models.Model):
    """A run that decided something, and those after it that decided the same, up to `until`.

    `decided` are objects with id, name, decision and because; `kept` counts the others by reason. `paused` says why the
    policy paused itself, "" when it did not.
    """

    policy = models.ForeignKey(IdlePolicy, on_delete=models.CASCADE, related_name="runs")
    at = models.DateTimeField()
    until = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    armed = models.BooleanField()
    stops = models.PositiveIntegerField()
    warns = models.PositiveIntegerField()
    decided: Any = models.JSONField(default=list)
    kept: Any = models.JSONField(default=dict)
    paused = models.CharField(max_length=500, blank=True)
    batch = models.ForeignKey(
        "control.Batch", null=True, blank=True, on_delete=models.SET_NULL, related_name="policy_runs"
    )

    class Meta:
        indexes = [models.Index(fields=["policy", "-at"], name="policy_run_newest")]

    def __str__(self) -> str:
        return f"{self.policy_id} at {self.at}"


class PolicyVerdict(models.Model):
    """What a policy says of an environment in its scope, since when; the answer to “why was it kept?”."""

    policy = models.ForeignKey(IdlePolicy, on_delete=models.CASCADE, related_name="verdicts")
    environment_id = models.CharField(max_length=128, db_index=True)
    name = models.CharField(max_length=200)
    decision = models.CharField(max_length=8)
    why = models.CharField(max_length=500, blank=True)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "environment_id"], name="one_verdict_a_policy")
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.name}"

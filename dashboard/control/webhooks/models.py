"""Webhooks: where events are sent for programs, each event to each webhook, and how far the search for events is."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from dashboard.control.notify.models import OWED, Delivered


class Event(models.TextChoices):
    """What a webhook is told of; the value is its `type`."""

    ACTION_ENDED = "action.ended", _("An action has ended")
    BATCH_ENDED = "batch.ended", _("A batch has ended")
    POLICY_ACTED = "policy.acted", _("A policy has begun a batch")
    POLICY_PAUSED = "policy.paused", _("A policy was paused, or paused itself")
    ENVIRONMENT_FAILED = "environment.failed", _("An environment has failed")
    SERVICE_FAILED = "service.failed", _("A service has failed")
    TEST = "webhook.test", _("Test")


class Webhook(models.Model):
    """`sealed` is its address and `secret` what its events are signed with, both encrypted as channels' addresses are;
    `host` and `mark` tell it from others. `paused` says why nothing is sent to it, "" while it is. Until
    `secret_before_until` its events are signed with `secret_before` too, "" where there is none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60)
    sealed = models.TextField()
    secret = models.TextField()
    secret_before = models.TextField(blank=True, default="", db_default="")
    secret_before_until = models.DateTimeField(null=True, blank=True)
    host = models.CharField(max_length=255)
    mark = models.CharField(max_length=12)
    events = models.JSONField(default=list)
    paused = models.CharField(max_length=200, blank=True)
    created = models.DateTimeField()
    changed = models.DateTimeField()
    changed_by = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="webhook_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def labels(self) -> list[str]:
        """What it is told of, for people."""
        return [str(Event(one).label) for one in self.events if one in Event.values]


class WebhookDelivery(models.Model):
    """One event on its way to one webhook; its id is the `webhook-id` that every try carries.

    `occasion` names what happened: it is told once. `status` is what the other side answered last.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=24, choices=Event.choices)
    occasion = models.CharField(max_length=200)
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=Delivered.choices, default=Delivered.QUEUED)
    why = models.CharField(max_length=300, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created = models.DateTimeField()
    not_before = models.DateTimeField()
    tried = models.DateTimeField(null=True, blank=True)
    sent = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(fields=["not_before"], name="webhook_owed", condition=Q(state__in=OWED)),
            models.Index(fields=["webhook", "-created"], name="webhook_newest"),
        ]
        constraints = [models.UniqueConstraint(fields=["webhook", "occasion"], name="webhook_told_once")]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id} ({self.state})"


class WebhookMark(models.Model):
    """How far events were looked for: the number in the audit, and of each failed environment and each failed service a
    mark of its failure (None before the first look, which tells of nothing). There is one row, or none while there are
    no webhooks.
    """

    number = models.BigIntegerField(default=0)
    failing = models.JSONField(null=True)
    failing_services = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"up to {self.number}"

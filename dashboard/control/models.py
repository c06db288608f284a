"""Who signs in, and what they asked for."""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.db.models import Q
from django.dispatch import Signal
from django.utils.translation import gettext_lazy as _

from dashboard.control.asked_once_models import AskedOnce
from dashboard.control.audit import actions as audit_actions
from dashboard.control.audit.models import AuditEntry, AuditForwarded
from dashboard.control.idleness.exemption_models import Exemption
from dashboard.control.notify.models import (
    OWED,
    TROUBLED,
    Channel,
    ChannelKind,
    Delivered,
    Delivery,
    MailChoice,
    Topic,
)
from dashboard.control.notify.warning_models import StopWarning
from dashboard.control.people.saved import DefaultView, SavedView
from dashboard.control.people.star_models import Star
from dashboard.control.people.token_models import PersonalToken, Scope
from dashboard.control.policies.models import (
    ACTING,
    OF_STOPPED,
    Act,
    IdlePolicy,
    PolicyRun,
    PolicyState,
    PolicyVerdict,
)
from dashboard.control.record.models import (
    ClassPrice,
    EnvironmentDay,
    RecordedEnvironment,
    RecordedName,
    Recording,
    Stretch,
)
from dashboard.control.record.phase_counts import PhaseCount
from dashboard.control.record.spell_models import ServiceSpell
from dashboard.control.reports.models import FleetReport, ReportChannel
from dashboard.control.webhooks.models import Event, Webhook, WebhookDelivery, WebhookMark
from dashboard.control.whatif.models import Progress, Replay

__all__ = [
    "ACTING",
    "OF_STOPPED",
    "OPEN",
    "OWED",
    "TROUBLED",
    "Act",
    "Action",
    "AskedOnce",
    "AuditEntry",
    "AuditForwarded",
    "Batch",
    "Channel",
    "ChannelKind",
    "ClassPrice",
    "DefaultView",
    "Delivered",
    "Delivery",
    "EnvironmentDay",
    "Event",
    "Exemption",
    "FleetReport",
    "IdlePolicy",
    "MailChoice",
    "PersonalToken",
    "PhaseCount",
    "PolicyRun",
    "PolicyState",
    "PolicyVerdict",
    "Progress",
    "RecordedEnvironment",
    "RecordedName",
    "Recording",
    "Replay",
    "ReportChannel",
    "Role",
    "SavedView",
    "Scope",
    "ServiceSpell",
    "Star",
    "State",
    "StopWarning",
    "Stretch",
    "Topic",
    "User",
    "Webhook",
    "WebhookDelivery",
    "WebhookMark",
]


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    OPERATOR = "operator", _("Operator")
    ADMIN = "admin", _("Admin")


class User(AbstractUser):
    """A person of the dashboard. Their e-mail address ties them to an Ona user. `told_groups`: those of their groups
    that give a role in a project, as they were told last.
    """

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    preferences = models.JSONField(default=dict, blank=True)
    """See `preferences.py`."""
    told_groups = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class SignIn(models.Model):
    """One session of one person: since when, in which browser, and how it is known that they may still be here.

    `refresh` is the provider's refresh token, sealed with a key that is not in this database; `provider_session` is the
    provider's name for the session; `tried` is when a request last set out to look whether the person may stay,
    `checked` when that was last answered with yes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, db_index=True)
    browser = models.CharField(max_length=80, blank=True)
    began = models.DateTimeField()
    expires = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)
    provider_session = models.CharField(max_length=255, blank=True)
    refresh = models.TextField(blank=True)
    tried = models.DateTimeField()
    checked = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-began"], name="sign_in_newest")]

    def __str__(self) -> str:
        return f"{self.user} since {self.began:%Y-%m-%d %H:%M}"


class State(models.TextChoices):
    """The life of an action; every state is one that a person can read."""

    QUEUED = "queued", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")
    REQUESTED = "requested", _("Accepted by Ona")
    CONFIRMED = "confirmed", _("Confirmed")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped")
    UNCONFIRMED = "unconfirmed", _("Accepted, never seen")
    UNKNOWN = "unknown", _("Not known")


OPEN = (State.QUEUED, State.SENDING, State.REQUESTED)
WORTH_A_RETRY = (State.FAILED, State.UNCONFIRMED, State.UNKNOWN)


class BatchQuerySet(models.QuerySet["Batch"]):
    """Reads are named after what needs them."""

    def begun(self) -> "BatchQuerySet":
        return self.filter(started__isnull=False).order_by("-started", "-id")


class Batch(models.Model):
    """One wish for many targets, which were fixed when its question was put. Not begun, it is that question.

    `targets` are objects with `id`, `name` and what was known of each at that time. `idle_limit` is in seconds: what
    has been active within it when its turn comes is skipped; None checks nothing of the kind. `policy` is the one whose
    wish it is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    verb = models.CharField(max_length=40)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="batches"
    )
    actor_name = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, blank=True)
    targets = models.JSONField(default=list)
    idle_limit = models.FloatField(null=True, blank=True)
    policy = models.ForeignKey(
        IdlePolicy, null=True, blank=True, on_delete=models.SET_NULL, related_name="batches"
    )
    undoes = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="undone_by"
    )
    created = models.DateTimeField()
    started = models.DateTimeField(null=True, blank=True)
    cancelled = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=200, blank=True)
    told = models.DateTimeField(null=True, blank=True)
    """When the owners were told what came of it."""

    objects = BatchQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-started", "-id"], name="batch_newest")]

    def __str__(self) -> str:
        return f"{self.verb} of {len(self.targets)}"


ledger_written = Signal()
"""Sent after this process changed or made actions by the query set; of one that is saved Django itself tells."""


class ActionQuerySet(models.QuerySet["Action"]):
    """Reads are named after what needs them."""

    def update(self, **fields: Any) -> int:
        changed = super().update(**fields) if fields.get("ended") is None else self._end(**fields)
        ledger_written.send(Action)
        return changed

    def _end(self, **fields: Any) -> int:
        """The rows are held before they are counted, so that those which the audit tells of are those which change."""
        with transaction.atomic():
            held = list(self.order_by().select_for_update(of=("self",)).values_list("id", flat=True))
            parts = [Action.objects.filter(id__in=held[at : at + 400]) for at in range(0, len(held), 400)]
            changed = sum(super(ActionQuerySet, part).update(**fields) for part in parts)
            audit_actions.ended(action for part in parts for action in part.order_by("created", "place"))
        return changed

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, *args: Any, **options: Any) -> list["Action"]:
        with transaction.atomic():
            made = super().bulk_create(*args, **options)
            audit_actions.asked(made)
        ledger_written.send(Action)
        return made

    def open(self) -> "ActionQuerySet":
        return self.filter(state__in=OPEN)

    def for_activity(self) -> "ActionQuerySet":
        return self.order_by("-created", "-id")

    def waiting_in_batches(self, now: datetime) -> "ActionQuerySet":
        """What may be sent now, in the order of the wishes."""
        waiting = self.filter(state=State.QUEUED, batch__isnull=False, batch__cancelled=None)
        return waiting.filter(not_before__lte=now).order_by("created", "place")

    def of_batch(self, batch: "Batch") -> "ActionQuerySet":
        """One a target: what was tried again is left out."""
        return self.filter(batch=batch, retried=False).order_by("place")

    def that_made(self, result_id: str, since: datetime) -> Iterable[str]:
        """The verbs that were asked for since then and made this."""
        made = self.filter(created__gte=since, result_id=result_id)
        return made.order_by().values_list("verb", flat=True).distinct()

    def last_asked(self, verb: str, target_ids: Collection[str]) -> dict[str, datetime]:
        """When this was last asked of each of these, of those of which it ever was."""
        of_these = self.filter(kind=verb.partition(".")[0], target_id__in=target_ids, verb=verb).order_by()
        return dict(of_these.values_list("target_id").annotate(models.Max("created")))

    def for_target(self, kind: str, target_id: str) -> "ActionQuerySet":
        return self.filter(kind=kind, target_id=target_id).order_by("-created", "-id")


class Action(models.Model):
    """One thing one person asked of one target. Written before anything is sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    verb = models.CharField(max_length=40)
    kind = models.CharField(max_length=20)
    target_id = models.CharField(max_length=128)
    target_name = models.CharField(max_length=200)
    environment_id = models.CharField(max_length=128, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="actions"
    )
    actor_name = models.CharField(max_length=200)
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="actions")
    place = models.PositiveIntegerField(default=0)
    """In its batch, which is worked off in this order."""
    retried = models.BooleanField(default=False)
    """A newer action has taken its place in the batch."""
    reason = models.CharField(max_length=500, blank=True)
    params = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    outcome = models.CharField(max_length=1000, blank=True)
    phase_before = models.CharField(max_length=64, blank=True)
    failure_before = models.CharField(max_length=1000, blank=True)
    moved = models.BooleanField(default=False)
    result_id = models.CharField(max_length=128, blank=True)
    sender = models.CharField(max_length=128, blank=True)
    trail = models.CharField(max_length=64, blank=True, default="")
    """The id of the request or job in which it was asked for; log lines carry it."""
    attempts = models.PositiveSmallIntegerField(default=0)
    created = models.DateTimeField()
    not_before = models.DateTimeField()
    sent = models.DateTimeField(null=True, blank=True)
    requested = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)

    objects = ActionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-created", "-id"], name="action_newest"),
            models.Index(fields=["kind", "target_id", "-created"], name="action_target"),
            models.Index(fields=["state", "not_before"], name="action_open", condition=Q(state__in=OPEN)),
        ]
        constraints = [
            # A double click, two tabs or two people: one open action per wish and target.
            models.UniqueConstraint(
                fields=["verb", "target_id"], condition=Q(state__in=OPEN), name="action_once_while_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.target_name} ({self.state})"

    def save(self, *args: Any, **options: Any) -> None:
        new = self._state.adding
        with transaction.atomic():
            super().save(*args, **options)
            if new:
                audit_actions.asked([self])

    @property
    def deed(self) -> str:
        """start, stop…: the verb without the kind."""
        return self.verb.partition(".")[2]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def took(self) -> timedelta | None:
        """From the click to the end."""
        return None if self.ended is None else self.ended - self.created

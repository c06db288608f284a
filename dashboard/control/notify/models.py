"""Where messages go, each message to each recipient, and who does not wish to be told."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class ChannelKind(models.TextChoices):
    """What a channel's address is an address of; `control.notify.channels` knows their hosts."""

    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    GOOGLE_CHAT = "gchat", "Google Chat"
    DISCORD = "discord", "Discord"
    MATTERMOST = "mattermost", "Mattermost"
    WEBHOOK = "webhook", _("Webhook (JSON)")
    MAIL = "mail", _("Mail")


class Channel(models.Model):
    """A place that many people read. `sealed` is its address, which is a secret, encrypted with a key that follows from
    `SECRET_KEY`; `host` and `mark` tell it from others and give nothing away.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=ChannelKind.choices)
    sealed = models.TextField()
    host = models.CharField(max_length=255)
    mark = models.CharField(max_length=12)
    created = models.DateTimeField()
    changed = models.DateTimeField()
    changed_by = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="channel_name_once")]

    def __str__(self) -> str:
        return self.name


class Topic(models.TextChoices):
    """What a message is about."""

    BEFORE = "before", _("Before a stop")
    AFTER = "after", _("After a stop")
    CLEAR = "clear", _("All-clear")
    ARCHIVE = "archive", _("Soon archived")
    EXEMPTION = "exemption", _("Exemption ends")
    PAUSED = "paused", _("Policy paused itself")
    REPORT = "report", _("Daily report")
    TEST = "test", _("Test")


class Delivered(models.TextChoices):
    """How far a message to one recipient got. `FAILED` is tried again, `GAVE_UP` is not."""

    QUEUED = "queued", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed, tried again")
    GAVE_UP = "gave-up", _("Gave up")
    DECLINED = "declined", _("Not wanted")


OWED = (Delivered.QUEUED, Delivered.FAILED)
TROUBLED = (Delivered.FAILED, Delivered.GAVE_UP)


class Delivery(models.Model):
    """One message to one recipient, written before it is sent: at most one for each occasion.

    `occasion` names what happened, such as `warning:<id>:<deadline>`; `recipient` is `mail:<address>`, `channel:<id>`,
    or `nobody` where no address is known. `environments` are the ids it is about. After `until` it is not worth
    sending.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    occasion = models.CharField(max_length=200)
    topic = models.CharField(max_length=12, choices=Topic.choices)
    recipient = models.CharField(max_length=300)
    address = models.CharField(max_length=254, blank=True)
    channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    to_name = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    environments = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=10, choices=Delivered.choices, default=Delivered.QUEUED)
    why = models.CharField(max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created = models.DateTimeField()
    not_before = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    tried = models.DateTimeField(null=True, blank=True)
    sent = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["not_before"], name="delivery_owed", condition=Q(state__in=OWED)),
            models.Index(fields=["-created"], name="delivery_newest"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["occasion", "recipient"], name="delivered_once_an_occasion")
        ]

    def __str__(self) -> str:
        return f"{self.topic} to {self.to_name or self.recipient} ({self.state})"


class MailChoice(models.Model):
    """Whether a person is told of their environments by mail; without a row they are."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tell_me")
    email = models.CharField(max_length=254, db_index=True)
    """In lower case, as it was when they said so."""
    by_mail = models.BooleanField(default=True)
    said = models.DateTimeField()

    class Meta:
        db_table = "control_wish"

    def __str__(self) -> str:
        return f"{self.email}: {'by mail' if self.by_mail else 'not at all'}"

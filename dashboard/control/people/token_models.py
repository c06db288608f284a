"""Personal tokens: what a script shows instead of a session."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """What a token may be used for; never more than its person may."""

    READ = "read", _("Read: lists, details, idle verdicts, batches, actions")
    ACT = "act", _("Act: start and stop what its person may start and stop")


class PersonalTokenQuerySet(models.QuerySet["PersonalToken"]):
    """Reads are named after what needs them."""

    def good(self, now: datetime) -> "PersonalTokenQuerySet":
        return self.filter(revoked=None, expires__gt=now)

    def newest_first(self) -> "PersonalTokenQuerySet":
        return self.select_related("user").order_by("-created", "-id")


class PersonalToken(models.Model):
    """One token of one person. It is kept only as its `digest` (SHA-256, hexadecimal): it is 256 random bits, which
    nobody guesses from that. `vouched` is when its person was last let in by the provider or the proxy that signs
    people in.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="personal_tokens"
    )
    name = models.CharField(max_length=60)
    scopes = models.JSONField(default=list)
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    vouched = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)
    used_from = models.CharField(max_length=64, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)

    objects = PersonalTokenQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-created", "-id"], name="token_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"], condition=Q(revoked=None), name="token_name_once_while_good"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"

    def may(self, scope: Scope) -> bool:
        return scope.value in self.scopes

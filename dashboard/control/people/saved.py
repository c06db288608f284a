"""Saved views: a filter and an order of a list under a name, for oneself or for everybody."""

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

if TYPE_CHECKING:
    from dashboard.control.models import User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Reads are named after what needs them."""

    def seen_by(self, user: "User", kind: str = "") -> "SavedViewQuerySet":
        """The person's own and the shared ones, by name; each says whether it `is_default` for this person."""
        default = DefaultView.objects.filter(view=OuterRef("pk"), user=user)
        seen = self.filter(Q(owner=user) | Q(shared=True)).select_related("owner")
        seen = seen.annotate(is_default=Exists(default)).order_by("kind", Lower("name"), "id")
        return seen.filter(kind=kind) if kind else seen


class SavedView(models.Model):
    """`kind` is the value of a `Kind`; `query`, `sort`, `columns` and `density` are those of a list's address;
    without columns each person sees it with their own.

    A shared view outlives the account of who made it; then admins look after it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    sort = models.CharField(max_length=40, blank=True)
    columns = models.CharField(max_length=300, blank=True)
    density = models.CharField(max_length=12, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="views"
    )
    shared = models.BooleanField(default=False)
    created = models.DateTimeField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "kind", "name"], name="view_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The view with which a list opens for a person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_default_a_list")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.view_id}"

"""The audit: entries that are only ever added, each sealed together with the one before."""

from typing import Any, NoReturn

from django.db import models


class AppendOnly(Exception):
    """Entries of the audit are added, and nothing else."""

    def __init__(self, *_: object) -> None:
        super().__init__("Entries of the audit cannot be changed or deleted.")


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Reads are named after what needs them."""

    def update(self, **_: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly

    def newest_first(self) -> "AuditQuerySet":
        return self.order_by("-number")

    def as_chained(self) -> "AuditQuerySet":
        return self.order_by("number")


class AuditEntry(models.Model):
    """One thing that happened: who, from where, what, why, with what outcome.

    `number` leaves no gaps. `person` is the name at that time and `person_id` the account's key, "" for nobody known;
    `session` is the id of a `SignIn`. `upto` is that of a checkpoint: the last entry that was pruned. `before` is the
    `digest` of the entry before, `key` the mark of the key that sealed this one.
    """

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    act = models.CharField(max_length=40)
    person = models.CharField(max_length=200, blank=True)
    person_id = models.CharField(max_length=40, blank=True)
    role = models.CharField(max_length=16, blank=True)
    address = models.CharField(max_length=64, blank=True)
    session = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    target_id = models.CharField(max_length=128, blank=True)
    target_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    outcome = models.CharField(max_length=1000, blank=True)
    details: Any = models.JSONField(default=dict)
    upto = models.BigIntegerField(null=True, blank=True)
    before = models.CharField(max_length=64)
    key = models.CharField(max_length=8)
    digest = models.CharField(max_length=64)

    objects = AuditQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["act", "-number"], name="audit_act"),
            models.Index(fields=["person_id", "-number"], name="audit_person"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.act} {self.target_name}"

    def save(self, *_: Any, **__: Any) -> NoReturn:
        """`audit.append` adds entries, because one needs the one before it."""
        raise AppendOnly

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly


class AuditForwarded(models.Model):
    """How far the audit has been handed on to where `AUDIT_FORWARD` says; one row a place."""

    place = models.CharField(max_length=200, primary_key=True)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.place}: {self.number}"

"""Keys under which scripts have asked for something."""

from django.conf import settings
from django.db import models


class AskedOnce(models.Model):
    """One key of one person, both it and what was asked with it only as SHA-256, and the action that came of it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    request = models.CharField(max_length=64)
    action = models.ForeignKey("control.Action", null=True, on_delete=models.CASCADE, related_name="+")
    created = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="asked_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.action_id}"

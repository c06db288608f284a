"""What people star: the environments, services and tasks they want to find again and hear of."""

from django.conf import settings
from django.db import models


class Star(models.Model):
    """One person's star on one thing. `kind` is the value of a `Kind`, `name` what it was called at that time: what has
    gone since is still called something.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stars")
    kind = models.CharField(max_length=20)
    target_id = models.CharField(max_length=128)
    name = models.CharField(max_length=200)
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "target_id"], name="one_star_a_thing")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

"""The environments as a table of the database, as somebody would keep them who shows them with Django's admin."""

from django.db import models


class Listed(models.Model):
    id = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200, db_index=True)
    phase = models.CharField(max_length=32, db_index=True)
    project = models.CharField(max_length=200)
    creator = models.CharField(max_length=200)
    class_name = models.CharField(max_length=200)
    active = models.DateTimeField(null=True)
    unsaved = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "site"

    def __str__(self) -> str:
        return self.name

"""The fleet's daily reports, and where they are sent."""

from typing import Any

from django.db import models

from dashboard.control.notify.models import Channel


class FleetReport(models.Model):
    """A day of `TIME_ZONE`. `figures` is what `report_figures` found; `final` says that the day had ended, else
    it is the day so far, up to `made`.
    """

    day = models.DateField(primary_key=True)
    made = models.DateTimeField()
    final = models.BooleanField(default=False)
    figures: Any = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"report of {self.day}"


class ReportChannel(models.Model):
    """A channel to which the report of each day is sent."""

    channel = models.OneToOneField(
        Channel, primary_key=True, on_delete=models.CASCADE, related_name="daily_report"
    )
    chosen = models.DateTimeField()
    chosen_by = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"daily report to {self.channel}"

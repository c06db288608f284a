"""The project's own app: it carries the management commands."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "dashboard"

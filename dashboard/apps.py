"""The project's own app: it carries the management commands."""

from django.apps import AppConfig
from django.conf import settings


class DashboardConfig(AppConfig):
    name = "dashboard"

    def ready(self) -> None:
        """Raises ConfigurationError when a setting asks for an extra that is not installed."""
        if settings.OTEL_ENDPOINT or settings.SENTRY_DSN:
            from dashboard import tracing
            from dashboard.log_lines import Cutter

            if settings.OTEL_ENDPOINT:
                tracing.trace_to(settings.OTEL_ENDPOINT)
            if settings.SENTRY_DSN:
                tracing.report_to(settings.SENTRY_DSN, Cutter(settings.SECRETS), "ona-dashboard")

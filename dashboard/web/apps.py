"""The app that shows: pages, fragments, template tags."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "dashboard.web"
    label = "web"

    def ready(self) -> None:
        from dashboard.web import audit, sessions

        sessions.connect()
        audit.connect()

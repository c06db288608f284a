"""The app that owns the database: who may do what, and what was done."""

from django.apps import AppConfig


class ControlConfig(AppConfig):
    name = "dashboard.control"
    label = "control"

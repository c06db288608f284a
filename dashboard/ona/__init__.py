"""Speaks the Ona API: `Ona` makes the calls, `schema` has what comes back, `send` what goes out, `errors` what
can go wrong.

Knows nothing of Django, Redis or the simulator. What is named here is loaded when somebody asks for it: a page that
only checks a form needs `send`, and neither models nor an HTTP client.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dashboard.ona import errors, send
from dashboard.ona.secret import Secret

if TYPE_CHECKING:
    from dashboard.ona import schema
    from dashboard.ona.client import Ona
    from dashboard.ona.decode import Page, Skipped
    from dashboard.ona.filters import EnvironmentFilter, ExecutionFilter, ServiceFilter, TaskFilter
    from dashboard.ona.pace import Pace, TokenPace

_HOMES = {
    "Ona": "client",
    "Page": "decode",
    "Skipped": "decode",
    "EnvironmentFilter": "filters",
    "ExecutionFilter": "filters",
    "ServiceFilter": "filters",
    "TaskFilter": "filters",
    "Pace": "pace",
    "TokenPace": "pace",
}
__all__ = [
    "EnvironmentFilter",
    "ExecutionFilter",
    "Ona",
    "Pace",
    "Page",
    "Secret",
    "ServiceFilter",
    "Skipped",
    "TaskFilter",
    "TokenPace",
    "errors",
    "schema",
    "send",
]


def __getattr__(name: str) -> Any:
    if name == "schema":
        return import_module("dashboard.ona.schema")
    if name in _HOMES:
        return getattr(import_module(f"dashboard.ona.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

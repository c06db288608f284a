"""Speaks the Ona API: `Ona` makes the calls, `schema` has what comes back, `send` what goes out, `errors` what
can go wrong.

Knows nothing of Django, Redis or the simulator.
"""

from dashboard.ona import errors, schema, send
from dashboard.ona.client import Ona
from dashboard.ona.decode import Page, Skipped
from dashboard.ona.filters import EnvironmentFilter, ExecutionFilter, ServiceFilter, TaskFilter
from dashboard.ona.pace import Pace, TokenPace
from dashboard.ona.secret import Secret

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

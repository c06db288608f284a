"""A second implementation of the Ona API, behind the wire: for the demo, and for tests of everything else.

It knows nothing of the dashboard and shares no code with it, so that a mistake in one cannot hide in the other.
"""

from dashboard.simulator.faults import Faults
from dashboard.simulator.models import Call, Environment, Execution, Service, Task
from dashboard.simulator.rpc import create_app
from dashboard.simulator.server import serve
from dashboard.simulator.world import World

__all__ = ["Call", "Environment", "Execution", "Faults", "Service", "Task", "World", "create_app", "serve"]

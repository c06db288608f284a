"""The API's methods, one module per subject. `METHODS` is the dispatch table: path below the base → what answers it."""

from collections.abc import Mapping

from dashboard.simulator.methods import (
    automation_writes,
    automations,
    directory,
    environment_writes,
    environments,
)
from dashboard.simulator.methods.call import Method

METHODS: Mapping[str, Method] = {
    f"gitpod.v1.{name}": method
    for table in (
        environments.TABLE,
        environment_writes.TABLE,
        automations.TABLE,
        automation_writes.TABLE,
        directory.TABLE,
    )
    for name, method in table.items()
}

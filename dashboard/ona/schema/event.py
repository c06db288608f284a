"""What happened to a resource. An event has no content: read the resource afterwards."""

from dashboard.ona.schema.base import Enum, Model, Text
from dashboard.ona.words import short


class Event(Model):
    """One event; operations and types newer than this version survive as their own words."""

    operation: Enum = ""
    resource_type: Enum = ""
    resource_id: Text = ""

    @property
    def word(self) -> str:
        """What happened: "create", "update", "delete", "update_status"; "" when not said."""
        return short(self.operation, "RESOURCE_OPERATION_")

    @property
    def kind(self) -> str:
        """To what: "environment", "service", "task", "task_execution"…; "" when not said."""
        return short(self.resource_type, "RESOURCE_TYPE_")

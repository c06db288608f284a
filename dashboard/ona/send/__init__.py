"""What can be sent, as typed, frozen values. Import the module and write `send.NewService(…)`."""

from dashboard.ona.send.automation import (
    Docker,
    NewService,
    NewTask,
    OnMachine,
    RunsOn,
    ServiceChange,
    TaskChange,
    Variable,
)
from dashboard.ona.send.automations_file import AutomationsFile, FileService, FileTask
from dashboard.ona.send.base import Message, duration
from dashboard.ona.send.environment import (
    Activity,
    ContextUrl,
    EnvironmentChange,
    Git,
    NewEnvironment,
    Port,
    SSHKey,
)
from dashboard.ona.send.parse import automations_file

__all__ = [
    "Activity",
    "AutomationsFile",
    "ContextUrl",
    "Docker",
    "EnvironmentChange",
    "FileService",
    "FileTask",
    "Git",
    "Message",
    "NewEnvironment",
    "NewService",
    "NewTask",
    "OnMachine",
    "Port",
    "RunsOn",
    "SSHKey",
    "ServiceChange",
    "TaskChange",
    "Variable",
    "automations_file",
    "duration",
]

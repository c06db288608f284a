"""EnvironmentAutomationService: services, tasks and task executions. Lists come in no documented order."""

from collections.abc import Iterator, Mapping
from typing import Any

from dashboard.ona.decode import ListShape, Page
from dashboard.ona.filters import ExecutionFilter, ServiceFilter, TaskFilter
from dashboard.ona.paging import PAGE_SIZE, Methods
from dashboard.ona.schema import Service, Task, TaskExecution, UpdatedAutomations
from dashboard.ona.schema.values import Values
from dashboard.ona.secret import Secret
from dashboard.ona.send import (
    AutomationsFile,
    NewService,
    NewTask,
    ServiceChange,
    TaskChange,
    automations_file,
)
from dashboard.ona.send.base import target

SERVICE = "EnvironmentAutomationService"
SERVICES = ListShape("services", Service)
TASKS = ListShape("tasks", Task)
EXECUTIONS = ListShape("taskExecutions", TaskExecution)


class Automations(Methods):
    """Writes return when the wish is noted; the phase changes later. None of them is ever repeated."""

    def service_pages(
        self, restriction: ServiceFilter | None = None, page_size: int = PAGE_SIZE
    ) -> Iterator[Page[Service]]:
        return self._pages((SERVICE, "ListServices"), SERVICES, restriction, page_size)

    def task_pages(
        self, restriction: TaskFilter | None = None, page_size: int = PAGE_SIZE
    ) -> Iterator[Page[Task]]:
        return self._pages((SERVICE, "ListTasks"), TASKS, restriction, page_size)

    def execution_pages(
        self, restriction: ExecutionFilter | None = None, page_size: int = PAGE_SIZE
    ) -> Iterator[Page[TaskExecution]]:
        """The history grows without limit: filter by phase or environment."""
        return self._pages((SERVICE, "ListTaskExecutions"), EXECUTIONS, restriction, page_size)

    def get_service(self, service_id: str) -> Service:
        return self._one((SERVICE, "GetService"), {"id": service_id}, Service, "service")

    def get_task(self, task_id: str) -> Task:
        return self._one((SERVICE, "GetTask"), {"id": task_id}, Task, "task")

    def get_execution(self, execution_id: str) -> TaskExecution:
        call = (SERVICE, "GetTaskExecution")
        return self._one(call, {"id": execution_id}, TaskExecution, "taskExecution")

    def start_service(self, service_id: str) -> None:
        """No error when it runs already."""
        self._done((SERVICE, "StartService"), {"id": service_id})

    def stop_service(self, service_id: str) -> None:
        """No error when it is stopped already. The stop itself may take two minutes."""
        self._done((SERVICE, "StopService"), {"id": service_id})

    def start_task(self, task_id: str) -> TaskExecution:
        """The new execution, normally pending. Each call makes one: never repeat it without looking."""
        return self._one((SERVICE, "StartTask"), {"id": task_id}, TaskExecution, "taskExecution")

    def stop_execution(self, execution_id: str) -> None:
        self._done((SERVICE, "StopTaskExecution"), {"id": execution_id})

    def upsert_file(
        self, environment_id: str, file: AutomationsFile | Mapping[str, Any]
    ) -> UpdatedAutomations:
        """Creates or changes the services and tasks of the file, which may be one just parsed from YAML.

        Raises Unsendable, with the place in the file (`services.web.commands.start`) as its field.
        """
        typed = file if isinstance(file, AutomationsFile) else automations_file(file)
        message = inside(environment_id) | {"automationsFile": typed.json()}
        call = (SERVICE, "UpsertAutomationsFile")
        return self._one(call, message, UpdatedAutomations, hidden=typed.secrets())

    def container_values(self, environment_id: str) -> dict[tuple[str, str], tuple[Secret, ...]]:
        """Of each service and task the KEY=VALUE texts of its container, by ("services" or "tasks", reference).

        For sending them back in an automations file, and for nothing else.
        """
        found: dict[tuple[str, str], tuple[Secret, ...]] = {}
        for section, method, only in (
            ("services", "ListServices", ServiceFilter(environment_ids=(environment_id,))),
            ("tasks", "ListTasks", TaskFilter(environment_ids=(environment_id,))),
        ):
            for page in self._pages((SERVICE, method), ListShape(section, Values), only):
                found |= {(section, one.metadata.reference): one.environment for one in page.items}
        return found

    def create_service(self, environment_id: str, new: NewService) -> Service:
        """The new service; it does not start by itself. Conflict when the reference is taken."""
        message = inside(environment_id) | new.json()
        return self._one((SERVICE, "CreateService"), message, Service, "service", new.secrets())

    def update_service(self, service_id: str, change: ServiceChange) -> None:
        """Changes what is given. FailedPrecondition when that needs a service which is stopped."""
        message = target("service_id", service_id) | change.json()
        self._done((SERVICE, "UpdateService"), message, change.secrets())

    def delete_service(self, service_id: str, force: bool = False) -> None:
        """Stops and deletes it; `force` skips the stop."""
        message = target("service_id", service_id) | ({"force": True} if force else {})
        self._done((SERVICE, "DeleteService"), message)

    def create_task(self, environment_id: str, new: NewTask) -> Task:
        """The new task. Conflict when the reference is taken."""
        message = inside(environment_id) | new.json()
        return self._one((SERVICE, "CreateTask"), message, Task, "task", new.secrets())

    def update_task(self, task_id: str, change: TaskChange) -> None:
        """Changes what is given; running executions keep what they started with."""
        message = target("task_id", task_id) | change.json()
        self._done((SERVICE, "UpdateTask"), message, change.secrets())

    def delete_task(self, task_id: str) -> None:
        """Deletes it. What becomes of a running execution is not documented: stop that first."""
        self._done((SERVICE, "DeleteTask"), target("task_id", task_id))


def inside(environment_id: str) -> dict[str, Any]:
    """The request's field that says in which environment; Unsendable when it is no UUID."""
    return dict(target("environment_id", environment_id, "environmentId"))

"""EnvironmentAutomationService: services, tasks and task executions. Lists come in no documented order."""

from collections.abc import Iterator

from dashboard.ona.decode import ListShape, Page
from dashboard.ona.filters import ExecutionFilter, ServiceFilter, TaskFilter
from dashboard.ona.paging import PAGE_SIZE, Methods
from dashboard.ona.schema import Service, Task, TaskExecution

SERVICE = "EnvironmentAutomationService"
SERVICES = ListShape("services", Service)
TASKS = ListShape("tasks", Task)
EXECUTIONS = ListShape("taskExecutions", TaskExecution)


class Automations(Methods):
    """Starting and stopping return when the wish is noted; the phase changes later."""

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

"""EnvironmentService: environments and their classes."""

from collections.abc import Iterator

from dashboard.ona.decode import ListShape, Page
from dashboard.ona.filters import EnvironmentFilter
from dashboard.ona.paging import PAGE_SIZE, Methods
from dashboard.ona.schema import Environment, EnvironmentClass

SERVICE = "EnvironmentService"
ENVIRONMENTS = ListShape("environments", Environment)
CLASSES = ListShape("environmentClasses", EnvironmentClass)


class Environments(Methods):
    """`start` and `stop` return when the wish is noted; the phase changes later."""

    def pages(
        self, restriction: EnvironmentFilter | None = None, page_size: int = PAGE_SIZE
    ) -> Iterator[Page[Environment]]:
        """All environments the key can see, newest first; archived ones only if the filter says so."""
        return self._pages((SERVICE, "ListEnvironments"), ENVIRONMENTS, restriction, page_size)

    def get(self, environment_id: str) -> Environment:
        call = (SERVICE, "GetEnvironment")
        return self._one(call, {"environmentId": environment_id}, Environment, "environment")

    def start(self, environment_id: str) -> None:
        self._done((SERVICE, "StartEnvironment"), {"environmentId": environment_id})

    def stop(self, environment_id: str) -> None:
        self._done((SERVICE, "StopEnvironment"), {"environmentId": environment_id})

    def class_pages(self, page_size: int = PAGE_SIZE) -> Iterator[Page[EnvironmentClass]]:
        """All classes, also the disabled ones."""
        return self._pages((SERVICE, "ListEnvironmentClasses"), CLASSES, None, page_size)

"""EnvironmentService: environments and their classes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, cast

from pydantic import Field

from dashboard.ona.decode import ListShape, Page
from dashboard.ona.errors import Unsendable
from dashboard.ona.filters import EnvironmentFilter
from dashboard.ona.paging import PAGE_SIZE, Methods
from dashboard.ona.pieces import Opening, Recall
from dashboard.ona.schema import Environment, EnvironmentClass, Model, listed
from dashboard.ona.schema.listed import ListedEnvironment
from dashboard.ona.secret import Secret
from dashboard.ona.send import Activity, EnvironmentChange, NewEnvironment
from dashboard.ona.send.base import target

SERVICE = "EnvironmentService"
ENVIRONMENTS = ListShape("environments", Environment)
LISTED = ListShape("environments", Environment, Opening(b'{"id":"', b'","metadata":{'), listed.read)
CLASSES = ListShape("environmentClasses", EnvironmentClass)


class TokenAnswer(Model):
    """Lives only until its text is in a `Secret`."""

    access_token: Annotated[str, Field(min_length=1, repr=False)]


class Environments(Methods):
    """Writes return when the wish is noted; the phase changes later. None of them is ever repeated."""

    def pages(
        self, restriction: EnvironmentFilter | None = None, page_size: int = PAGE_SIZE
    ) -> Iterator[Page[Environment]]:
        """All environments the key can see, newest first; archived ones only if the filter says so."""
        return self._pages((SERVICE, "ListEnvironments"), ENVIRONMENTS, restriction, page_size)

    def summaries(
        self, restriction: EnvironmentFilter | None = None, recall: Recall | None = None
    ) -> Iterator[Page[Environment | ListedEnvironment]]:
        """The same, of each at least what a list of many needs.

        What `recall` knows by the digest of its bytes is not read again, see `Page`.
        """
        pages = self._pages((SERVICE, "ListEnvironments"), LISTED, restriction, recall=recall)
        return cast("Iterator[Page[Environment | ListedEnvironment]]", pages)

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

    def create(self, new: NewEnvironment) -> Environment:
        """The new environment, which starts at once. `get` may not find it for a moment.

        Raises Unsendable; FailedPrecondition when its creator has not connected the git host.
        """
        if not new.class_id:
            raise Unsendable("class_id", "must not be empty")
        return self._one((SERVICE, "CreateEnvironment"), new.json(), Environment, "environment")

    def create_from_project(self, project_id: str, new: NewEnvironment | None = None) -> Environment:
        """As `create`; what `new` gives beats the project. InvalidRequest when the class is not the project's."""
        message = target("project_id", project_id, "projectId") | (new or NewEnvironment()).json()
        return self._one((SERVICE, "CreateEnvironmentFromProject"), message, Environment, "environment")

    def update(self, environment_id: str, change: EnvironmentChange) -> None:
        """Changes what is given; meanwhile the phase is updating. Raises Unsendable."""
        self._done((SERVICE, "UpdateEnvironment"), named(environment_id) | change.json())

    def delete(self, environment_id: str, force: bool = False) -> None:
        """Deletes for good, after a stop. `force` skips the stop and may lose data."""
        self._done((SERVICE, "DeleteEnvironment"), named(environment_id) | ({"force": True} if force else {}))

    def unarchive(self, environment_id: str) -> None:
        """Takes it out of the archive; it stays stopped."""
        self._done((SERVICE, "UnarchiveEnvironment"), named(environment_id))

    def mark_active(self, environment_id: str, source: str, at: datetime | None = None) -> None:
        """Keeps it from being stopped for inactivity, which costs money: only when somebody asks for it.

        `source` is shown to people (3 to 80 characters), `at` is when it was in use. Raises Unsendable.
        """
        signal = Activity(source=source, timestamp=at).json()
        self._done((SERVICE, "MarkEnvironmentActive"), named(environment_id) | signal)

    def create_access_token(self, environment_id: str) -> Secret:
        """A bearer token for acting within this environment, good for an hour."""
        return self._token("CreateEnvironmentAccessToken", environment_id)

    def create_logs_token(self, environment_id: str) -> Secret:
        """A bearer token for reading this environment's logs, good for an hour. A read-only key may get none."""
        return self._token("CreateEnvironmentLogsToken", environment_id)

    def _token(self, method: str, environment_id: str) -> Secret:
        return Secret(self._one((SERVICE, method), named(environment_id), TokenAnswer).access_token)


def named(environment_id: str) -> dict[str, str]:
    """The request's field that says which environment; Unsendable when it is no UUID."""
    return target("environment_id", environment_id, "environmentId")

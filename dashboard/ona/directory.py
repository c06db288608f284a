"""Names for the ids that environments carry. They hardly change: ask rarely and remember."""

from collections.abc import Iterator

from dashboard.ona.decode import ListShape, Page
from dashboard.ona.filters import MemberFilter
from dashboard.ona.paging import PAGE_SIZE, Methods
from dashboard.ona.schema import Identity, Member, Project, Runner

MEMBERS = ListShape("members", Member)
PROJECTS = ListShape("projects", Project)
RUNNERS = ListShape("runners", Runner)


class Directory(Methods):
    """People, projects, runners, and whom the key belongs to."""

    def identity(self) -> Identity:
        """Whose key this is, and its organization; works for people and service accounts."""
        return self._one(("IdentityService", "GetAuthenticatedIdentity"), {}, Identity)

    def member_pages(
        self, organization_id: str, user_ids: tuple[str, ...] = (), page_size: int = PAGE_SIZE
    ) -> Iterator[Page[Member]]:
        """The organization's people, or only those named (25 at most)."""
        extra = {"organizationId": organization_id}
        return self._pages(
            ("OrganizationService", "ListMembers"), MEMBERS, MemberFilter(user_ids), page_size, extra
        )

    def project_pages(self, page_size: int = PAGE_SIZE) -> Iterator[Page[Project]]:
        return self._pages(("ProjectService", "ListProjects"), PROJECTS, None, page_size)

    def runner_pages(self, page_size: int = PAGE_SIZE) -> Iterator[Page[Runner]]:
        return self._pages(("RunnerService", "ListRunners"), RUNNERS, None, page_size)

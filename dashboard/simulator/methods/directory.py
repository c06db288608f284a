"""Names instead of ids: who calls, members, projects, runners."""

from collections.abc import Callable, Mapping

from dashboard.simulator import enums, show_directory
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.methods.call import Method, Request, id_key
from dashboard.simulator.models import Member, Project, Runner
from dashboard.simulator.paging import Key, after, turn
from dashboard.simulator.requests import Message
from dashboard.simulator.show_environment import subject
from dashboard.simulator.wire import Json


def get_identity(request: Request) -> Json:
    """Whose key it is: here always a service account of the organisation."""
    return {
        "subject": subject(request.caller),
        "organizationId": request.world.directory.organization_id,
        "organizationTier": "enterprise",
    }


def list_members(request: Request) -> Json:
    """People of the organisation, newest first; permission_denied for an organisation of somebody else."""
    organization = request.body.uuid("organizationId", required=True)
    fits = _member_filter(request.body.part("filter"))
    sort = request.body.part("sort")
    field = sort.enum("field", enums.MEMBER_SORT_FIELDS)
    descending = sort.enum("order", enums.SORT_ORDERS) != "SORT_ORDER_ASC"
    page = request.page(f"members {field} {descending}")
    if organization != request.world.directory.organization_id:
        raise ConnectError("permission_denied", "not a member of this organization")
    found = list(filter(fits, request.world.directory.members))
    key = _MEMBER_KEYS[field]
    answer = turn(page, "members", after(page, found, key, descending=descending), key, show_directory.member)
    return {**answer, **request.count(page, lambda: len(found))}


def _member_filter(part: Message) -> Callable[[Member], bool]:
    ids = set(part.uuids("userIds"))
    search, email = part.text("search", longest=256).casefold(), part.text("email", longest=320).casefold()
    roles = set(part.enums("roles", enums.ORGANIZATION_ROLES))
    statuses = set(part.enums("statuses", enums.USER_STATUSES))
    login = part.enum("loginProvider", enums.LOGIN_PROVIDERS).rpartition("_")[2].lower()
    part.uuids("excludeGroupIds")  # checked, and without effect: the organisation has no groups
    return lambda row: (
        (not ids or row.id in ids)
        and (not roles or row.role in roles)
        and (not statuses or row.status in statuses)
        and (not login or row.login == login)
        and (not email or row.email == email)
        and (not search or search in f"{row.name} {row.email}".casefold())
    )


_MEMBER_KEYS: Mapping[str, Callable[[Member], Key]] = {
    "": id_key,
    "SORT_FIELD_NAME": lambda row: (row.name.casefold(), row.id),
    "SORT_FIELD_DATE_JOINED": lambda row: (row.since, row.id),
}


def list_projects(request: Request) -> Json:
    """Projects, newest first."""
    part = request.body.part("filter")
    ids, creators = set(part.uuids("projectIds")), set(part.uuids("creatorIds"))
    runners = set(part.uuids("runnerIds"))
    kinds = set(part.enums("runnerKinds", enums.RUNNER_KINDS, defined_only=True))
    addresses = set(part.texts("specRemoteUris"))
    search = part.text("search", longest=256).casefold()
    page = request.page("projects")

    def fits(row: Project) -> bool:
        return (
            (not ids or row.id in ids)
            and (not creators or row.creator.id in creators)
            and (not runners or any(machine.runner.id in runners for machine in row.classes))
            and (not kinds or any(machine.runner.kind in kinds for machine in row.classes))
            and (not addresses or row.repository in addresses)
            and (not search or search in f"{row.id} {row.name} {row.repository}".casefold())
        )

    organization = request.world.directory.organization_id
    found = list(filter(fits, request.world.directory.projects))
    rows = after(page, found, id_key, descending=True)
    answer = turn(page, "projects", rows, id_key, lambda row: show_directory.project(row, organization))
    return {**answer, **request.count(page, lambda: len(found))}


def list_runners(request: Request) -> Json:
    """Runners, by id."""
    part = request.body.part("filter")
    creators = set(part.uuids("creatorIds"))
    kinds = set(part.enums("kinds", enums.RUNNER_KINDS, defined_only=True))
    providers = set(part.enums("providers", enums.RUNNER_PROVIDERS, defined_only=True))
    page = request.page("runners")

    def fits(row: Runner) -> bool:
        return (
            not creators and (not kinds or row.kind in kinds) and (not providers or row.provider in providers)
        )

    rows = after(page, filter(fits, request.world.directory.runners), id_key, descending=True)
    return turn(page, "runners", rows, id_key, lambda row: show_directory.runner(row, request.at))


TABLE: Mapping[str, Method] = {
    "IdentityService/GetAuthenticatedIdentity": Method(get_identity),
    "OrganizationService/ListMembers": Method(list_members),
    "ProjectService/ListProjects": Method(list_projects),
    "RunnerService/ListRunners": Method(list_runners),
}

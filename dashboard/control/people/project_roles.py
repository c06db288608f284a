"""Roles in single projects: who has which, from their groups, their name and their verified address."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from django.conf import settings

from dashboard.config.projects import Grants, ProjectRole

if TYPE_CHECKING:
    from dashboard.control.models import User

Roles = Mapping[str, frozenset[ProjectRole]]
"""Project id → roles in it."""
NONE: Roles = {}
NO_ROLE: frozenset[ProjectRole] = frozenset()
_MEMO = "_project_roles"


def roles_of(user: "User") -> Roles:
    """Worked out once for each time that the person is looked up, since every row of a list asks."""
    grants: Grants = settings.PROJECT_ROLES
    if not grants.grants:
        return NONE
    memo: tuple[Grants, Roles] | None = getattr(user, _MEMO, None)
    if memo is None or memo[0] is not grants:
        memo = (grants, _found(user, grants))
        setattr(user, _MEMO, memo)
    return memo[1]


def _found(user: "User", grants: Grants) -> Roles:
    names = {name.casefold() for name in (user.username, user.email.strip()) if name}
    groups, found = set(user.told_groups), defaultdict(set)
    for grant in grants.grants:
        if grant.people & names or grant.groups & groups:
            found[grant.project].add(grant.role)
    return {project: frozenset(roles) for project, roles in found.items()}


def worth_keeping(groups: Iterable[str]) -> list[str]:
    """Those that give a role in a project, as they are kept of a person until their groups are told again."""
    return sorted(settings.PROJECT_ROLES.groups.intersection(groups))


def tell_groups(user: "User", groups: list[str]) -> None:
    """From now on these are the person's; not saved yet."""
    user.told_groups = groups
    setattr(user, _MEMO, None)


def words(roles: Roles) -> str:
    """ "lead in 0198c8a1, maintainer in 0198c8a2": for the audit, where names would say less than ids."""
    lines = [f"{role} in {project}" for project, some in roles.items() for role in sorted(some)]
    return ", ".join(sorted(lines)) or "none"


def standing(user: "User") -> tuple[tuple[str, tuple[str, ...]], ...]:
    """All of it as one value, by which what is kept for a person is told from what is kept for others."""
    return tuple(sorted((project, tuple(sorted(roles))) for project, roles in roles_of(user).items()))

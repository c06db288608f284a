"""Roles in single projects: the file that `PROJECT_ROLES` names, read at start.

[[grant]]
role = "lead"
project = "0198c8a1-3a52-7c1e-9d1b-2f1f2d0c7a11"
groups = ["web-leads"]
people = ["ada@example.com"]
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

from dashboard.config.base import ConfigurationError, read

EXAMPLE = 'such as: [[grant]] role = "lead", project = "…", groups = ["web-leads"]'


class ProjectRole(StrEnum):
    """What somebody is in a project; `control.permissions` says what that gives and takes."""

    LEAD = "lead"
    MAINTAINER = "maintainer"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in the project with this id, for members of the groups and for people by name or verified address."""

    role: ProjectRole
    project: str
    groups: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    """In lower case."""


@dataclass(frozen=True)
class Grants:
    """All that the file says."""

    grants: tuple[Grant, ...] = ()

    @cached_property
    def groups(self) -> frozenset[str]:
        """The only groups that are worth keeping of a person."""
        return frozenset(group for grant in self.grants for group in grant.groups)


def read_project_roles(environ: Mapping[str, str] | None = None) -> Grants:
    """Raises ConfigurationError with one sentence that says what to set."""
    path = read("PROJECT_ROLES", environ)
    if not path:
        return Grants()
    try:
        told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", "") or "it is no text"
        raise ConfigurationError(
            f"PROJECT_ROLES: cannot read {path} ({why}); set it to a readable file."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"PROJECT_ROLES: {path} is no TOML: {error}; write it {EXAMPLE}.") from error
    listed = told.get("grant")
    if set(told) != {"grant"} or not isinstance(listed, list):
        raise ConfigurationError(
            f"PROJECT_ROLES: {path} holds something else than grants; write it {EXAMPLE}."
        )
    return Grants(
        tuple(_grant(one, f"PROJECT_ROLES, grant {number}") for number, one in enumerate(listed, 1))
    )


def _grant(told: Any, where: str) -> Grant:
    if not isinstance(told, dict) or (strange := set(told) - {"role", "project", "groups", "people"}):
        names = ", ".join(sorted(strange)) if isinstance(told, dict) else "no table"
        raise ConfigurationError(f"{where}: {names} is not known; write role, project, groups and people.")
    role, project = told.get("role"), str(told.get("project", ""))
    if role not in set(ProjectRole):
        raise ConfigurationError(
            f"{where}: role {role!r} is not known; set it to {' or '.join(ProjectRole)}."
        )
    try:
        UUID(project)
    except ValueError as error:
        raise ConfigurationError(
            f"{where}: project {project!r} is no id; set it to the project's id. Names change, and two may have one."
        ) from error
    groups, people = _names(told, "groups", where), _names(told, "people", where)
    if not groups and not people:
        raise ConfigurationError(f"{where} is for nobody; name groups or people.")
    return Grant(ProjectRole(role), project, groups, frozenset(one.casefold() for one in people))


def _names(told: dict[str, Any], what: str, where: str) -> frozenset[str]:
    names = told.get(what, [])
    if not isinstance(names, list) or not all(isinstance(one, str) and one.strip() for one in names):
        raise ConfigurationError(f'{where}: {what} is no list of names; write it as ["one", "two"].')
    return frozenset(one.strip() for one in names)

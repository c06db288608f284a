"""Who may do what. Decided here, checked where an Action is written, never only in a template.

viewer    sees everything
operator  starts and stops services, runs tasks, stops executions, makes environments; starts, stops, edits and
          deletes those they created, and adds, edits and deletes the services and tasks in them, also by
          an automations file: what a command says runs with all that its environment may do;
          what this dashboard made because they asked for it counts as created by them
admin     everything, also on any environment, forced deletes and, through `manage.py`, access tokens

Beside these there are roles in single projects, which `PROJECT_ROLES` grants: what they give is added to what somebody
may anyway, what is not theirs to read is taken away. Both end at the project.

lead        starts and stops what belongs to the project, and does not read its logs
maintainer  may in each environment of the project what its creator may
"""

from enum import Enum

from django.utils.translation import gettext_noop as _

from dashboard.config.projects import ProjectRole
from dashboard.control.made import made_by
from dashboard.control.models import Batch, Role, User
from dashboard.control.people.project_roles import NO_ROLE, roles_of
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Execution, Row, Service, Task
from dashboard.fleet.sentences import joined, sentence
from dashboard.fleet.snapshot import Fleet


class Needs(Enum):
    """What it takes to use a verb; an admin always may, a viewer never."""

    OPERATOR = "an operator, on anything"
    CREATOR = "an operator, on environments they created"
    INSIDE = "an operator, on what is in environments they created"
    ADMIN = "an admin"


TABLE = {
    Verb.START_ENVIRONMENT: Needs.CREATOR,
    Verb.STOP_ENVIRONMENT: Needs.CREATOR,
    Verb.CREATE_ENVIRONMENT: Needs.OPERATOR,
    Verb.ADD_SERVICE: Needs.CREATOR,
    Verb.ADD_TASK: Needs.CREATOR,
    Verb.UPSERT_AUTOMATIONS: Needs.CREATOR,
    Verb.EDIT_ENVIRONMENT: Needs.CREATOR,
    Verb.EDIT_PORTS: Needs.CREATOR,
    Verb.KEEP_AWAKE: Needs.CREATOR,
    Verb.UNARCHIVE_ENVIRONMENT: Needs.CREATOR,
    Verb.DELETE_ENVIRONMENT: Needs.CREATOR,
    Verb.FORCE_DELETE_ENVIRONMENT: Needs.ADMIN,
    Verb.MAKE_ACCESS_TOKEN: Needs.ADMIN,
    Verb.START_SERVICE: Needs.OPERATOR,
    Verb.STOP_SERVICE: Needs.OPERATOR,
    Verb.EDIT_SERVICE: Needs.INSIDE,
    Verb.DELETE_SERVICE: Needs.INSIDE,
    Verb.START_TASK: Needs.OPERATOR,
    Verb.EDIT_TASK: Needs.INSIDE,
    Verb.DELETE_TASK: Needs.INSIDE,
    Verb.STOP_EXECUTION: Needs.OPERATOR,
}
"""A verb that is not listed takes an admin."""
IN_PROJECTS = {
    ProjectRole.LEAD: frozenset(
        {
            Verb.START_ENVIRONMENT,
            Verb.STOP_ENVIRONMENT,
            Verb.START_SERVICE,
            Verb.STOP_SERVICE,
            Verb.START_TASK,
            Verb.STOP_EXECUTION,
        }
    ),
    ProjectRole.MAINTAINER: frozenset(
        verb
        for verb, needs in TABLE.items()
        if needs is not Needs.ADMIN and verb is not Verb.CREATE_ENVIRONMENT
    ),
}
"""What a role in a project gives there, beyond the role that somebody has everywhere."""
READ_LOGS = frozenset({ProjectRole.MAINTAINER})
"""Roles in a project with which one reads its logs. Whoever has only others does not, whatever they may elsewhere;
admins do, and everybody reads those of what they made.
"""
WHO_ONCE_MORE = frozenset(
    {
        Verb.DELETE_ENVIRONMENT,
        Verb.FORCE_DELETE_ENVIRONMENT,
        Verb.DELETE_SERVICE,
        Verb.DELETE_TASK,
    }
)
"""Verbs before which people are asked once more who they are: what they do cannot be taken back."""
FEW = 5
"""So many targets of one wish are a few; before more, people are asked once more who they are."""
REFUSALS = {
    Needs.CREATOR: _("Operators change only the environments they created; ask its creator or an admin."),
    Needs.INSIDE: _(
        "Operators change services and tasks only in environments they created; ask its creator or an admin."
    ),
    Needs.ADMIN: _("Only admins may do this."),
}
VIEWERS = _("Your role is viewer: you can see everything and change nothing.")
GONE = _("Nobody knows any more to which project this belongs, and not every log is open to you.")
IN_PROJECTS_ONLY = _("Your roles in projects do not reach this; ask its creator or an admin.")
NOTHING: frozenset[Verb] = frozenset()
START_AND_STOP = frozenset({Verb.START_ENVIRONMENT, Verb.STOP_ENVIRONMENT})


class Forbidden(Exception):
    """The person may not do this; the message says why, for a person."""


def ona_person(user: User, fleet: Fleet) -> str:
    """The id of the Ona user with the same e-mail address, or ""."""
    return fleet.person_by_email.get(user.email.strip().lower(), "") if user.email else ""


def refusal(user: User, verb: Verb, row: Row, fleet: Fleet) -> str:
    """Why `user` may not do `verb` to `row`; "" when they may."""
    if user.role == Role.ADMIN or verb in _granted(user, row, fleet):
        return ""
    if user.role != Role.OPERATOR:
        return IN_PROJECTS_ONLY if roles_of(user) else VIEWERS
    needs = TABLE.get(verb, Needs.ADMIN)
    about = _home(row, fleet) if needs is Needs.INSIDE else row
    if needs is Needs.OPERATOR or (needs is not Needs.ADMIN and _created(user, about, fleet)):
        return ""
    if verb in START_AND_STOP:
        return sentence(
            "Operators start and stop only the environments they created; ask its creator or an admin."
        )
    return REFUSALS[needs]


def bulk_refusal(user: User) -> str:
    """Why `user` may not ask for many things at once; each target is judged on its own besides. "" when they may."""
    return "" if user.role in {Role.ADMIN, Role.OPERATOR} or roles_of(user) else VIEWERS


def log_refusal(user: User, row: Row | None, fleet: Fleet) -> str:
    """Why `user` may not read the log of `row`, or of something that is gone; "" when they may.

    A log is what it says: its lines and the titles of its sections. How long a step took is told to whoever sees the
    plan, though only the log knows it: it is a number, of the same kind as the times of the execution itself.
    """
    roles = roles_of(user)
    if not roles or user.role == Role.ADMIN:
        return ""
    home = None if row is None else _home(row, fleet)
    if home is None:
        return "" if all(some & READ_LOGS for some in roles.values()) else GONE
    here = roles.get(home.project_id, NO_ROLE)
    if not here or here & READ_LOGS or _created(user, home, fleet):
        return ""
    return sentence(
        "As {roles} of this project you do not read its logs.",
        roles=joined(" & ", tuple(sentence(role) for role in sorted(here))),
    )


def prices_refusal(user: User) -> str:
    """Why `user` may not say what environment classes cost; "" when they may."""
    return "" if user.role == Role.ADMIN else sentence("Only admins set prices.")


def policy_refusal(user: User) -> str:
    """Why `user` may not make, change, arm, pause or delete idle policies; "" when they may."""
    return "" if user.role == Role.ADMIN else sentence("Only admins change idle policies.")


def channel_refusal(user: User) -> str:
    """Why `user` may not make, change, test or remove channels; "" when they may."""
    return "" if user.role == Role.ADMIN else sentence("Only admins change channels.")


def webhook_refusal(user: User) -> str:
    """Why `user` may not make, change, test or remove webhooks; "" when they may."""
    return "" if user.role == Role.ADMIN else "Only admins change webhooks."


def exemption_refusal(user: User, row: Environment | None, fleet: Fleet) -> str:
    """Why `user` may not exempt an environment, or with None whatever matches a filter; "" when they may."""
    if user.role != Role.ADMIN and row is None and not bulk_refusal(user):
        return sentence("Only admins exempt what matches a filter.")
    if row is not None and Verb.KEEP_AWAKE in _granted(user, row, fleet):
        return ""
    if user.role == Role.OPERATOR and not _created(user, row, fleet):
        return sentence("Operators exempt only the environments they created; ask an admin.")
    if user.role not in {Role.ADMIN, Role.OPERATOR} and roles_of(user):
        return IN_PROJECTS_ONLY
    return bulk_refusal(user)


def batch_refusal(user: User, batch: Batch) -> str:
    """Why `user` may not cancel or retry a batch: operators decide only over their own. "" when they may."""
    if why_not := bulk_refusal(user):
        return why_not
    if user.role != Role.ADMIN and batch.actor_id != user.pk:
        return sentence("Operators cancel and retry only the batches they began; ask an admin.")
    return ""


def _created(user: User, row: Row | None, fleet: Fleet) -> bool:
    """It is theirs upstream, or this dashboard made it because they asked for it."""
    if not isinstance(row, Environment):
        return False
    person = ona_person(user, fleet)
    return (bool(person) and person == row.creator_id) or row.id in made_by(user)


def _granted(user: User, row: Row, fleet: Fleet) -> frozenset[Verb]:
    """What the person's roles in the project of `row` give them there."""
    here = _roles_here(user, row, fleet)
    return frozenset[Verb]().union(*(IN_PROJECTS[role] for role in here)) if here else NOTHING


def _roles_here(user: User, row: Row, fleet: Fleet) -> frozenset[ProjectRole]:
    roles = roles_of(user)
    if not roles:
        return NO_ROLE
    about = row if isinstance(row, Environment) else _home(row, fleet)
    return NO_ROLE if about is None or not about.project_id else roles.get(about.project_id, NO_ROLE)


def _home(row: Row, fleet: Fleet) -> Environment | None:
    """The environment of what runs in one, if it is there."""
    return fleet.environments.get(row.environment_id) if isinstance(row, Service | Task | Execution) else None


def seen_as(user: User, row: Row, fleet: Fleet) -> tuple[str, ...]:
    """All that `refusal` looks at in a person: for the same row, two who are seen as the same may do the same."""
    about = row if isinstance(row, Environment) else _home(row, fleet)
    own = user.role == Role.OPERATOR and _created(user, about, fleet)
    chooses = "" if bulk_refusal(user) else "chooses"
    return (user.role, "creator" if own else "", chooses, *sorted(_roles_here(user, row, fleet)))


def can(user: User, verb: Verb, row: Row, fleet: Fleet) -> bool:
    return not refusal(user, verb, row, fleet)

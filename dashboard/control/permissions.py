"""Who may do what. Decided here, checked where an Action is written, never only in a template.

viewer    sees everything
operator  starts and stops services, tasks and executions, and environments they created
admin     starts and stops any environment
"""

from dashboard.control.models import Role, User
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Row
from dashboard.fleet.snapshot import Fleet

OWN_ONLY = frozenset({Verb.START_ENVIRONMENT, Verb.STOP_ENVIRONMENT})


class Forbidden(Exception):
    """The person may not do this; the message says why, for a person."""


def ona_person(user: User, fleet: Fleet) -> str:
    """The id of the Ona user with the same e-mail address, or ""."""
    return fleet.person_by_email.get(user.email.strip().lower(), "") if user.email else ""


def refusal(user: User, verb: Verb, row: Row, fleet: Fleet) -> str:
    """Why `user` may not do `verb` to `row`; "" when they may."""
    if user.role == Role.ADMIN:
        return ""
    if user.role != Role.OPERATOR:
        return "Your role is viewer: you can see everything and change nothing."
    if verb not in OWN_ONLY:
        return ""
    person = ona_person(user, fleet)
    if person and isinstance(row, Environment) and person == row.creator_id:
        return ""
    return "Operators start and stop only the environments they created; ask its creator or an admin."


def can(user: User, verb: Verb, row: Row, fleet: Fleet) -> bool:
    return not refusal(user, verb, row, fleet)

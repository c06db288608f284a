"""The audit of the ledger: an entry when an action is written, and one when it has ended."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.control.people import project_roles

if TYPE_CHECKING:
    from dashboard.control.models import Action


def asked(actions: "Iterable[Action]") -> None:
    """They were written just now, by whoever stands in them; what has ended already says how."""
    audit.append(*(_asked(action) for action in actions))


def ended(actions: "Iterable[Action]") -> None:
    """They have come to their end, whoever brought that about."""
    audit.append(*(_ended(action) for action in actions))


def _asked(action: "Action") -> Note:
    who = audit.person_of(action.actor)
    details: dict[str, str | int] = {"verb": action.verb, "action": str(action.id), "state": action.state}
    if action.batch_id:
        details["batch"] = str(action.batch_id)
    if action.actor is not None and (roles := project_roles.roles_of(action.actor)):
        details["project_roles"] = project_roles.words(roles)
    return Note(
        "asked",
        action.created,
        action.kind,
        action.target_id,
        action.target_name,
        action.reason,
        action.outcome,
        details,
        audit.Person(action.actor_name, who.key, who.role),
    )


def _ended(action: "Action") -> Note:
    return Note(
        "ended",
        action.ended or action.created,
        action.kind,
        action.target_id,
        action.target_name,
        outcome=action.outcome,
        details={"verb": action.verb, "action": str(action.id), "state": action.state},
        who=audit.Person(action.actor_name, str(action.actor_id or "")),
    )

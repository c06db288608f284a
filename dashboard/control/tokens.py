"""An access token, from the row in the ledger to the one moment in which somebody sees it."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from dashboard.control import ledger
from dashboard.control.models import Action, User
from dashboard.control.verbs import Params, Verb
from dashboard.fleet.entities import Environment
from dashboard.fleet.snapshot import Fleet
from dashboard.ona import Ona
from dashboard.ona.secret import Secret
from dashboard.process import this_process


class NoToken(Exception):
    """None was made, or nobody knows; the message says why, for a person."""


def access_token(  # noqa: PLR0913 - an action is who, on what, when and why
    user: User, row: Environment, fleet: Fleet, ona: Ona, *, now: Callable[[], datetime], reason: str
) -> Secret:
    """A token for acting within `row`, good for an hour. The ledger has it that one was made, never the token.

    Raises Forbidden, without a row, for anybody but an admin; else NoToken.
    """
    action = _claimed(user, row, fleet, now(), reason)
    made: list[Secret] = []

    def send(ona: Ona, identifier: str, _: Params) -> str:
        made.append(ona.environments.create_access_token(identifier))
        return ""

    ledger.perform(action, ona, now, send)
    if not made:
        raise NoToken(action.outcome)
    return made[0]


def _claimed(user: User, row: Environment, fleet: Fleet, now: datetime, reason: str) -> Action:
    """The action, this process's to send from the moment it is in the database: no worker ever sees it waiting."""
    with transaction.atomic():
        asked = ledger.request(
            user, Verb.MAKE_ACCESS_TOKEN, row, fleet, now=now, enqueue=lambda _: None, reason=reason
        )
        claimed = ledger.claim(asked.action.id, now, this_process()) if asked.new else None
    if not asked.new:
        raise NoToken(f"{asked.action.actor_name} is asking for one at this moment; try again.")
    if claimed is None:
        raise NoToken(f"None was made: {asked.action.outcome}.")
    return claimed

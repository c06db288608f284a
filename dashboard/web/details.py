"""What the four detail pages share: what is known in depth, and saying that somebody is looking."""

import logging

from celery.exceptions import CeleryError
from kombu.exceptions import KombuError

from dashboard import jobs
from dashboard.control.models import Action
from dashboard.fleet.details import Detail
from dashboard.fleet.entities import Kind
from dashboard.fleet.store import StoreError

logger = logging.getLogger(__name__)
ACTIONS_SHOWN = 8


def in_depth(kind: Kind, identifier: str) -> Detail | None:
    """What the store knows of one resource in depth; None until the workers have read it.

    Tells them that somebody looks: the first look makes them read it at once, and the hot sweep keeps it
    fresh while the page polls.
    """
    try:
        first_look = jobs.store().attend(kind, identifier)
        detail = jobs.store().detail(kind, identifier)
        if first_look:
            jobs.refresh.delay(kind.value, identifier)
    except (StoreError, CeleryError, KombuError, OSError) as error:
        logger.warning("no details of %s %s: %s", kind.value, identifier, type(error).__name__)
        return None
    return detail


def latest_actions(kind: Kind, identifier: str) -> list[Action]:
    """The newest actions on one target."""
    return list(Action.objects.for_target(kind.value, identifier)[:ACTIONS_SHOWN])


def actions_state(actions: list[Action]) -> tuple[tuple[str, str], ...]:
    return tuple((str(action.id), action.state) for action in actions)

"""Starring, and taking stars away. A star is a person's own: it takes no right but to see the thing, nobody else sees
it, and the audit does not tell of it.
"""

from django.db import transaction
from django.utils import timezone

from dashboard.control.models import User
from dashboard.control.people.star_models import Star
from dashboard.fleet.entities import Kind

MOST_STARS = 200
"""Of one person."""
LONGEST_ID = 128
KINDS = frozenset({Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK})


def star(user: User, kind: Kind, identifier: str, name: str) -> bool:
    """Whether it has a star now: a person who has `MOST_STARS` gets no more. Asked twice, it is starred once."""
    if kind not in KINDS or not 0 < len(identifier) <= LONGEST_ID:
        return False
    with transaction.atomic():
        User.objects.select_for_update().get(
            pk=user.pk
        )  # one after the other, or two tabs go beyond the most
        own = Star.objects.filter(user=user)
        if own.filter(kind=kind.value, target_id=identifier).exists():
            return True
        if own.count() >= MOST_STARS:
            return False
        shown = name.replace("\0", "")[:200]
        Star.objects.create(
            user=user, kind=kind.value, target_id=identifier, name=shown, created=timezone.now()
        )
        return True


def unstar(user: User, kind: Kind, identifier: str) -> None:
    Star.objects.filter(user=user, kind=kind.value, target_id=identifier).delete()

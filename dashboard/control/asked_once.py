"""A request that a script may send twice, and that is done once: `Idempotency-Key`.

The ledger already takes a wish that is open for the same one. This is for the answer that was lost until the wish had
ended: the same key leads to the same action, whatever has become of it.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from dashboard.control.models import Action, AskedOnce, User

KEPT = timedelta(days=2)
LONGEST_KEY = 255


class AnotherRequest(Exception):
    """The key was used for something else."""


def once(
    user: User, key: str, request: str, now: datetime, ask: Callable[[], tuple[Action, bool]]
) -> tuple[Action, bool]:
    """What `ask` makes: the action, and whether it is new; or with a `key` that was sent before the action from then.

    `request` is all of what is asked for. Raises AnotherRequest, and whatever `ask` does; then the key is free.
    """
    if not key:
        return ask()
    marks = {"key": _mark(key), "user": user}
    try:
        with transaction.atomic():
            kept = AskedOnce.objects.create(**marks, request=_mark(request), created=now)
            kept.action, new = ask()
            kept.save(update_fields=["action"])
            return kept.action, new
    except IntegrityError:
        before = AskedOnce.objects.select_related("action").filter(**marks).first()
        if before is None or before.action is None:
            raise
        if before.request != _mark(request):
            raise AnotherRequest from None
        return before.action, False


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def prune(now: datetime) -> int:
    gone, _each = AskedOnce.objects.filter(created__lt=now - KEPT).delete()
    return gone

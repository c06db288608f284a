"""Actions that a dead worker or broker left behind, or a clock set back would keep waiting, are driven on."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_noop as _

from dashboard.control.ledger import LONGEST_DELAY, MOST_ATTEMPTS, PERHAPS, Enqueue, hand_over
from dashboard.control.models import Action, ActionQuerySet, State
from dashboard.control.verbs import RULES, Rule
from dashboard.fleet.sentences import sentence

LEFT_BEHIND = timedelta(seconds=8)
"""A queued action that nobody claimed for so long is sent to the workers again."""
WORKER_DIED = timedelta(seconds=60)
"""No call takes this long (its timeouts are shorter): whoever was sending is gone."""
SET_BACK = timedelta(seconds=2 * LONGEST_DELAY)
"""Nothing is put off for so long: a time further ahead is from before the clock of this machine was set back."""


def sweep(now: datetime, enqueue: Enqueue, died: Callable[[str], bool] = lambda _: False) -> int:
    """Drive on what a dead worker or broker left behind; returns how many rows were touched.

    `died(sender)` is True when that process is known to be gone.
    """
    _forget_the_future(now)
    return _requeue_waiting(now, enqueue) + _rescue_sending(now, enqueue, died)


def _forget_the_future(now: datetime) -> None:
    """What was written before the clock was set back would wait until it has caught up: it counts from now on."""
    for state, time_of in (
        (State.QUEUED, "not_before"),
        (State.SENDING, "sent"),
        (State.REQUESTED, "requested"),
    ):
        future = Action.objects.filter(state=state, **{f"{time_of}__gt": now + SET_BACK})
        if future.exists():
            future.update(**{time_of: now})


def _requeue_waiting(now: datetime, enqueue: Enqueue) -> int:
    waiting = Action.objects.filter(state=State.QUEUED, not_before__lte=now, batch=None).exclude(
        created__gt=now - LEFT_BEHIND, created__lte=now, attempts=0
    )
    return _hand_over_all(waiting.values_list("id", flat=True), enqueue)


def _rescue_sending(now: datetime, enqueue: Enqueue, died: Callable[[str], bool]) -> int:
    sending = Action.objects.filter(state=State.SENDING)
    senders = sending.exclude(sender="").values_list("sender", flat=True).distinct()
    dead = [sender for sender in senders if died(sender)]
    stuck = sending.filter(Q(sent__lt=now - WORKER_DIED) | Q(sender__in=dead))
    repeatable = [verb.value for verb, rule in RULES.items() if rule.repeatable]
    lost = sum(_lost(stuck, rule, now) for rule in RULES.values() if not rule.repeatable)
    hopeless = stuck.filter(verb__in=repeatable, attempts__gte=MOST_ATTEMPTS)
    lost += hopeless.update(
        state=State.FAILED,
        ended=now,
        outcome=sentence("It was tried several times, and a worker died while sending it."),
    )
    again = stuck.filter(verb__in=repeatable)
    waits = {
        "state": State.QUEUED,
        "not_before": now,
        "outcome": sentence(PERHAPS, why=_("the worker died meanwhile")),
    }
    lost += again.exclude(batch=None).update(**waits)  # its batch is worked off
    singly = list(again.filter(batch=None).values_list("id", flat=True))
    Action.objects.filter(id__in=singly, state=State.SENDING).update(**waits)
    return lost + _hand_over_all(singly, enqueue)


def _lost(stuck: ActionQuerySet, rule: Rule, now: datetime) -> int:
    words = sentence(
        "The worker died while sending this, and it must not be sent twice. {what}", what=rule.look_first
    )
    return stuck.filter(verb=rule.verb.value).update(state=State.UNKNOWN, ended=now, outcome=words)


def _hand_over_all(identifiers: Iterable[UUID], enqueue: Enqueue) -> int:
    count = 0
    for identifier in identifiers:
        hand_over(identifier, enqueue)
        count += 1
    return count

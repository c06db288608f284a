"""All-clear: whoever was told that something will be stopped, and it will not be, is told so once.

Warnings that ended are looked through after the fact, so that one message speaks of all that a recipient was spared
since. Nobody is told who was not told before: only what was sent counts. What was not sent by then never is.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from dashboard.control.models import OWED, Delivered, Delivery, IdlePolicy, StopWarning, Topic
from dashboard.control.notify import notices, warned
from dashboard.control.notify import owed as notify
from dashboard.control.notify.owed import Recipient
from dashboard.fleet.snapshot import Fleet

WORTH = timedelta(hours=1)
"""What ended before that is no news any more."""
GATHERED = timedelta(minutes=1)
"""For which they are gathered, so that many that end one after another make one message."""
LATEST = timedelta(hours=4)
"""After which an all-clear is not sent any more: there may be another warning by then."""
UNSENT = (*OWED, Delivered.GAVE_UP)


def tell(fleet: Fleet, now: datetime) -> int:
    """Of warnings that ended of late; returns how many messages were written."""
    if not _over(now).filter(ended__lte=now - GATHERED).exists():
        return 0
    with transaction.atomic():
        over = list(_over(now).select_related("policy").select_for_update(of=("self",)))
        return _tell(over, [one for one in over if _is_spared(one, fleet)], now)


def tell_of(policy: IdlePolicy, now: datetime) -> int:
    """Of all that a policy warned of, before it is deleted and its warnings with it; in the caller's transaction."""
    over = list(_over(now).filter(policy=policy).select_related("policy"))
    return _tell(over, over, now) if over else 0


def _over(now: datetime) -> "QuerySet[StopWarning]":
    return StopWarning.objects.filter(ended__gt=now - WORTH, cleared=None, deadline__isnull=False)


def _is_spared(one: StopWarning, fleet: Fleet) -> bool:
    """Whether it is as it was when it was warned of, and not stopped or gone meanwhile."""
    row = fleet.environments.get(one.environment_id)
    return row is not None and row.phase == one.policy.phase


@dataclass
class _Letter:
    """What one recipient is told of one policy."""

    to: Recipient
    policy: IdlePolicy
    some: dict[str, StopWarning] = field(default_factory=dict)


def _tell(over: Collection[StopWarning], spared: Iterable[StopWarning], now: datetime) -> int:
    sent, waiting = _deliveries(over, now)
    settled = [one for one in over if warned.occasion_of(one) not in waiting]
    StopWarning.objects.filter(pk__in=[one.pk for one in settled]).update(cleared=now)
    identifiers = {one.environment_id for one in over}
    still = set(warned.standing(identifiers).values_list("environment_id", flat=True))
    news = {one.pk for one in settled} & {one.pk for one in spared if one.environment_id not in still}
    letters: dict[tuple[str, UUID], _Letter] = {}
    for one in over:
        if one.pk not in news or one.ended is None or one.deadline is None:
            continue
        if one.ended > one.deadline + warned.GRACE:
            continue
        for delivery in sent[warned.occasion_of(one)]:
            if one.environment_id in delivery.environments:
                to = Recipient(delivery.address, delivery.channel, delivery.to_name)
                letter = letters.setdefault((to.key, one.policy_id), _Letter(to, one.policy))
                letter.some[one.environment_id] = one
    return sum(_write(letter, now) for letter in letters.values())


def _deliveries(
    over: Iterable[StopWarning], now: datetime
) -> tuple[dict[str, list[Delivery]], frozenset[str]]:
    """Of each occasion on which these were warned of, the messages that were sent; and the occasions of which one is on
    its way. What has not been sent and holds no more is not sent any more, also not by hand.
    """
    occasions = {warned.occasion_of(one) for one in over}
    found = Delivery.objects.filter(occasion__in=occasions).select_related("channel")
    of_these = warned.standing().filter(policy__in={one.policy_id for one in over})
    holding = {warned.occasion_of(one) for one in of_these}
    sent: dict[str, list[Delivery]] = defaultdict(list)
    waiting = set()
    for delivery in found:
        if delivery.state == Delivered.SENT:
            sent[delivery.occasion].append(delivery)
        elif delivery.state == Delivered.SENDING or (
            delivery.state == Delivered.QUEUED and delivery.occasion in holding
        ):
            waiting.add(delivery.occasion)
    pointless = found.filter(state__in=UNSENT, occasion__in=occasions - holding)
    pointless.exclude(until__lte=now).update(until=now)
    return sent, frozenset(waiting)


def _write(letter: _Letter, now: datetime) -> int:
    some = sorted(letter.some.values(), key=lambda one: (one.name, one.environment_id))
    subject, body = notices.all_clear(some, letter.policy, now, personal=bool(letter.to.mail))
    said = "".join(f"{one.pk}{one.decided.isoformat()}" for one in some)
    occasion = f"clear:{letter.policy.pk}:{hashlib.blake2b(said.encode(), digest_size=12).hexdigest()}"
    return notify.tell(
        occasion,
        [letter.to],
        subject,
        body,
        topic=Topic.CLEAR,
        now=now,
        environments=[one.environment_id for one in some],
        until=now + LATEST,
    )

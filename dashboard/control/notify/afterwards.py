"""Telling owners what was done to their environments, once a batch has come to its end: one message to each owner."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from dashboard.control.models import OPEN, Action, Batch, Delivery, RecordedEnvironment, State, Topic
from dashboard.control.notify import notices
from dashboard.control.notify import owed as notify
from dashboard.control.notify.owed import Recipient
from dashboard.control.verbs import Verb
from dashboard.fleet.snapshot import Fleet

OLDEST = timedelta(days=1)
"""What was begun before that is no news any more."""
TOLD_OF = (Verb.STOP_ENVIRONMENT.value, Verb.DELETE_ENVIRONMENT.value)
DONE = (State.CONFIRMED, State.UNCONFIRMED)


def tell_stopped(fleet: Fleet, now: datetime) -> int:
    """Of batches of stops in which nothing is under way any more; returns how many messages were written."""
    ended = Batch.objects.filter(told=None, started__gt=now - OLDEST, verb__in=TOLD_OF)
    open_still = Action.objects.filter(state__in=OPEN, batch__isnull=False).values("batch")
    batches = ended.exclude(pk__in=open_still).select_related("policy__channel", "policy__fallback", "actor")
    return sum(_tell(batch, fleet, now) for batch in batches)


def _tell(batch: Batch, fleet: Fleet, now: datetime) -> int:
    with transaction.atomic():
        if Batch.objects.filter(pk=batch.pk, told=None).update(told=now) != 1:
            return 0
        return _tell_owners(batch, fleet, now)


def _tell_owners(batch: Batch, fleet: Fleet, now: datetime) -> int:
    occasion = f"ended:{batch.pk}:"
    earlier = Delivery.objects.filter(topic=Topic.AFTER, occasion__startswith=occasion)
    known = {identifier for some in earlier.values_list("environments", flat=True) for identifier in some}
    done = [
        one for one in Action.objects.of_batch(batch).filter(state__in=DONE) if one.target_id not in known
    ]
    if not done:
        return 0
    occasion += now.isoformat(timespec="seconds")
    policy = batch.policy
    owners = notify.owners(fleet, _creators(fleet, done), policy.fallback if policy is not None else None)
    by_owner: dict[str, list[Action]] = defaultdict(list)
    for action in done:
        by_owner[owners[action.target_id].key].append(action)
    who = {one.key: one for one in owners.values()}
    own = f"mail:{batch.actor.email.strip().lower()}" if batch.actor and policy is None else ""
    written = 0
    for key, some in by_owner.items():
        if key != own:
            written += _write(occasion, who[key], some, now)
    if policy is not None and policy.channel is not None:
        written += _write(occasion, Recipient(channel=policy.channel), done, now)
    return written


def _creators(fleet: Fleet, actions: Iterable[Action]) -> dict[str, str]:
    """Environment id → the id of its creator, also of one that is gone."""
    found, gone = {}, []
    for action in actions:
        row = fleet.environments.get(action.target_id)
        if row is None:
            gone.append(action.target_id)
        found[action.target_id] = row.creator_id if row is not None else ""
    recorded = RecordedEnvironment.objects.filter(pk__in=gone).values_list("id", "creator_id")
    return found | dict(recorded)


def _write(occasion: str, to: Recipient, some: list[Action], now: datetime) -> int:
    subject, body = notices.after(some, now, personal=bool(to.mail))
    identifiers = [one.target_id for one in some]
    return notify.tell(occasion, [to], subject, body, topic=Topic.AFTER, now=now, environments=identifiers)

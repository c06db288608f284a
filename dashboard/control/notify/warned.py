"""Warnings before a stop: decided once for each idle spell, told to owners, withdrawn when it ends.

A warning is a row before anybody is told of it. A stop needs that row and its deadline to have passed, and nothing
else: whether the message arrived does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from dashboard.control.idle import last_activity
from dashboard.control.models import Act, IdlePolicy, StopWarning, Topic
from dashboard.control.notify import notices
from dashboard.control.notify import owed as notify
from dashboard.control.notify.owed import Recipient
from dashboard.fleet.entities import Environment
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.spans import time_of_day

GRACE = timedelta(hours=1)
"""So long after its deadline a warning still counts: what was not stopped by then is warned of anew."""
KEPT = timedelta(days=90)
SHOWN_PAST = timedelta(minutes=5)

Key = tuple[UUID, str, float]
"""Policy, environment, idle spell."""
Deadlines = Mapping[Key, datetime]


def spell_of(row: Environment) -> float:
    """What tells one idle spell of an environment from the next."""
    since, _ = last_activity(row)
    return since or 0.0


def key_of(policy: IdlePolicy, row: Environment) -> Key:
    return (policy.pk, row.id, spell_of(row))


def deadlines(policies: Iterable[IdlePolicy]) -> Deadlines:
    """What has been warned of and still stands."""
    wanted = [one.pk for one in policies if one.lead]
    if not wanted:
        return {}
    found = StopWarning.objects.filter(policy__in=wanted, ended=None, deadline__isnull=False)
    values = found.values_list("policy_id", "environment_id", "spell", "deadline")
    return {(policy, key, spell): deadline for policy, key, spell, deadline in values if deadline is not None}


def deadline_of(
    policy: IdlePolicy, row: Environment, at: datetime, known: Deadlines
) -> tuple[datetime, bool]:
    """When it may be stopped, and whether that was said before. Otherwise it is a whole lead from now, and not before
    the limit; in whole minutes, because that is what people read.
    """
    said = known.get(key_of(policy, row))
    if said is not None and at <= said + GRACE:
        return said, True
    first = max(spell_of(row) + policy.idle, at.timestamp() + policy.lead)
    return datetime.fromtimestamp(-(-first // 60) * 60, UTC), False


def why_not_yet(policy: IdlePolicy, row: Environment, at: datetime, known: Deadlines | None = None) -> str:
    """Why a policy that warns first may not stop it at `at`; "" when it may."""
    if not policy.lead:
        return ""
    said = (deadlines([policy]) if known is None else known).get(key_of(policy, row))
    if said is None:
        return sentence("policy {name} warns first", name=policy.name)
    return (
        ""
        if said <= at
        else sentence(
            "policy {name} warned of it; it stops at {time} at the earliest",
            name=policy.name,
            time=_time(said, at),
        )
    )


def _time(at: datetime, now: datetime) -> str:
    return time_of_day(at.timestamp(), now)


def to_come(now: datetime) -> "QuerySet[StopWarning]":
    """Warnings that stand, and whose deadline has not long passed: by then it is stopped, or kept for what runs."""
    standing = Q(deadline=None) | Q(deadline__gt=now - SHOWN_PAST)
    return StopWarning.objects.filter(standing, ended=None)


def next_stops(identifiers: Sequence[str], now: datetime) -> dict[str, datetime]:
    """Environment id → the deadline that comes first."""
    found = to_come(now).filter(environment_id__in=identifiers, deadline__isnull=False)
    pairs = found.order_by("-deadline").values_list("environment_id", "deadline")
    return {identifier: deadline for identifier, deadline in pairs if deadline is not None}


def standing(identifiers: Iterable[str] | None = None) -> "QuerySet[StopWarning]":
    """Warnings of a stop that still hold, of all environments or of these."""
    found = StopWarning.objects.filter(ended=None, deadline__isnull=False)
    return found if identifiers is None else found.filter(environment_id__in=list(identifiers))


def occasion_of(one: StopWarning) -> str:
    """What the messages are about in which it was told."""
    return f"warned:{one.policy_id}:{one.decided.astimezone(UTC).isoformat(timespec='seconds')}"


# Kept up by each run of an armed policy


def follow(
    policy: IdlePolicy,
    fleet: Fleet,
    warned: Sequence[tuple[Environment, datetime | None, str]],
    kept: Mapping[str, str],
    now: datetime,
) -> int:
    """Record what is warned of now as (row, deadline, because), tell the owners of what is new, and end what no longer
    holds. `kept` says by environment id why what was warned of before is no more; "" leaves its warning as it is.
    Returns how many are new.
    """
    standing = {one.environment_id: one for one in policy.warnings.filter(ended=None)}
    new = []
    for row, deadline, because in warned:
        before = standing.pop(row.id, None)
        if before is not None and (before.spell, before.deadline) == (spell_of(row), deadline):
            continue
        if before is not None and before.spell != spell_of(row):
            _end(before, _active_again(row, now), now)
        new.append(_warning(policy, row, deadline, because, now))
    for one in standing.values():
        if why := _why_over(one, policy.phase, fleet.environments.get(one.environment_id), kept, now):
            _end(one, why, now)
    if new:
        _write(policy, fleet, new, now)
    return len(new)


def _warning(
    policy: IdlePolicy, row: Environment, deadline: datetime | None, because: str, now: datetime
) -> StopWarning:
    return StopWarning(
        policy=policy,
        environment_id=row.id,
        name=row.name[:200],
        creator_id=row.creator_id,
        spell=spell_of(row),
        decided=now,
        deadline=deadline,
        because=because[:1000],
    )


def _active_again(row: Environment, now: datetime) -> str:
    since, source = last_activity(row)
    return sentence(
        "active again {time} ({source})",
        time=time_of_day(since or 0.0, now),
        source=source or sentence("started"),
    )


def _why_over(
    one: StopWarning, phase: str, row: Environment | None, kept: Mapping[str, str], now: datetime
) -> str:
    """Why a warning no longer holds, "" while it does."""
    if row is None:
        return sentence("it is no longer there")
    if row.phase != phase:
        return sentence("it is {phase}", phase=row.phase)
    if spell_of(row) != one.spell:
        return _active_again(row, now)
    return kept.get(row.id, sentence("the policy no longer speaks of it"))


def _end(one: StopWarning, why: str, now: datetime) -> None:
    StopWarning.objects.filter(pk=one.pk, ended=None).update(ended=now, outcome=why[:500])


def _write(policy: IdlePolicy, fleet: Fleet, new: list[StopWarning], now: datetime) -> None:
    with transaction.atomic():
        StopWarning.objects.bulk_create(
            new,
            update_conflicts=True,
            unique_fields=["policy", "environment_id", "spell"],
            update_fields=[
                "name",
                "creator_id",
                "decided",
                "deadline",
                "because",
                "ended",
                "outcome",
                "cleared",
            ],
            batch_size=100,
        )
        by_owner: dict[str, list[StopWarning]] = defaultdict(list)
        creators = {one.environment_id: one.creator_id for one in new}
        owners = notify.owners(fleet, creators, policy.fallback)
        for one in new:
            by_owner[owners[one.environment_id].key].append(one)
        who = {owner.key: owner for owner in owners.values()}
        for key, some in by_owner.items():
            _tell(policy, [who[key]], some, now, personal=bool(who[key].mail))
        if policy.channel is not None:
            _tell(policy, [Recipient(channel=policy.channel)], new, now, personal=False)


def _tell(
    policy: IdlePolicy, to: list[Recipient], some: list[StopWarning], now: datetime, *, personal: bool
) -> None:
    """One message of everything that one recipient is warned of in this run."""
    subject, body = notices.before([notices.Idle.of(one) for one in some], policy, now, personal=personal)
    last = max((one.deadline for one in some if one.deadline is not None), default=None)
    notify.tell(
        occasion_of(some[0]),
        to,
        subject,
        body,
        topic=Topic.ARCHIVE if policy.act == Act.ARCHIVE else Topic.BEFORE,
        now=now,
        environments=[one.environment_id for one in some],
        until=last,
    )


def withdraw_all(policy: IdlePolicy, why: str, now: datetime) -> None:
    """When a policy is changed, paused or deleted nothing that it said holds any more."""
    policy.warnings.filter(ended=None).update(ended=now, outcome=why[:500])


def withdraw(environment_id: str, why: str, now: datetime) -> None:
    """When somebody keeps an environment, without waiting for the next run."""
    standing = StopWarning.objects.filter(environment_id=environment_id, ended=None)
    standing.update(ended=now, outcome=why[:500])


def prune(now: datetime) -> int:
    """Forget what ended long ago; returns how many."""
    return StopWarning.objects.filter(ended__lt=now - KEPT).delete()[0]

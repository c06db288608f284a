"""Idle policies: making, arming and pausing them, and the run that goes through all of them.

A policy stops through a batch like everybody else, in the name of the admin who armed it. Beyond its most it stops
nothing and pauses itself.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from dashboard.control import batches, exemptions
from dashboard.control.idle import Decision
from dashboard.control.models import (
    Act,
    Action,
    Batch,
    IdlePolicy,
    PolicyRun,
    PolicyState,
    PolicyVerdict,
    Role,
    State,
    User,
)
from dashboard.control.permissions import Forbidden, policy_refusal
from dashboard.control.policy_verdicts import Assessment, assess
from dashboard.control.verbs import Verb
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.spans import length

logger = logging.getLogger(__name__)

APART = timedelta(seconds=30)
"""Two runs of a policy are at least so far apart, however many workers there are."""
MOST_DECIDED = 2_000
"""Verdicts that one run keeps in full."""
RUNS_KEPT = timedelta(days=90)


# Changed by people


def keep(policy: IdlePolicy, user: User, now: datetime) -> None:
    """Save a new or a changed policy; whatever it was, it is a dry run now. Raises Forbidden."""
    _may(user)
    new = policy._state.adding
    policy.changed, policy.changed_by = now, str(user)[:200]
    policy.state, policy.paused_why, policy.armed, policy.armed_by = PolicyState.DRY, "", None, None
    if new:
        policy.created, policy.made_by = now, policy.changed_by
    policy.armed_by_name, policy.said = "", ""
    with transaction.atomic():
        policy.save()
        policy.verdicts.all().delete()
        cancel_waiting(policy, str(user), now)
        _record(policy, "make" if new else "change", user, "It is a dry run: it stops nothing.", now)


def arm(policy: IdlePolicy, user: User, now: datetime) -> bool:
    """From now on it acts, in the name of `user`; False when it was armed, or was changed since. Raises Forbidden."""
    _may(user)
    waiting = IdlePolicy.objects.filter(pk=policy.pk, changed=policy.changed).exclude(state=PolicyState.ARMED)
    changes = {"paused_why": "", "armed": now, "armed_by": user, "armed_by_name": str(user)[:200]}
    with transaction.atomic():
        if waiting.update(state=PolicyState.ARMED, **changes) != 1:
            return False
        _record(policy, "arm", user, "From now on it acts.", now)
    return True


def pause(policy: IdlePolicy, user: User, why: str, now: datetime) -> bool:
    """Stop evaluating it, and skip what it has waiting; False when it was paused. Raises Forbidden."""
    _may(user)
    return _pause(policy, why or f"{user} paused it", now, user)


def _pause(policy: IdlePolicy, why: str, now: datetime, user: User | None = None) -> bool:
    with transaction.atomic():
        awake = IdlePolicy.objects.filter(pk=policy.pk).exclude(state=PolicyState.PAUSED)
        if awake.update(state=PolicyState.PAUSED, paused_why=why[:500]) != 1:
            return False
        cancel_waiting(policy, str(user or f"Policy {policy.name}"), now)
        PolicyVerdict.objects.filter(policy=policy).delete()
        _record(policy, "pause", user, f"It stops nothing: {why}.", now)
    return True


def delete(policy: IdlePolicy, user: User, now: datetime) -> None:
    """Raises Forbidden."""
    _may(user)
    with transaction.atomic():
        cancel_waiting(policy, str(user), now)
        _record(policy, "delete", user, "", now)
        policy.delete()


def cancel_waiting(policy: IdlePolicy, by: str, now: datetime) -> None:
    """Skip what its batches have not sent."""
    waiting = Batch.objects.filter(policy=policy.pk, cancelled=None, actions__state=State.QUEUED)
    Batch.objects.filter(id__in=list(waiting.values_list("id", flat=True))).update(
        cancelled=now, cancelled_by=by[:200]
    )
    batches.end_cancelled(now)


def _may(user: User) -> None:
    if why_not := policy_refusal(user):
        raise Forbidden(why_not)


def _record(policy: IdlePolicy, deed: str, user: User | None, outcome: str, now: datetime) -> None:
    """A line of the ledger that was confirmed as it was written."""
    Action.objects.create(
        verb=f"policy.{deed}",
        kind="policy",
        target_id=str(policy.pk),
        target_name=policy.name,
        actor=user,
        actor_name=str(user or f"Policy {policy.name}")[:200],
        state=State.CONFIRMED,
        outcome=outcome[:1000],
        created=now,
        not_before=now,
        ended=now,
    )


# Run by a job


def run_all(moment: Moment, now: datetime) -> int:
    """One run of every policy that is not paused; returns how many stops were asked for. The zone of `now` is that of
    the times in words.
    """
    policies = list(IdlePolicy.objects.awake())
    if not policies:
        return 0
    holds = exemptions.holds(moment.fleet, now)
    return sum(_run(policy, moment, now, holds) for policy in policies)


def _run(policy: IdlePolicy, moment: Moment, now: datetime, holds: Mapping[str, str]) -> int:
    if not _claim(policy, now):
        return 0
    armed = policy.state == PolicyState.ARMED
    if armed and (gone := _without_an_admin(policy)):
        _pause(policy, gone, now)
        return 0
    found = assess(policy, moment, now, holds, list(IdlePolicy.objects.that_stop()))
    if found.doubt or found.shut:
        policy.verdicts.all().delete()
        _say(policy, f"Kept everything: {found.doubt or found.shut}")
        return 0
    _remember(policy, found, now)
    if found.too_many and armed:
        _pause(policy, found.too_many, now)
        _write_run(found, now, armed=armed, batch=None)
        return 0
    batch = _stop(found, now, moment) if armed and found.stops else None
    _write_run(found, now, armed=armed, batch=batch)
    _say(policy, summary(found, armed=armed))
    return len(found.stops) if batch is not None else 0


def _claim(policy: IdlePolicy, now: datetime) -> bool:
    """Whether this worker runs it, with the state and the words it was read with."""
    same = IdlePolicy.objects.filter(pk=policy.pk, state=policy.state, changed=policy.changed)
    return same.exclude(last_run__gt=now - APART).update(last_run=now) == 1


def _without_an_admin(policy: IdlePolicy) -> str:
    """Why nobody answers for it any more; "" when somebody does."""
    who = policy.armed_by
    if who is not None and who.is_active and who.role == Role.ADMIN:
        return ""
    return f"{policy.armed_by_name or 'who armed it'} is no longer an admin, so somebody has to arm it again"


def _say(policy: IdlePolicy, words: str) -> None:
    IdlePolicy.objects.filter(pk=policy.pk).update(said=words[:500])


def summary(found: Assessment, *, armed: bool) -> str:
    """What a run came to: Asked for 3 stops, kept 40."""
    stops = len(found.stops)
    head = f"Asked for {stops:,} stops" if armed else f"Would have stopped {stops:,}"
    if found.policy.act == Act.WARN:
        head = f"Warned of {len(found.warns):,}"
    words = f"{head}, kept {sum(found.kept.values()):,}"
    return (
        f"{words}; armed, it would pause itself: {found.too_many}" if found.too_many and not armed else words
    )


def _stop(found: Assessment, now: datetime, moment: Moment) -> Batch | None:
    """The batch of its stops, begun; None when the policy was changed or paused meanwhile."""
    policy, user = found.policy, found.policy.armed_by
    if user is None:
        return None
    with transaction.atomic():
        still = IdlePolicy.objects.select_for_update().filter(
            pk=policy.pk, state=PolicyState.ARMED, changed=policy.changed
        )
        if not still.exists():
            return None
        batch = batches.ask(
            user,
            Verb.STOP_ENVIRONMENT,
            [one.row for one in found.stops],
            now=now,
            idle_limit=policy.idle,
            policy=policy,
            because={one.row.id: one.because for one in found.stops},
        )
        reason = f"Policy {policy.name}: nobody active for {length(policy.idle)}"
        batches.begin(batch, user, moment.fleet, reason=reason, now=now)
    return batch


def _write_run(found: Assessment, now: datetime, *, armed: bool, batch: Batch | None) -> None:
    """Record a run that decided something; one that decided the same as the last one makes that one longer."""
    acted = [one for one in found.findings if one.decision is not Decision.KEEP]
    if not acted:
        return
    decided = [
        {"id": one.row.id, "name": one.row.name[:200], "decision": one.decision.value, "because": one.because}
        for one in acted[:MOST_DECIDED]
    ]
    last = found.policy.runs.order_by("-at", "-id").first()
    if last is not None and batch is None and not last.batch_id and _same(last, decided, armed):
        last.until, last.times, last.kept, last.decided = now, last.times + 1, dict(found.kept), decided
        last.save(update_fields=["until", "times", "kept", "decided"])
        return
    PolicyRun.objects.create(
        policy=found.policy,
        at=now,
        until=now,
        armed=armed,
        stops=len(found.stops),
        warns=len(found.warns),
        decided=decided,
        kept=dict(found.kept),
        paused=found.too_many if armed else "",
        batch=batch,
    )


def _same(last: PolicyRun, decided: Sequence[Mapping[str, str]], armed: bool) -> bool:
    """Whether the last run said the same of the same environments, whatever the evidence was."""
    before = [(one["id"], one["decision"]) for one in last.decided]
    return last.armed == armed and before == [(one["id"], one["decision"]) for one in decided]


def _remember(policy: IdlePolicy, found: Assessment, now: datetime) -> None:
    """Write what changed of the last verdict of each environment in scope."""
    known = {
        identifier: (decision, why)
        for identifier, decision, why in policy.verdicts.values_list("environment_id", "decision", "why")
    }
    news = [
        PolicyVerdict(
            policy=policy,
            environment_id=one.row.id,
            name=one.row.name[:200],
            decision=one.decision.value,
            why=one.why[:500],
            since=now,
        )
        for one in found.findings
        if known.pop(one.row.id, None) != (one.decision.value, one.why[:500])
    ]
    if known:
        policy.verdicts.filter(environment_id__in=list(known)).delete()
    PolicyVerdict.objects.bulk_create(
        news,
        update_conflicts=True,
        unique_fields=["policy", "environment_id"],
        update_fields=["name", "decision", "why", "since"],
        batch_size=150,
    )


def prune(now: datetime) -> int:
    """Forget runs of long ago; returns how many."""
    return PolicyRun.objects.filter(until__lt=now - RUNS_KEPT).delete()[0]

"""Idle policies: making, changing, arming, pausing and deleting them. `control.policies.runs` goes through them."""

from datetime import datetime

from django.db import transaction

from dashboard.control import batches
from dashboard.control.models import (
    Act,
    Action,
    Batch,
    IdlePolicy,
    PolicyState,
    PolicyVerdict,
    State,
    User,
)
from dashboard.control.notify import all_clear, warned
from dashboard.control.permissions import Forbidden, policy_refusal
from dashboard.fleet.sentences import sentence


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
        warned.withdraw_all(policy, sentence("the policy was changed"), now)
        _record(
            policy, "make" if new else "change", user, sentence("It is a dry run: it stops nothing."), now
        )


def arm(policy: IdlePolicy, user: User, now: datetime, typed: str = "") -> bool:
    """From now on it acts, in the name of `user`; False when it was armed, or was changed since, or when it deletes and
    its name was not `typed`. Raises Forbidden.
    """
    _may(user)
    if policy.act == Act.DELETE and typed.strip() != policy.name:
        return False
    waiting = IdlePolicy.objects.filter(pk=policy.pk, changed=policy.changed).exclude(state=PolicyState.ARMED)
    changes = {"paused_why": "", "armed": now, "armed_by": user, "armed_by_name": str(user)[:200]}
    with transaction.atomic():
        if waiting.update(state=PolicyState.ARMED, **changes) != 1:
            return False
        _record(policy, "arm", user, sentence("From now on it acts."), now)
    return True


def pause(policy: IdlePolicy, user: User, why: str, now: datetime) -> bool:
    """Stop evaluating it, and skip what it has waiting; False when it was paused. Raises Forbidden."""
    _may(user)
    return put_to_rest(policy, why or sentence("{name} paused it", name=str(user)), now, user)


def put_to_rest(policy: IdlePolicy, why: str, now: datetime, user: User | None = None) -> bool:
    """Pause it, without a `user` by itself; False when it was paused."""
    with transaction.atomic():
        awake = IdlePolicy.objects.filter(pk=policy.pk).exclude(state=PolicyState.PAUSED)
        if awake.update(state=PolicyState.PAUSED, paused_why=why[:500]) != 1:
            return False
        PolicyVerdict.objects.filter(policy=policy).delete()
        cancel_waiting(policy, str(user or f"Policy {policy.name}"), now)
        warned.withdraw_all(policy, sentence("the policy is paused"), now)
        _record(policy, "pause", user, sentence("It stops nothing: {why}.", why=why), now)
    return True


def delete(policy: IdlePolicy, user: User, now: datetime) -> None:
    """Raises Forbidden."""
    _may(user)
    with transaction.atomic():
        # Held or gone before the audit is written, for which others then wait: nobody waits in a circle.
        list(IdlePolicy.objects.select_for_update().filter(pk=policy.pk))
        list(Batch.objects.select_for_update().filter(policy=policy.pk).values_list("id"))
        warned.withdraw_all(policy, "the policy was deleted", now)
        all_clear.tell_of(policy, now)
        policy.verdicts.all().delete()
        policy.runs.all().delete()
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

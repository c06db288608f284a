"""The run that goes through all idle policies once a minute, and what it leaves on record.

A policy stops through a batch like everybody else, in the name of the admin who armed it. Beyond its most it stops
nothing and pauses itself.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from dashboard.control import batches
from dashboard.control.idle import Decision
from dashboard.control.idleness import exemptions
from dashboard.control.models import (
    ACTING,
    Act,
    Batch,
    IdlePolicy,
    PolicyRun,
    PolicyState,
    PolicyVerdict,
    Role,
    Topic,
)
from dashboard.control.notify import notices, warned
from dashboard.control.notify import owed as notify
from dashboard.control.notify.owed import Recipient
from dashboard.control.policies import changes as policies
from dashboard.control.policies.verdicts import UNDER_WAY, Assessment, assess, is_work, verb_of
from dashboard.fleet.sentences import number, sentence
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.spans import length

APART = timedelta(seconds=30)
"""Two runs of a policy are at least so far apart, however many workers there are."""
MOST_DECIDED = 2_000
"""Verdicts that one run keeps in full."""
RUNS_KEPT = timedelta(days=90)
NOBODY_KNOWN = _("Kept everything: the names of people have not been read yet, so nobody could be warned")
"""As after Redis has lost what it held."""
STOPPED = {True: _("Asked for {number} stops"), False: _("Would have stopped {number}")}
DELETED = {True: _("Asked for {number} deletes"), False: _("Would have deleted {number}")}
WARNED = {True: _("Warned of {number}"), False: _("Would have warned of {number}")}
"""By whether the policy is armed."""
KEPT, WARNED_AND_KEPT = _("{what}, kept {kept}"), _("{what}, warned of {warned}, kept {kept}")


def run_all(moment: Moment, now: datetime) -> int:
    """One run of every policy that is not paused; returns how many stops were asked for. The zone of `now` is that of
    the times in words.
    """
    awake = list(IdlePolicy.objects.awake())
    if not awake:
        return 0
    among = moment.fleet.environments.values() if any(one.of_stopped for one in awake) else None
    holds = exemptions.holds(moment.fleet, now, among)
    return sum(_run(policy, moment, now, holds) for policy in awake)


def _run(policy: IdlePolicy, moment: Moment, now: datetime, holds: Mapping[str, str]) -> int:
    if not _claim(policy, now):
        return 0
    armed = policy.state == PolicyState.ARMED
    if armed and (gone := _without_an_admin(policy)):
        _pause_itself(policy, gone, now)
        return 0
    if armed and policy.lead and "names:ok" not in moment.sweeps:
        _say(policy, NOBODY_KNOWN)
        return 0
    found = assess(policy, moment, now, holds, list(IdlePolicy.objects.beside(policy)))
    if found.doubt or found.shut:
        policy.verdicts.all().delete()
        _say(policy, sentence("Kept everything: {why}", why=found.doubt or found.shut))
        return 0
    _remember(policy, found, now)
    if found.too_many and armed:
        _pause_itself(policy, found.too_many, now)
        _write_run(found, now, armed=armed, batch=None)
        return 0
    with transaction.atomic():  # no stop without the run on record that decided it
        batch = _act(found, now, moment) if armed else None
        _write_run(found, now, armed=armed, batch=batch)
    _say(policy, summary(found, armed=armed))
    return len(found.stops) if batch is not None else 0


def _pause_itself(policy: IdlePolicy, why: str, now: datetime) -> None:
    """Pause it, and tell whoever armed it."""
    if not policies.put_to_rest(policy, why, now):
        return
    admin = policy.armed_by
    told = [] if policy.channel is None else [Recipient(channel=policy.channel)]
    if admin is not None and admin.email and notify.can_mail():
        told.append(Recipient(mail=admin.email, name=str(admin)))
    elif not told:
        told.append(Recipient(channel=policy.fallback))
    subject, body = notices.paused(policy, why)
    occasion = f"paused:{policy.pk}:{now.astimezone(UTC).isoformat(timespec='seconds')}"
    notify.tell(occasion, told, subject, body, topic=Topic.PAUSED, now=now)


def _claim(policy: IdlePolicy, now: datetime) -> bool:
    """Whether this worker runs it, with the state and the words it was read with."""
    same = IdlePolicy.objects.filter(pk=policy.pk, state=policy.state, changed=policy.changed)
    just_now = Q(last_run__gt=now - APART, last_run__lte=now + APART)  # later ones: the clock was set back
    return same.exclude(just_now).update(last_run=now) == 1


def _without_an_admin(policy: IdlePolicy) -> str:
    """Why nobody answers for it any more; "" when somebody does."""
    who = policy.armed_by
    if who is not None and who.is_active and who.role == Role.ADMIN:
        return ""
    return sentence(
        "{name} is no longer an admin, so somebody has to arm it again",
        name=policy.armed_by_name or "who armed it",
    )


def _say(policy: IdlePolicy, words: str) -> None:
    IdlePolicy.objects.filter(pk=policy.pk).update(said=words[:500])


def summary(found: Assessment, *, armed: bool) -> str:
    """What a run came to: Asked for 3 stops, warned of 2, kept 40."""
    stops, warns = len(found.stops), len(found.warns)
    alone = found.policy.act not in ACTING or (warns and not stops)
    head = WARNED[armed] if alone else (DELETED if found.policy.act == Act.DELETE else STOPPED)[armed]
    kept = number(sum(found.kept.values()))
    also = number(warns) if warns and not alone else ""
    words = sentence(
        WARNED_AND_KEPT if also else KEPT,
        what=sentence(head, number=number(warns if alone else stops)),
        kept=kept,
        **({"warned": also} if also else {}),
    )
    if found.too_many and not armed:
        return sentence("{what}; armed, it would pause itself: {why}", what=words, why=found.too_many)
    return words


def _act(found: Assessment, now: datetime, moment: Moment) -> Batch | None:
    """Warn, and begin the batch of its stops, if there are any; nothing when the policy was changed or paused
    meanwhile.
    """
    policy, user = found.policy, found.policy.armed_by
    if user is None:
        return None
    with transaction.atomic():
        still = IdlePolicy.objects.select_for_update().filter(
            pk=policy.pk, state=PolicyState.ARMED, changed=policy.changed
        )
        if not still.exists():
            return None
        _warn(found, moment, now)
        if not found.stops:
            return None
        batch = batches.ask(
            user,
            verb_of(policy),
            [one.row for one in found.stops],
            now=now,
            idle_limit=policy.idle,
            policy=policy,
            because={one.row.id: one.because for one in found.stops},
        )
        state = "stopped" if policy.of_stopped else "nobody active"
        reason = f"Policy {policy.name}: {state} for {length(policy.idle)}"
        batches.begin(batch, user, moment.fleet, reason=reason, now=now)
    return batch


def _warn(found: Assessment, moment: Moment, now: datetime) -> None:
    """Bring its warnings up to date. One that is stopped now keeps its own until it has stopped; so does one in which a
    task execution runs: else every run of a timer would be a new warning.
    """
    told = [*found.warns, *(one for one in found.stops if one.deadline is not None)]
    kept = {
        one.row.id: "" if one.why in UNDER_WAY or is_work(one.why) else f"kept: {one.why}"
        for one in found.of(Decision.KEEP)
    }
    warned.follow(
        found.policy, moment.fleet, [(one.row, one.deadline, one.because) for one in told], kept, now
    )


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
    return PolicyRun.objects.filter(until__lt=now - RUNS_KEPT).delete()[0] + warned.prune(now)

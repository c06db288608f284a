"""What a policy makes of the fleet, and of one environment at the moment of sending. Sends and writes nothing.

Where several policies that are armed speak of one environment, the one that keeps it wins. A policy speaks of what its
scope matches, but not of special roles that it does not name, and not outside its own window; in a span of its
*never during* it keeps what it speaks of.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop as _

from dashboard.control.idle import ORDINARY_ROLES, Decision, Evidence, Limits, decide, judge
from dashboard.control.idleness import stopped
from dashboard.control.idleness.evidence import doubt, judged_at
from dashboard.control.idleness.review import live_executions
from dashboard.control.idleness.stopped import judge_stopped, stopped_since
from dashboard.control.models import ACTING, OPEN, Action, Batch, IdlePolicy, PolicyState, State
from dashboard.control.notify import warned
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.query import Context, Selection, select
from dashboard.fleet.sentences import number, sentence
from dashboard.fleet.snapshot import Fleet, Moment

AGAIN = timedelta(minutes=30)
"""A stop that came to nothing is not tried again for so long."""
IN_VAIN = (State.FAILED, State.SKIPPED, State.UNCONFIRMED, State.UNKNOWN)
STOP_UNDER_WAY = _("that is under way")
IN_VAIN_LATELY = _("a policy's attempt came to nothing within the last 30 min")
UNDER_WAY = frozenset({STOP_UNDER_WAY, IN_VAIN_LATELY})
"""Reasons to keep that say nothing about who is active."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One environment in a policy's scope: what is to be done, why it is kept, and the evidence in words.

    `deadline` is when it may be stopped where its owner is warned first, `said` whether that was told them before.
    """

    row: Environment
    decision: Decision
    why: str
    because: str = ""
    deadline: datetime | None = None
    said: bool = False


@dataclass(frozen=True)
class Assessment:
    """What a policy says of everything that runs in its scope, at `now` (the earlier clock).

    `doubt` says why nothing may be concluded at all, `shut` why its window is closed (the findings are then those of an
    open one), `too_many` why it would pause itself.
    """

    policy: IdlePolicy
    now: datetime
    findings: tuple[Finding, ...]
    doubt: str = ""
    shut: str = ""
    too_many: str = ""
    kept: Mapping[str, int] = field(default_factory=dict)

    def of(self, decision: Decision) -> list[Finding]:
        return [one for one in self.findings if one.decision is decision]

    @property
    def stops(self) -> list[Finding]:
        return self.of(Decision.STOP)

    @property
    def warns(self) -> list[Finding]:
        return self.of(Decision.WARN)


def verb_of(policy: IdlePolicy) -> Verb:
    """What its batches ask for."""
    return Verb.DELETE_ENVIRONMENT if policy.of_stopped else Verb.STOP_ENVIRONMENT


class Peers:
    """The armed policies that stop and have a say at `now`, whose word counts beside that of `policy`."""

    def __init__(  # noqa: PLR0913, PLR0917 - `among` are the ids it will be asked about, None for any
        self,
        policy: IdlePolicy,
        armed: Iterable[IdlePolicy],
        fleet: Fleet,
        context: Context,
        now: datetime,
        among: Iterable[str] | None = None,
    ) -> None:
        self._now = now
        self._since = stopped_since(among) if policy.of_stopped else {}
        others = ((one, one.opening.closed(now)) for one in armed if one.pk != policy.pk)
        self._known = [
            (one, scope_of(one, fleet, context), one.limits, closed)
            for one, closed in others
            if closed != "outside"
        ]
        self._warned = warned.deadlines(one for one, *_ in self._known)

    def objection(self, row: Environment, evidence: Evidence, then: datetime | None = None) -> str:
        """Why another policy keeps it; "" when none does. With `then`, whether one would keep it at that time, as far
        as is known now.
        """
        for other, scope, limits, closed in self._known:
            if not _speaks_of(other, scope, row):
                continue
            if closed == "never":
                return sentence("policy {name} never acts on it at this time", name=other.name)
            decision, why = self.judge(other, row, limits, evidence, then)
            if decision is not Decision.STOP:
                return sentence("policy {name} keeps it: {why}", name=other.name, why=why)
            if then is None and (why := warned.why_not_yet(other, row, self._now, self._warned)):
                return why
        return ""

    def judge(
        self,
        policy: IdlePolicy,
        row: Environment,
        limits: Limits,
        evidence: Evidence,
        then: datetime | None = None,
    ) -> tuple[Decision, str]:
        """What one policy alone says of an environment, by its limits."""
        at = (then or self._now).timestamp()
        if policy.of_stopped:
            return judge_stopped(row, policy, limits, at, evidence, self._since.get(row.id))
        return judge(row, limits, at, evidence)

    def because(self, policy: IdlePolicy, row: Environment, limits: Limits, evidence: Evidence) -> str:
        """The evidence in words."""
        if policy.of_stopped:
            return stopped.because(row, policy, self._now, self._since.get(row.id))
        return decide(row, limits, self._now, evidence).because


def _speaks_of(policy: IdlePolicy, scope: Selection, row: Environment) -> bool:
    named = row.role in ORDINARY_ROLES or row.role in policy.roles
    return named and (bool(scope.problems) or scope.holds(row))  # one that cannot be read may be about it


def scope_of(policy: IdlePolicy, fleet: Fleet, context: Context) -> Selection:
    return select(fleet, Kind.ENVIRONMENT, policy.scope, context)


def context_at(now: datetime, holds: Mapping[str, str]) -> Context:
    """A policy is nobody: nothing is its own."""
    return Context(now.timestamp(), exempt=frozenset(holds))


def assess(
    policy: IdlePolicy, moment: Moment, now: datetime, holds: Mapping[str, str], armed: Sequence[IdlePolicy]
) -> Assessment:
    """Judge what runs, or is stopped, in the policy's scope. `holds` are exemptions by environment id, `armed` the
    policies beside it; the zone of `now` is that of the times in words.
    """
    at, fleet = judged_at(moment, now), moment.fleet
    context = context_at(at, holds)
    scope, peers = scope_of(policy, fleet, context), Peers(policy, armed, fleet, context, at)
    if scope.problems:
        return Assessment(
            policy,
            at,
            (),
            doubt=sentence("its scope cannot be read: {message}", message=scope.problems[0].message),
        )
    doubtful, work = doubt(moment, now), live_executions(fleet)
    weigh = _Weigh(policy, at, peers, _under_way(policy, now), warned.deadlines([policy]))
    findings, kept = [], Counter[str]()
    for row in fleet.environments.values():
        if row.phase != policy.phase or row.archived is not None or not scope.holds(row):
            continue
        evidence = Evidence(doubtful, work.get(row.id, ()), holds.get(row.id, ""))
        found = weigh(row, evidence)
        findings.append(found)
        if found.decision is Decision.KEEP:
            kept[_kind_of(found.why, evidence)] += 1
    stops = sum(one.decision is Decision.STOP for one in findings)
    new = sum(one.deadline is not None and not one.said for one in findings)
    return Assessment(
        policy,
        at,
        tuple(findings),
        doubt=doubtful,
        shut=_shut(policy, at, now),
        too_many=_too_many(policy, stops, new, now),
        kept=dict(kept.most_common()),
    )


@dataclass(frozen=True)
class _Weigh:
    """What a policy wishes for one environment after another, as an assessment at `at`."""

    policy: IdlePolicy
    at: datetime
    peers: Peers
    busy: Mapping[tuple[str, float | None], str]
    known: warned.Deadlines

    def __call__(self, row: Environment, evidence: Evidence) -> Finding:
        limits = replace(self.policy.limits, warn=min(self._lead, self.policy.idle))
        decision, why = self.peers.judge(self.policy, row, limits, evidence)
        if decision is Decision.KEEP:
            return Finding(row, decision, why)
        if why := self._under_way(row):
            return Finding(row, Decision.KEEP, why)
        because = self.peers.because(self.policy, row, limits, evidence)
        if not self._lead:
            why = self.peers.objection(row, evidence)
            wanted = Decision.STOP if self.policy.act in ACTING else Decision.WARN
            return Finding(row, Decision.KEEP, why) if why else Finding(row, wanted, "", because)
        return self._warned_first(row, evidence, decision, because)

    @property
    def _lead(self) -> float:
        return self.policy.lead if self.policy.act in ACTING else 0.0

    def _under_way(self, row: Environment) -> str:
        return self.busy.get((row.id, row.started), "") or self.busy.get((row.id, None), "")

    def _warned_first(
        self, row: Environment, evidence: Evidence, decision: Decision, because: str
    ) -> Finding:
        """Idle, or soon to be: stopped when what its owner was told of has come, else warned of."""
        deadline, said = warned.deadline_of(self.policy, row, self.at, self.known)
        if said and deadline <= self.at and decision is Decision.STOP:
            why = self.peers.objection(row, evidence)
            return Finding(row, Decision.KEEP if why else Decision.STOP, why, because, deadline, said)
        why = self.peers.objection(row, evidence, deadline)
        if not why and not said and self.policy.opening.closed(deadline):
            why = sentence("its window closes before a warning would be up")
        if why:
            return Finding(row, Decision.KEEP, why)
        return Finding(row, Decision.WARN, "", because, deadline, said)


def is_work(why: str) -> bool:
    """Whether it is kept for what still runs in it: its owner is not back, and it is idle again when that has ended."""
    return why.startswith("task execution ") or why.endswith("task executions run")


def _kind_of(why: str, evidence: Evidence) -> str:
    """The reason as it is counted: without the names in it."""
    if why == evidence.hold:
        return sentence("exempt")
    if is_work(why):
        return sentence("a task execution runs")
    return why


def _shut(policy: IdlePolicy, *times: datetime) -> str:
    """Why its window is closed by any of the clocks; "" when it is open."""
    closed = next(filter(None, (policy.opening.closed(at) for at in times)), "")
    return {"never": _("it never acts at this time"), "outside": _("its window is closed")}.get(closed, "")


def _under_way(policy: IdlePolicy, now: datetime) -> dict[tuple[str, float | None], str]:
    """Why another stop would be one too many: (environment id, its start; None for any) → words."""
    found: dict[tuple[str, float | None], str] = {}
    stops = Action.objects.filter(verb=verb_of(policy).value)
    for identifier in stops.filter(state__in=OPEN).values_list("target_id", flat=True):
        found[identifier, None] = STOP_UNDER_WAY
    vain = stops.filter(batch__policy__isnull=False, state__in=IN_VAIN, created__gt=now - AGAIN)
    vain = vain.exclude(state=State.SKIPPED, batch__cancelled__isnull=False)
    for identifier, params in vain.values_list("target_id", "params"):
        found[identifier, params.get("started")] = IN_VAIN_LATELY
    return found


def _too_many(policy: IdlePolicy, stops: int, warnings: int, now: datetime) -> str:
    if warnings > policy.most_a_run:
        return sentence(
            "it would warn of {warnings} at once, and {most_a_run} is the most in a run",
            warnings=number(warnings),
            most_a_run=number(policy.most_a_run),
        )
    if not stops:
        return ""
    if stops > policy.most_a_run:
        return sentence(
            "it would stop {stops} at once, and {most_a_run} is the most in a run",
            stops=number(stops),
            most_a_run=number(policy.most_a_run),
        )
    earlier = acted_since(policy, now - HOUR)
    if stops + earlier > policy.most_an_hour:
        head = sentence(
            "it would stop {stops} after {earlier} within the last hour",
            stops=number(stops),
            earlier=number(earlier),
        )
        return sentence("{what}, and {most} is the most", what=head, most=number(policy.most_an_hour))
    return ""


def acted_since(policy: IdlePolicy, since: datetime) -> int:
    """How many stops or deletes of it were asked for since then, without what was skipped."""
    return (
        Action.objects.filter(batch__policy=policy.pk, retried=False, created__gt=since)
        .exclude(state=State.SKIPPED)
        .count()
    )


def why_not_now(batch: Batch, row: Environment, fleet: Fleet, now: datetime, evidence: Evidence) -> str:
    """At the moment of sending: why a policy no longer wishes a stop; "" when it does. `now` is the earlier clock."""
    policy = batch.policy
    if policy is None:
        return ""
    if policy.state != PolicyState.ARMED or policy.act not in ACTING or batch.verb != verb_of(policy).value:
        return sentence("policy {name} is no longer armed", name=policy.name)
    if shut := _shut(policy, now):
        return sentence("policy {name}: {shut}", name=policy.name, shut=shut)
    context = context_at(now, {row.id: evidence.hold} if evidence.hold else {})
    scope = scope_of(policy, fleet, context)
    if scope.problems or not scope.holds(row):
        return sentence("policy {name} no longer speaks of it", name=policy.name)
    if not_yet := warned.why_not_yet(policy, row, now):
        return not_yet
    peers = Peers(policy, IdlePolicy.objects.beside(policy), fleet, context, now, [row.id])
    decision, why = peers.judge(policy, row, policy.limits, evidence)
    return why if decision is not Decision.STOP else peers.objection(row, evidence)

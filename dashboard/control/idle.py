"""Is an environment idle, and may it be stopped for that? `decide()` is pure, and says why in words.

Last activity is the newest of the activity signal, which comes only every five minutes, and the last start.
Whatever is not known means keep. More evidence of activity never turns keep into stop, and time alone never
turns stop into keep.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext_noop as _

from dashboard.fleet.entities import MOVING, Environment
from dashboard.fleet.sentences import Said, joined, sentence
from dashboard.fleet.spans import length, time_of_day

SIGNALS_COME_EVERY = 300.0
AHEAD = 60.0
"""Seconds by which a time may lie in the future before it says that a clock is wrong."""
ORDINARY_ROLES = frozenset({"", "default"})
SHUT = frozenset({"", "owner_only", "creator_only"})
"""Admission levels of a port that only its owner gets through."""
OPEN_TO = {"everyone": _("everyone"), "organization": _("the organisation")}
PORTS_NAMED = 4
"""More than these are counted."""
LONG_AWAKE = 2 * 86_400.0


class Decision(StrEnum):
    """What an idle limit says of an environment."""

    KEEP = "keep"
    WARN = "warn"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed: `idle` seconds without activity, `warn` of them before the end. `roles` names the special
    roles (prebuild, workflow) that it speaks of too; `name` is that of the policy, "" without one.
    """

    idle: float
    warn: float = 0.0
    roles: frozenset[str] = frozenset()
    name: str = ""

    def __post_init__(self) -> None:
        """ValueError for a limit that would stop what somebody is using."""
        if not 0 < self.idle < float("inf"):
            raise ValueError(sentence("an idle limit must be longer than nothing"))
        if not 0 <= self.warn <= self.idle:
            raise ValueError(sentence("a warning comes before the limit"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known beyond the environment's own row. `doubt` says why nothing may be concluded from it, such as old
    data; `executions` are the names of the task executions that run in it; `hold` says which exemption holds.
    """

    doubt: str = ""
    executions: tuple[str, ...] = ()
    hold: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, and why.

    `why` is the reason to keep it, "" when it is idle. `facts` is the evidence, in the order in which one asks for it,
    without what grows by the second. `since` is the last activity known (epoch seconds), `source` where it came from.
    """

    decision: Decision
    why: str
    facts: tuple[str, ...]
    since: float | None = None
    source: str = ""
    because: str = ""


def decide(environment: Environment, limits: Limits, now: datetime, evidence: Evidence) -> Verdict:
    """Keep it, warn its owner, or stop it. `now` is aware; its zone is that of the times in the words."""
    at = now.timestamp()
    decision, why = judge(environment, limits, at, evidence)
    since, source = last_activity(environment)
    facts = tuple(_facts(environment, limits, now, evidence))
    head = (
        sentence("kept, {why}", why=why)
        if why
        else sentence("idle {length}", length=length(at - (since or at)))
    )
    return Verdict(decision, why, facts, since, source, joined(": ", (head, joined("; ", facts))))


def judge(environment: Environment, limits: Limits, at: float, evidence: Evidence) -> tuple[Decision, str]:
    """The decision, and the reason to keep it ("" when there is none), without the words of the evidence."""
    why = next(_reasons_to_keep(environment, limits, at, evidence), "")
    since, _ = last_activity(environment)
    if why or since is None:
        return Decision.KEEP, why
    if at - since >= limits.idle:
        return Decision.STOP, ""
    if limits.warn and at - since >= limits.idle - limits.warn:
        return Decision.WARN, ""
    return Decision.KEEP, sentence("active within the last {length}", length=length(limits.idle))


def last_activity(environment: Environment) -> tuple[float | None, str]:
    """The newest of signal and start, and the signal's source, "" of the start. None while the last start is not
    known: then an old signal says nothing about now.
    """
    signal, started = environment.signal_at, environment.started
    if started is None:
        return None, ""
    if signal is None or signal < started:
        return started, ""
    return signal, environment.signal_source or sentence("of an unnamed source")


def own_stop(environment: Environment) -> float | None:
    """When its own timeout ends it, in epoch seconds; None when that is never, or not known."""
    since, _ = last_activity(environment)
    return since + environment.timeout if since is not None and environment.timeout else None


def never_stops(environment: Environment) -> bool:
    """Its own timeout is 0, which means never."""
    return environment.timeout == 0


def awake_for(environment: Environment, at: float) -> float:
    """Seconds since its last start, for which activity has kept it awake; 0 when that is not long."""
    if environment.started is None or environment.phase != "running":
        return 0.0
    awake = at - environment.started
    return awake if awake >= LONG_AWAKE else 0.0


def _reasons_to_keep(
    environment: Environment, limits: Limits, at: float, evidence: Evidence
) -> Iterator[str]:
    """Why it is left alone whatever its age, most telling first."""
    if environment.phase != "running":
        yield (
            sentence("it is {phase}", phase=Said(environment.phase))
            if environment.phase in MOVING
            else sentence("it does not run")
        )
    if environment.desired and environment.desired != "running":
        yield sentence("it is to be {desired} already", desired=Said(environment.desired))
    if evidence.doubt:
        yield evidence.doubt
    if environment.role not in ORDINARY_ROLES and environment.role not in limits.roles:
        yield sentence(
            "it is a {role}, left alone unless a policy includes those",
            role=Said(environment.role.replace("_", " ")),
        )
    if environment.started is None:
        yield sentence("its last start is not known")
    if max(environment.signal_at or 0.0, environment.started or 0.0) > at + AHEAD:
        yield sentence("its last activity lies in the future, so a clock is wrong")
    if evidence.executions:
        yield _running(evidence.executions)
    if evidence.hold:
        yield evidence.hold


def _facts(environment: Environment, limits: Limits, now: datetime, evidence: Evidence) -> Iterator[str]:
    yield _activity(environment, now)
    yield _running(evidence.executions) if evidence.executions else sentence("no execution running")
    yield from _open_ports(environment)
    yield _own_timeout(environment, now)
    if limits.name:
        yield sentence("policy {name} allows {length}", name=limits.name, length=length(limits.idle))
    else:
        yield sentence("the limit is {length}", length=length(limits.idle))
    if evidence.hold:
        yield evidence.hold


def _activity(environment: Environment, now: datetime) -> str:
    since, source = last_activity(environment)
    if since is None:
        return sentence("last activity not known")
    if not source:
        return sentence(
            "started {time_of_day}, no signal since (they come every 5 min)",
            time_of_day=time_of_day(since, now),
        )
    return sentence(
        "last signal {source} {time_of_day} (signals come every 5 min)",
        source=source,
        time_of_day=time_of_day(since, now),
    )


def _running(executions: tuple[str, ...]) -> str:
    if len(executions) == 1:
        return sentence("task execution {name} runs", name=executions[0])
    return sentence("{count} task executions run", count=len(executions))


def _open_ports(environment: Environment) -> Iterator[str]:
    named = [port for port in environment.ports if port.admission not in SHUT]
    if len(named) <= PORTS_NAMED:
        for port in named:
            yield sentence("port {number} open to {whom}", number=port.number, whom=_whom(port.admission))
        return
    for admission, count in sorted(Counter(port.admission for port in named).items()):
        yield sentence("ports open to {whom}: {count}", whom=_whom(admission), count=count)


def _whom(admission: str) -> Said:
    return Said(OPEN_TO.get(admission, admission))


def _own_timeout(environment: Environment, now: datetime) -> str:
    if environment.timeout is None:
        return sentence("its own timeout is not known")
    if never_stops(environment):
        return sentence("its own timeout is never: it does not stop by itself")
    own, allowed = own_stop(environment), length(environment.timeout)
    if own is None:
        return sentence("its own timeout is {allowed}", allowed=allowed)
    if own >= now.timestamp():
        return sentence(
            "its own timeout of {allowed} stops it at {time_of_day}",
            allowed=allowed,
            time_of_day=time_of_day(own, now),
        )
    if own >= now.timestamp() - 2 * SIGNALS_COME_EVERY:
        return sentence("its own timeout of {allowed} is up", allowed=allowed)
    return sentence(
        "its own timeout of {allowed} should have stopped it at {time_of_day} and has not",
        allowed=allowed,
        time_of_day=time_of_day(own, now),
    )

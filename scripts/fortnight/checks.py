"""What must hold after a fortnight, judged by what the world and its people wrote down themselves."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboard.control.models import Action, State
from dashboard.control.verbs import Verb
from dashboard.simulator import enums
from scripts.fortnight.drive import LIMIT, Fortnight
from scripts.fortnight.witness import State as Was
from scripts.fortnight.witness import periods, replay

SHOWN = 5


@dataclass(frozen=True)
class Check:
    """One claim: of how many cases, and what of them does not hold."""

    claim: str
    cases: int
    broken: tuple[str, ...] = ()
    least: int = 1
    """Fewer cases than this say nothing."""

    @property
    def passed(self) -> bool:
        return not self.broken and self.cases >= self.least

    def __str__(self) -> str:
        head = f"{'passed' if self.passed else 'FAILED'}  {self.claim}: {self.cases:,}"
        if self.broken:
            head += f", {len(self.broken):,} broken"
        return "\n".join([head, *(f"        {one}" for one in self.broken[:SHOWN])])


def judged(lives: Fortnight) -> list[Check]:
    return [check for part in (_spared, _found, _explained) for check in part(lives)]


# Nobody who was there


def _spared(lives: Fortnight) -> Iterator[Check]:
    calls = list(_calls(lives))
    yield Check("stops asked of the API by the policy", len(calls))
    for claim, broken in _CLAIMS:
        found = (broken(lives, at, identifier, was) for at, identifier, was in calls)
        yield Check(f"stops, none {claim}", len(calls), tuple(filter(None, found)))


def _calls(lives: Fortnight) -> Iterator[tuple[float, str, Was]]:
    for at, identifier, was in replay(lives.witness):
        yield at, identifier, Was(was.phase, was.since, was.started, was.signal_at, was.source, set(was.runs))


def _at_work(_: Fortnight, at: float, identifier: str, was: Was) -> str:
    return f"{identifier} at {at:.0f}: {len(was.runs)} executions" if was.runs else ""


def _fresh(_: Fortnight, at: float, identifier: str, was: Was) -> str:
    return (
        f"{identifier} at {at:.0f}: {was.source} {at - was.active_at:.0f} s ago"
        if at - was.active_at < LIMIT
        else ""
    )


def _exempt(lives: Fortnight, at: float, identifier: str, _: Was) -> str:
    held = any(one.environment == identifier and one.since <= at < one.until for one in lives.wishes)
    return f"{identifier} at {at:.0f}" if held else ""


def _not_running(_: Fortnight, at: float, identifier: str, was: Was) -> str:
    return "" if was.phase == enums.RUNNING else f"{identifier} at {at:.0f}: {was.phase}"


def _special(lives: Fortnight, at: float, identifier: str, _: Was) -> str:
    row = lives.world.environments[identifier]
    return "" if row.role == enums.DEFAULT_ROLE else f"{identifier} at {at:.0f}: {row.role}"


_CLAIMS: tuple[tuple[str, Callable[[Fortnight, float, str, Was], str]], ...] = (
    ("with a running execution", _at_work),
    ("within two hours of a signal or a start", _fresh),
    ("that was exempt", _exempt),
    ("that was not running", _not_running),
    ("of a prebuild or a workflow", _special),
)


# Everybody who had gone


def _found(lives: Fortnight) -> Iterator[Check]:
    """Nothing that was idle and unprotected was left running for longer than two turns of the jobs."""
    slack, overdue = 2 * lives.step + 120, set[str]()
    for identifier, begins, ends, was in periods(lives.witness, lives.clock.now):
        if was.phase != enums.RUNNING or was.runs or _special(lives, begins, identifier, was):
            continue
        held = [one.until for one in lives.wishes if one.environment == identifier and one.since < ends]
        if ends > max(begins, was.active_at + LIMIT, *held) + slack:
            overdue.add(f"{identifier} from {begins:.0f} to {ends:.0f}: {was.source} at {was.signal_at:.0f}")
    yield Check("environments, none left running while idle", len(lives.town.habits), tuple(sorted(overdue)))


# Every stop says why

REASON = re.compile(
    r"Policy Nightly: nobody active for 2 h: idle [^:]+: "
    r"(last signal (?P<last>[^()]+) \(signals come every 5 min\)|started .+, no signal since .+?); "
    r"no execution running; .*policy Nightly allows 2 h"
)


def _explained(lives: Fortnight) -> Iterator[Check]:
    asked = Action.objects.filter(verb=Verb.STOP_ENVIRONMENT.value)
    sent = {(one.requested.timestamp(), one.target_id): one for one in asked if one.requested is not None}
    calls = {(at, identifier): was for at, identifier, was in _calls(lives)}
    odd = [f"{key} at {at:.0f}" for at, key in sorted(calls.keys() ^ sent.keys())]
    yield Check("calls that are lines of the ledger, and the other way round", len(calls), tuple(odd))
    both = sorted(calls.keys() & sent.keys())
    words = [f"{sent[key]}: {sent[key].reason}" for key in both if not _says_so(sent[key], calls[key])]
    yield Check("stops explained in words, with the signal that the world saw last", len(both), tuple(words))
    open_still = [f"{one}: {one.outcome}" for one in sent.values() if one.state != State.CONFIRMED]
    yield Check("stops that were seen to happen", len(sent), tuple(open_still))
    skipped = asked.filter(state=State.SKIPPED)
    silent = [str(one) for one in skipped if not one.outcome]
    yield Check(
        "of those who came back before the call, skipped with the reason", skipped.count(), tuple(silent)
    )


def _says_so(action: Action, was: Was) -> bool:
    """Whether an action gives the policy, the evidence, and the last activity as the world knows it."""
    if action.batch is None or action.batch.policy is None:
        return False
    found = REASON.match(action.reason)
    if found is None or not found["last"]:
        return found is not None and was.signal_at < was.started
    when = datetime.fromtimestamp(was.signal_at, UTC)
    return found["last"].startswith(f"{was.source} ") and found["last"].endswith(f"{when:%H:%M}")

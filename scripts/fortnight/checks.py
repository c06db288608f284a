"""What must hold after a fortnight, judged by what the world and its people wrote down themselves."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from dashboard.control.models import Action, FleetReport, State
from dashboard.control.verbs import Verb
from dashboard.simulator import enums
from dashboard.simulator.directory import DAY
from scripts.fortnight.clock import START
from scripts.fortnight.count import SOON, count
from scripts.fortnight.drive import LEAD, LIMIT, Fortnight
from scripts.fortnight.post import AFTER, BEFORE, Letter
from scripts.fortnight.witness import State as Was
from scripts.fortnight.witness import as_seen, periods, replay

SHOWN = 5
SHORTER = 5400.0
"""Seconds: the limit that is tried over the record."""


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
    return [check for part in (_spared, _found, _explained, _told, _counted) for check in part(lives)]


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
    """Nothing that was idle and unprotected was left running for longer than a warning and two turns of the jobs."""
    slack, overdue = LEAD + 2 * lives.step + 120, set[str]()
    for identifier, begins, ends, was in periods(lives.witness.log, lives.clock.now):
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


# Every owner knew


def _told(lives: Fortnight) -> Iterator[Check]:
    people = {member.subject.id: member.email for member in lives.world.directory.members}
    letters = _by_environment(lives.post.letters)
    before, after, wrong, stops = [], [], [], 0
    for at, identifier, was in _calls(lives):
        owner = people.get(lives.world.environments[identifier].creator.id, "")
        if not owner:
            continue
        stops += 1
        got = letters.get(identifier, [])
        warnings = [one for one in got if one.deed == BEFORE and was.active_at <= one.at <= at - LEAD + 60]
        news = [one for one in got if one.deed == AFTER and at <= one.at <= at + 2 * lives.step + 120]
        line = f"{identifier} at {at:.0f}, last active {was.active_at:.0f}: {[(one.deed, one.at) for one in got[-4:]]}"
        before += [] if warnings else [line]
        after += [] if len(news) == 1 else [line]
        wrong += [line for one in (*warnings, *news) if one.to != owner]
    yield Check("stops whose owner was told half an hour before, at the least", stops, tuple(before))
    yield Check("stops whose owner was told afterwards, once", stops, tuple(after))
    yield Check("messages about stops, each to the owner", stops, tuple(wrong))
    again = [
        f"{key}: {one.at:.0f} and {two.at:.0f}"
        for key, some in letters.items()
        for one, two in pairwise([letter for letter in some if letter.deed == BEFORE])
        if two.at - one.at < LEAD
    ]
    yield Check("warnings, at most one for a deadline", len(lives.post.letters), tuple(again))
    yield Check("environments that their owners kept awake by the link of a warning", len(lives.kept))


def _by_environment(letters: list[Letter]) -> dict[str, list[Letter]]:
    found: dict[str, list[Letter]] = {}
    for letter in sorted(letters, key=lambda one: one.at):
        for identifier in letter.environments:
            found.setdefault(identifier, []).append(letter)
    return found


# What is counted is true


def _counted(lives: Fortnight) -> Iterator[Check]:
    yield from _reports(lives)
    yield from _what_if(lives)


def _reports(lives: Fortnight) -> Iterator[Check]:
    """The daily reports against the calls and the starts of the log."""
    starts: dict[str, set[float]] = {}
    for seen in lives.witness.log:
        if not seen.run:
            starts.setdefault(seen.environment, set()).add(seen.started)
    days: dict[int, list[int]] = {day: [0, 0] for day in range(lives.days)}
    for at, identifier in lives.witness.stops():
        back = any(at < start <= at + SOON for start in starts[identifier])
        if (day := int((at - START) / DAY)) in days:
            days[day] = [days[day][0] + 1, days[day][1] + back]
    odd = []
    for day, (stops, regrets) in days.items():
        date = datetime.fromtimestamp(START + day * DAY, UTC).date()
        report = FleetReport.objects.filter(day=date, final=True).first()
        said = [] if report is None else [report.figures["stopped"], report.figures["regretted"]]
        if said != [stops, regrets]:
            odd.append(f"{date}: the report says {said}, the log [{stops}, {regrets}]")
    regretted = sum(regrets for _, regrets in days.values())
    claim = f"daily reports, each with the stops and the regrets of the log ({regretted:,} regrets)"
    yield Check(claim, len(days), tuple(odd))


def _what_if(lives: Fortnight) -> Iterator[Check]:
    """A shorter limit replayed over the record, against the same counted in the log as it was at the moments of the
    polls: what hangs on a minute may come out the other way.
    """
    said = lives.what_if(SHORTER)
    held: dict[str, list[tuple[float, float]]] = {}
    for one in lives.wishes:
        held.setdefault(one.environment, []).append((one.since, one.until))
    own = count(lives.world, as_seen(lives.witness.log, lives.looks), held, SHORTER, said["last"])
    found = next(one for one in said["limits"] if one["limit"] == SHORTER)
    pairs = (
        ("stops", found["stops"], own.stops, own.close),
        ("regrets", found["back"] + found["work"], own.regrets, own.close),
        ("hours saved", found["saved"] / 3600, own.saved / 3600, 1 + own.saved / 3600 / 50),
    )
    for name, replayed, counted, grain in pairs:
        words = f"{name} of a limit of 90 min: replayed {replayed:,.0f}, counted {counted:,.0f}, within {grain:,.0f}"
        yield Check(words, own.stops, () if abs(replayed - counted) <= grain else (words,))

"""What must hold after everything was restarted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.rolling.front import Answer, Front
from scripts.rolling.stack import Stack
from scripts.rolling.wire import Calls
from scripts.rolling.witness import Witness

ENDED = {"confirmed", "skipped", "failed", "unconfirmed", "unknown"}
EARLY = 0.05
"""Seconds by which a beat's claim of a turn lapses before the next one is due."""
TURNS = {"jobs.send_notices": 5.0, "jobs.chase": 1.0, "jobs.sweep_actions": 10.0, "jobs.record_history": 5.0}
"""Jobs that only beats send → seconds between two turns. A hot poll that outlasts its interval sends the next one."""


@dataclass(frozen=True, slots=True)
class Check:
    claim: str
    passed: bool
    seen: object

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'FAILED'}  {self.claim}: {self.seen}"


def of_pages(stack: Stack, front: Front, rolled_at: float) -> Iterator[Check]:
    """`rolled_at`: when the rolling restart was over and PostgreSQL and Valkey came next."""
    rolling = [one for one in front.answers if one.at < rolled_at]
    failed = [one for one in rolling if one.failed]
    yield Check(
        "requests that failed while web, worker, beat and watch were restarted",
        not failed,
        _told(failed, rolling),
    )
    by_node = Counter(one.node for one in rolling)
    yield Check("both web nodes answered", len(by_node) == len(stack.web), dict(by_node))
    for part, able in ((stack.valkey, True), (stack.database, False)):
        [(begun, back)] = part.restarts
        during = [one for one in front.answers if begun - 1 < one.at < back + 5]
        hard = [one for one in during if one.failed]
        words = "requests that failed" if able else "requests that the database's absence failed (any may)"
        yield Check(
            f"{words} while {part.name} was away for {back - begun:.1f} s",
            not able or not hard,
            _told(hard, during),
        )
    away = [moment for part in (stack.valkey, stack.database) for moment in part.restarts]
    after = [
        one
        for one in front.answers
        if one.at >= rolled_at and not any(b - 1 < one.at < e + 5 for b, e in away)
    ]
    late = [one for one in after if one.failed]
    yield Check("requests that failed afterwards", not late, _told(late, after))


def _told(failed: list[Answer], among: list[Answer]) -> str:
    kinds = Counter(f"{one.status} {one.trouble}".strip() for one in failed)
    slowest = max((one.took for one in among), default=0.0)
    return f"{len(failed)} of {len(among):,}, the slowest took {slowest:.1f} s {dict(kinds) or ''}".strip()


def of_actions(
    rows: dict[tuple[str, str], str], calls: dict[str, tuple[str, str]], sent: Calls
) -> Iterator[Check]:
    """`rows`: (verb, id) → state in the ledger. `calls`: what must have gone over the wire for each action."""
    states = Counter(rows.values())
    yield Check(
        "actions on record, of those asked for", len(rows) == len(calls), f"{len(rows)} of {len(calls)}"
    )
    yield Check("actions that have ended, all confirmed", states == {"confirmed": len(calls)}, dict(states))
    wanted = set(calls.values())
    yield Check("calls that were never sent", wanted <= set(sent), len(wanted - set(sent)))
    twice = {call: times for call, times in sent.items() if times > 1}
    yield Check("calls that were sent twice", not twice, twice or 0)
    more = set(sent) - wanted
    yield Check("calls that nobody asked for", not more, len(more))


def of_beats(witness: Witness, began: float, ended: float) -> Iterator[Check]:
    for job, interval in TURNS.items():
        sent, most = len(witness.turns(job)), int((ended - began) / (interval - EARLY)) + 1
        least = int(0.6 * most)
        yield Check(
            f"turns of {job}, every {interval:g} s, two beats",
            least <= sent <= most,
            f"{sent}, at most {most}",
        )
    for name in ("hot", "full"):
        runs = sum(one == name for one, _, _ in witness.sweeps)
        yield Check(
            f"{name} sweeps that ran beside another",
            runs > 0 and not witness.overlaps(name),
            f"{witness.overlaps(name)} of {runs}",
        )


def of_ends(stack: Stack, said: str) -> Iterator[Check]:
    """`said`: all that they wrote while they were restarted."""
    for part in stack.several:
        [seconds] = part.ended_in
        code = "KILLED" if seconds >= part.grace else "ended by itself"
        yield Check(f"{part.name} {code} within {part.grace:.0f} s", seconds < part.grace, f"{seconds:.1f} s")
    errors = [line for line in said.splitlines() if '"level": "error"' in line or "Traceback" in line]
    yield Check("errors in their logs meanwhile", not errors, errors[:3] or 0)

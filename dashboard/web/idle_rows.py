"""What a row of the review of what is idle says."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dashboard.control.idle import Verdict, awake_for
from dashboard.control.idleness.review import Judged, Review
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.spans import time_of_day


def row_facts(fleet: Fleet, reviewed: Review, one: Judged) -> dict[str, Any]:
    """What a row says of one environment: plain values, because its HTML depends on them. `since` is by our clock."""
    verdict = reviewed.verdict(one)
    row = one.row
    return {
        "since": None if verdict.since is None else verdict.since + reviewed.lag,
        "decision": verdict.decision.value,
        "why": verdict.why,
        "facts": tuple(_telling(verdict, reviewed.now, at_work=bool(one.evidence.executions))),
        "awake_since": row.started if awake_for(row, reviewed.now.timestamp()) else None,
        "creator": fleet.person(row.creator_id, row.creator_kind),
        "project": fleet.project(row.project_id) if row.project_id else "",
        "class_name": fleet.environment_class(row.class_id) if row.class_id else "",
    }


def _telling(verdict: Verdict, now: datetime, *, at_work: bool) -> Iterator[str]:
    """The evidence, what tells most first: the last activity, what runs, the rest. That nothing runs is so of all that
    are idle; the limit is that of the page.
    """
    activity, work, *rest = (fact for fact in verdict.facts if not fact.startswith("the limit is"))
    if verdict.since is None:
        yield activity
    elif verdict.source:
        at = time_of_day(verdict.since, now)
        yield sentence("last signal {source} {time_of_day}", source=verdict.source, time_of_day=at)
    else:
        yield sentence("started {time_of_day}, no signal since", time_of_day=time_of_day(verdict.since, now))
    yield from (work, *rest) if at_work else (*rest, work)

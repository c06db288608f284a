"""What is idle: the decisions of the review, each with its evidence."""

from datetime import UTC, datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from dashboard.control.idleness.review import Judged
from dashboard.web.api import cursors
from dashboard.web.api.bearer import READ
from dashboard.web.api.known import known_fleet
from dashboard.web.api.problems import Place, Problem
from dashboard.web.api.reads import Filtered, known_parameters, mistaken, paged
from dashboard.web.api.shapes import Paged, Ref, time_of
from dashboard.web.http import moment
from dashboard.web.idle_lists import mark_of, past
from dashboard.web.pages.idle import DEFAULT_LIMIT, Found, asked_for, find

View = Literal["idle", "awake", "never", "exempt", "kept", "all"]
Order = Literal["idle", "-idle", "cost", "-cost", "name", "-name", "creator", "-creator", "class", "-class"]
router = Router(auth=READ)


class VerdictsAsked(Filtered):
    idle: str = Field(
        DEFAULT_LIMIT, max_length=20, description="So long without activity is idle, such as 30m, 2h or 7d."
    )
    show: View = "idle"
    sort: Order = "-idle"


class VerdictOut(BaseModel):
    """One running environment, and what was decided of it."""

    id: str
    name: str
    decision: str = Field(description="`stop`: it is idle. `keep`: see `why`.")
    why: str
    facts: list[str] = Field(description="The evidence, in words.")
    idle_seconds: int | None
    last_active: datetime | None
    source: str = Field(description="What that activity was.")
    creator: Ref | None
    project: Ref | None
    environment_class: Ref | None
    unpushed_commits: int
    changed_files: int
    timeout_seconds: float | None
    cost: str | None = Field(
        description="What it came to since it was last used, where its class has a price."
    )


class Verdicts(Paged):
    """`doubt`: why nothing may be concluded at this moment, "" when it may."""

    limit_seconds: float
    judged_at: datetime
    doubt: str
    items: list[VerdictOut]


def verdicts_asked(request: HttpRequest, **given: str) -> Found:
    """The review that is asked for. Raises Problem."""
    known_fleet(request)
    asked = asked_for({name: value for name, value in given.items() if value})
    if asked.problem:
        place = Place(where="idle", message=asked.problem)
        raise Problem(400, "This limit cannot be used.", kind="limit", errors=(place,))
    found = find(request, asked)
    if found.selection.problems:
        raise mistaken(found.selection.problems)
    return found


@router.get("/idle", response=Verdicts, url_name="api-idle")
def idle(request: HttpRequest, response: HttpResponse, asked: Query[VerdictsAsked]) -> dict[str, Any]:
    """Running environments as the idle review judges them: the same decisions, for the same reasons."""
    known_parameters(request, VerdictsAsked)
    found = verdicts_asked(request, q=asked.q, idle=asked.idle, show=asked.show, sort=asked.sort)
    fleet, matching = moment(request).fleet, found.matching
    of = ("idle", asked.q, asked.idle, asked.show, asked.sort)
    mark, first = cursors.read(of, asked.cursor), asked.first
    if mark is not None:
        first = past(matching, asked.sort, fleet, found.money, (mark[0], mark[1], mark[2]))
    end = first + asked.per_page
    shown = matching[first:end]
    more = mark_of(shown[-1], asked.sort, fleet, found.money) if shown and end < len(matching) else None
    return {
        **paged(request, response, len(matching), asked, cursors.written(of, more)),
        "limit_seconds": found.asked.seconds,
        "judged_at": found.review.now.astimezone(UTC),
        "doubt": found.review.doubt,
        "items": [_verdict(request, found, one) for one in shown],
    }


def _verdict(request: HttpRequest, found: Found, one: Judged) -> VerdictOut:
    fleet, row, verdict = moment(request).fleet, one.row, found.review.verdict(one)
    since, cost = verdict.since, found.money.so_far(row)
    project = Ref(id=row.project_id, name=fleet.project(row.project_id))
    creator = Ref(id=row.creator_id, name=fleet.person(row.creator_id, row.creator_kind))
    machine = Ref(id=row.class_id, name=fleet.environment_class(row.class_id))
    return VerdictOut(
        id=row.id,
        name=row.name,
        decision=verdict.decision.value,
        why=verdict.why,
        facts=list(verdict.facts),
        idle_seconds=None if since is None else int(max(0.0, found.review.now.timestamp() - since)),
        last_active=time_of(since),
        source=verdict.source,
        creator=creator if row.creator_id else None,
        project=project if row.project_id else None,
        environment_class=machine if row.class_id else None,
        unpushed_commits=row.unpushed,
        changed_files=row.changed,
        timeout_seconds=row.timeout,
        cost=None if cost is None else str(cost),
    )

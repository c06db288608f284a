"""Task executions: the list, and one of them with its plan."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from dashboard.fleet.details import ExecutionDetail
from dashboard.fleet.entities import Execution, Kind
from dashboard.fleet.snapshot import Fleet
from dashboard.web.details import actions_state, in_depth, latest_actions
from dashboard.web.http import found_or_404, moment, page, signed_in
from dashboard.web.lists import Column, ListPage, show
from dashboard.web.live import Block, Live
from dashboard.web.offers import menu, offers, wish_state, wishes


def _facts(fleet: Fleet, row: Execution) -> dict[str, Any]:
    environment = fleet.environments.get(row.environment_id)
    project = environment.project_id if environment is not None else ""
    return {
        "environment_name": fleet.environment_name(row.environment_id),
        "project": fleet.project(project) if project else "",
        "creator": fleet.person(row.creator_id, row.creator_kind) if row.creator_id else "",
    }


LIST = ListPage(
    kind=Kind.EXECUTION,
    title="Task executions",
    noun="execution,executions",
    columns=(
        Column("Task", "name"),
        Column("Phase", "phase"),
        Column("Environment", "environment", css="place"),
        Column("Project", "project", css="place wide"),
        Column("Started by", css="wide"),
        Column("Requested", "created", "-"),
        Column("Duration", "duration", "-"),
        Column("Actions", css="actions"),
    ),
    facts=_facts,
    folder="executions",
)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return show(request, LIST)


@require_GET
def detail(request: HttpRequest, identifier: str) -> HttpResponse:
    row = cast("Execution", found_or_404(request, Kind.EXECUTION, identifier))
    live = Live(_blocks(request, row, moment(request).fleet))
    context = {"title": row.name, "blocks": {block.id: block.html(request) for block in live.blocks}}
    return page(request, "executions/detail.html", context, live)


def _blocks(request: HttpRequest, row: Execution, fleet: Fleet) -> list[Block]:
    known = in_depth(Kind.EXECUTION, row.id)
    depth = known if isinstance(known, ExecutionDetail) else None
    actions = latest_actions(Kind.EXECUTION, row.id)
    wish = wishes(Kind.EXECUTION, [row.id]).get(row.id)
    facts = _facts(fleet, row)
    offered = offers(signed_in(request), row, fleet)
    more = menu(signed_in(request), row, fleet)
    version = fleet.version_of(Kind.EXECUTION, row.id)
    context = {
        "row": row,
        "depth": depth,
        "actions": actions,
        "wish": wish,
        "offers": offered,
        "menu": more,
        **facts,
    }
    groups = None if depth is None else depth.groups
    return [
        Block(
            "header",
            (version, wish_state(wish), offered, more, *facts.values()),
            "executions/header.html",
            context,
        ),
        Block("facts", (version, *facts.values()), "executions/facts.html", context),
        Block("plan", (repr(groups),), "executions/plan.html", context),
        Block("actions", actions_state(actions), "parts/actions.html", context),
    ]

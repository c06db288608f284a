"""Tasks: the list, and one of them with its executions."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from dashboard.fleet.details import TaskDetail
from dashboard.fleet.entities import Kind, Listed, Task
from dashboard.fleet.snapshot import Fleet
from dashboard.web.details import actions_state, in_depth, latest_actions
from dashboard.web.http import found_or_404, moment, page, signed_in
from dashboard.web.lists import Column, ListPage, show, small_table
from dashboard.web.live import Block, Live
from dashboard.web.offers import menu, offers, why_nothing_runs, wish_state, wishes
from dashboard.web.pages import executions


def _facts(fleet: Fleet, row: Task) -> dict[str, Any]:
    environment = fleet.environments.get(row.environment_id)
    project = environment.project_id if environment is not None else ""
    runs = fleet.runs_of(row.id)
    return {
        "environment_name": fleet.environment_name(row.environment_id),
        "environment_phase": environment.phase if environment is not None else "",
        "project": fleet.project(project) if project else "",
        "last_run": runs[0] if runs else None,
    }


LIST = ListPage(
    kind=Kind.TASK,
    title="Tasks",
    noun="task,tasks",
    columns=(
        Column("Task", "name"),
        Column("Last run", "run", "-"),
        Column("Environment", "environment", css="place"),
        Column("Project", "project", css="place"),
        Column("Runs on", css="wide"),
        Column("Created", "created", "-", "wide"),
        Column("Actions", css="actions"),
    ),
    facts=_facts,
    folder="tasks",
    phases=False,
)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return show(request, LIST)


@require_GET
def detail(request: HttpRequest, identifier: str) -> HttpResponse:
    row = cast("Task", found_or_404(request, Kind.TASK, identifier))
    live = Live(_blocks(request, row, moment(request).fleet))
    context = {"title": row.name, "blocks": {block.id: block.html(request) for block in live.blocks}}
    return page(request, "tasks/detail.html", context, live)


def _blocks(request: HttpRequest, row: Task, fleet: Fleet) -> list[Block]:
    known = in_depth(Kind.TASK, row.id)
    depth = known if isinstance(known, TaskDetail) else None
    actions = latest_actions(Kind.TASK, row.id)
    wish = wishes(Kind.TASK, [row.id]).get(row.id)
    facts = _facts(fleet, row) | {"creator": fleet.person(row.creator_id, row.creator_kind)}
    needs = [(key, fleet.task_name(key)) for key in row.depends_on]
    offered, blocked = offers(signed_in(request), row, fleet), why_nothing_runs(row, fleet)
    more = menu(signed_in(request), row, fleet)
    version = fleet.version_of(Kind.TASK, row.id)
    runs: list[Listed] = list(fleet.runs_of(row.id))
    context = {
        "row": row,
        "depth": depth,
        "actions": actions,
        "wish": wish,
        "offers": offered,
        "menu": more,
        "blocked": blocked,
        "needs": needs,
        **facts,
    }
    depth_state = (repr(depth and (depth.command, depth.runs_on, depth.variables)),)
    return [
        Block(
            "header",
            (version, wish_state(wish), offered, more, blocked, *facts.values()),
            "tasks/header.html",
            context,
        ),
        Block("facts", (version, tuple(needs), *facts.values()), "tasks/facts.html", context),
        Block("commands", depth_state, "tasks/commands.html", context),
        small_table(request, "executions", executions.LIST, runs, fleet),
        Block("actions", actions_state(actions), "parts/actions.html", context),
    ]

"""Environments: the list, and one of them."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from dashboard.fleet.details import EnvironmentDetail
from dashboard.fleet.entities import Environment, Execution, Kind, Listed, Service, Task
from dashboard.fleet.query import last_active
from dashboard.fleet.snapshot import Fleet
from dashboard.web.details import actions_state, in_depth, latest_actions
from dashboard.web.http import found_or_404, moment, page, signed_in
from dashboard.web.lists import Column, ListPage, show, small_table
from dashboard.web.live import Block, Live
from dashboard.web.offers import menu, offers, wish_state, wishes
from dashboard.web.pages import executions, services, tasks


def _facts(fleet: Fleet, row: Environment) -> dict[str, Any]:
    return {
        "project": fleet.project(row.project_id) if row.project_id else "",
        "creator": fleet.person(row.creator_id, row.creator_kind),
        "class_name": fleet.environment_class(row.class_id) if row.class_id else "",
        "last_active": last_active(row),
    }


LIST = ListPage(
    kind=Kind.ENVIRONMENT,
    title="Environments",
    noun="environment,environments",
    columns=(
        Column("Environment", "name"),
        Column("Phase", "phase"),
        Column("Project", "project"),
        Column("Creator", "creator"),
        Column("Class", css="widest"),
        Column("Last activity", "active", "-"),
        Column("Unsaved work", css="wide"),
        Column("Created", "created", "-", "wide"),
        Column("Actions", css="actions"),
    ),
    facts=_facts,
    folder="environments",
)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The environments in use; with `?archived=1` also the archived ones."""
    everything = request.GET.get("archived") == "1"
    fleet = moment(request).fleet
    own: list[Listed] = [row for row in fleet.environments.values() if everything or row.archived is None]
    folded = len(fleet.environments) - len(own)
    kept = {"archived": "1"} if everything else {}
    return show(request, LIST, own, {"everything": everything, "folded": folded}, kept)


@require_GET
def detail(request: HttpRequest, identifier: str) -> HttpResponse:
    row = cast("Environment", found_or_404(request, Kind.ENVIRONMENT, identifier))
    live = Live(list(_blocks(request, row, moment(request).fleet).values()))
    context = {"title": row.name, "blocks": {block.id: block.html(request) for block in live.blocks}}
    return page(request, "environments/detail.html", context, live)


def _blocks(request: HttpRequest, row: Environment, fleet: Fleet) -> dict[str, Block]:
    known = in_depth(Kind.ENVIRONMENT, row.id)
    depth = known if isinstance(known, EnvironmentDetail) else None
    actions = latest_actions(Kind.ENVIRONMENT, row.id)
    version = fleet.version_of(Kind.ENVIRONMENT, row.id)
    depth_state = (
        version,
        repr(depth and (depth.parts, depth.secrets, depth.commits, depth.files, depth.commit)),
    )
    facts = _facts(fleet, row) | {"runner": fleet.runner(row.runner_id) if row.runner_id else ""}
    context = {"row": row, "depth": depth, "actions": actions, **facts}
    blocks = (
        _header(request, row, fleet, context),
        Block("facts", (version, *facts.values()), "environments/facts.html", context),
        Block("work", depth_state, "environments/work.html", context),
        Block("parts", depth_state, "environments/parts.html", context),
        Block("actions", actions_state(actions), "parts/actions.html", context),
        *_inside(request, row, fleet),
    )
    return {block.id: block for block in blocks}


def _header(request: HttpRequest, row: Environment, fleet: Fleet, context: dict[str, Any]) -> Block:
    wish = wishes(Kind.ENVIRONMENT, [row.id]).get(row.id)
    offered = offers(signed_in(request), row, fleet)
    more = menu(signed_in(request), row, fleet)
    state = (fleet.version_of(Kind.ENVIRONMENT, row.id), wish_state(wish), offered, more)
    return Block(
        "header",
        state,
        "environments/header.html",
        {**context, "wish": wish, "offers": offered, "menu": more},
    )


def _inside(request: HttpRequest, row: Environment, fleet: Fleet) -> list[Block]:
    """The environment's services, tasks and latest executions, each as the block of a small table."""
    own = cast("list[Service]", fleet.inside(Kind.SERVICE, row.id))
    own_tasks = cast("list[Task]", fleet.inside(Kind.TASK, row.id))
    runs = cast("list[Execution]", fleet.inside(Kind.EXECUTION, row.id))
    tables: tuple[tuple[str, ListPage, list[Any]], ...] = (
        ("services", services.LIST, sorted((one for one in own if not one.platform), key=_failed_first)),
        ("platform", services.LIST, sorted((one for one in own if one.platform), key=_failed_first)),
        ("tasks", tasks.LIST, sorted(own_tasks, key=lambda one: (one.name.casefold(), one.id))),
        (
            "executions",
            executions.LIST,
            sorted(runs, key=lambda one: (one.created or 0, one.id), reverse=True),
        ),
    )
    return [small_table(request, name, listing, rows, fleet) for name, listing, rows in tables]


def _failed_first(service: Service) -> tuple[bool, str, str]:
    return (not service.failed, service.name.casefold(), service.id)

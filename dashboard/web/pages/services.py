"""Services: the list, and one of them."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from dashboard.fleet.details import ServiceDetail
from dashboard.fleet.entities import Kind, Listed, Service
from dashboard.fleet.snapshot import Fleet
from dashboard.web.details import actions_state, in_depth, latest_actions
from dashboard.web.http import found_or_404, moment, page, signed_in
from dashboard.web.lists import Column, ListPage, show
from dashboard.web.live import Block, Live
from dashboard.web.offers import menu, offers, why_nothing_runs, wish_state, wishes


def _facts(fleet: Fleet, row: Service) -> dict[str, Any]:
    environment = fleet.environments.get(row.environment_id)
    project = environment.project_id if environment is not None else ""
    return {
        "environment_name": fleet.environment_name(row.environment_id),
        "environment_phase": environment.phase if environment is not None else "",
        "project": fleet.project(project) if project else "",
    }


LIST = ListPage(
    kind=Kind.SERVICE,
    title="Services",
    noun="service,services",
    columns=(
        Column("Service", "name"),
        Column("Phase", "phase"),
        Column("Environment", "environment", css="place"),
        Column("Project", "project", css="place"),
        Column("Starts on", css="wide"),
        Column("Created", "created", "-", "wide"),
        Column("Actions", css="actions"),
    ),
    facts=_facts,
    folder="services",
)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The team's services; with `?platform=1` also those that the platform made itself (editors, agents)."""
    everything = request.GET.get("platform") == "1"
    own: list[Listed] = [
        row for row in moment(request).fleet.services.values() if everything or not row.platform
    ]
    folded = len(moment(request).fleet.services) - len(own)
    kept = {"platform": "1"} if everything else {}
    return show(request, LIST, own, {"everything": everything, "folded": folded}, kept)


@require_GET
def detail(request: HttpRequest, identifier: str) -> HttpResponse:
    row = cast("Service", found_or_404(request, Kind.SERVICE, identifier))
    live = Live(_blocks(request, row, moment(request).fleet))
    context = {"title": row.name, "blocks": {block.id: block.html(request) for block in live.blocks}}
    return page(request, "services/detail.html", context, live)


def _blocks(request: HttpRequest, row: Service, fleet: Fleet) -> list[Block]:
    known = in_depth(Kind.SERVICE, row.id)
    depth = known if isinstance(known, ServiceDetail) else None
    actions = latest_actions(Kind.SERVICE, row.id)
    wish = wishes(Kind.SERVICE, [row.id]).get(row.id)
    facts = _facts(fleet, row) | {"creator": fleet.person(row.creator_id, row.creator_kind)}
    offered, blocked = offers(signed_in(request), row, fleet), why_nothing_runs(row, fleet)
    more = menu(signed_in(request), row, fleet)
    version = fleet.version_of(Kind.SERVICE, row.id)
    context = {
        "row": row,
        "depth": depth,
        "actions": actions,
        "wish": wish,
        "offers": offered,
        "menu": more,
        "blocked": blocked,
        **facts,
    }
    depth_state = (
        repr(depth and (depth.start, depth.ready, depth.stop, depth.runs_on, depth.variables, depth.outputs)),
    )
    return [
        Block(
            "header",
            (version, wish_state(wish), offered, more, blocked, *facts.values()),
            "services/header.html",
            context,
        ),
        Block("facts", (version, *facts.values()), "services/facts.html", context),
        Block("commands", depth_state, "services/commands.html", context),
        Block("actions", actions_state(actions), "parts/actions.html", context),
    ]

"""Environments: the list, and one of them."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from dashboard.control.permissions import can
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Execution, Kind, Service, Task
from dashboard.fleet.query import last_active
from dashboard.fleet.snapshot import Fleet
from dashboard.web import columns
from dashboard.web.advice import next_steps
from dashboard.web.columns import Column
from dashboard.web.details import Subject, detail_page
from dashboard.web.glance import glance_block
from dashboard.web.http import moment, signed_in
from dashboard.web.lists import show
from dashboard.web.live import Block
from dashboard.web.pages import executions, services, tasks
from dashboard.web.pages.exemptions import exemption_block
from dashboard.web.past import at_or_after, history_block
from dashboard.web.quiet import quiet
from dashboard.web.rows import ListPage, small_table
from dashboard.web.templatetags.words import counted


def _facts(fleet: Fleet, row: Environment) -> dict[str, Any]:
    return {
        "project": fleet.project(row.project_id) if row.project_id else "",
        "creator": fleet.person(row.creator_id, row.creator_kind),
        "class_name": fleet.environment_class(row.class_id) if row.class_id else "",
        "last_active": last_active(row),
    }


LIST = ListPage(
    kind=Kind.ENVIRONMENT,
    title=gettext_noop("Environments"),
    noun=counted("environment,environments"),
    columns=(
        Column("name", _("Environment"), "name", fields=("name", "id")),
        Column("phase", _("Phase"), "phase", fields=("phase", "failure")),
        Column("project", _("Project"), "project", css="extra"),
        Column("creator", _("Creator"), "creator", css="extra"),
        Column("class", _("Class"), css="widest"),
        Column("active", _("Last activity"), "active", "-", fields=("active", "idle")),
        Column("unsaved", _("Unsaved work"), css="wide", fields=("unpushed", "changed")),
        Column("created", _("Created"), "created", "-", "wide"),
        columns.REPOSITORY,
        columns.BRANCH,
        columns.RUNNER,
        columns.PRICE,
        columns.text(
            "ports", _("Ports"), lambda _, row: ", ".join(str(port.number) for port in row.ports), "port"
        ),
        columns.text("role", _("Made for"), lambda _, row: row.role.replace("_", " ")),
        columns.text("started", _("Last start"), columns.own("started"), is_time=True),
        columns.text("warning", _("Warning"), lambda _, row: row.warnings[0] if row.warnings else ""),
        columns.ID,
        Column("actions", _("Actions"), css="actions"),
    ),
    facts=_facts,
    folder="environments",
    left_out="archived",
    left_out_words="archived",
    picks="environments-bulk",
)


@require_GET
@quiet
def index(request: HttpRequest) -> HttpResponse:
    """The environments in use, and the archived ones for those who ask for them."""
    may_create = can(signed_in(request), Verb.CREATE_ENVIRONMENT, Environment(""), moment(request).fleet)
    return show(request, LIST, {"may_create": may_create})


@require_GET
def detail(request: HttpRequest, identifier: str) -> HttpResponse:
    return detail_page(request, LIST, identifier, _more_facts, _rest)


def _more_facts(fleet: Fleet, row: Environment) -> dict[str, Any]:
    return {
        "runner": fleet.runner(row.runner_id) if row.runner_id else "",
        "signal_at": row.signal_at and at_or_after(row.signal_at, row.created),
    }


def _rest(subject: Subject) -> list[Block]:
    work = subject.block("work", subject.known, subject.deep)
    parts = subject.block("parts", subject.known, subject.deep)
    past = history_block(subject.row.id, subject.row.created)
    own = cast("list[Service]", subject.fleet.inside(Kind.SERVICE, subject.row.id))
    runs = cast("list[Execution]", subject.fleet.inside(Kind.EXECUTION, subject.row.id))
    return [
        _advice(subject),
        glance_block(subject, [one for one in own if not one.platform], runs, past),
        exemption_block(subject.request, subject.row),
        work,
        parts,
        past,
        *_inside(subject.request, subject.row, subject.fleet),
    ]


def _advice(subject: Subject) -> Block:
    steps = next_steps(signed_in(subject.request), subject.row, subject.fleet, subject.depth)
    return Block("advice", steps, "environments/advice.html", {"steps": steps})


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

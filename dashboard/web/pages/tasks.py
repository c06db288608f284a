"""Tasks: the list, and one of them with its executions."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from dashboard.fleet.entities import Kind, Listed, Task
from dashboard.fleet.snapshot import Fleet
from dashboard.web import columns
from dashboard.web.columns import Column
from dashboard.web.details import Subject, detail_page
from dashboard.web.elsewhere import elsewhere_block
from dashboard.web.lists import show
from dashboard.web.live import Block
from dashboard.web.offers import address
from dashboard.web.pages import executions
from dashboard.web.quiet import quiet
from dashboard.web.records import ask_of_edits, health
from dashboard.web.rows import ListPage, small_table
from dashboard.web.runs import record_block
from dashboard.web.templatetags.words import counted


def _facts(fleet: Fleet, row: Task) -> dict[str, Any]:
    environment = fleet.environments.get(row.environment_id)
    project = environment.project_id if environment is not None else ""
    runs = fleet.runs_of(row.id)
    return {
        "environment_name": fleet.environment_name(row.environment_id),
        "environment_phase": environment.phase if environment is not None else "",
        "project": fleet.project(project) if project else "",
        "last_run": runs[0] if runs else None,
        "health": health(fleet, row.id, runs),
    }


LIST = ListPage(
    kind=Kind.TASK,
    title=gettext_noop("Tasks"),
    noun=counted("task,tasks"),
    columns=(
        Column("name", _("Task"), "name", fields=("name", "id")),
        Column("run", _("Last run"), "run", "-", fields=("last", "ran")),
        Column("environment", _("Environment"), "environment", css="place"),
        Column("project", _("Project"), "project", css="place"),
        Column("trigger", _("Runs on"), css="wide"),
        Column("created", _("Created"), "created", "-", "wide"),
        columns.REFERENCE,
        columns.CREATOR,
        columns.REPOSITORY,
        columns.BRANCH,
        columns.CLASS,
        columns.RUNNER,
        columns.ID,
        Column("actions", _("Actions"), css="actions"),
    ),
    facts=_facts,
    folder="tasks",
    ahead=ask_of_edits,
    phases=False,
)


@require_GET
@quiet
def index(request: HttpRequest) -> HttpResponse:
    return show(request, LIST)


@require_GET
def detail(request: HttpRequest, identifier: str) -> HttpResponse:
    return detail_page(request, LIST, identifier, _more_facts, _rest)


def _more_facts(fleet: Fleet, row: Task) -> dict[str, Any]:
    needs = tuple(
        (address(Kind.SERVICE, key), fleet.services[key].name)
        if key in fleet.services
        else (address(Kind.TASK, key), fleet.task_name(key))
        for key in row.depends_on
    )
    return {"creator": fleet.person(row.creator_id, row.creator_kind), "needs": needs}


def _rest(subject: Subject) -> list[Block]:
    runs: list[Listed] = list(subject.fleet.runs_of(subject.row.id))
    return [
        record_block(subject),
        subject.block("commands", subject.deep),
        elsewhere_block(subject),
        small_table(subject.request, "executions", executions.LIST, runs, subject.fleet),
    ]

"""Task executions: the list, and one of them with its plan."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from dashboard.fleet.entities import Execution, Kind
from dashboard.fleet.snapshot import Fleet
from dashboard.web import columns
from dashboard.web.beside import Beside, beside, beside_block, then_words
from dashboard.web.columns import Column
from dashboard.web.details import Subject, detail_page
from dashboard.web.lists import show
from dashboard.web.live import Block, Said
from dashboard.web.pages.logs import log_block
from dashboard.web.plan import Plan, choice, plan, plan_block, step_url, steps_words, took
from dashboard.web.quiet import quiet
from dashboard.web.records import usual
from dashboard.web.rows import ListPage
from dashboard.web.runs import pace_block
from dashboard.web.templatetags.words import counted

STEPS_NAMED = 3
"""Of those that failed, in the header of an execution."""


def _facts(fleet: Fleet, row: Execution) -> dict[str, Any]:
    environment = fleet.environments.get(row.environment_id)
    project = environment.project_id if environment is not None else ""
    return {
        "environment_name": fleet.environment_name(row.environment_id),
        "project": fleet.project(project) if project else "",
        "creator": fleet.person(row.creator_id, row.creator_kind) if row.creator_id else "",
        "steps": steps_words(row),
        "usual": _usual(fleet, row) if row.live else None,
    }


def _usual(fleet: Fleet, row: Execution) -> float | None:
    return usual(fleet, row.task_id, row.name, row.environment_id).record.median


def _heading(subject: Subject) -> dict[str, Any]:
    """Of one that failed the first steps that did, how many more there are, and whether the plan is still read."""
    if not subject.row.failed:
        return {"failing": (), "more_failing": 0, "reading": False}
    steps = () if subject.depth is None else subject.depth.steps
    failing = tuple((step, step_url(subject.row, step.id)) for step in steps if step.failed)
    reading = subject.depth is None and not subject.unread
    return {"failing": failing[:STEPS_NAMED], "more_failing": len(failing[STEPS_NAMED:]), "reading": reading}


def _said(subject: Subject) -> Said:
    return choice(subject.request, subject.row, subject.depth).said


LIST = ListPage(
    kind=Kind.EXECUTION,
    title=gettext_noop("Task executions"),
    noun=counted("execution,executions"),
    columns=(
        Column("name", _("Task"), "name", fields=("task", "id")),
        Column("phase", _("Phase"), "phase", fields=("phase", "failure")),
        Column("environment", _("Environment"), "environment", css="place"),
        Column("project", _("Project"), "project", css="place extra wide"),
        Column("started-by", _("Started by"), css="wide", fields=("started-by", "creator")),
        Column("created", _("Requested"), "created", "-"),
        Column("duration", _("Duration"), "duration", "-", css="least"),
        columns.text("started", _("Started"), columns.own("started"), is_time=True),
        columns.text("completed", _("Ended"), columns.own("completed"), is_time=True),
        columns.CREATOR,
        columns.REPOSITORY,
        columns.BRANCH,
        columns.CLASS,
        columns.RUNNER,
        columns.ID,
        Column("actions", _("Actions"), css="actions"),
    ),
    facts=_facts,
    folder="executions",
    heading=_heading,
    said=_said,
)


@require_GET
@quiet
def index(request: HttpRequest) -> HttpResponse:
    return show(request, LIST)


@require_GET
def detail(request: HttpRequest, identifier: str) -> HttpResponse:
    return detail_page(request, LIST, identifier, lambda *_: {}, _rest)


def _rest(subject: Subject) -> list[Block]:
    row, depth = subject.row, subject.depth
    chosen = choice(subject.request, row, depth)
    known = took(row, depth)
    made = None if depth is None else plan(row, depth, subject.fleet, known, chosen.step)
    found = beside(subject, known)
    steps = () if depth is None else depth.steps
    log = log_block(subject.request, Kind.EXECUTION, row.id, chosen.step, steps)
    return [
        plan_block(subject, made, chosen),
        _step_block(row, made, found),
        log,
        pace_block(subject),
        beside_block(subject, found),
    ]


def _step_block(row: Execution, made: Plan | None, found: Beside | None) -> Block:
    """What is known of the chosen step, above its log."""
    placed = made.placed if made is not None else None
    then = then_words(row, found, placed.step if placed is not None else None)
    context = {"row": row, "placed": placed, "then": then, "last": found.other if found and then else None}
    return Block("step", (placed, then, context["last"]), "executions/step.html", context)

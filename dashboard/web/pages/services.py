"""Services: the list, and one of them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET

from dashboard.fleet.entities import Kind, Service
from dashboard.fleet.snapshot import Fleet
from dashboard.web import columns, spell_strips
from dashboard.web.columns import Column
from dashboard.web.details import Subject, detail_page
from dashboard.web.elsewhere import elsewhere_block
from dashboard.web.lists import show
from dashboard.web.live import Block
from dashboard.web.pages.logs import log_block
from dashboard.web.quiet import quiet
from dashboard.web.rows import ListPage
from dashboard.web.spells import spells_block
from dashboard.web.templatetags.words import counted


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
    title=gettext_noop("Services"),
    noun=counted("service,services"),
    columns=(
        Column("name", _("Service"), "name", fields=("name", "id")),
        Column("phase", _("Phase"), "phase", fields=("phase", "failure")),
        Column("environment", _("Environment"), "environment", css="place"),
        Column("project", _("Project"), "project", css="place extra"),
        Column("trigger", _("Starts on"), css="wide"),
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
    folder="services",
    ahead=spell_strips.ask,
    beside=spell_strips.strip,
    left_out="platform",
    left_out_words=gettext_noop("of the platform itself (editors, agents)"),
)


@require_GET
@quiet
def index(request: HttpRequest) -> HttpResponse:
    """The team's services, and those that the platform made itself (editors, agents) for those who ask for them."""
    return show(request, LIST)


@require_GET
def detail(request: HttpRequest, identifier: str) -> HttpResponse:
    return detail_page(request, LIST, identifier, _more_facts, _rest)


def _more_facts(fleet: Fleet, row: Service) -> dict[str, Any]:
    return {"creator": fleet.person(row.creator_id, row.creator_kind)}


def _rest(subject: Subject) -> list[Block]:
    log = log_block(subject.request, Kind.SERVICE, subject.row.id)
    past = [] if subject.row.platform else [spells_block(subject)]
    return [subject.block("commands", subject.deep), elsewhere_block(subject), log, *past]

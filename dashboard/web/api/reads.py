"""The four lists and what is known of one thing, with the filter language, the orders and the details of the pages."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from dashboard.control import wishes
from dashboard.control.models import Action
from dashboard.fleet import query as queries
from dashboard.fleet.details import EnvironmentDetail, ExecutionDetail, ServiceDetail, TaskDetail
from dashboard.fleet.entities import Execution, Kind
from dashboard.fleet.query import DEFAULT_SORT, SORTS
from dashboard.fleet.query import Problem as Mistake
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.fleet.snapshot import Fleet
from dashboard.web.api import cursors
from dashboard.web.api.bearer import READ
from dashboard.web.api.known import known_fleet, row_of
from dashboard.web.api.problems import Place, Problem
from dashboard.web.api.shapes import (
    EnvironmentOut,
    ExecutionOut,
    Paged,
    ServiceOut,
    TaskOut,
    environment_out,
    execution_out,
    freshness_out,
    service_out,
    task_out,
)
from dashboard.web.details import in_depth
from dashboard.web.http import current_freshness, moment, signed_in
from dashboard.web.lists import context_of
from dashboard.web.raw import redacted

MOST = 500
"""Rows of one page."""
Out = TypeVar("Out", bound=BaseModel)
Shape = Callable[[Fleet, Any, Action | None], Out]
router = Router(auth=READ)


def _orders(kind: Kind) -> dict[str, Any]:
    return {"enum": [f"{sign}{field}" for field in SORTS[kind] for sign in ("", "-")]}


class Numbered(BaseModel):
    """Which page of a list."""

    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(50, ge=1, le=MOST)
    cursor: str = Field(
        "",
        max_length=cursors.LONGEST,
        description="`next` of the answer before, for the rows after those, whatever came or went. Instead of `page`.",
    )

    @property
    def first(self) -> int:
        return (self.page - 1) * self.per_page


class Filtered(Numbered):
    """What of a list."""

    q: str = Field(
        "",
        max_length=LONGEST_TEXT,
        description="The filter language of the lists, such as `phase:running idle:>2h`.",
    )


class EnvironmentsAsked(Filtered):
    sort: str = Field(DEFAULT_SORT[Kind.ENVIRONMENT], json_schema_extra=_orders(Kind.ENVIRONMENT))


class ServicesAsked(Filtered):
    sort: str = Field(DEFAULT_SORT[Kind.SERVICE], json_schema_extra=_orders(Kind.SERVICE))


class TasksAsked(Filtered):
    sort: str = Field(DEFAULT_SORT[Kind.TASK], json_schema_extra=_orders(Kind.TASK))


class ExecutionsAsked(Filtered):
    sort: str = Field(DEFAULT_SORT[Kind.EXECUTION], json_schema_extra=_orders(Kind.EXECUTION))


ListAsked = EnvironmentsAsked | ServicesAsked | TasksAsked | ExecutionsAsked


class Environments(Paged):
    items: list[EnvironmentOut]


class Services(Paged):
    items: list[ServiceOut]


class Tasks(Paged):
    items: list[TaskOut]


class Executions(Paged):
    items: list[ExecutionOut]


class EnvironmentWhole(EnvironmentOut):
    """`details` are read when somebody first looks: null until then, so ask again in a few seconds."""

    details: EnvironmentDetail | None


class ServiceWhole(ServiceOut):
    """See the whole environment for `details`."""

    details: ServiceDetail | None


class TaskWhole(TaskOut):
    """See the whole environment for `details`."""

    details: TaskDetail | None


class ExecutionWhole(ExecutionOut):
    """See the whole environment for `details`."""

    details: ExecutionDetail | None


def known_parameters(request: HttpRequest, asked: type[BaseModel] | None = None) -> None:
    """A misspelt parameter would change nothing, and nobody would notice. Raises Problem."""
    names = sorted(asked.model_fields) if asked is not None else []
    if unknown := sorted(set(request.GET) - set(names)):
        places = tuple(Place(where=name[:80], message="There is no such parameter.") for name in unknown[:10])
        raise Problem(422, f"Known here: {', '.join(names) or 'none'}.", errors=places)
    if request.GET.get("cursor") and "page" in request.GET:
        both = (Place(where="cursor", message="A cursor goes on by itself."),)
        raise Problem(422, "Send a page or a cursor, not both.", errors=both)


def mistaken(problems: Sequence[Mistake]) -> Problem:
    """What is wrong with a filter, each in its place."""
    places = tuple(
        Place(where="q", message=one.message, start=one.start, end=one.end, instead=one.instead)
        for one in problems[:10]
    )
    return Problem(400, "The filter cannot be read.", kind="filter", errors=places)


def listed(
    request: HttpRequest, response: HttpResponse, kind: Kind, asked: ListAsked, out: Shape[Out]
) -> dict[str, Any]:
    """One page of a list; one beyond the last is empty, so that whoever counts up comes to an end. A cursor goes on
    after the row that it names.

    Raises Problem for what cannot be read: a script is not to get something else instead.
    """
    known_parameters(request, type(asked))
    if asked.sort.removeprefix("-") not in SORTS[kind]:
        place = Place(where="sort", message=f"Known: {', '.join(SORTS[kind])}.")
        raise Problem(400, "There is no such order.", kind="sort", errors=(place,))
    fleet, text = known_fleet(request), asked.q.strip()
    of = (kind.value, text, asked.sort)
    after = cursors.read(of, asked.cursor)
    mark = None if after is None else (after[0], after[1])
    query = queries.Query(text, asked.sort, asked.page, asked.per_page, mark)
    result = queries.run(fleet, kind, query, context_of(signed_in(request), fleet, query.text))
    if result.selection.problems:
        raise mistaken(result.selection.problems)
    beyond = result.query.page != asked.page
    rows = [] if beyond else result.rows
    found = wishes.wishes(kind, [row.id for row in rows]) if rows else {}
    items = [out(fleet, row, found.get(row.id)) for row in rows]
    follows = None if beyond else cursors.written(of, result.next)
    return {**paged(request, response, result.total, asked, follows), "items": items}


def paged(
    request: HttpRequest, response: HttpResponse, total: int, asked: Numbered, follows: str | None
) -> dict[str, Any]:
    """What every list says beside its items; `follows` is the cursor of those after them."""
    response["X-Total"] = str(total)
    return {
        "total": total,
        "page": None if asked.cursor else asked.page,
        "pages": max(1, -(-total // asked.per_page)),
        "next": follows,
        "freshness": freshness_out(current_freshness(request)),
    }


def whole(request: HttpRequest, kind: Kind, identifier: str, out: Shape[Out]) -> dict[str, Any]:
    """One thing with its details. Raises Problem when it is not there."""
    known_parameters(request)
    row, depth = row_of(request, kind, identifier), in_depth(kind, identifier)
    shown = out(moment(request).fleet, row, wishes.wishes(kind, [identifier]).get(identifier)).model_dump()
    return {**shown, "details": None if depth is None else redacted(asdict(depth))}


def _execution(fleet: Fleet, row: Execution, wish: Action | None) -> ExecutionOut:
    return execution_out(fleet, row, wish, time.time())


@router.get("/environments", response=Environments, url_name="api-environments")
def environments(
    request: HttpRequest, response: HttpResponse, asked: Query[EnvironmentsAsked]
) -> dict[str, Any]:
    """Environments, as in the list of the dashboard: the archived are left out unless `q` asks for them."""
    return listed(request, response, Kind.ENVIRONMENT, asked, environment_out)


@router.get("/environments/{id:identifier}", response=EnvironmentWhole, url_name="api-environment")
def environment(request: HttpRequest, identifier: str) -> dict[str, Any]:
    """One environment with its details."""
    return whole(request, Kind.ENVIRONMENT, identifier, environment_out)


@router.get("/services", response=Services, url_name="api-services")
def services(request: HttpRequest, response: HttpResponse, asked: Query[ServicesAsked]) -> dict[str, Any]:
    """Services of all environments; those of the platform itself are left out unless `q` asks for them."""
    return listed(request, response, Kind.SERVICE, asked, service_out)


@router.get("/services/{id:identifier}", response=ServiceWhole, url_name="api-service")
def service(request: HttpRequest, identifier: str) -> dict[str, Any]:
    """One service with its commands."""
    return whole(request, Kind.SERVICE, identifier, service_out)


@router.get("/tasks", response=Tasks, url_name="api-tasks")
def tasks(request: HttpRequest, response: HttpResponse, asked: Query[TasksAsked]) -> dict[str, Any]:
    """Tasks of all environments, each with its newest execution."""
    return listed(request, response, Kind.TASK, asked, task_out)


@router.get("/tasks/{id:identifier}", response=TaskWhole, url_name="api-task")
def task(request: HttpRequest, identifier: str) -> dict[str, Any]:
    """One task with its command."""
    return whole(request, Kind.TASK, identifier, task_out)


@router.get("/executions", response=Executions, url_name="api-executions")
def executions(request: HttpRequest, response: HttpResponse, asked: Query[ExecutionsAsked]) -> dict[str, Any]:
    """Task executions, newest first unless `sort` says otherwise."""
    return listed(request, response, Kind.EXECUTION, asked, _execution)


@router.get("/executions/{id:identifier}", response=ExecutionWhole, url_name="api-execution")
def execution(request: HttpRequest, identifier: str) -> dict[str, Any]:
    """One task execution with its plan."""
    return whole(request, Kind.EXECUTION, identifier, _execution)

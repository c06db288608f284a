"""What somebody with a role in one project sees and is offered: there, and elsewhere."""

import pytest
from django.conf import LazySettings
from django.test import Client

from dashboard import jobs
from dashboard.config.projects import Grant, Grants, ProjectRole
from dashboard.control.models import Action, AuditEntry, Batch, User
from dashboard.fleet.details import ExecutionDetail, Step
from dashboard.fleet.entities import Environment, Execution, Kind, Service
from dashboard.fleet.log_entries import CLOSE, LINE, OPEN, Entry
from tests.web.conftest import HTMX, Dashboard, text


@pytest.fixture
def ours(dashboard: Dashboard, settings: LazySettings) -> Environment:
    """A running environment of the project in which Lea is lead, in which nothing is the operator's."""
    row = dashboard.of_a_project(own=False)
    settings.PROJECT_ROLES = Grants((Grant(ProjectRole.LEAD, row.project_id, people=frozenset({"lea"})),))
    dashboard.clients["lea"] = Client()
    dashboard.clients["lea"].force_login(User.objects.create(username="lea"))
    return row


@pytest.fixture
def theirs(dashboard: Dashboard, ours: Environment) -> Environment:
    return dashboard.environment(lambda row: row.phase == "running" and row.project_id != ours.project_id)


def test_lists_offer_her_what_is_the_projects_and_viewers_nothing(
    dashboard: Dashboard, ours: Environment, theirs: Environment
) -> None:
    def row(role: str, one: Environment) -> str:
        page = text(dashboard.get(f"/environments/?q={one.id}", role))
        return page.split(f'id="environment-{one.id}"')[1].split("</tr>")[0]

    stop = "/stop/"
    # twice: what is kept of one must not be shown to another
    for _ in range(2):
        assert [stop in row(role, ours) for role in ("viewer", "lea", "admin")] == [False, True, True]
        assert [stop in row(role, theirs) for role in ("viewer", "lea", "admin")] == [False, False, True]
        assert ['name="id"' in row(role, theirs) for role in ("viewer", "lea", "admin")] == [
            False,
            False,
            True,
        ]


def test_she_stops_it_and_the_audit_says_as_what(dashboard: Dashboard, ours: Environment) -> None:
    assert dashboard.post(f"/environments/{ours.id}/stop/", "lea").status_code == 302
    assert Action.objects.get().actor_name == "lea"
    asked = AuditEntry.objects.get(act="asked")
    assert (asked.role, asked.details["project_roles"]) == ("viewer", f"lead in {ours.project_id}")


def test_of_many_those_of_the_project_are_stopped(
    dashboard: Dashboard, ours: Environment, theirs: Environment
) -> None:
    asked = dashboard.clients["lea"].post("/environments/bulk/", {"deed": "stop", "id": [ours.id, theirs.id]})
    assert "do not reach this" in text(asked)
    assert [one["id"] for one in Batch.objects.get().targets] == [ours.id]


def test_the_log_of_the_project_is_closed_on_every_way(
    dashboard: Dashboard, ours: Environment, theirs: Environment
) -> None:
    for home, closed in ((ours, True), (theirs, False)):
        service = Service(f"s-{home.id}", home.id, "Web", phase="running")
        dashboard.put(service)
        page = text(dashboard.get(f"/services/{service.id}/", "lea"))
        assert ("you do not read its logs" in page, "log-lines" in page) == (closed, not closed)
        for query in ("", "?download=1", "?seen=x.0.x"):
            answer = dashboard.clients["lea"].get(f"/services/{service.id}/log/{query}", headers=HTMX)
            assert (answer.status_code == 403) is closed, query
        assert dashboard.get(f"/services/{service.id}/log/", "viewer").status_code == 200


def test_she_is_told_what_steps_took_and_nothing_that_their_log_says(
    dashboard: Dashboard, ours: Environment
) -> None:
    dashboard.put(Execution("x-1", ours.id, "Build", phase="failed", steps_total=2, steps_failed=1))
    steps = (Step("a", "Fetch", phase="succeeded"), Step("b", "Link", phase="failed", failure="it burns"))
    dashboard.simulated.store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-1", 1.0, (steps,)))
    with jobs.logs().writing(Kind.EXECUTION, "x-1") as writer:
        assert writer is not None
        inner = [Entry(OPEN, "inner title", source="i"), Entry(LINE, "a line"), Entry(CLOSE, "", source="i")]
        writer.write([Entry(OPEN, "Link", source="b"), *inner, Entry(CLOSE, "odd", source="b", seconds=77)])
    for step in ("", "?step=a", "?step=all"):
        page = text(dashboard.get(f"/executions/x-1/{step}", "lea"))
        assert "1 min 17 s" in page
        assert not [said for said in ("a line", "inner title", "odd", "log-lines") if said in page]


def test_a_role_that_ends_takes_its_buttons_from_a_page_that_is_open(
    dashboard: Dashboard, ours: Environment, settings: LazySettings
) -> None:
    page = dashboard.get(f"/environments/?q={ours.id}", "lea")
    assert "/stop/" in text(page)
    settings.PROJECT_ROLES = Grants()
    assert dashboard.post(f"/environments/{ours.id}/stop/", "lea").status_code == 403
    news = dashboard.poll(page, "lea")
    assert news.status_code == 200
    assert "/stop/" not in text(news)


def test_she_reads_which_roles_she_has(dashboard: Dashboard, ours: Environment) -> None:
    name = dashboard.fleet.project(ours.project_id)
    assert "Your roles in projects:" in text(page := dashboard.get("/accounts/sessions/", "lea"))
    assert f"<bdi>{name}</bdi>" in text(page)
    assert "Your roles in projects:" not in text(dashboard.get("/accounts/sessions/", "viewer"))

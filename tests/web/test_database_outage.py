"""The database is gone: pages of the fleet go on with less on them, and everything else says so."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection

from dashboard.control.models import Action
from dashboard.web import outage
from tests.web.conftest import HTMX, Dashboard, text, trigger
from tests.web.test_lists import LISTS

WORDS = "The database does not answer"


@contextmanager
def no_database(dashboard: Dashboard) -> Iterator[None]:
    def gone(*_: object) -> None:
        raise OperationalError

    for client in dashboard.clients.values():
        client.raise_request_exception = False
    with connection.execute_wrapper(gone):
        yield
    outage._away.is_back()


def test_whoever_was_here_a_moment_ago_sees_the_fleet_and_what_is_wrong(dashboard: Dashboard) -> None:
    row = dashboard.running()
    service = next(iter(dashboard.fleet.services.values()))
    dashboard.get("/environments/", "viewer")
    with no_database(dashboard):
        for path in (
            "/",
            *(f"/{section}/" for section in LISTS),
            f"/environments/{row.id}/",
            f"/services/{service.id}/",
        ):
            page = dashboard.get(path, "viewer")
            assert page.status_code == 200, path
            assert 'id="trouble" role="status" data-state="failed">' in text(page)
            assert WORDS in text(page)
        link = f'href="/environments/{row.id}/"'
        assert link in text(dashboard.get("/environments/?q=phase:running", "viewer"))
        assert link not in text(dashboard.get("/environments/?q=phase:stopped", "viewer"))
        assert service.name in text(dashboard.get(f"/environments/{service.environment_id}/", "viewer"))
        assert '<form method="post" action="/environments' not in text(
            dashboard.get("/environments/", "viewer")
        )
    assert WORDS not in text(dashboard.get("/environments/", "viewer"))


def test_a_page_that_polls_stays_as_it_is_and_says_what_is_wrong(dashboard: Dashboard) -> None:
    page = dashboard.get("/environments/")
    with no_database(dashboard):
        answer = dashboard.poll(page)
    assert answer.status_code == 204
    assert trigger(answer)["fleet:freshness"]["state"] == "failed"
    assert WORDS in trigger(answer)["fleet:freshness"]["reason"]


def test_nobody_else_sees_anything(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    row = dashboard.running()
    dashboard.get("/environments/")
    dashboard.get("/environments/", "operator")
    dashboard.clients["operator"].post("/accounts/logout/")
    stranger = dashboard.clients["viewer"]  # signed in, and never seen by this process
    stranger.cookies["ona_session"] = "x" * 32
    with no_database(dashboard):
        for role in ("viewer", "operator", "anonymous"):
            answer = dashboard.get("/environments/", role)
            assert (answer.status_code, row.id in text(answer)) in {(503, False), (302, False)}, role
        monkeypatch.setattr(outage, "REMEMBERED_SECONDS", 0.0)
        assert dashboard.get("/environments/").status_code == 503


def test_what_needs_the_database_says_so_and_nothing_is_asked_for(dashboard: Dashboard) -> None:
    row = dashboard.running()
    dashboard.get("/environments/")
    with no_database(dashboard):
        for path in ("/activity/", "/idle/policies/", f"/environments/{row.id}/stop/", "/environments/none/"):
            page = dashboard.get(path)
            assert (page.status_code, page["Retry-After"], WORDS in text(page)) == (503, "5", True), path
        refused = dashboard.post(f"/environments/{row.id}/stop/", reason="now")
        assert refused.status_code == 503
        assert "nothing of it is done" in text(refused)
        assert dashboard.get("/environments/?seen=x", "anonymous", **HTMX).status_code in {204, 503}
    assert not Action.objects.exists()


@pytest.mark.parametrize("role", ["admin", "anonymous"])
def test_liveness_and_figures_are_told_without_it_whatever_cookies_come_along(
    dashboard: Dashboard, role: str
) -> None:
    with no_database(dashboard):
        assert text(dashboard.get("/healthz", role)) == "ok\n"
        assert "ona_dashboard_up" in text(dashboard.get("/metrics", role))
        assert dashboard.get("/readyz", role)["Content-Type"] == "application/json"


def test_while_it_is_away_one_request_at_a_time_asks_for_it(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard.get("/environments/")
    asked: list[object] = []

    def gone(*_: object) -> None:
        asked.append(1)
        raise OperationalError

    dashboard.clients["admin"].raise_request_exception = False
    with connection.execute_wrapper(gone):
        monkeypatch.setattr(outage, "LEFT_ALONE_SECONDS", 1000.0)
        for _ in range(3):
            assert WORDS in text(dashboard.get("/environments/"))
        assert len(asked) == 1
        assert dashboard.get("/healthz", "anonymous").status_code == 200
        outage._away._until = 0.0
        assert outage._away.may_ask()
        assert not outage._away.may_ask()
    outage._away._until = 0.0
    assert WORDS not in text(dashboard.get("/environments/"))
    assert not outage._away.is_known


def test_another_error_is_still_an_error(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    dashboard.clients["admin"].raise_request_exception = False
    monkeypatch.setattr("dashboard.web.pages.environments.show", broken)
    page = dashboard.get("/environments/")
    assert (page.status_code, WORDS in text(page)) == (500, False)

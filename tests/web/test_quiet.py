"""A poll that finds nothing new costs next to nothing, and nobody gets more or later than they should."""

import time

import pytest
from django.db import connection

from dashboard.control.models import Action, User
from dashboard.control.wishes import READ_SECONDS
from dashboard.fleet.entities import Environment
from dashboard.web.quiet import QUIET_SECONDS, REMEMBERED_SECONDS
from tests.web.conftest import HTMX, Dashboard, asked_by, poller, text
from tests.web.test_lists import LISTS


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch):
    """Let seconds pass for what is remembered."""
    ahead, real = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + ahead[0])

    def pass_(seconds: float) -> None:
        ahead[0] += seconds

    return pass_


@pytest.mark.parametrize("path", ["/", *(f"/{section}/" for section in LISTS)])
def test_a_quiet_poll_asks_neither_the_database_nor_a_template(
    dashboard: Dashboard, django_assert_num_queries, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    page = dashboard.get(path)
    assert dashboard.poll(page).status_code == 204

    def broken(*_: object, **__: object) -> str:
        raise AssertionError("a template was rendered")

    monkeypatch.setattr("dashboard.web.live.render_to_string", broken)
    monkeypatch.setattr("dashboard.control.wishes.READ_SECONDS", 60.0)
    with django_assert_num_queries(0):
        assert dashboard.poll(page).status_code == 204


def test_who_signs_out_is_forgotten_at_once(dashboard: Dashboard) -> None:
    page = dashboard.get("/environments/", "viewer")
    assert dashboard.poll(page, "viewer").status_code == 204
    url, values = poller(page)
    session = dashboard.clients["viewer"].cookies["ona_session"].value
    dashboard.post("/accounts/logout/", "viewer")
    dashboard.clients["viewer"].cookies["ona_session"] = session
    answer = dashboard.clients["viewer"].get(asked_by(url, values), headers=HTMX)
    assert answer["HX-Redirect"].startswith("/accounts/login/")


@pytest.mark.parametrize("change", ["deactivated", "deleted session"])
def test_who_may_not_come_any_more_gets_no_page_and_soon_no_poll(
    dashboard: Dashboard, later, change: str
) -> None:
    page = dashboard.get("/environments/", "viewer")
    assert dashboard.poll(page, "viewer").status_code == 204
    if change == "deactivated":
        User.objects.filter(username="viewer").update(is_active=False)
    else:
        dashboard.clients["viewer"].session.delete()
    assert dashboard.get("/environments/", "viewer").status_code == 302
    later(REMEMBERED_SECONDS)
    assert "HX-Redirect" in dashboard.poll(page, "viewer").headers


def test_a_role_that_was_taken_away_counts_at_once_for_what_changes_something(dashboard: Dashboard) -> None:
    row = dashboard.running()
    page = dashboard.get(f"/environments/?q={row.id}")
    assert dashboard.poll(page).status_code == 204
    User.objects.filter(username="admin").update(role="viewer")
    assert dashboard.post(f"/environments/{row.id}/stop/", reason="x").status_code == 403
    as_a_poll = dashboard.clients["admin"].post(f"/environments/{row.id}/stop/?seen=x", headers=HTMX)
    assert (as_a_poll.status_code, Action.objects.count()) == (403, 0)
    assert f'id="stop-{row.id}"' not in text(dashboard.get(f"/environments/?q={row.id}"))


def test_a_quiet_page_of_one_person_is_not_that_of_another(dashboard: Dashboard) -> None:
    row = dashboard.running()
    path = f"/environments/?q={row.id}"
    url, values = poller(dashboard.get(path))
    for _ in range(2):
        for role, status in (("admin", 204), ("viewer", 200), ("operator", 200)):
            assert dashboard.get(asked_by(url, values), role, **HTMX).status_code == status


def test_a_quiet_page_wakes_when_its_rows_change(dashboard: Dashboard) -> None:
    dashboard.empty()
    dashboard.put(Environment("e1", "one", "running", status_version=1))
    page = dashboard.get("/environments/")
    for _ in range(2):
        assert dashboard.poll(page).status_code == 204
    dashboard.put(Environment("e1", "one", "stopped", status_version=2))
    assert "Stopped" in text(dashboard.poll(page))


def test_a_wish_written_elsewhere_shows_within_a_second(dashboard: Dashboard, later) -> None:
    row = dashboard.running()
    dashboard.post(f"/environments/{row.id}/stop/", reason="x")
    page = dashboard.get(f"/environments/?q={row.id}")
    for _ in range(2):
        assert dashboard.poll(page).status_code == 204
    with connection.cursor() as cursor:  # as another process does
        cursor.execute("UPDATE control_action SET state = 'requested'")
    later(READ_SECONDS)
    assert "Stop requested" in text(dashboard.poll(page))


def test_many_wishes_are_asked_for_page_by_page(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.control.wishes.FEW", 1)
    row = dashboard.running()
    dashboard.post(f"/environments/{row.id}/stop/", reason="x")
    assert "Stop waits to be sent" in text(dashboard.get(f"/environments/?q={row.id}"))
    page = dashboard.get("/environments/")
    assert dashboard.poll(page).status_code == 204
    Action.objects.update(state="requested")
    assert "Stop requested" in text(dashboard.get(f"/environments/?q={row.id}"))


def test_a_filter_that_speaks_of_time_is_looked_at_again(dashboard: Dashboard, later, monkeypatch) -> None:
    dashboard.empty()
    now = time.time()
    dashboard.put(Environment("e1", "one", "running", created=now - 3590, status_version=1))
    page = dashboard.get("/environments/?q=age:<1h")
    for _ in range(2):
        assert dashboard.poll(page).status_code == 204
    monkeypatch.setattr(time, "time", lambda: now + 60)
    later(QUIET_SECONDS)
    assert "Nothing matches" in text(dashboard.poll(page))

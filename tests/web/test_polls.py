"""Polls: nothing when nothing changed, else only what did, always with how fresh the data are."""

import re

import pytest
from django.http import HttpResponse

from dashboard import jobs
from dashboard.fleet.entities import Environment
from dashboard.fleet.snapshot import Moment
from dashboard.fleet.store import Sweep
from dashboard.web import http, kept, live
from tests.web.conftest import HTMX, Dashboard, asked_by, poller, text, trigger
from tests.web.test_lists import LISTS, ids


def put_three(dashboard: Dashboard) -> None:
    dashboard.empty()
    dashboard.put(
        *(Environment(id=f"e{n}", name=f"name {n}", phase="running", status_version=1) for n in "123")
    )


def swapped(response: HttpResponse) -> list[str]:
    """The ids of the elements that put themselves in the place of their namesakes."""
    return re.findall(r'<[a-z]+(?: [^>]*)? id="([^"]+)"[^>]* hx-swap-oob="true"', text(response))


def pages(dashboard: Dashboard) -> list[str]:
    fleet = dashboard.fleet
    kinds = (fleet.environments, fleet.services, fleet.tasks, fleet.executions)
    details = [f"/{section}/{next(iter(rows))}/" for section, rows in zip(LISTS, kinds, strict=True)]
    lists = [f"/{section}/" for section in LISTS]
    return ["/", *lists, *details, "/environments/?phase=running&sort=name&page=2", "/activity/", "/system/"]


def test_a_poll_of_any_page_is_empty_when_nothing_changed(dashboard: Dashboard) -> None:
    for path in pages(dashboard):
        page = dashboard.get(path)
        answer = dashboard.poll(page)
        assert (answer.status_code, answer.content) == (204, b""), path
        fresh = trigger(answer)["fleet:freshness"]
        assert fresh["state"] == "fresh"
        assert fresh["at"]
        assert answer["Cache-Control"] == "no-store"


def test_each_role_polls_its_own_page(dashboard: Dashboard) -> None:
    for role in ("viewer", "operator", "admin"):
        page = dashboard.get("/environments/", role)
        assert dashboard.poll(page, role).status_code == 204
    assert "rows" not in swapped(dashboard.poll(dashboard.get("/environments/", "viewer"), "admin"))


def test_the_poller_asks_for_what_is_in_view(dashboard: Dashboard) -> None:
    url, values = poller(dashboard.get("/environments/?phase=running&q=a%26b&sort=-name"))
    assert url == "/environments/?phase=running&q=a%26b&sort=-name"
    assert set(values) == {"seen"}
    again = dashboard.get(url + "&seen=old")
    assert "seen" not in poller(again)[0]


def test_a_poll_renders_only_the_rows_that_changed(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_three(dashboard)
    page = dashboard.get("/environments/?sort=name")
    dashboard.put(Environment(id="e2", name="name 2", phase="stopping", status_version=2))
    kept.pieces.clear()
    rendered: list[str] = []
    render = live.render_to_string

    def counted(template: str, *rest: object) -> str:
        rendered.append(template)
        return render(template, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(live, "render_to_string", counted)
    assert dashboard.poll(page).status_code == 200
    assert rendered.count("environments/row.html") == 1
    assert "lists/rows.html" not in rendered


def test_only_the_changed_row_comes(dashboard: Dashboard) -> None:
    put_three(dashboard)
    page = dashboard.get("/environments/?sort=name")
    dashboard.put(Environment(id="e2", name="name 2", phase="stopping", status_version=2))
    answer = dashboard.poll(page)
    assert answer.status_code == 200
    assert swapped(answer) == ["summary", "environment-e2", "poll"]
    assert re.search(
        r"<template>\s*<tr role=\"row\" id=\"environment-e2\" hx-swap-oob=\"true\">", text(answer)
    )
    assert "Stopping" in text(answer)
    assert dashboard.poll(answer).status_code == 204


def test_a_change_of_the_simulated_world_arrives(dashboard: Dashboard) -> None:
    page = dashboard.get("/environments/?sort=name")
    before = dashboard.fleet.environments
    dashboard.simulated.clock.pass_(60)
    dashboard.sweep()
    after = dashboard.fleet.environments
    shown = [key for key in ids(page) if before[key] != after.get(key)]
    answer = dashboard.poll(page)
    assert shown
    if "rows" not in swapped(answer):
        assert {f"environment-{key}" for key in shown} <= set(swapped(answer))
    assert dashboard.poll(answer).status_code == 204


@pytest.mark.parametrize("change", ["one more", "one less", "another order"])
def test_other_rows_or_another_order_bring_the_table_body(dashboard: Dashboard, change: str) -> None:
    put_three(dashboard)
    page = dashboard.get("/environments/?sort=name&phase=running")
    changed = {
        "one more": Environment(id="e4", name="name 0", phase="running", status_version=1),
        "one less": Environment(id="e2", name="name 2", phase="stopped", status_version=2),
        "another order": Environment(id="e1", name="z", phase="running", status_version=2),
    }
    dashboard.put(changed[change])
    answer = dashboard.poll(page)
    assert "rows" in swapped(answer)
    assert "<template><tbody" in text(answer)
    wanted = {
        "one more": ["e4", "e1", "e2", "e3"],
        "one less": ["e1", "e3"],
        "another order": ["e2", "e3", "e1"],
    }
    assert ids(answer) == wanted[change]
    assert dashboard.poll(answer).status_code == 204


def test_a_change_elsewhere_changes_nothing_in_view(dashboard: Dashboard) -> None:
    put_three(dashboard)
    page = dashboard.get("/environments/?q=name+1")
    dashboard.put(Environment(id="e2", name="name 2", phase="running", branch="other", status_version=2))
    assert dashboard.poll(page).status_code == 204


def test_a_row_changes_when_somebody_asks_for_something(dashboard: Dashboard) -> None:
    row = dashboard.running()
    page = dashboard.get("/environments/?phase=running")
    dashboard.post(f"/environments/{row.id}/stop/", reason="x")
    answer = dashboard.poll(page)
    assert swapped(answer) == [f"environment-{row.id}", "poll"]
    assert "Stop waits to be sent" in text(answer)


GARBAGE = ("", ".", "x", "x" * 10_000, "ü💩\u202e" * 500, ".".join("abc"), "A" * 7 + "." + "B" * 13, "\x00")


def test_garbage_gets_the_whole_of_what_is_in_view(dashboard: Dashboard) -> None:
    for path in pages(dashboard):
        for seen in GARBAGE:
            answer = dashboard.get(asked_by(path, {"seen": seen}), **HTMX)
            assert answer.status_code == 200, (path, seen)
        assert dashboard.poll(answer).status_code == 204


def test_a_poll_after_the_session_ended_leads_to_the_sign_in_and_back(dashboard: Dashboard) -> None:
    url, values = poller(dashboard.get("/environments/?phase=running&q=a%20b"))
    where = "http://testserver/environments/?phase=running&q=a%20b"
    headers = HTMX | {"HX-Current-URL": where}
    answer = dashboard.get(asked_by(url, values), "anonymous", **headers)
    assert (answer.status_code, answer.content) == (204, b"")
    target = "/accounts/login/?next=/environments/%3Fphase%3Drunning%26q%3Da%2520b"
    assert answer["HX-Redirect"] == target


@pytest.mark.parametrize(
    "where", ["", "nonsense", "https://evil.example//evil.example/x", "javascript:alert(1)"]
)
def test_a_strange_current_address_leads_nowhere_else(dashboard: Dashboard, where: str) -> None:
    headers = HTMX | {"HX-Current-URL": where}
    answer = dashboard.clients["anonymous"].get("/?seen=x", headers=headers)
    assert answer["HX-Redirect"].startswith("/accounts/login/?next=/")


def test_a_poll_of_what_is_gone_is_not_found(dashboard: Dashboard) -> None:
    put_three(dashboard)
    page = dashboard.get("/environments/e1/")
    dashboard.empty()
    assert dashboard.poll(page).status_code == 404


def test_a_failed_sweep_is_told_with_its_reason_also_without_a_body(dashboard: Dashboard) -> None:
    page = dashboard.get("/environments/")
    failed = Sweep("hot", dashboard.simulated.clock() + 1, 0.5, error="The API is “closed”\r\nX-Evil: 1 💩")
    dashboard.simulated.store.record(failed)
    answer = dashboard.poll(page)
    assert answer.status_code == 204
    assert trigger(answer)["fleet:freshness"]["state"] == "failed"
    assert trigger(answer)["fleet:freshness"]["reason"] == f"{failed.error}."
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("path", ["/environments/", "/environments/e1/", "/", "/environments/e1/stop/"])
def test_one_request_sees_one_moment(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The row, its version and what is offered for it must be of one moment, or a poll would miss a change."""
    put_three(dashboard)
    snapshot, asked = dashboard.simulated.snapshot(), []

    class Counted:
        def now(self) -> Moment:
            asked.append(path)
            return snapshot.now()

    monkeypatch.setattr(jobs.parts, "snapshot", Counted)
    assert dashboard.get(path).status_code == 200
    assert len(asked) == 1


def test_a_page_and_its_polls_name_the_release_that_serves_them(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = dashboard.get("/")
    assert "data-release" not in text(page)
    monkeypatch.setattr(http, "release", lambda: "one")
    page = dashboard.get("/")
    assert 'data-release="one"' in text(page)
    monkeypatch.setattr(http, "release", lambda: "two")
    assert trigger(dashboard.poll(page))["fleet:freshness"]["release"] == "two"

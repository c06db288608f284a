"""Asking for an action: the question, the one row it makes, and where it leads."""

import re
from collections.abc import Callable

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse

from dashboard import jobs
from dashboard.control import ledger, wishes
from dashboard.control.models import Action
from dashboard.fleet.entities import Environment, Service
from dashboard.web.http import JUST_NOW
from tests.web.conftest import HTMX, Dashboard, text, trigger

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "https://testserver.evil.example/",
    "\x00//evil.example",
    "//testserver@evil.example",
    "x" * 10_000 + "://",
)


def said(response: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_the_question_is_a_page_and_with_htmx_a_dialog(dashboard: Dashboard) -> None:
    row = dashboard.running()
    path = f"/environments/{row.id}/stop/"
    page, dialog = dashboard.get(path), dashboard.get(path, **HTMX)
    assert "<!doctype html>" in text(page)
    assert "<!doctype" not in text(dialog)
    for response in (page, dialog):
        assert f'<form method="post" action="{path}"' in text(response)
        assert "csrfmiddlewaretoken" in text(response)
        assert "HX-Request" in response["Vary"]
        assert response["Cache-Control"] == "no-store"
    assert not Action.objects.exists()


def test_an_answer_makes_one_queued_action_with_who_what_and_why(dashboard: Dashboard) -> None:
    row = dashboard.running()
    response = dashboard.post(f"/environments/{row.id}/stop/", reason="  too\n expensive\x00 ")
    action = Action.objects.get()
    assert (action.verb, action.kind, action.target_id, action.target_name) == (
        "environment.stop",
        "environment",
        row.id,
        row.name,
    )
    assert (action.actor_name, action.reason, action.state) == ("admin", "too expensive", "queued")
    assert response["Location"] == f"/environments/{row.id}/"
    assert said(response) == [f"Stop of “{row.name}” is on its way."]


def test_htmx_stays_on_the_page_with_a_toast(dashboard: Dashboard) -> None:
    row = dashboard.running()
    response = dashboard.clients["admin"].post(f"/environments/{row.id}/stop/", headers=HTMX)
    assert (response.status_code, response.content) == (204, b"")
    events = trigger(response)
    assert events["toast"] == {"level": "good", "text": f"Stop of “{row.name}” is on its way."}
    assert {"dialog:close", "poll-now"} <= set(events)
    assert said(response) == []


def test_asking_twice_makes_one_action_and_says_so(dashboard: Dashboard) -> None:
    row = dashboard.running(own=True)
    dashboard.post(f"/environments/{row.id}/stop/", "operator")
    again = dashboard.post(f"/environments/{row.id}/stop/", "admin")
    assert Action.objects.count() == 1
    assert said(again) == [f"Stop of “{row.name}” was asked for already by operator."]


def test_what_makes_no_sense_is_skipped_and_says_why(dashboard: Dashboard) -> None:
    row = dashboard.stopped()
    assert "recorded as skipped: it is stopped already" in text(
        dashboard.get(f"/environments/{row.id}/stop/")
    )
    response = dashboard.post(f"/environments/{row.id}/stop/")
    assert Action.objects.get().state == "skipped"
    assert said(response) == [f"Stop of “{row.name}” was skipped: it is stopped already."]


def test_the_worker_does_it_and_the_page_says_confirmed(
    dashboard: Dashboard, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    row = dashboard.running()
    with django_capture_on_commit_callbacks(execute=True):
        dashboard.post(f"/environments/{row.id}/stop/", reason="done for today")
    action = Action.objects.get()
    jobs.perform(str(action.id))
    assert "Stop requested" in text(dashboard.get(f"/environments/{row.id}/"))
    dashboard.simulated.clock.pass_(30)
    jobs.chase()
    page = text(dashboard.get(f"/environments/{row.id}/"))
    assert "Confirmed" in page
    assert "done for today" in page
    assert "Stop requested" not in page


def test_an_operator_stops_their_own_environment_and_no_other(dashboard: Dashboard) -> None:
    own, other = dashboard.running(own=True), dashboard.running(own=False)
    assert dashboard.post(f"/environments/{own.id}/stop/", "operator").status_code == 302
    refused = dashboard.post(f"/environments/{other.id}/stop/", "operator")
    assert refused.status_code == 403
    assert "Operators start and stop only the environments they created" in text(refused)
    assert [action.target_id for action in Action.objects.all()] == [own.id]


def test_buttons_are_where_rights_are(dashboard: Dashboard) -> None:
    own, other = dashboard.running(own=True), dashboard.running(own=False)
    for role, buttons in (("viewer", 0), ("operator", 1), ("admin", 1)):
        assert text(dashboard.get(f"/environments/{own.id}/", role)).count(f'id="stop-{own.id}"') == buttons
    assert f'id="stop-{other.id}"' not in text(dashboard.get(f"/environments/{other.id}/", "operator"))
    for path in ("/", "/environments/", "/services/", "/tasks/", "/executions/"):
        assert 'role="button"' not in text(dashboard.get(path, "viewer"))


@pytest.mark.parametrize("section", ["environments", "services", "tasks", "executions"])
def test_an_unknown_id_may_have_been_deleted(dashboard: Dashboard, section: str) -> None:
    deed = "start" if section == "tasks" else "stop"
    for path in (f"none/{deed}/", "none/", "%00/", f"%2e%2e/{deed}/", f"ü/{deed}/", "x" * 300 + "/"):
        page = dashboard.get(f"/{section}/{path}")
        assert page.status_code == 404, path
        assert "It may have been deleted" in text(page), path
        assert len(page.content) < 20_000


@pytest.mark.parametrize("deed", ["archive", "STOP", "__init__", "run"])
def test_an_unknown_deed_is_not_found(dashboard: Dashboard, deed: str) -> None:
    path = f"/environments/{dashboard.running().id}/{deed}/"
    assert dashboard.get(path).status_code == 404
    assert dashboard.post(path).status_code == 404
    assert not Action.objects.exists()


def test_it_leads_back_to_where_the_button_was(dashboard: Dashboard) -> None:
    row = dashboard.running()
    path, came_from = f"/environments/{row.id}/stop/", "/environments/?phase=running&q=a+b"
    for headers in (
        {"Referer": f"http://testserver{came_from}"},
        HTMX | {"HX-Current-URL": f"http://testserver{came_from}"},
    ):
        question = text(dashboard.get(path, **headers))
        assert f'name="next" value="http://testserver{came_from.replace("&", "&amp;")}"' in question
    assert dashboard.post(path, next=came_from)["Location"] == came_from


@pytest.mark.parametrize("target", ELSEWHERE, ids=lambda target: repr(target[:20]))
def test_it_never_leads_to_another_site(dashboard: Dashboard, target: str) -> None:
    row = dashboard.running()
    path = f"/environments/{row.id}/stop/"
    assert dashboard.post(path, next=target)["Location"] == f"/environments/{row.id}/"
    if "\x00" not in target and len(target) < 1_000:
        asked = text(dashboard.get(path, Referer=target))
        assert f'name="next" value="/environments/{row.id}/"' in asked
        assert "evil" not in asked


def test_a_reason_of_any_length_is_kept_within_bounds(dashboard: Dashboard) -> None:
    row = dashboard.running()
    dashboard.post(f"/environments/{row.id}/stop/", reason="ü💩" * 5_000)
    assert len(Action.objects.get().reason) == 500
    assert "ü💩" in text(dashboard.get("/activity/"))


def test_services_of_a_stopped_environment_offer_nothing_and_say_why(dashboard: Dashboard) -> None:
    environment = Environment(id="e1", name="one", phase="stopped")
    dashboard.put(environment, Service(id="s1", name="db", environment_id="e1", phase="stopped"))
    page = text(dashboard.get("/services/s1/"))
    assert "Its environment is stopped; start that first." in page
    assert not re.search(r'id="(start|stop)-s1"', page)


def test_what_an_old_tab_asks_of_a_service_of_a_stopped_environment_is_skipped(dashboard: Dashboard) -> None:
    dashboard.put(
        Environment(id="e1", name="one", phase="stopped"),
        Service(id="s1", name="db", environment_id="e1", phase="stopped"),
    )
    dashboard.post("/services/s1/start/")
    action = Action.objects.get()
    assert (action.state, action.outcome) == ("skipped", "its environment is stopped; start that first")


def test_what_is_under_way_already_is_not_offered_again(dashboard: Dashboard) -> None:
    row = dashboard.running()
    page, offered = f"/environments/{row.id}/", f'href="/environments/{row.id}/stop/"'
    assert offered in text(dashboard.get(page))
    dashboard.post(f"{page}stop/")
    for where in (page, f"/environments/?q={row.id}"):
        assert offered not in text(dashboard.get(where))
    assert f"{page}delete/" in text(dashboard.get(page))
    Action.objects.update(state="confirmed")
    wishes.forget()
    assert offered in text(dashboard.get(page))


def test_the_page_of_what_was_just_made_waits_until_it_has_been_read(dashboard: Dashboard) -> None:
    environments = dashboard.fleet.environments
    task = next(
        row
        for row in dashboard.fleet.tasks.values()
        if environments[row.environment_id].phase == "running" and not row.depends_on
    )
    dashboard.post(f"/tasks/{task.id}/start/")
    action = ledger.claim(Action.objects.get().id, ledger.utc_now(), "this test")
    assert action
    ledger.perform(action, jobs.parts.acting(), ledger.utc_now)
    path = f"/executions/{action.result_id}/"
    page = dashboard.get(path)
    assert (page.status_code, page["Refresh"]) == (200, "2")
    assert "This task execution was made a moment ago" in text(page)
    assert dashboard.get(f"/services/{action.result_id}/").status_code == 404
    assert dashboard.get(path, **HTMX).status_code == 404
    Action.objects.update(created=ledger.utc_now() - JUST_NOW)
    assert "may have been deleted" in text(dashboard.get(path))
    dashboard.sweep()
    page = dashboard.get(path)
    assert (page.status_code, page.headers.get("Refresh")) == (200, None)
    assert task.name in text(page)


def test_what_was_run_is_linked_to_before_and_after_it_is_known(dashboard: Dashboard) -> None:
    with_tasks = {one.environment_id for one in dashboard.fleet.tasks.values()}
    home = dashboard.environment(lambda row: row.phase == "running" and row.id in with_tasks)
    task = next(one for one in dashboard.fleet.tasks.values() if one.environment_id == home.id)
    answer = dashboard.clients["admin"].post(f"/tasks/{task.id}/start/", headers=HTMX)
    toast = trigger(answer)["toast"]
    action = Action.objects.get()
    assert (toast["url"], toast["link"]) == (f"/activity/{action.pk}/made/", "Open the task execution")
    assert dashboard.get(toast["url"], "viewer")["Location"] == f"/tasks/{task.id}/"
    Action.objects.update(result_id="x-1")
    assert dashboard.get(toast["url"], "viewer")["Location"] == "/executions/x-1/"
    page = said(dashboard.post(f"/tasks/{task.id}/start/", "admin"))
    assert page[0].endswith(f'<a href="{toast["url"]}">Open the task execution</a>')
    assert dashboard.get("/activity/00000000-0000-0000-0000-000000000000/made/").status_code == 404

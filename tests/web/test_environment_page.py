"""One environment: why it failed and what to do, what was asked of it, and all of it as JSON."""

import json
from dataclasses import replace

from django.utils import timezone

from dashboard.control.models import Action, State
from dashboard.control.record import history
from dashboard.fleet.details import EnvironmentDetail, Part
from dashboard.fleet.entities import Environment, EnvironmentClass, Execution, Kind, Port, Service
from dashboard.web.raw import redacted
from tests.web.conftest import HTMX, Dashboard, text
from tests.web.test_runs import part

LONG = "x" * 500
BAD = {
    "phase": "stopped",
    "failures": ("no machine",),
    "project_id": "p",
    "class_id": "c",
    "status_version": 1,
}


def broken(dashboard: Dashboard, **more: object) -> None:
    dashboard.empty()
    dashboard.put(Environment("e-bad", **({"name": "otter"} | BAD | more)), EnvironmentClass("c", "Large"))


def test_one_that_failed_leads_with_why_and_what_to_do(dashboard: Dashboard) -> None:
    broken(dashboard)
    dashboard.put(Environment("e-2", "owl", **BAD), Environment("e-3", "heron", "running", project_id="p"))
    detail = EnvironmentDetail(
        "e-bad", 1.0, parts=(Part("Machine", "failed", failure="gone"), Part("Content"))
    )
    dashboard.simulated.store.keep_detail(Kind.ENVIRONMENT, detail)
    page = text(dashboard.get("/environments/e-bad/"))
    assert page.index("Why it failed") < page.index("What to do") < page.index('id="services"')
    advice = part(dashboard, "/environments/e-bad/", "advice")
    assert "It failed in: Machine." in advice
    assert "Of 2 other environments of its project, 1 failed too." in advice
    assert "Start it again." in advice
    assert "You may not start or stop it" in text(dashboard.get("/environments/e-bad/", "viewer"))
    link = advice.partition('href="/')[2].partition('"')[0].replace("&amp;", "&")
    assert "<bdi>owl</bdi>" in text(dashboard.get(f"/{link}"))
    assert "<bdi>heron</bdi>" not in text(dashboard.get(f"/{link}"))


def test_one_that_has_not_failed_has_no_advice(dashboard: Dashboard) -> None:
    broken(dashboard, failures=())
    assert "What to do" not in text(dashboard.get("/environments/e-bad/"))


def test_forty_messages_a_hundred_ports_and_hostile_names_hold_their_shape(dashboard: Dashboard) -> None:
    ports = tuple(Port(number, "<b>" + LONG, url="javascript:alert(1)") for number in range(100))
    broken(
        dashboard,
        name="\u202e<script>" + LONG + "🦦",
        failures=tuple(f"message {n}" for n in range(40)),
        ports=ports,
    )
    dashboard.simulated.store.keep_detail(Kind.ENVIRONMENT, EnvironmentDetail("e-bad", 1.0))
    page = text(dashboard.get("/environments/e-bad/"))
    assert "<summary>37 more</summary>" in page
    assert "<summary>90 more</summary>" in page
    assert "<script>" + "x" not in page
    assert 'href="javascript' not in page


def test_an_environment_with_nothing_in_it_and_odd_times_is_shown(dashboard: Dashboard) -> None:
    dashboard.empty()
    dashboard.put(Environment("e-0", created=0.0, started=4.1e9, signal_at=-1.0))
    page = dashboard.get("/environments/e-0/")
    assert page.status_code == 200
    assert dashboard.poll(page).status_code == 204


def test_its_page_says_at_a_glance_who_uses_it_what_runs_in_it_and_what_is_only_there(
    dashboard: Dashboard,
) -> None:
    dashboard.empty()
    dashboard.put(
        Environment("e-1", "otter", "running", creator_id="ada", branch="fix/cart", unpushed=2, changed=1),
        Service("s-1", "e-1", "api", phase="running"),
        Service("s-2", "e-1", "web", phase="failed"),
        Service("s-3", "e-1", "agent", role="agent", phase="running"),
        Execution("x-1", "t-1", "e-1", "build", "failed", created=1.0),
    )
    glance = part(dashboard, "/environments/e-1/", "glance")
    for said in ("q=creator%3A%3Dada", "fix/cart", ">2 commits, 1 file<", "1 of 2 running", "1 failed"):
        assert said in glance
    assert "nothing recorded" in glance


def test_what_was_asked_for_is_part_of_what_happened(dashboard: Dashboard) -> None:
    row, now = dashboard.running(), timezone.now()
    history.record(dashboard.simulated.store, dashboard.simulated.clock())
    Action.objects.create(
        verb="environment.stop", kind="environment", target_id=row.id, target_name=row.name, actor_name="Ada <b>",
        state=State.CONFIRMED, created=now, not_before=now,
    )  # fmt: skip
    past = part(dashboard, f"/environments/{row.id}/", "history")
    assert "Stop by Ada &lt;b&gt;" in past
    assert "Confirmed" in past


def test_each_resource_is_there_as_json(dashboard: Dashboard) -> None:
    fleet = dashboard.fleet
    for rows in (fleet.environments, fleet.services, fleet.tasks, fleet.executions):
        row = next(iter(rows.values()))
        section = f"{type(row).__name__.lower()}s"
        answer = dashboard.get(f"/{section}/{row.id}/?format=json")
        assert json.loads(answer.content)["id"] == row.id
        assert answer["Content-Type"] == "application/json"
        assert answer["Cache-Control"] == "no-store"
        shown = dashboard.get(f"/{section}/{row.id}/?format=json", **HTMX)
        assert text(shown).startswith("<pre")
    assert dashboard.get("/environments/none/?format=json").status_code == 404


def test_logins_and_tokens_in_addresses_are_taken_out() -> None:
    assert redacted(
        {"a": ["https://me:pw@host/x?access_token=abc&q=1"], "b": 1, "c": None, "d": "me@host"}
    ) == {
        "a": ["https://redacted@host/x?access_token=redacted&q=1"],
        "b": 1,
        "c": None,
        "d": "me@host",
    }


def test_one_that_is_being_deleted_says_so_and_offers_no_exemption(dashboard: Dashboard) -> None:
    broken(dashboard, phase="deleting", failures=(), unpushed=2)
    page = text(dashboard.get("/environments/e-bad/"))
    assert "It is being deleted, and its files with it." in page
    assert "A stop keeps them." not in page
    assert 'id="exemption" class="card gone"' in page


def test_one_that_runs_says_why_it_is_idle_or_not(dashboard: Dashboard) -> None:
    dashboard.simulated.sync().hot()
    dashboard.empty()
    now = dashboard.simulated.clock()
    used = Environment(
        "e-1", "otter", "running", started=now - 9_000, signal_at=now - 60, signal_source="SSH"
    )
    dashboard.put(
        used, replace(used, id="e-2", signal_at=now - 8_000), replace(used, id="e-3", phase="stopped")
    )
    told = [part(dashboard, f"/environments/e-{number}/", "exemption") for number in (1, 2, 3)]
    assert "Not idle: active within the last 2 h." in told[0]
    assert "Idle for <" in told[1]
    assert ["last signal SSH" in one for one in told] == [True, True, False]
    assert "once it runs" in told[2]
    assert all("signal SSH <time datetime=" in one for one in told[:2])  # put into the zone of who reads

"""The overview: what needs a person, and how the fleet went."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from dashboard.control.models import Action, PhaseCount, RecordedEnvironment, Recording, Star, State, User
from dashboard.control.record import history, phase_counts
from dashboard.fleet.entities import Environment, Execution, Service
from dashboard.web import trends
from tests.web.conftest import HTMX, Dashboard, asked_by, poller, text
from tests.web.test_polls import swapped

H = 3_600.0
versions = count(2)


@pytest.fixture
def calm(dashboard: Dashboard) -> Dashboard:
    """One environment that is used, one that rests, nothing else."""
    dashboard.simulated.sync().hot()
    dashboard.empty()
    now = dashboard.simulated.clock()
    dashboard.put(
        Environment("e-on", "otter", "running", status_version=1, started=now - 60, signal_at=now - 60),
        Environment("e-off", "owl", "stopped", status_version=1),
    )
    return dashboard


def part(dashboard: Dashboard, name: str) -> str:
    page = text(dashboard.get("/"))
    return page[page.index(f'id="{name}"') :].partition("</section>")[0]


def moving(dashboard: Dashboard, phase: str, minutes: float, key: str = "e-on") -> None:
    """It has been in this phase for so long, as far as the record knows."""
    now = dashboard.simulated.clock()
    row = replace(dashboard.fleet.environments[key], phase=phase, status_version=next(versions))
    dashboard.put(row)
    if not Recording.objects.exists():
        history.record(dashboard.simulated.store, now)
    RecordedEnvironment.objects.filter(id=key).update(phase=phase, phase_since=now - 60 * minutes)


def ended(dashboard: Dashboard, key: str, phase: str, hours_ago: float) -> None:
    at = dashboard.simulated.clock() - hours_ago * H
    dashboard.put(
        Execution(key, "t-1", "e-on", "Build", phase, created=at - 60, started=at - 60, completed=at)
    )


def asked(state: State, **more: object) -> None:
    now = timezone.now()
    Action.objects.create(
        verb="environment.stop",
        kind="environment",
        target_id=f"e-{state}",
        target_name="x",
        actor_name="a",
        state=state,
        **{"created": now, "not_before": now, **more},
    )


def test_a_calm_fleet_says_that_nothing_needs_a_person(calm: Dashboard) -> None:
    assert "Nothing has failed, nothing is stuck" in part(calm, "needs")


def test_each_kind_of_trouble_is_one_line_that_leads_to_its_list(calm: Dashboard) -> None:
    calm.put(
        Environment("e-bad", "heron <b>", "stopped", status_version=1, failures=("disk full",)),
        Service("s-bad", "e-on", "web", phase="failed"),
    )
    ended(calm, "x-1", "failed", 2)
    ended(calm, "x-2", "failed", 30)
    asked(State.UNKNOWN)
    asked(State.FAILED, created=timezone.now() - timedelta(days=2))
    needs = part(calm, "needs")
    for words, link in (
        ("1 environment has failed", "/environments/?q=phase%3Afailed"),
        ("1 service has failed", "/services/?q=phase%3Afailed"),
        ("1 execution failed in the last day", "/executions/?q=phase%3Afailed+age%3A%3C1d"),
        ("1 action may or may not have arrived", "/activity/?state=unknown"),
    ):
        assert f'href="{link}">{words}' in needs
        assert calm.get(link).status_code == 200
    assert "action from here failed" not in needs


def test_what_is_stuck_is_named_with_since_when(calm: Dashboard) -> None:
    for phase, minutes, stuck in (
        ("stopping", 4, False),
        ("stopping", 6, True),
        ("deleting", 6, True),
        ("starting", 14, False),
        ("starting", 16, True),
        ("creating", 16, True),
        ("running", 999, False),
    ):
        moving(calm, phase, minutes)
        needs = part(calm, "needs")
        assert (f"1 environment has been {phase} for more than" in needs) is stuck, (phase, minutes)
        assert ("<bdi>otter</bdi>" in needs) is stuck


def test_what_the_record_has_not_seen_is_not_called_stuck(calm: Dashboard) -> None:
    calm.put(replace(calm.fleet.environments["e-on"], phase="stopping", status_version=next(versions)))
    assert "for more than" not in part(calm, "needs")


def test_idle_environments_need_a_person_too(calm: Dashboard) -> None:
    long_ago = calm.simulated.clock() - 9 * H
    calm.put(
        Environment(
            "e-idle", "stork", "running", "running", started=long_ago, signal_at=long_ago, timeout=0.0
        )
    )
    assert '<a href="/idle/">1 environment runs for nobody' in part(calm, "needs")


def test_phases_are_bars_of_the_day_and_the_week_with_their_figures(calm: Dashboard) -> None:
    empty = part(calm, "phases")
    assert empty.count(">Nothing is recorded yet.</text>") == 2, "its place is kept"
    assert "<rect" not in empty
    at = (calm.simulated.clock() // H) * H
    PhaseCount.objects.create(at=at - 30 * H, counts={"running": 9})
    PhaseCount.objects.create(at=at - H, counts={"running": 2, "stopped": 40, "odd <b>": 1})
    PhaseCount.objects.create(at=at - H + 600, counts={"running": 4, "stopping": 1})
    PhaseCount.objects.create(at=at, counts={})
    phases = part(calm, "phases")
    day, _, week = phases.partition('id="phases-week"')
    assert "<td>3</td><td>0</td><td>0.5</td>" in day
    assert "<td>9</td>" not in day
    assert "<td>9</td>" in week
    assert day.count("<td>—</td>") == 3 * 23


def test_executions_of_the_day_and_the_week_have_their_failure_rate(calm: Dashboard) -> None:
    assert "None ended in 24 hours" in part(calm, "runs")
    trends._known = (None, None)
    for number in range(3):
        ended(calm, f"x-{number}", "succeeded", 3)
    ended(calm, "x-3", "failed", 2)
    ended(calm, "x-4", "failed", 50)
    ended(calm, "x-5", "stopped", 9 * 24)
    runs = part(calm, "runs")
    assert "4 ended in 24 hours" in runs
    assert "1 failed (25 %)" in runs
    assert "In 7 days 5, 40 % failed" in runs


def test_a_poll_of_the_overview_brings_only_the_parts_that_changed(calm: Dashboard) -> None:
    page = calm.get("/")
    assert calm.poll(page).status_code == 204
    moving(calm, "stopping", 9)
    parts = swapped(calm.poll(page))
    assert {"needs", "panels"} <= set(parts)
    assert not {"phases", "runs", "busiest"} & set(parts)


def test_a_phase_that_comes_or_goes_moves_no_other(calm: Dashboard) -> None:
    phase = re.compile('<span class="badge tone-[a-z]+">.*?</svg>([A-Z][a-z ]+)<')
    before = part(calm, "panels")
    moving(calm, "stopping", 9)
    after = part(calm, "panels")
    assert phase.findall(before) == phase.findall(after)
    assert ("phase=stopping" in before, "phase=stopping" in after) == (False, True)


def test_times_of_1970_and_2099_break_nothing(calm: Dashboard) -> None:
    calm.put(Execution("x-0", "t", "e-on", "old", "failed", created=0.0, started=0.0, completed=0.0))
    calm.put(Execution("x-9", "t", "e-on", "new", "failed", created=4e9, started=4e9, completed=4.1e9))
    moving(calm, "stopping", -1e6)
    assert calm.get("/").status_code == 200
    assert phase_counts.count() >= 0


def test_after_a_change_everybody_is_told_the_same_but_for_what_is_their_own(
    calm: Dashboard, users: dict[str, User]
) -> None:
    Star.objects.create(
        user=users["viewer"], kind="environment", target_id="e-on", name="otter", created=timezone.now()
    )
    roles = ("viewer", "operator", "admin")
    pages = {role: calm.get("/", role) for role in roles}
    calm.put(replace(calm.fleet.environments["e-on"], failures=("It broke.",), status_version=next(versions)))
    told = {role: text(calm.poll(pages[role], role)) for role in roles}
    (needs,) = {re.findall(r'<section id="needs".*?</section>', html, re.DOTALL)[0] for html in told.values()}
    assert "1 environment has failed" in needs
    assert ['id="starred"' in told[role] for role in roles] == [True, False, False]
    assert ['id="stop-e-on"' in told[role] for role in roles] == [False, False, True]
    german = calm.get(asked_by(*poller(pages["admin"])), **HTMX, **{"Accept-Language": "de"})
    assert needs not in text(german)
    assert 'id="needs"' in text(german)


def test_where_nothing_is_recorded_nothing_is_said_to_be_zero(dashboard: Dashboard) -> None:
    now = dashboard.simulated.clock()
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    for since, counted, nothing in (
        (midnight - 2 * H, midnight, [True, False, False]),  # today, yesterday, the last week
        (midnight, now, [False, True, False]),
    ):
        Recording.objects.update_or_create(
            id=1, defaults={"since": since, "until": now, "epoch": "e", "version": 1, "counted": counted}
        )
        hours = part(dashboard, "hours")
        lines = re.findall(r'<th scope="row">.*?</tr>', hours)[:3]
        assert ["nothing recorded" in line for line in lines] == nothing
        assert "Up to <time" in hours

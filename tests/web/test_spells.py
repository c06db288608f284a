"""What is recorded of a service, on its page."""

import pytest
from django.utils import timezone

from dashboard.control.models import Action, Recording, ServiceSpell
from dashboard.control.record import history
from dashboard.fleet.entities import Environment, Service
from dashboard.web import spell_strips
from tests.web.conftest import Dashboard, text
from tests.web.states import FRACTION, GERMAN
from tests.web.test_runs import HOSTILE, MINUTE, part

HOUR = 60 * MINUTE


@pytest.fixture
def served(dashboard: Dashboard) -> Dashboard:
    """A service that runs, in a record of two days."""
    dashboard.empty()
    dashboard.put(
        Environment("e-1", "otter", "running", project_id="p", status_version=1),
        Service("v-1", "e-1", "Database", "db", phase="running"),
    )
    since = dashboard.simulated.clock() - 48 * HOUR
    Recording.objects.create(
        since=since, until=since, epoch="e", version=1, counted=since, services_since=since
    )
    return dashboard


def spell(
    dashboard: Dashboard, hours_ago: float, outcome: str = "", seconds: float = 0.0, **more: object
) -> None:
    start = dashboard.simulated.clock() - hours_ago * HOUR
    given = {"service_id": "v-1", "environment_id": "e-1", "name": "Database", "version": 1, "up": start + 5}
    ServiceSpell.objects.create(
        start=start, end=start + seconds if outcome else None, outcome=outcome, **(given | more)
    )


def card(dashboard: Dashboard, key: str = "v-1") -> str:
    return part(dashboard, f"/services/{key}/", "spells")


def test_a_service_of_which_nothing_is_recorded_says_so_and_the_platforms_own_say_nothing(
    served: Dashboard,
) -> None:
    assert "No run of it is recorded yet." in card(served)
    served.put(Service("v-2", "e-1", "Editor", "ed", role="editor", phase="running"))
    assert 'id="spells"' not in text(served.get("/services/v-2/"))


def test_the_page_tells_how_often_it_failed_and_how_long_it_usually_runs(served: Dashboard) -> None:
    for number in range(5):
        spell(served, 40 - number, "stopped", 30 * MINUTE)
    spell(served, 10, "failed", 3 * MINUTE)
    spell(served, 9, "unseen", 3 * MINUTE)
    spell(served, 8, "failed", 2, up=None)
    spell(served, 1)
    page = card(served)
    assert page.count("<rect") == 9
    assert page.count('class="tone-bad"') == 2
    assert '<dd class="num">2 of the last 7' in page
    assert '<dd class="num">30 min</dd>' in page
    assert ", after 2.0 s, never up" in page
    assert page.index("after 3 min") < page.index('class="tone-good" title="Running, began '), (
        "the oldest is first"
    )
    assert "while nobody looked" in page
    assert "recording since" not in page
    assert "Usually up after" not in page, "five seconds are no more than the time between two polls"
    assert "flaky" not in page


def test_of_a_young_record_the_page_says_since_when_and_what_it_cannot_know(served: Dashboard) -> None:
    spell(served, 30, "failed", 0, up=None, cut=True)
    spell(served, 20, "failed", HOUR, cut=True)
    spell(served, 10, "failed", 0, up=None)
    spell(served, 1, cut=True)
    page = card(served)
    assert "since before" in page
    assert "recording since" in page
    for words in (", or before<", ", after 1 h or more<", ", at once<", "Running, began before "):
        assert words in page
    assert "Usually runs for" not in page


def test_one_that_fails_and_comes_back_unchanged_is_flaky_until_it_is_edited(served: Dashboard) -> None:
    for number in range(2):
        spell(served, 9 - 2 * number, "failed", MINUTE)
        spell(served, 8 - 2 * number, "stopped", MINUTE)
    assert "Failed and then came up and stayed up 2 times" in card(served)
    given = {"kind": "service", "target_id": "v-1", "target_name": "Database", "verb": "service.edit"}
    now = timezone.now()
    Action.objects.create(**given, created=now, not_before=now, state="confirmed")
    assert "flaky" not in card(served)


def test_a_start_that_takes_minutes_is_told(served: Dashboard) -> None:
    for number in range(5):
        start = served.simulated.clock() - (9 - number) * HOUR
        spell(served, 9 - number, "stopped", HOUR, up=start + 2 * MINUTE)
    page = card(served)
    assert "Usually up after" in page
    assert '<dd class="num">2 min</dd>' in page
    assert "none of the last 5" in page


def test_a_poll_is_empty_until_a_run_ends_and_costs_one_question(
    served: Dashboard,
    django_assert_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    page = served.get("/services/v-1/")
    with django_assert_num_queries(4):  # session, person, actions, and the spells
        assert served.poll(page).status_code == 204
    spell(served, 1)
    page = served.get("/services/v-1/")
    assert served.poll(page).status_code == 204
    ServiceSpell.objects.update(end=served.simulated.clock(), outcome="failed")
    assert "1 of the last 1" in text(served.poll(page))


def test_what_happened_in_an_environment_tells_of_services_that_failed(served: Dashboard) -> None:
    history.forget()
    history.record(served.simulated.store, served.simulated.clock())
    page = served.get("/environments/e-1/")
    spell(served, 30, "failed", 3 * MINUTE, name=HOSTILE)
    spell(served, 29, "stopped", 3 * MINUTE)
    spell(served, 9 * 24, "failed", 4 * MINUTE)
    told = text(served.poll(page)).partition("What happened")[2]
    assert told.count('Service <a href="/services/v-1/">') == 1
    assert ", after 3 min</span>" in told
    assert "<img" not in told
    assert served.poll(served.get("/environments/e-1/")).status_code == 204


def test_rows_show_the_last_runs_and_ask_for_all_of_them_once_in_a_while(
    served: Dashboard,
    django_assert_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    served.put(Service("v-2", "e-1", "Proxy", "proxy", phase="failed"))
    for hours in range(20, 0, -1):
        spell(served, hours, "failed" if hours == 4 else "stopped", 60)
    spell(served, 0.5, "")
    spell(served, 3, "stopped", 60, service_id="v-2")
    page = served.get("/services/")
    assert text(page).count('aria-label="The last 8 runs: 1 failed"') == 1
    assert text(page).count("run-strip") == 1, "of the other there is one run, which says nothing"
    ServiceSpell.objects.all().delete()
    served.put(Environment("e-2", "owl", "running", status_version=1))  # the rows are looked at again
    with django_assert_num_queries(2):  # session and person
        assert served.poll(page).status_code == 204
    assert "run-strip" in text(served.get("/environments/e-1/"))
    spell_strips.forget()
    assert "run-strip" not in text(served.get("/environments/e-1/"))


def test_an_outcome_of_a_newer_version_is_an_end_and_bars_are_drawn_for_germans_too(
    served: Dashboard,
) -> None:
    spell(served, 3, "failed", 33.3, name=HOSTILE)
    spell(served, 2, "later", 33.3)
    page = text(served.get("/services/v-1/", **GERMAN))
    assert "<rect" in page
    assert not FRACTION.findall(page)

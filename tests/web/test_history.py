"""The past of an environment on its page, and the fleet's hours on the overview."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dashboard.control.models import (
    ClassPrice,
    EnvironmentDay,
    RecordedEnvironment,
    Recording,
    Stretch,
    User,
)
from dashboard.control.record import cost, history
from dashboard.fleet.entities import Environment
from dashboard.web.past import at_or_after
from tests.web.conftest import Dashboard, text
from tests.web.states import FRACTION, GERMAN

H = 3600.0


@pytest.fixture
def recorded(dashboard: Dashboard) -> Dashboard:
    """The record began two days ago; the running environment ran for ten hours yesterday, four of them idle."""
    cost._lines.cache_clear()
    now = dashboard.simulated.clock()
    history.record(dashboard.simulated.store, now)
    Recording.objects.update(since=now - 48 * H, counted=now)
    row = target(dashboard)
    RecordedEnvironment.objects.filter(id=row.id).update(first_seen=now - 48 * H, phase_since=now - H)
    stretch(row.id, "phase", "stopped", now - 40 * H, now - H)
    stretch(row.id, "signal", "SSH <b>", now - 41 * H, now - 40 * H)
    stretch(row.id, "run", "Build", now - 44 * H, now - 43 * H, subject="x-1")
    stretch("", "gap", "", now - 30 * H, now - 20 * H)
    EnvironmentDay.objects.create(
        day=timezone.localdate() - timedelta(days=1),
        environment_id=row.id,
        class_id=row.class_id,
        project_id=row.project_id,
        creator_id=row.creator_id,
        running=10 * H,
        idle=4 * H,
    )
    return dashboard


def stretch(key: str, what: str, word: str, start: float, end: float, *, subject: str = "") -> None:
    Stretch.objects.create(environment_id=key, what=what, word=word, start=start, end=end, subject=subject)


def target(dashboard: Dashboard) -> Environment:
    return dashboard.running()


def page_of(dashboard: Dashboard) -> str:
    return text(dashboard.get(f"/environments/{target(dashboard).id}/"))


def priced(dashboard: Dashboard) -> None:
    ClassPrice.objects.create(
        class_id=target(dashboard).class_id,
        price=Decimal("0.5"),
        valid_from=timezone.localdate() - timedelta(days=9),
        set_at=timezone.now(),
        set_by=User.objects.get(username="admin"),
        set_by_name="admin",
    )


def test_an_environment_of_which_nothing_is_recorded_says_so(dashboard: Dashboard) -> None:
    assert "Nothing is recorded of it yet" in page_of(dashboard)
    assert "The record begins with the first complete poll" in text(dashboard.get("/"))


def test_the_page_tells_phases_signals_executions_and_gaps(recorded: Dashboard) -> None:
    page = page_of(recorded)
    past = page[page.index("What happened") :]
    for words in (
        "Running</span> since",
        "Stopped</span> for",
        "SSH &lt;b&gt;",
        "/executions/x-1/",
        "Nobody looked",
    ):
        assert words in past
    assert past.index("since") < past.index("Stopped</span>")  # newest first


def test_the_strip_has_its_content_in_words(recorded: Dashboard) -> None:
    page = page_of(recorded).partition('id="history"')[2]
    label = page.partition('role="img" aria-label="')[2].partition('"')[0]
    assert label.startswith("The last 7 d: stopped 1 d 15 h, running ")
    assert "signals from " in label
    assert "SSH &lt;b&gt;" in label
    german = text(recorded.get(f"/environments/{target(recorded).id}/", **GERMAN))
    assert '<rect class="tone-' in german
    assert not FRACTION.findall(german)


def test_hours_of_each_day_are_money_once_there_is_a_price(recorded: Dashboard) -> None:
    page = page_of(recorded)
    assert "10.0 h running, 4.0 h of them idle" in page
    assert "EUR" not in page
    assert ">10.0 h running</a>" in page
    priced(recorded)
    page = page_of(recorded)
    assert '<a href="#history">≈ 5.00 EUR</a>' in page
    assert '<span class="tag">estimate</span>' in page


def test_a_poll_of_the_page_is_empty_until_something_happens(recorded: Dashboard) -> None:
    page = recorded.get(f"/environments/{target(recorded).id}/")
    assert recorded.poll(page).status_code == 204
    Recording.objects.update(until=recorded.simulated.clock() + 1)  # a look that found nothing new
    RecordedEnvironment.objects.filter(id=target(recorded).id).update(phase="stopping")
    assert "Stopping" in text(recorded.poll(page))


def test_the_overview_sums_up_and_names_who_and_what_is_most_idle(recorded: Dashboard) -> None:
    page, row = text(recorded.get("/")), target(recorded)
    hours = page[page.index('id="hours"') :]
    assert "10.0 h" in hours
    assert "Most idle in 7 days" in hours
    assert recorded.fleet.person(row.creator_id) in hours
    assert "EUR" not in hours
    assert '/costs/?by=person&amp;range=7d"' in hours
    priced(recorded)
    assert "≈ 2.00 EUR" in text(recorded.get("/"))


def test_a_quiet_poll_of_the_overview_sums_up_nothing(
    recorded: Dashboard, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    page = recorded.get("/")
    with django_assert_max_num_queries(
        12
    ):  # session, person, record, prices, actions, phases, what is stuck, wishes
        assert recorded.poll(page).status_code == 204


def test_a_signal_that_is_rounded_to_before_the_environment_came_with_it(recorded: Dashboard) -> None:
    now = recorded.simulated.clock()
    assert at_or_after(now - 200, now) == now
    assert at_or_after(now - 400, now) == now - 400, "that is no rounding"
    assert (at_or_after(now, now - 200), at_or_after(now, None)) == (now, now)

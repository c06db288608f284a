"""`make fortnight`, shortened: one day of a small fleet under an armed policy, judged by the simulator's own ledger."""

import pytest

from dashboard.celery import app, broker_url
from dashboard.simulator import World, create_app, serve
from scripts.fortnight.checks import judged
from scripts.fortnight.clock import START, Clock
from scripts.fortnight.drive import fortnight
from tests.jobs.conftest import forget, reconnect
from tests.web.conftest import static_files

assert static_files  # the fixture


@pytest.fixture
def lives(valkey, valkey_url, settings, tmp_path):
    """Forty environments, their people, and the jobs of a process that watches them."""
    clock = Clock(START)
    world = World(environments=40, seed=7, now=clock, life=False)
    with serve(create_app(world)) as url:
        settings.REDIS_URL, settings.ONA_BASE_URL, settings.POLL_HOT_SECONDS = valkey_url, url, 900.0
        settings.ONA_API_KEY = settings.ONA_ACTION_API_KEY = "key"
        settings.ONA_REQUESTS_PER_SECOND = 100_000.0
        settings.ONA_SIMULATED, settings.VAR_DIR, settings.PUBLIC_URL = (
            True,
            tmp_path,
            "https://ona.example.com",
        )
        forget()
        before = app.conf.broker_url
        reconnect(broker_url(valkey_url))
        with fortnight(clock, world, days=1, step=900.0, seed=7) as one:
            yield one
        forget()
        reconnect(before)


@pytest.mark.django_db
def test_a_day_under_an_armed_policy_stops_what_is_idle_and_nothing_else_and_says_why(lives):
    lives.prepare()
    assert list(lives.days_lived()) == [1]
    lives.finish()
    checks = judged(lives)
    assert [str(check) for check in checks if not check.passed] == []
    assert checks[0].cases >= 5

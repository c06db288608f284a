"""The jobs, called as a worker calls them, over a real Valkey and the simulator's wire."""

import pytest

from dashboard import jobs
from dashboard.celery import app, broker_url

FACTORIES = (
    jobs.parts._namespace,
    jobs.parts.store,
    jobs.parts.snapshot,
    jobs.parts.reading,
    jobs.parts.acting,
    jobs.parts.budget,
)


def forget() -> None:
    for factory in FACTORIES:
        factory.cache_clear()


@pytest.fixture
def api(simulated, settings, valkey_url):
    """The jobs of a process whose settings point at the simulator and the test's Valkey, also as the broker."""
    settings.REDIS_URL, settings.ONA_BASE_URL = valkey_url, simulated.base_url
    settings.ONA_API_KEY, settings.ONA_ACTION_API_KEY = "readonly-key", "acting-key"
    settings.ONA_REQUESTS_PER_SECOND = 100_000.0
    forget()
    before = app.conf.broker_url
    reconnect(broker_url(valkey_url))
    yield simulated
    jobs.parts.reading().close()
    jobs.parts.acting().close()
    forget()
    reconnect(before)


def reconnect(url: str) -> None:
    """Forget the broker's connections; the next message goes to `url`."""
    app.conf.broker_url = url
    app._after_fork()


@pytest.fixture
def no_broker(api):
    reconnect("redis://127.0.0.1:1/0")


def phases(kind):
    return {row.id: row.phase for _, row in jobs.parts.store().rows(kind)}

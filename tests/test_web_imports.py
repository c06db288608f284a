import json
import os
import subprocess
import sys

import pytest

FOR_WORKERS_ALONE = (
    "celery.beat",
    "celery.worker.consumer",
    "cryptography.hazmat",
    "dashboard.fleet.intake",
    "dashboard.fleet.sync",
    "dashboard.fleet.tail",
    "dashboard.fleet.watch",
    "dashboard.ona.client",
    "dashboard.ona.schema",
    "dashboard.simulator",
    "dashboard.stack",
    "httpx",
    "joserfc",
    "ninja",
    "prometheus_client",
    "pygal",
    "sentry_sdk",
)
"""Each costs every web process megabytes: models of the API, its client, the worker's half of Celery; plots,
metrics and what answers scripts come with the first request for them.
"""
LOADED = """
import json, sys
from dashboard.wsgi import application
from django.urls import get_resolver
assert get_resolver().url_patterns
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    environ = os.environ | {"REDIS_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": "x" * 50, "SSO_MODE": "local"}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADED],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(ran.stdout))


def test_a_web_process_loads_the_pages_and_what_hands_jobs_over(loaded: set[str]) -> None:
    assert {"dashboard.web.pages.environments", "dashboard.jobs", "dashboard.fleet.snapshot"} <= loaded


@pytest.mark.parametrize("module", FOR_WORKERS_ALONE)
def test_a_web_process_does_not_load(module: str, loaded: set[str]) -> None:
    assert not {name for name in loaded if name == module or name.startswith(f"{module}.")}


def test_a_sweep_needs_no_settings():
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run([sys.executable, "-c", "import dashboard.fleet.sync"], env=environ, check=True)

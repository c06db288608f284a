"""Redis is gone: pages say so at once, and what people ask for is still written down."""

import time
from pathlib import Path

import pytest
from django.test import Client

from dashboard import jobs
from dashboard.control.models import Action
from dashboard.fleet.store import connect
from tests.unruly import Meddler, passed, refusing
from tests.web.conftest import HTMX, Dashboard, publishing_to, text, trigger
from tests.web.test_lists import LISTS
from tests.web.test_polls import swapped


def test_pages_say_what_is_wrong(no_redis: None, clients: dict[str, Client]) -> None:
    for path in ("/", *(f"/{section}/" for section in LISTS), "/activity/", "/system/"):
        started = time.monotonic()
        page = clients["viewer"].get(path)
        assert time.monotonic() - started < 5
        assert page.status_code == 200
        assert "Redis does not answer" in text(page)
    assert "Nothing has been read yet." in text(clients["viewer"].get("/environments/"))


def test_a_page_of_one_is_not_found_and_does_not_hang(no_redis: None, clients: dict[str, Client]) -> None:
    started = time.monotonic()
    assert clients["admin"].get("/environments/some/").status_code == 404
    assert time.monotonic() - started < 5


def test_a_poll_tells_it(no_redis: None, clients: dict[str, Client]) -> None:
    answer = clients["viewer"].get("/environments/?seen=x", headers=HTMX)
    assert trigger(answer)["fleet:freshness"]["state"] == "failed"


def test_readyz_says_no_and_healthz_yes(no_redis: None, clients: dict[str, Client]) -> None:
    ready = clients["anonymous"].get("/readyz")
    assert ready.status_code == 503
    assert "redis" in ready.json()["troubles"]
    assert clients["anonymous"].get("/healthz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_what_the_process_knew_stays_and_a_stop_is_written_down(
    dashboard: Dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = dashboard.running()
    jobs.parts.snapshot().now()

    def gone(*_: object, **__: object) -> None:
        raise ConnectionError

    store = dashboard.simulated.store
    monkeypatch.setattr(
        store._redis, "connection_pool", connect(f"unix://{tmp_path}/none.sock").connection_pool
    )
    with publishing_to(f"unix://{tmp_path}/none.sock"):
        started = time.monotonic()
        page = dashboard.get(f"/environments/{row.id}/")
        assert page.status_code == 200
        assert "Redis does not answer" in text(page)
        assert dashboard.post(f"/environments/{row.id}/stop/", reason="anyway").status_code == 302
        assert time.monotonic() - started < 5
    assert [(one.state, one.reason) for one in Action.objects.all()] == [("queued", "anyway")]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (
            refusing(403, "permission_denied", "not yours"),
            "Ona does not show it to this dashboard&#x27;s key",
        ),
        (refusing(500, "internal", "no database"), "Something broke inside Ona"),
    ],
)
def test_details_that_cannot_be_read_say_why_until_they_can(
    dashboard: Dashboard, trouble: Meddler, words: str
) -> None:
    row = next(iter(dashboard.fleet.services.values()))
    path, wire = f"/services/{row.id}/", dashboard.simulated.wire
    first = dashboard.get(path)
    assert "The details are being read" in text(first)
    wire.on("GetService", trouble)
    jobs.refresh("service", row.id)
    shown = text(dashboard.get(path))
    assert "The details cannot be read" in shown
    assert words in shown
    assert "commands" in swapped(dashboard.poll(first))
    wire.on("GetService", passed)
    jobs.refresh("service", row.id)
    assert "cannot be read" not in text(dashboard.get(path))


@pytest.mark.parametrize("section", ["environments", "services", "tasks", "executions"])
def test_what_is_not_there_leads_to_its_list(dashboard: Dashboard, section: str) -> None:
    page = dashboard.get(f"/{section}/nothing/")
    assert page.status_code == 404
    called = "task executions" if section == "executions" else section
    assert f'href="/{section}/">All {called}</a>' in text(page)

"""System: how the sweeps went; and how fresh the data are, on every page."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard import jobs
from dashboard.control.models import AuditEntry, Delivery
from dashboard.fleet.claims import Claims
from dashboard.fleet.meters import Queue
from dashboard.fleet.store import Sweep
from dashboard.web import health
from tests.web.conftest import Dashboard, text
from tests.web.test_polls import swapped


def record(dashboard: Dashboard, name: str, ago: float, error: str = "", **counts: int) -> None:
    started = dashboard.simulated.clock() - ago
    dashboard.simulated.store.record(Sweep(name, started, 0.5, error, **counts))


def test_a_failed_sweep_is_shown_with_its_reason_and_the_last_good_one(dashboard: Dashboard) -> None:
    page = dashboard.get("/system/")
    record(dashboard, "hot", 3600, requests=7)
    record(dashboard, "hot", 0, "The API refused the key <b>", skipped=1_234, twice=3)
    answer = dashboard.poll(page)
    assert swapped(answer) == ["health", "sweeps", "poll"]
    shown = text(dashboard.get("/system/"))
    assert "The API refused the key &lt;b&gt;" in shown
    assert "1,234 items" in shown
    assert "3 pages" in shown
    assert "Last good one" in shown
    assert "1 h ago" in shown


def state(dashboard: Dashboard, path: str = "/") -> str:
    found = re.search(r'id="freshness" data-state="(\w+)"', text(dashboard.get(path)))
    assert found
    return found[1]


@pytest.mark.parametrize("path", ["/", "/environments/", "/activity/", "/system/", "/environments/none/"])
def test_every_page_says_how_fresh_the_data_are(dashboard: Dashboard, path: str) -> None:
    assert state(dashboard, path) == "fresh"
    record(dashboard, "hot", -1, "No answer in 10 s")
    assert state(dashboard, path) == "failed"
    assert "No answer in 10 s" in text(dashboard.get(path))
    record(dashboard, "hot", -2)
    assert state(dashboard, path) == "fresh"


def test_old_data_are_called_so(dashboard: Dashboard) -> None:
    for name in ("hot", "full"):
        record(dashboard, name, 600)
    page = text(dashboard.get("/environments/"))
    assert 'data-state="stale"' in page
    assert "does the API answer slowly, or is no worker running?" in page


@pytest.fixture
def verdict(dashboard: Dashboard) -> Callable[[], str]:
    """What the first line of System says now, while jobs are handed over."""
    Claims(dashboard.simulated.store).take("full", 60)

    def first() -> str:
        health.forget()
        found = re.search(r'id="health".*?<h2>(.*?)</h2>', text(dashboard.get("/system/")), re.DOTALL)
        assert found
        return found[1]

    return first


def test_the_first_line_says_whether_it_is_ona_or_the_dashboard(
    dashboard: Dashboard, verdict: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = dashboard.simulated.store
    assert verdict() == "Ona answers, and the dashboard works."
    record(dashboard, "hot", -1, "No answer in 10 s")
    assert verdict() == "Ona is in trouble. The dashboard works, and shows what was last known."
    record(dashboard, "hot", 600)
    assert verdict() == "The dashboard works, but what it shows is older than it should be."
    record(dashboard, "hot", 0)
    in_trouble = "The dashboard is in trouble: what it shows grows old, and actions wait."
    waited = Queue(3, time.time() - 90)
    with monkeypatch.context() as patched:
        patched.setattr(jobs.meters, "queues", lambda: {"hot": Queue(0, None), "actions": waited})
        assert verdict() == in_trouble
        assert "The oldest has waited for 1 min 30 s. Is a worker running?" in text(dashboard.get("/system/"))
    store._redis.delete(store._key("beat", "full"))
    assert verdict() == in_trouble
    assert "Is beat running?" in text(dashboard.get("/system/"))


def test_messages_in_trouble_are_no_trouble_of_the_dashboard(
    dashboard: Dashboard, verdict: Callable[[], str]
) -> None:
    now = timezone.now()
    Delivery.objects.create(
        occasion="x", topic="after", recipient="x", subject="x", body="x", state="gave-up", created=now, not_before=now
    )  # fmt: skip
    assert verdict() == "Ona and the dashboard work, but some messages do not arrive."
    assert "1 of the last day has not arrived: see below." in text(dashboard.get("/system/"))


def test_readyz_says_yes(dashboard: Dashboard) -> None:
    assert dashboard.get("/readyz", "anonymous").json() == {"ready": True, "troubles": {}}


def test_messages_in_trouble_come_first(dashboard: Dashboard) -> None:
    now = timezone.now()
    for number, state in enumerate(("sent", "gave-up", "failed", "queued")):
        Delivery.objects.create(
            occasion=state, topic="after", recipient="nobody", subject=f"about {state}", body="x", state=state,
            why="it answered 503" if state == "failed" else "", created=now + timedelta(seconds=number), not_before=now,
        )  # fmt: skip
    page = text(dashboard.get("/system/"))
    shown = re.findall(r"<bdi>about ([a-z-]+)</bdi>", page)
    assert shown == ["failed", "gave-up", "queued", "sent"]
    assert "it answered 503; next try" in page


def test_an_admin_tries_a_message_again_that_was_given_up_and_a_second_click_does_nothing(
    dashboard: Dashboard,
) -> None:
    now = timezone.now()
    common = {"topic": "report", "body": "x", "state": "gave-up", "created": now, "not_before": now}
    one = Delivery.objects.create(
        **common, occasion="one", recipient="mail:a@b.example", address="a@b.example", subject="<i>Hello</i>"
    )
    Delivery.objects.create(**common, occasion="two", recipient="nobody", subject="To nobody")
    path = f"/system/messages/{one.pk}/again/"
    page = text(dashboard.get("/system/"))
    assert page.count("/again/") == 1
    assert "&lt;i&gt;Hello" in page
    assert path not in text(dashboard.get("/system/", "operator"))
    assert dashboard.post(path, "operator").status_code == 403
    for words in ("The message is tried again.", "It is on its way already"):
        answer = dashboard.post(path)
        assert (answer.status_code, answer["Location"]) == (302, "/system/#messages")
        assert words in text(dashboard.get("/system/"))
    one.refresh_from_db()
    assert (one.state, one.attempts) == ("queued", 0)
    assert AuditEntry.objects.filter(act="message-again").count() == 1

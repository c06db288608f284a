"""`/metrics`: what Prometheus reads, who may read it, and what is missing when a part does not answer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from dashboard import jobs
from dashboard.control.models import Action, Batch, IdlePolicy, PolicyState, State
from dashboard.fleet.budget import Budget, Lead
from dashboard.fleet.entities import Kind
from dashboard.fleet.store import Sweep, WatchState
from dashboard.web.latency import BOUNDS, Latencies, latencies
from dashboard.web.watching.table import METRICS, PREFIX
from scripts.references import pages
from tests.unruly import refusing
from tests.web.conftest import Dashboard, text

TOKEN = "a-token-of-a-scraper"
Values = dict[tuple[str, str], float]


def scraped(client: Client, **headers: str) -> Values:
    """(name, values of the labels) → value."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    found: Values = {}
    for family in text_string_to_metric_families(text(answer)):
        for sample in family.samples:
            key = (sample.name.removeprefix(PREFIX), ",".join(sample.labels.values()))
            assert key not in found
            found[key] = sample.value
    return found


def an_action(state: State, ago: float, *, took: float | None = None, batch: Batch | None = None) -> None:
    created = timezone.now() - timedelta(seconds=ago)
    ended = None if took is None else created + timedelta(seconds=took)
    Action.objects.create(
        verb="environment.stop",
        kind="environment",
        target_id=f"e-{Action.objects.count()}",
        state=state,
        created=created,
        not_before=created,
        ended=ended,
        batch=batch,
    )


def test_it_says_how_everything_goes(dashboard: Dashboard, settings: LazySettings) -> None:
    store, now = dashboard.simulated.store, dashboard.simulated.clock()
    store.record(Sweep("hot", now - 10, 2.0, requests=7, changed=3, skipped=1, ahead=1.5))
    store.record(Sweep("hot", now - 5, 0.5, "no answer", requests=1, twice=4))
    store.keep_watch_state(WatchState("listening", now))
    policy = IdlePolicy.objects.create(name="p", idle=1.0, created=timezone.now(), changed=timezone.now())
    batch = Batch.objects.create(verb="environment.stop", created=timezone.now(), policy=policy)
    an_action(State.QUEUED, 100)
    an_action(State.CONFIRMED, 60, took=2)
    an_action(State.CONFIRMED, 50, took=8, batch=batch)
    an_action(State.FAILED, 40, took=1)
    an_action(State.CONFIRMED, 7200, took=900)  # too long ago
    seen = scraped(dashboard.clients["anonymous"])
    expected = {
        ("up", "redis"): 1,
        ("up", "database"): 1,
        ("sweep_success_timestamp_seconds", "hot"): pytest.approx(now - 8),
        ("sweep_interval_seconds", "full"): settings.POLL_FULL_SECONDS,
        ("sweep_seconds", "hot"): 0.5,
        ("sweep_requests", "hot"): 1,
        ("sweep_pages_read_twice", "hot"): 4,
        ("sweep_failed", "hot"): 1,
        ("sweep_failed", "full"): 0,
        ("events_listening", ""): 1,
        ("actions_open", "queued"): 1,
        ("actions_open", "sending"): 0,
        ("actions_oldest_seconds", "queued"): pytest.approx(100, abs=20),
        ("actions_ended", "confirmed"): 2,
        ("actions_ended", "failed"): 1,
        ("action_confirm_seconds", "1"): 8,
        ("policy_stops", "confirmed"): 1,
        ("policies", PolicyState.DRY.value): 1,
        ("rows", "environment"): len(dashboard.fleet.environments),
        ("snapshot_current", ""): 1,
    }
    assert {key: seen[key] for key in expected} == expected


def test_every_metric_of_the_table_is_there_and_no_other(dashboard: Dashboard, clock: Any) -> None:
    store, name = dashboard.simulated.store, "test"
    dashboard.get("/")
    budget = Budget(store._redis, name, 50.0, Lead.AT_ONCE)
    budget.wait()
    budget.failed("NoAnswer")
    store.record(Sweep("hot", clock(), 1.0, ahead=0.0))
    an_action(State.QUEUED, 1)
    an_action(State.CONFIRMED, 1, took=1)
    seen = {name for name, _ in scraped(dashboard.clients["anonymous"]) if not name.startswith("process_")}
    assert seen == {series.removeprefix(PREFIX) for metric in METRICS for series in metric.series}


def test_it_counts_requests_refusals_and_errors_of_all_workers(
    dashboard: Dashboard, settings: LazySettings
) -> None:
    settings.ONA_REQUESTS_PER_SECOND = 1000.0
    store = dashboard.simulated.store
    one = Budget(store._redis, "test", 1000.0, Lead.AT_ONCE)
    for _ in range(3):
        one.wait()
    one.slow_down(0.0)
    dashboard.simulated.ona._transport.wire.pace = one
    dashboard.simulated.wire.on("GetEnvironment", refusing(500, "internal"))
    with pytest.raises(Exception, match="internal"):
        dashboard.simulated.ona.environments.get(dashboard.running().id)
    seen = scraped(dashboard.clients["anonymous"])
    assert seen["api_requests_total", ""] == 3 + seen["api_errors_total", "ServerError"]
    assert seen["api_errors_total", "ServerError"] == 3  # each try is one
    assert seen["api_rate_limited_total", ""] == 1
    assert seen["api_requests_per_second", ""] == pytest.approx(500)


def test_it_tells_how_long_jobs_wait(dashboard: Dashboard) -> None:
    before = scraped(dashboard.clients["anonymous"])
    assert before["queue_oldest_seconds", "hot"] == 0
    jobs.refresh.delay("environment", "some")
    jobs.refresh.delay("environment", "other")
    seen = scraped(dashboard.clients["anonymous"])
    assert seen["queue_jobs", "hot"] == 2
    assert 0 <= seen["queue_oldest_seconds", "hot"] < 60


def test_without_redis_the_rest_is_told(no_redis: None, clients: dict[str, Client]) -> None:
    seen = scraped(clients["anonymous"])
    assert (seen["up", "redis"], seen["up", "database"], seen["snapshot_current", ""]) == (0, 1, 0)
    assert ("actions_open", "queued") in seen
    assert not any(name.startswith(("sweep_", "queue_", "api_")) for name, _ in seen)


def test_without_a_database_the_rest_is_told(dashboard: Dashboard) -> None:
    def gone(*_: object) -> None:
        raise OperationalError

    with connection.execute_wrapper(gone):
        seen = scraped(dashboard.clients["anonymous"])
    assert (seen["up", "redis"], seen["up", "database"]) == (1, 0)
    assert ("sweep_failed", "full") in seen
    assert not any(name.startswith(("action", "polic")) for name, _ in seen)


Asked = Callable[[Client], Any]


@pytest.mark.parametrize(
    ("token", "asked", "status"),
    [
        ("", {}, 200),
        ("", {"REMOTE_ADDR": "::1"}, 200),
        ("", {"REMOTE_ADDR": "::ffff:127.0.0.1"}, 200),
        ("", {"REMOTE_ADDR": "10.0.0.7"}, 403),
        ("", {"REMOTE_ADDR": ""}, 403),  # a unix socket, behind which anybody may be
        ("", {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 403),
        ("", {"HTTP_FORWARDED": "for=127.0.0.1"}, 403),
        ("", {"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer "}, 403),
        (TOKEN, {"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 200),
        (TOKEN, {"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": f"bearer  {TOKEN} "}, 200),
        (TOKEN, {}, 401),
        (TOKEN, {"HTTP_AUTHORIZATION": f"Basic {TOKEN}"}, 401),
        (TOKEN, {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}é"}, 401),
        (TOKEN, {"HTTP_AUTHORIZATION": "Bearer"}, 401),
    ],
)
def test_only_whoever_may_reads_it(
    dashboard: Dashboard, settings: LazySettings, token: str, asked: dict[str, str], status: int
) -> None:
    settings.METRICS_TOKEN = token
    answer = dashboard.clients["admin"].get("/metrics", **asked)
    assert answer.status_code == status
    assert (status == 200) is (b"ona_dashboard_up" in answer.content)


def test_nobodys_name_and_no_word_of_the_api_is_a_label(dashboard: Dashboard) -> None:
    row = dashboard.running()
    dashboard.put(replace(row, phase='odd"} 1\nevil{x="'))
    dashboard.get(f"/environments/{row.id}/")
    dashboard.get("/no/such/page")
    body = text(dashboard.get("/metrics", "anonymous"))
    assert "odd" not in body
    assert "evil" not in body
    for name in (row.id, row.name, "admin", "operator@"):
        assert name not in body
    seen = scraped(dashboard.clients["anonymous"])
    assert seen["environments", "other"] == 1
    assert seen["http_request_seconds_count", "page,unknown,4xx"] >= 1
    assert seen["http_request_seconds_count", "page,environments-detail,2xx"] >= 1


def test_the_work_does_not_grow_with_the_ledger(dashboard: Dashboard, django_assert_num_queries: Any) -> None:
    for _ in range(30):
        an_action(State.CONFIRMED, 1, took=1)
    with django_assert_num_queries(5):
        scraped(dashboard.clients["anonymous"])


def test_openmetrics_is_spoken_to_whoever_asks_for_it(dashboard: Dashboard) -> None:
    answer = dashboard.get("/metrics", "anonymous", Accept="application/openmetrics-text;version=1.0.0")
    assert answer["Content-Type"].startswith("application/openmetrics-text")
    assert text(answer).endswith("# EOF\n")


@pytest.mark.parametrize(
    ("seconds", "first_bound"), [(0.0, 0.001), (0.001, 0.001), (0.0011, 0.0025), (10.0, 10.0), (99.0, None)]
)
def test_an_answer_is_counted_in_the_first_bound_it_fits_and_all_above(
    seconds: float, first_bound: float | None
) -> None:
    one = Latencies()
    one.add(("a", "page", "2xx"), seconds)
    [(label, counts, total)] = one.read()
    assert (label, total, counts[-1]) == (("a", "page", "2xx"), seconds, 1)
    assert [bound for bound, count in zip(BOUNDS, counts, strict=False) if count] == [
        bound for bound in BOUNDS if first_bound is not None and bound >= first_bound
    ]


def test_what_the_page_answers_is_timed_by_the_name_of_its_address(dashboard: Dashboard) -> None:
    before = {label: counts[-1] for label, counts, _ in latencies.read()}
    dashboard.poll(dashboard.get("/environments/"))
    after = {label: counts[-1] for label, counts, _ in latencies.read()}
    for label in (("environments-list", "page", "2xx"), ("environments-list", "fragment", "2xx")):
        assert after[label] == before.get(label, 0) + 1


def test_the_tables_of_the_documentation_are_current() -> None:
    for path, wanted in pages().items():
        assert path.read_text(encoding="utf-8") == wanted, "run: python -m scripts.references"


def test_kinds_are_all_counted(dashboard: Dashboard) -> None:
    seen = scraped(dashboard.clients["anonymous"])
    assert {labels for name, labels in seen if name == "rows"} == {kind.value for kind in Kind}

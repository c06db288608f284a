"""One id from a click to the call; log lines, traces and reports without a secret."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from celery.contrib.testing.worker import start_worker
from django.conf import LazySettings
from django.test import Client

from dashboard import jobs, tracing, trail
from dashboard.celery import app
from dashboard.config.base import ConfigurationError
from dashboard.control.models import Action
from dashboard.log_lines import Cutter, Json, Text, password_of
from tests.conftest import until
from tests.web.conftest import Dashboard, broker, clients, dashboard, static_files, users  # noqa: F401
from tests.web.conftest import clock as present  # noqa: F401

ROOT = Path(__file__).parent.parent
KEY = "ona_pat_0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"the key {KEY} is wrong",
        f"Authorization: Bearer {KEY}x",
        "redis://user:hunter2hunter2@cache/0 does not answer",
        "https://person:hunter2hunter2@git.example/repo.git",
        "{'api_key': 'hunter2hunter2'}",
        "PASSWORD=hunter2hunter2 psql",
        "Cookie: ona_session=hunter2hunter2; ona_csrf=hunter2hunter2",
        "token: hunter2hunter2",
        f"a%2Fb {KEY} {KEY}",
    ],
)
def test_a_secret_is_cut_out_of_a_line(text: str) -> None:
    cut = Cutter([KEY, "short"])(text)
    assert KEY not in cut
    assert "hunter2" not in cut


@pytest.mark.parametrize(
    "text",
    [
        "full sweep failed after 2.0 s: ListTasks: the database is down (internal)",
        "https://app.gitpod.io/api does not answer",
        "a short secret of five: short",
        "the token expired",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Cutter([KEY, "short"])(text) == text


@pytest.mark.parametrize(
    ("url", "password"), [("redis://:pw@h/0", "pw"), ("unix:///a/b.sock", ""), ("redis://[broken", "")]
)
def test_the_password_of_an_address(url: str, password: str) -> None:
    assert password_of(url) == password


def a_record() -> logging.LogRecord:
    try:
        raise ValueError(f"refused: {KEY}")
    except ValueError:
        exc_info = sys.exc_info()
    return logging.LogRecord("dashboard.x", logging.ERROR, __file__, 1, "with %s\nand more", (KEY,), exc_info)


def test_a_line_for_machines_is_one_object_with_the_id_and_the_error() -> None:
    with trail.following("0" * 32):
        text = Json([KEY]).format(a_record())
    line = json.loads(text)
    assert "\n" not in text
    assert KEY not in text
    assert line.pop("error").endswith("ValueError: refused: …")
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "error",
        "logger": "dashboard.x",
        "message": "with …\nand more",
        "process": os.getpid(),
        "trail": "0" * 32,
    }


def test_a_line_for_people_has_the_id_too() -> None:
    with trail.following("an-id-of-a-proxy"):
        text = Text([KEY]).format(a_record())
    assert "[an-id-of-a-proxy]" in text
    assert KEY not in text


@pytest.mark.django_db(transaction=True)
def test_a_click_a_message_an_action_and_its_call_have_one_id(
    dashboard: Dashboard,  # noqa: F811
    valkey: redis.Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = dashboard.post(f"/environments/{dashboard.running().id}/stop/")
    identifier = answer["X-Request-ID"]
    action = Action.objects.get()
    assert action.trail == identifier
    assert len(identifier) == 32
    message = json.loads(valkey.lrange("ona:celery:actions", 0, -1)[0])
    assert message["headers"][trail.HEADER] == identifier
    caplog.handler.setFormatter(Text())
    with caplog.at_level(logging.INFO):
        jobs.perform(str(action.id))
    assert f"action {action.id}: environment.stop is sent [{identifier}]" in caplog.text
    assert f"StopEnvironment answered 200 [{identifier}]" in caplog.text


@pytest.fixture
def noted() -> Iterator[list[str]]:
    """The ids of the runs of a job that does nothing else."""
    seen: list[str] = []

    @app.task(name="tests.note")
    def note() -> None:
        seen.append(trail.current())

    yield seen
    del app.tasks["tests.note"]


def test_a_worker_goes_on_under_the_id_of_the_message_and_lets_go_of_it(
    valkey: redis.Redis,
    broker: None,  # noqa: F811
    noted: list[str],
) -> None:
    note = app.tasks["tests.note"]
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        with trail.following("f" * 32):
            note.delay()
        note.delay()
        note.apply_async(headers={trail.HEADER: "not an id\n"})
        until(lambda: len(noted) == 3, 30)
    assert noted[0] == "f" * 32
    assert len(set(noted)) == 3
    assert all(trail.VALID.fullmatch(one) for one in noted)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "sent", "kept"),
    [
        ("", {"HTTP_X_REQUEST_ID": "from-the-outside"}, False),
        ("X-Request-ID", {"HTTP_X_REQUEST_ID": "of-the-proxy-0001"}, True),
        ("X-Request-ID", {"HTTP_X_REQUEST_ID": "short"}, False),
        ("X-Request-ID", {"HTTP_X_REQUEST_ID": "with a space and\nmore"}, False),
        ("X-Request-ID", {"HTTP_X_REQUEST_ID": "a" * 65}, False),
        ("X-Request-ID", {"HTTP_X_OTHER": "of-the-proxy-0001"}, False),
    ],
)
def test_an_id_is_taken_from_the_proxy_that_is_named_and_from_nobody_else(
    settings: LazySettings, header: str, sent: dict[str, str], kept: bool
) -> None:
    settings.REQUEST_ID_HEADER = header
    answer = Client().get("/healthz", **sent)
    assert trail.VALID.fullmatch(answer["X-Request-ID"])
    assert (answer["X-Request-ID"] in sent.values()) is kept


def python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", *arguments]
    environ = os.environ | variables
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.django_db
def test_the_page_of_an_error_shows_the_id_that_the_log_has(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def boom(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("dashboard.web.pages.system.moment", boom)
    caplog.handler.setFormatter(Text())
    answer = Client(raise_request_exception=False).get("/readyz")
    assert answer.status_code == 500
    assert f"<code>{answer['X-Request-ID']}</code>" in answer.content.decode()
    assert f"[{answer['X-Request-ID']}]" in caplog.text


WATCHED = """
import json, logging, sys
import django
django.setup()
from django.conf import settings
from django.test import Client
from dashboard import tracing
from dashboard.log_lines import Cutter
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.transport import Transport
from dashboard.web.pages import system

reports = []
class Kept(Transport):
    def capture_envelope(self, envelope):
        reports.extend(item.payload.json for item in envelope.items)

spans = InMemorySpanExporter()
tracing.trace_to("", SimpleSpanProcessor(spans))
tracing.report_to("https://public@sentry.example/1", Cutter(settings.SECRETS), "test", transport=Kept)

def boom(request):
    hidden = settings.ONA_API_KEY
    raise RuntimeError(f"key {hidden}, https://me:hunter2hunter2@git.example/x")

system.moment = boom
logging.getLogger("some").warning("a crumb with %s", settings.ONA_API_KEY)
client = Client(raise_request_exception=False, REMOTE_ADDR="10.1.2.3")
client.cookies["of_a_proxy"] = "hunter2hunter2"
headers = {"Authorization": "Bearer hunter2hunter2", "Host": "localhost"}
answer = client.get("/readyz?token=hunter2hunter2", headers=headers)
print(json.dumps({
    "status": answer.status_code,
    "id": answer["X-Request-ID"],
    "reports": reports,
    "spans": [json.loads(one.to_json()) for one in spans.get_finished_spans()],
}))
"""


def test_traces_and_reports_say_what_happened_and_no_secret(tmp_path: Path) -> None:
    ran = python(
        "-c", WATCHED, DJANGO_SETTINGS_MODULE="dashboard.settings", ONA_API_KEY=KEY, VAR_DIR=str(tmp_path)
    )
    assert ran.returncode == 0, ran.stderr
    assert KEY not in ran.stdout + ran.stderr
    assert "hunter2" not in ran.stdout + ran.stderr
    assert "10.1.2.3" not in ran.stdout
    told = json.loads(ran.stdout)
    [report] = [one for one in told["reports"] if "exception" in one]
    assert report["exception"]["values"][-1]["type"] == "RuntimeError"
    assert report["tags"]["trail"] == told["id"]
    [span] = told["spans"]
    assert span["context"]["trace_id"] == f"0x{told['id']}"
    assert span["attributes"] == {
        "http.request.method": "GET",
        "http.route": "readyz",
        "http.response.status_code": 500,
        "ona.trail": told["id"],
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LOG_FORMAT", "xml", "LOG_FORMAT='xml' is not known; set it to text or json."),
        ("METRICS_TOKEN", "short", "METRICS_TOKEN is too short; set it to 16 characters or more."),
    ],
)
def test_a_wrong_setting_stops_the_start_with_a_sentence(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    ran = python("manage.py", "check", **{"VAR_DIR": str(tmp_path), name: value})
    assert ran.returncode == 1
    assert ran.stderr.strip() == words


@pytest.mark.parametrize(
    ("missing", "call", "words"),
    [
        (
            "sentry_sdk",
            lambda: tracing.report_to("https://a@b/1", Cutter([]), ""),
            "install the extra sentry",
        ),
        ("opentelemetry.sdk", lambda: tracing.trace_to("http://collector:4318"), "install the extra otel"),
    ],
    ids=["sentry", "otel"],
)
def test_an_extra_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, missing: str, call: Callable[[], None], words: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not there
    with pytest.raises(ConfigurationError, match=words):
        call()

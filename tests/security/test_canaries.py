"""Canaries in every field of the API that can carry a secret; then polls, actions, logs, pages, files and errors; and a
search of everything that is kept, shown or told.
"""

import json
import traceback
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern

from dashboard import jobs
from dashboard.api_urls import urlpatterns
from dashboard.control.models import Action, State
from dashboard.fleet.entities import Kind
from dashboard.ona import errors
from dashboard.stack import parts
from dashboard.web.offers import SECTIONS
from tests.fleet.test_secrets import CANARY, CLONE, everything_in, planted, read_all  # noqa: F401
from tests.unruly import edited, refusing
from tests.web.conftest import Dashboard

KEY = "test-key"
"""With which the simulator is asked."""
SECTIONS_OF = {section: kind for kind, section in SECTIONS.items()}


def texts(answer: HttpResponse) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(answer.headers) + str(answer.cookies) + body.decode(errors="replace")


def pages(browser: Client, ids: dict[Kind, list[str]]) -> Iterator[str]:
    """Every address that can be asked for without knowing more than ids of the fleet; lists as files too."""
    for pattern in urlpatterns:
        for path in paths(pattern, ids):
            yield texts(browser.get(path))
            if pattern.name and pattern.name.endswith("-list"):
                yield texts(browser.get(f"{path}?format=csv&q="))
                yield texts(browser.get(f"{path}?format=json"))


def paths(pattern: URLPattern, ids: dict[Kind, list[str]]) -> list[str]:
    route, kind = str(pattern.pattern), SECTIONS_OF.get(str(pattern.pattern).partition("/")[0])
    if "<" not in route:
        return [f"/{route}"]
    if kind is None or "<id:identifier>" not in route:
        return []
    found = [f"/{route.replace('<id:identifier>', identifier)}" for identifier in ids[kind]]
    deeds = ("delete", "edit", "stop") if "<slug:deed>" in route else ("",)
    return [path.replace("<slug:deed>", deed) for path in found for deed in deeds]


@pytest.fixture
def everything(
    dashboard: Dashboard,
    planted: object,  # noqa: F811
    settings: LazySettings,
    valkey: object,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """All that the dashboard keeps, shows and tells after it has done everything it does, as one text."""
    simulated, wire = dashboard.simulated, dashboard.simulated.wire
    monkeypatch.setattr(jobs.parts, "reading", lambda *_: simulated.ona)
    wire.on("CreateEnvironmentLogsToken", edited(lambda told: told.update(accessToken=f"{CANARY}-token")))
    wire.on("StopService", refusing(400, "failed_precondition", f"cannot reach {CLONE}"))
    with caplog.at_level("DEBUG"):
        read_all(simulated)
        row = next(one for one in dashboard.fleet.services.values() if one.phase == "running")
        dashboard.post(f"/services/{row.id}/stop/", reason="for the search")
        action = Action.objects.get()
        jobs.perform(str(action.id))
        jobs.logs().watch(Kind.SERVICE, row.id)
        jobs.tail(Kind.SERVICE.value, row.id)
        some = {kind: [one.id for one in list(dashboard.fleet.of(kind).values())[:2]] for kind in Kind}
        some[Kind.SERVICE].append(row.id)
        shown = "\n".join(pages(dashboard.clients["admin"], some))
        failed = trace_of(simulated.ona)
    action.refresh_from_db()
    assert action.state == State.FAILED
    kept = [repr(list(model._base_manager.values())) for model in apps.get_app_config("control").get_models()]
    told = "\n".join(record.getMessage() + str(record.exc_text or "") for record in caplog.records)
    return "\n".join([everything_in(valkey), *kept, shown, told, failed])


def trace_of(ona: object) -> str:
    """A traceback with all its local names, as a debugger or a collector of errors would send it off."""
    try:
        ona.environments.stop("no such environment")  # type: ignore[attr-defined]
    except errors.OnaError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    raise AssertionError("it was expected to fail")


@pytest.mark.django_db
def test_no_canary_is_kept_shown_or_told(everything: str) -> None:
    for name in ("NPM_TOKEN", "PLAIN", "cannot reach", "cannot clone", "for the search", "git.example"):
        assert name in everything, f"{name}: the search does not look where the canaries were planted"
    assert CANARY not in everything, everything[max(0, everything.index(CANARY) - 200) :][:300]
    assert KEY not in everything, everything[max(0, everything.index(KEY) - 200) :][:300]


def test_no_secret_is_on_the_command_line_of_a_process(tmp_path: object) -> None:
    """Every user of the machine reads those; what processes need comes by their environment or a file."""
    secrets = {
        "ONA_API_KEY": f"{CANARY}-key",
        "SECRET_KEY": f"{CANARY}-secret",
        "AUDIT_KEY": f"{CANARY}-audit",
    }
    fleet = parts.Fleet(environments=5, seed=None, speed=None)
    specs = [
        parts.watch(secrets),
        parts.web(8000, "localhost", secrets),
        parts.worker(secrets),
        parts.beat(secrets),
    ]
    specs.append(parts.simulator(8001, fleet, secrets))
    for spec in specs:
        assert CANARY not in json.dumps(spec.argv)
        assert secrets.items() <= spec.environ.items()

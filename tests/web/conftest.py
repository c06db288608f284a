"""What the tests of the pages share: the dashboard over a simulated fleet, and a browser for each role."""

import html
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client
from django.utils import translation

from dashboard import jobs
from dashboard.celery import app, broker_url
from dashboard.control import wishes
from dashboard.control.models import Role, User
from dashboard.control.people.accounts import EMAILS
from dashboard.fleet.entities import Environment, Kind, Row
from dashboard.fleet.newer import newer
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.store import Observation
from dashboard.web import health, spell_strips, view_tabs
from dashboard.web.pages import overview
from tests.conftest import Clock, Simulated

HTMX = {"HX-Request": "true"}
OPERATOR = EMAILS[Role.OPERATOR]


@pytest.fixture
def clock() -> Clock:
    """Starts at the present, because pages tell how old their data are; from there only tests move it."""
    return Clock(time.time())


@dataclass
class Dashboard:
    """The pages over a simulated fleet that has been read once, as each role sees them."""

    simulated: Simulated
    clients: dict[str, Client]

    @property
    def fleet(self) -> Fleet:
        return self.simulated.snapshot().now().fleet

    def get(self, path: str, role: str = "admin", **headers: str) -> HttpResponse:
        return self.clients[role].get(path, headers=headers)

    def post(self, path: str, role: str = "admin", **fields: str) -> HttpResponse:
        return self.clients[role].post(path, fields)

    def sweep(self) -> None:
        """The next full sweep."""
        assert not self.simulated.sync().full().error

    def put(self, *rows: Row) -> None:
        """Write rows as if the API had shown them now."""
        asked = self.simulated.clock()
        self.simulated.store.write([Observation(row, asked) for row in rows], newer=newer)

    def empty(self) -> None:
        """Forget the simulated fleet, for tests that put their own."""
        gone = [(kind, identifier) for kind in Kind for identifier in self.fleet.of(kind)]
        self.simulated.store.write([], newer=newer, gone=gone)

    def environment(self, fits: Callable[[Environment], bool]) -> Environment:
        return next(row for row in self.fleet.environments.values() if fits(row))

    def of_operator(self, row: Environment) -> bool:
        return row.creator_id == self.fleet.person_by_email[OPERATOR]

    def running(self, *, own: bool = False) -> Environment:
        """A running environment: the operator's `own`, or somebody else's."""
        return self.environment(lambda row: row.phase == "running" and self.of_operator(row) is own)

    def of_a_project(self, *, own: bool) -> Environment:
        """A running environment that belongs to a project; some do not."""
        return self.environment(
            lambda row: row.phase == "running" and self.of_operator(row) is own and bool(row.project_id)
        )

    def stopped(self) -> Environment:
        return self.environment(lambda row: row.phase == "stopped" and row.archived is None)

    def poll(self, page: HttpResponse, role: str = "admin") -> HttpResponse:
        """What the poller of a page (or of an earlier poll's answer) gets."""
        return self.clients[role].get(asked_by(*poller(page)), headers=HTMX)


def text(response: HttpResponse) -> str:
    return response.content.decode()


def poller(page: HttpResponse) -> tuple[str, dict[str, str]]:
    """Where the page polls, and what it sends along."""
    found = re.search(r'<div id="poll" hx-get="([^"]*)"[^>]* hx-vals=(["\'])(.*?)\2', text(page))
    assert found, "no poller"
    url, values = html.unescape(found[1]), json.loads(html.unescape(found[3]))
    return url, values


def asked_by(url: str, values: dict[str, str]) -> str:
    """The address that htmx asks for."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(values)}"


def trigger(response: HttpResponse) -> dict[str, Any]:
    """The events that an answer raises in the page."""
    events: dict[str, Any] = json.loads(response["HX-Trigger"])
    return events


@contextmanager
def publishing_to(redis_url: str) -> Iterator[None]:
    """Celery's publisher on another broker."""
    before = app.conf.broker_url
    _publish_to(broker_url(redis_url))
    yield
    _publish_to(before)


def _publish_to(url: str) -> None:
    app.conf.broker_url = url
    app._pool = app.amqp._producer_pool = None


@pytest.fixture(autouse=True)
def broker(valkey_url: str) -> Iterator[None]:
    """Celery publishes to the tests' Valkey, where nobody listens."""
    with publishing_to(valkey_url):
        yield


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """The language of a test's last request ends with it."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def views() -> None:
    """What is undone after a test was never written."""
    view_tabs.forget()
    overview._made.clear()
    health.forget()
    spell_strips.forget()


@pytest.fixture(autouse=True)
def static_files(settings: LazySettings, tmp_path: Path) -> None:
    """Addresses of static files without having collected them."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def users(db: None) -> dict[str, User]:
    return {
        role.value: User.objects.create(username=role.value, role=role, email=EMAILS.get(role, ""))
        for role in Role
    }


@pytest.fixture
def clients(users: dict[str, User]) -> dict[str, Client]:
    """A signed-in browser for each role, and one that is not signed in."""
    found = {"anonymous": Client()}
    for name, user in users.items():
        found[name] = Client()
        found[name].force_login(user)
    return found


@pytest.fixture
def dashboard(simulated: Simulated, clients: dict[str, Client], monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    snapshot = simulated.snapshot()
    monkeypatch.setattr(jobs.parts, "store", lambda: simulated.store)
    monkeypatch.setattr(jobs.parts, "snapshot", lambda: snapshot)
    monkeypatch.setattr(jobs.parts, "sync", simulated.sync)
    monkeypatch.setattr(jobs.parts, "acting", lambda: simulated.ona)
    wishes.forget()  # those of the test before
    simulated.sync().names()
    ready = Dashboard(simulated, clients)
    ready.sweep()
    return ready


@pytest.fixture
def no_redis(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """This process has just started and finds no Redis."""
    settings.REDIS_URL = f"unix://{tmp_path}/none.sock"
    for factory in (jobs.parts.store, jobs.parts.snapshot):
        factory.cache_clear()
    with publishing_to(settings.REDIS_URL):
        yield
    for factory in (jobs.parts.store, jobs.parts.snapshot):
        factory.cache_clear()

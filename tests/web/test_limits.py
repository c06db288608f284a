"""Nobody tries passwords at will, or sends forms without end; and nobody else pays for it."""

import pytest
from django.conf import LazySettings
from django.test import Client

from dashboard import jobs
from dashboard.control.models import Action, User
from dashboard.fleet.store import Store, connect
from dashboard.fleet.tries import Limit, Tries
from dashboard.web import limits
from tests.conftest import Clock
from tests.web.conftest import Dashboard, text


@pytest.fixture(autouse=True)
def nothing_tried_yet(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    monkeypatch.setattr(limits, "_own", {})
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # for the sake of time


@pytest.fixture
def passwords(users: dict[str, User]) -> None:
    for user in users.values():
        user.set_password("right")
        user.save()


def attempt(name: str = "admin", password: str = "wrong", address: str = "10.1.1.1") -> int:  # noqa: S107
    fields = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post("/accounts/login/", fields).status_code


@pytest.mark.usefixtures("dashboard", "passwords")
def test_a_name_is_tried_eight_times_from_one_address() -> None:
    assert [attempt() for _ in range(9)] == [200] * 8 + [429]
    assert attempt(password="right") == 429
    assert attempt("ADMIN") == 429
    assert attempt("viewer", "right") == 302
    assert attempt("admin", "right", "10.2.2.2") == 302


@pytest.mark.usefixtures("dashboard", "passwords")
def test_the_right_password_forgives_what_was_mistyped() -> None:
    assert [attempt() for _ in range(7)] == [200] * 7
    assert attempt(password="right") == 302
    assert [attempt() for _ in range(8)] == [200] * 8


def test_a_name_and_an_address_are_limited_too(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NAME", Limit("name", 2, 60))
    assert [attempt(address=f"10.1.1.{number}") for number in range(3)] == [200, 200, 429]
    monkeypatch.setattr(limits, "ADDRESS", Limit("address", 2, 60))
    assert [attempt(f"name-{number}", address="10.3.3.3") for number in range(3)] == [200, 200, 429]


def test_the_page_says_how_long_to_wait(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NAME_AND_ADDRESS", Limit("pair", 0, 300))
    answer = dashboard.clients["anonymous"].post("/accounts/login/", {"username": "x", "next": "/system/"})
    assert answer["Retry-After"] == "300"
    assert "Wait 5 minutes" in text(answer)
    assert 'name="next" value="/system/"' in text(answer)


def test_what_was_typed_is_not_in_redis(dashboard: Dashboard) -> None:
    """People type passwords into the wrong field."""
    attempt("my-secret-password")
    store = dashboard.simulated.store
    assert [key for key in store._redis.keys("*") if b"tries:" in key]
    assert not [key for key in store._redis.keys("*") if b"my-secret" in key]


def test_a_person_sends_so_many_forms_a_minute_and_no_more(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FORMS", Limit("forms", 2, 60))
    path = f"/environments/{dashboard.running().id}/stop/"
    assert [dashboard.post(path).status_code for _ in range(2)] == [302, 302]
    before = Action.objects.count()
    answer = dashboard.post(path)
    assert answer.status_code == 429
    assert "Wait 60 seconds" in text(answer)
    assert Action.objects.count() == before
    assert dashboard.get("/environments/").status_code == 200
    assert dashboard.post("/environments/new/", "operator").status_code == 422


def test_without_redis_each_process_counts_for_itself(clock: Clock) -> None:
    tries, limit = Tries(Store(connect("unix:///nowhere"), "x"), {}, clock), Limit("x", 2, 60)
    assert [tries.wait(limit, "a") for _ in range(3)] == [0, 0, 60]
    assert tries.wait(limit, "b") == 0
    clock.pass_(61)
    assert tries.wait(limit, "a") == 0
    tries.forget(limit, "a")
    assert [tries.wait(limit, "a") for _ in range(3)] == [0, 0, 60]


def test_processes_count_together(valkey_url: str, dashboard: Dashboard) -> None:
    limit = Limit("shared", 2, 60)
    waits = [Tries(Store(connect(valkey_url), "x"), {}).wait(limit, "a") for _ in range(3)]
    assert waits[:2] == [0, 0]
    assert 55 <= waits[2] <= 60
    assert jobs.parts.store() is dashboard.simulated.store

"""An execution beside the last of its task that succeeded, step by step."""

import pytest

from dashboard import jobs
from dashboard.fleet.claims import Claims
from dashboard.fleet.details import ExecutionDetail, Step
from dashboard.fleet.entities import Kind
from tests.web.conftest import Dashboard, text
from tests.web.test_plan import BUILD, INSTALL, PUBLISH, planned, say, section, with_runs
from tests.web.test_runs import HOSTILE, part


@pytest.fixture
def built(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    return with_runs(dashboard, monkeypatch)


def test_each_step_stands_beside_the_same_of_the_last_success(built: Dashboard) -> None:
    then = [
        Step(f"o-{n}", name, "task", f"t-{n}", "succeeded")
        for n, name in ((2, "Install"), (1, "Build"), (7, "Lint"))
    ]
    built.simulated.store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-0", 1.0, (tuple(then),)))
    path = planned(built, (INSTALL,), (BUILD,), (PUBLISH,))
    assert "how long that took is not known" in part(built, path, "step")
    assert "Where no time stands it is not known" in part(built, path, "beside")
    say("x-0", *section("o-2", "Install"), *section("o-1", "Build", seconds=42))
    say("x-plan", *section("s-2", "Build", seconds=3, outcome="failure"))
    assert "The last success passed this step in 42 s." in part(built, path, "step")
    assert "The last success had no such step." in part(built, f"{path}?step=s-3", "step")
    beside = part(built, path, "beside")
    assert "They part at <bdi>Build</bdi>: failed here, succeeded there." in beside
    assert beside.count("no such step") == 2
    assert beside.index(">Publish<") < beside.index(">Lint<")
    assert [word in beside for word in ("42 s", "3.0 s", "12 s")] == [True] * 3


def test_a_log_is_read_once_for_what_the_last_success_took(
    built: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(jobs.tail, "delay", lambda _, key: asked.append(key))
    steps = (
        Step("o-1", "Build", "task", "t-1", "succeeded"),
        Step("o-2", "Lint", "task", "t-2", "succeeded"),
    )
    built.simulated.store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-0", 1.0, (steps,)))
    path = planned(built, (INSTALL,), (BUILD,))
    for _ in range(3):
        built.get(path)
    assert asked.count("x-0") == 1


def test_a_log_read_for_what_its_steps_took_keeps_nobody_from_asking_for_it(
    built: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OSError("no broker")

    store = built.simulated.store
    steps = (
        Step("o-1", "Build", "task", "t-1", "succeeded"),
        Step("o-2", "Lint", "task", "t-2", "succeeded"),
    )
    store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-0", 1.0, (steps,)))
    path = planned(built, (INSTALL,), (BUILD,))
    monkeypatch.setattr(jobs.tail, "delay", away)
    assert built.get(path).status_code == 200
    assert not Claims(store).is_taken("learn:x-0")
    assert store._redis.pttl(store._key("log:asked", Kind.EXECUTION, "x-0")) <= 2_000
    store._redis.delete(store._key("log:asked", Kind.EXECUTION, "x-0"))
    asked: list[str] = []
    monkeypatch.setattr(jobs.tail, "delay", lambda _, key: asked.append(key))
    built.get(path)
    store._redis.delete(store._key("log:asked", Kind.EXECUTION, "x-0"))  # that tail came to nothing
    built.get(path)
    assert asked.count("x-0") == 1
    built.get("/executions/x-0/")
    assert asked.count("x-0") == 2


def test_a_plan_that_cannot_be_read_says_so_and_is_not_asked_for_all_the_time(
    built: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, asked = built.simulated.store, list[str]()
    monkeypatch.setattr(jobs.refresh, "delay", lambda _, key: asked.append(key))
    page = built.get(planned(built, (INSTALL,), (BUILD,)))
    assert "The steps of the other are being read" in text(page)
    store.keep_unread(Kind.EXECUTION, "x-0", HOSTILE)
    poll = text(built.poll(page))
    assert "The steps of the other cannot be read. &lt;img" in poll
    assert "being read" not in poll
    built.get("/executions/x-plan/")
    assert asked.count("x-0") == 1
    assert (Kind.EXECUTION, "x-plan") in store.attended()
    assert (Kind.EXECUTION, "x-0") not in store.attended()
    store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-0", 1.0, ((INSTALL,),)))
    assert "They part at <bdi>Build</bdi>" in part(built, "/executions/x-plan/", "beside")


def test_beside_it_says_at_its_end_what_came_of_it(built: Dashboard) -> None:
    steps = (
        Step("s-1", "Build", "task", "t-1", "succeeded"),
        Step("s-2", "Lint", "task", "t-2", "succeeded"),
    )
    built.simulated.store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-0", 1.0, (steps,)))
    page = built.get(planned(built, steps, phase="running"))
    assert "So far it does what the other did" in text(page)
    planned(built, steps, phase="succeeded")
    poll = text(built.poll(page))
    assert "The same steps came to the same end" in poll
    assert "Beside the success before it" in poll

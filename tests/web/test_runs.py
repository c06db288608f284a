"""What past executions tell on the pages of executions, tasks and services."""

import pytest

from dashboard.fleet.details import ExecutionDetail, Step
from dashboard.fleet.entities import Environment, Execution, Kind, Service, Task
from tests.web.conftest import Dashboard, text

MINUTE = 60.0
HOSTILE = '<img src=x onerror="x">\u202eطويل' + "long " * 100


@pytest.fixture
def built(dashboard: Dashboard) -> Dashboard:
    """A task with twelve runs that succeeded in a minute each."""
    dashboard.empty()
    dashboard.put(
        Environment("e-1", "otter", "running", project_id="p", status_version=1),
        Environment("e-2", "owl", "running", project_id="p", status_version=1),
        Task("t-1", "e-1", "Build", "build"),
        *(run(dashboard, f"x-{number}", 100 + number) for number in range(12)),
    )
    return dashboard


def run(
    dashboard: Dashboard, key: str, minutes_ago: float, phase: str = "succeeded", **more: object
) -> Execution:
    at = dashboard.simulated.clock() - MINUTE * minutes_ago
    given = {"seconds": MINUTE, "task_id": "t-1", "environment_id": "e-1", "name": "Build", **more}
    seconds = given.pop("seconds")
    return Execution(
        key,
        phase=phase,
        created=at,
        started=at,
        completed=None if phase == "running" else at + seconds,
        **given,
    )


def part(dashboard: Dashboard, path: str, name: str) -> str:
    page = text(dashboard.get(path))
    return page[page.index(f'<section id="{name}"') :].partition("</section>")[0]


def test_an_execution_stands_beside_the_usual_of_its_task(built: Dashboard) -> None:
    built.put(run(built, "x-slow", 5, "failed", seconds=3 * MINUTE, failure="no space"))
    pace = part(built, "/executions/x-slow/", "pace")
    assert "Took <b" in pace
    assert "usually" in pace
    assert "slower than 95 of 100" in pace
    assert "The last that succeeded" in pace
    assert "2 min longer" in pace
    assert "/executions/x-0/" in pace


def test_one_that_runs_tells_since_when_and_too_few_runs_say_so(built: Dashboard) -> None:
    built.put(run(built, "x-live", 2, "running"), run(built, "x-new", 1, task_id="t-9", name=HOSTILE))
    assert "Has been running for" in part(built, "/executions/x-live/", "pace")
    assert "Too few runs have succeeded" in part(built, "/executions/x-new/", "pace")
    assert "<img" not in text(built.get("/executions/x-new/"))
    built.put(Execution("x-odd", "", "e-1", "", "pending"))
    assert "It has not started" in part(built, "/executions/x-odd/", "pace")


def planned(dashboard: Dashboard, *groups: tuple[Step, ...]) -> str:
    dashboard.put(run(dashboard, "x-plan", 1, "running", steps_total=sum(map(len, groups))))
    dashboard.simulated.store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-plan", 1.0, groups))
    return part(dashboard, "/executions/x-plan/", "plan")


def test_a_plan_tells_what_waits_for_what_what_is_usual_and_what_it_gives(built: Dashboard) -> None:
    plan = planned(
        built,
        (Step("s-1", "Install", "task", "t-1", "succeeded", outputs=("VERSION",)),),
        (Step("s-2", HOSTILE, "service", "v-1", "failed", "it burns", depends_on=("s-1", "s-gone")),),
        (Step("s-3", "Build", "task", "t-9"),),
    )
    assert "after <bdi>Install</bdi>" in plan
    assert "usually" in plan
    assert "<code>VERSION</code>" in plan
    assert 'data-section="s-2"' in plan
    assert "it burns" in plan
    assert "Not started" in plan
    assert "<img" not in plan


def test_a_plan_of_three_hundred_steps_shows_what_matters_and_folds_the_rest(built: Dashboard) -> None:
    steps = [Step(f"s-{n}", f"Step {n}", "task", "", "succeeded") for n in range(300)]
    steps[299] = Step("s-299", "Step 299", "task", "", "failed", "too late")
    plan = planned(built, tuple(steps))
    assert "276 more steps: 276 succeeded" in plan
    assert plan.index("Step 299") < plan.index("Step 0<")
    assert "300 steps together" in plan


def test_an_execution_that_failed_leads_to_the_steps_that_did(built: Dashboard) -> None:
    def header(failure: str, *steps: Step) -> str:
        built.put(run(built, "x-bad", 1, "failed", failure=failure))
        if steps:
            built.simulated.store.keep_detail(Kind.EXECUTION, ExecutionDetail("x-bad", 1.0, (steps,)))
        page = text(built.get("/executions/x-bad/"))
        return page[page.index('<div id="header"') : page.index('<section id="plan"')]

    assert "The steps are being read" in header("Build: it burns")
    one = header(
        "Build: it burns", Step("a b", "Build", phase="failed", failure="it burns"), Step("c", "Test")
    )
    assert 'Step that failed: <a href="#step-a%20b"><bdi>Build</bdi></a></p>' in one
    assert '<li id="step-a%20b"' in text(built.get("/executions/x-bad/"))
    many = header("", *(Step(f"s-{n}", HOSTILE, phase="failed", failure=HOSTILE) for n in range(40)))
    assert many.count('href="#step-') == 3
    assert "and 37 more" in many
    assert "<img" not in many


def test_a_task_tells_its_record_with_a_strip_and_a_trend(built: Dashboard) -> None:
    record = part(built, "/tasks/t-1/", "record")
    assert "100 %" in record
    assert record.count("/executions/x-") == 12
    assert "flaky" not in record
    assert 'role="img"' in record
    for number in range(4):
        built.put(run(built, f"x-f{number}", 50 - number, "succeeded" if number % 2 else "failed"))
    record = part(built, "/tasks/t-1/", "record")
    assert "flaky" in record
    assert "2 failed" in record
    assert "It has not run to an end yet" in _record_of_new(built)


def test_a_row_of_the_list_has_its_last_runs_as_a_strip(built: Dashboard) -> None:
    built.put(run(built, "x-f", 1, "failed"))
    assert 'aria-label="The last 8 runs: 1 failed"' in text(built.get("/tasks/"))


def _record_of_new(dashboard: Dashboard) -> str:
    dashboard.put(Task("t-new", "e-1", "New", "new"))
    return part(dashboard, "/tasks/t-new/", "record")


@pytest.mark.parametrize(
    ("own", "others", "verdict"),
    [
        ("failed", ("running", "running"), "It fails only here; 2 other environments have one."),
        ("failed", ("failed", "running"), "It fails here and in 1 of 2 other environments."),
        ("running", ("failed", "failed"), "It fails in 2 of 2 other environments."),
        ("running", ("running",), "It fails nowhere."),
        ("failed", (), "No other environment has one of this name."),
    ],
)
def test_a_service_says_whether_its_namesakes_fail_too(
    built: Dashboard, own: str, others: tuple[str, ...], verdict: str
) -> None:
    built.put(Service("v-0", "e-1", "Web", "web", phase=own, failure="here" if own == "failed" else ""))
    for number, phase in enumerate(others, 1):
        failure = "port taken" if phase == "failed" else ""
        built.put(Service(f"v-{number}", "e-2", "Web", "web", phase=phase, failure=failure))
    elsewhere = part(built, "/services/v-0/", "elsewhere")
    assert verdict in elsewhere
    assert ("port taken" in elsewhere) is ("failed" in others)
    for link in set(_links(elsewhere)):
        assert built.get(link).status_code == 200


def _links(html: str) -> list[str]:
    return [one.partition('"')[0].replace("&amp;", "&") for one in html.split('href="')[1:]]


def test_a_poll_of_these_pages_is_empty_while_nothing_happens(built: Dashboard) -> None:
    built.put(Service("v-0", "e-1", "Web", "web", phase="running"))
    for path in ("/executions/x-3/", "/tasks/t-1/", "/services/v-0/"):
        assert built.poll(built.get(path)).status_code == 204, path

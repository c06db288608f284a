"""What past executions tell on the pages of executions, tasks and services."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.control.models import Action
from dashboard.fleet.entities import Environment, Execution, Service, Task
from tests.web.conftest import Dashboard, text
from tests.web.states import FRACTION, GERMAN

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
    built.put(run(built, "x-s", 40, "stopped"), Service("v-1", "e-1", "Database", "db"))
    built.put(Task("t-1", "e-1", "Build", "build", depends_on=("v-1",)))
    assert "1 stopped" in part(built, "/tasks/t-1/", "record")
    assert '<a href="/services/v-1/"><bdi>Database</bdi>' in part(built, "/tasks/t-1/", "facts")
    assert "It has not run to an end yet" in _record_of_new(built)


def test_a_row_of_the_list_tells_how_its_last_runs_went(built: Dashboard) -> None:
    built.put(run(built, "x-f", 1, "failed"))
    page = text(built.get("/tasks/"))
    assert 'aria-label="The last 8 runs: 1 failed"' in page
    assert "12 of 13 succeeded, usually 1 min" in page
    assert "flaky" not in page
    for number in range(4):
        built.put(run(built, f"x-f{number}", 50 - number, "succeeded" if number % 2 else "failed"))
    assert '<span class="tag">flaky</span>' in text(built.get("/tasks/"))
    built.put(run(built, "x-live", 0.1, "running"))
    assert "usually 1 min" in text(built.get("/executions/?phase=running"))
    assert "usually 1 min" in text(built.get("/environments/e-1/"))


def test_a_list_and_a_page_say_the_same_of_what_is_usual_for_a_run_under_way(built: Dashboard) -> None:
    built.put(run(built, "x-new", 0.1, "running", task_id="t-2", environment_id="e-2"))
    assert "usually 1 min" in text(built.get("/executions/?phase=running"))
    built.put(*(run(built, f"x-l{n}", 90 - n, seconds=600) for n in range(40)))
    assert "usually 1 min" in text(built.get("/executions/?phase=running"))
    assert 'usually <b class="num">1 min' in part(built, "/executions/x-new/", "pace")


def flaky(dashboard: Dashboard, *tasks: Task) -> None:
    """Twice each has failed and then passed."""
    dashboard.put(*tasks)
    for task in tasks:
        own = {"task_id": task.id, "environment_id": task.environment_id, "name": task.name}
        phases = enumerate(("succeeded", "failed") * 2)
        dashboard.put(*(run(dashboard, f"{task.id}-{n}", 10 + n, phase, **own) for n, phase in phases))


def test_what_was_edited_is_asked_for_once_however_many_tasks_are_flaky(built: Dashboard) -> None:
    homes = [Environment(f"h-{n}", f"home {n}", "running", project_id="p") for n in range(30)]
    built.put(*homes)
    flaky(built, *(Task(f"t-h{n}", f"h-{n}", "Build", "build") for n in range(30)))
    for path in ("/tasks/", "/tasks/t-1/"):
        with CaptureQueriesContext(connection) as asked:
            assert text(built.get(path)).count('<span class="tag">flaky</span>') >= 8
        assert sum("task.edit" in one["sql"] for one in asked) <= 2, path


def test_row_and_page_agree_at_once_that_an_edited_task_is_not_flaky_any_more(built: Dashboard) -> None:
    flaky(built, Task("t-2", "e-2", "Lint", "lint"))
    page, listed = built.get("/tasks/t-2/"), built.get("/tasks/?q=lint")
    assert "Failed and then passed 2 times" in text(page)
    assert ">flaky<" in text(listed)
    edited(built, "t-2", minutes_ago=12.5)
    assert ">flaky<" not in part(built, "/tasks/t-2/", "record")
    assert ">flaky<" not in text(built.get("/tasks/?q=lint"))
    assert ">flaky<" not in text(built.poll(listed))
    edited(built, "t-1", minutes_ago=1)  # another task
    flaky(built, Task("t-3", "e-2", "Test", "test"))
    built.put(
        *(run(built, f"t-3-{n}", n, phase, task_id="t-3") for n, phase in ((98, "failed"), (97, "succeeded")))
    )
    assert "Failed and then passed 3 times" in part(built, "/tasks/t-3/", "record")
    edited(built, "t-3", minutes_ago=20)
    assert "Failed and then passed 2 times" in part(built, "/tasks/t-3/", "record")


def edited(dashboard: Dashboard, task: str, minutes_ago: float) -> None:
    """From here, by somebody."""
    at = timezone.now() - timedelta(minutes=minutes_ago)
    Action.objects.create(
        verb="task.edit", kind="task", target_id=task, actor_name="ada", created=at, not_before=at
    )


def test_a_task_stands_beside_its_namesakes_in_other_environments(built: Dashboard) -> None:
    assert "It has not run in another environment." in part(built, "/tasks/t-1/", "elsewhere")
    built.put(Environment("e-3", HOSTILE, "running", project_id="q", status_version=1))
    for number, phase in ((2, "succeeded"), (3, "failed")):
        home = f"e-{number}"
        built.put(Task(f"t-o{number}", home, "Build", "build"), Task(f"t-n{number}", home, "Build", "build"))
        failure = HOSTILE if phase == "failed" else ""
        more = {"task_id": f"t-o{number}", "environment_id": home, "failure": failure}
        built.put(*(run(built, f"x-o{number}-{n}", 9 + n, phase, **more) for n in range(2)))
    elsewhere = part(built, "/tasks/t-1/", "elsewhere")
    assert "In 1 of 2 other environments its last run failed." in elsewhere
    assert elsewhere.index("/tasks/t-o3/") < elsewhere.index("/tasks/t-o2/")
    assert "0 of 2 succeeded" in elsewhere
    assert "<img" not in elsewhere
    assert tallies(built, elsewhere) == {
        "Last runs in this project": [("Succeeded", 2), ("never run", 1)],
        "Last runs everywhere": [("Failed", 1), ("Succeeded", 2), ("never run", 2)],
    }


def tallies(dashboard: Dashboard, html: str) -> dict[str, list[tuple[str, int]]]:
    """Heading → words with their numbers, after each link was followed: its list has as many rows."""
    found: dict[str, list[tuple[str, int]]] = {}
    for title, inner in re.findall(r'<h3>([^<]*)</h3>\s*<ul class="tallies">(.*?)</ul>', html, re.DOTALL):
        for link, said in re.findall(r'<a href="([^"]*)">(.*?)</a>', inner):
            words, number = re.findall(r">([^<>]+)<", said)
            found.setdefault(title, []).append((words, int(number)))
            rows = re.findall(
                r'<tr[^>]* id="(?:task|service)-', text(dashboard.get(link.replace("&amp;", "&")))
            )
            assert len(rows) == int(number), link
    return found


def test_of_more_namesakes_than_are_shown_all_are_judged(built: Dashboard) -> None:
    for number in range(100):
        home = {"task_id": f"t-m{number}", "environment_id": f"e-m{number}"}
        phase = "failed" if number >= 70 else "succeeded"
        built.put(
            Environment(f"e-m{number}", "owl", "running", project_id="p", status_version=1),
            Task(f"t-m{number}", f"e-m{number}", "Build", "build"),
            run(built, f"x-m{number}", 5, phase, **home),
        )
    elsewhere = part(built, "/tasks/t-1/", "elsewhere")
    assert "In 30 of 100 other environments its last run failed." in elsewhere
    assert elsewhere.count("/tasks/t-m") == 8
    assert "Last runs of all of this reference" in elsewhere


def test_bars_are_drawn_for_germans_too(built: Dashboard) -> None:
    built.put(run(built, "x-slow", 5, "failed", seconds=3.3 * MINUTE))
    for path in ("/executions/x-slow/", "/tasks/t-1/"):
        page = text(built.get(path, **GERMAN))
        assert "<rect" in page
        assert not FRACTION.findall(page)


def _record_of_new(dashboard: Dashboard) -> str:
    dashboard.put(Task("t-new", "e-1", "New", "new"))
    return part(dashboard, "/tasks/t-new/", "record")


@pytest.mark.parametrize(
    ("own", "others", "verdict"),
    [
        ("failed", ("running", "running"), "It fails only here; 2 other environments have one."),
        ("failed", ("running",), "It fails only here; 1 other environment has one."),
        ("failed", ("failed",), "It fails here and in the 1 other environment that has one."),
        ("running", ("failed",), "It fails in the 1 other environment that has one."),
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
        built.put(Environment(f"e-o{number}", "owl", "running", project_id="p", status_version=1))
        for twin in "ab":  # no two of an environment have one reference, but odd things happen
            row = Service(f"v-{number}{twin}", f"e-o{number}", "Web", "web", phase=phase, failure=failure)
            built.put(row)
    elsewhere = part(built, "/services/v-0/", "elsewhere")
    assert verdict in elsewhere
    assert ("port taken" in elsewhere) is ("failed" in others)
    assert tallies(built, elsewhere)


def test_a_poll_of_these_pages_is_empty_while_nothing_happens(built: Dashboard) -> None:
    built.put(Service("v-0", "e-1", "Web", "web", phase="running"))
    for path in ("/executions/x-3/", "/tasks/t-1/", "/services/v-0/"):
        assert built.poll(built.get(path)).status_code == 204, path

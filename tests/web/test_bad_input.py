"""Every page holds its shape whatever the API sends: the World sends it, the polls read it, the HTML stays bounded.

With PAGES_TO_LOOK_AT=FOLDER the pages are left there, for a browser to say whether they scroll sideways.
"""

import os
from collections.abc import Callable
from pathlib import Path

from dashboard.fleet.bounds import LONGEST_NAME
from dashboard.fleet.details import ExecutionDetail, Step
from dashboard.fleet.entities import Kind
from dashboard.simulator.models import Environment, Given
from tests.web.conftest import Dashboard, text

LONG = "W" * 500
TURNED = "شبكة \u202eevil\u2066 🚀👩‍👩‍👧‍👦 " * 12
YEAR_2099 = 4_070_908_800.0


def names(row: Environment, name: str) -> None:
    row.name, row.branch, row.failures = name, name, (name,)
    for service in row.services:
        service.failure = name


def ports(row: Environment) -> None:
    shared = [{"port": n, "name": LONG, "admission": "ADMISSION_LEVEL_EVERYONE"} for n in range(1, 2_001)]
    row.given = Given({"ports": shared})


def failures(row: Environment) -> None:
    row.failures = row.warnings = tuple(f"{number} {LONG}" for number in range(40))


def times(row: Environment, at: float) -> None:
    row.created = row.last_started = row.signal_at = at
    for one in (*row.services, *row.tasks, *row.executions):
        one.created = at
    for run in row.executions:
        run.started = run.completed = at


def nothing(row: Environment) -> None:
    row.name = row.branch = ""
    row.services, row.tasks, row.executions = [], [], []


SHAPES: dict[str, Callable[[Environment], None]] = {
    "a name of 500 letters": lambda row: names(row, LONG),
    "letters that turn, and emoji": lambda row: names(row, TURNED),
    "2,000 ports": ports,
    "40 failures": failures,
    "1970": lambda row: times(row, 1.0),
    "2099": lambda row: times(row, YEAR_2099),
    "nothing in it": nothing,
}
MOST_BYTES, MOST_OF_A_PLAN = 200_000, 500_000


def test_whatever_the_api_sends_every_page_stays_bounded(dashboard: Dashboard) -> None:
    rows = sorted(dashboard.simulated.world.environments.values(), key=lambda one: -len(one.executions))
    steps = tuple(Step(f"s{n}", LONG[:LONGEST_NAME], "task", "", "failed", 2 * LONG) for n in range(300))
    inside: list[str] = []
    for (shape, change), row in zip(SHAPES.items(), rows, strict=False):
        assert row.executions, shape
        inside += [
            f"/environments/{row.id}/",
            f"/services/{row.services[0].id}/",
            f"/tasks/{row.tasks[0].id}/",
        ]
        inside += [f"/executions/{row.executions[0].id}/"]
        plan = ExecutionDetail(row.executions[0].id, 1.0, (steps,))
        dashboard.simulated.store.keep_detail(Kind.EXECUTION, plan)
        change(row)
        row.status_version += 1
    dashboard.sweep()
    lists = (
        "/",
        "/environments/?sort=-created",
        "/services/?sort=phase",
        "/tasks/",
        "/executions/",
        "/idle/",
        "/find/?q=W",
    )
    for path in (*lists, *inside):
        page = dashboard.get(path)
        assert page.status_code == 200, path
        most = MOST_OF_A_PLAN if path.startswith("/executions/0") else MOST_BYTES
        assert len(page.content) < most, (path, len(page.content))
        if folder := os.environ.get("PAGES_TO_LOOK_AT"):
            Path(folder, f"page{path.replace('/', '_')}.html").write_text(text(page), encoding="utf-8")

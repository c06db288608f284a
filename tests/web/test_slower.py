"""The overview tells which tasks have become slower by most, and what is wrong with the polls."""

import re
import time

import pytest

from dashboard.fleet import slower
from dashboard.fleet.entities import Environment, Execution, Task
from dashboard.fleet.store import Sweep
from dashboard.web import attention, spent
from tests.web.conftest import Dashboard, text

NAMES = {
    "t-much": "Deploy <b>",
    "t-some": "Build",
    "t-same": "Lint",
    "t-few": "Rare",
    "t-old": "Past",
    "t-tiny": "Ping",
}


def runs(
    task: str, before: float, recent: float, now: float, *, many: int = 10, ago: float = 3600.0
) -> list[Execution]:
    """So many runs of `recent` seconds, after as many of `before`."""
    found = []
    for number in range(2 * many):
        end, took = now - ago - 60.0 * number, recent if number < many else before
        found.append(
            Execution(
                f"{task}-{number}", task, "e-1", NAMES[task], "succeeded",
                created=end - took, started=end - took, completed=end,
            )
        )  # fmt: skip
    return found


@pytest.fixture
def ran(dashboard: Dashboard) -> Dashboard:
    slower._known = (None, {})
    spent.forget()
    dashboard.empty()
    dashboard.put(Environment("e-1", "otter", "running", status_version=1))
    dashboard.put(*(Task(key, "e-1", name) for key, name in NAMES.items()))
    now = dashboard.simulated.clock()
    dashboard.put(
        *runs("t-some", 60, 90, now),
        *runs("t-much", 60, 240, now),
        *runs("t-same", 60, 62, now),
        *runs("t-few", 60, 240, now, many=4),
        *runs("t-old", 60, 240, now, ago=9 * 86_400.0),
        *runs("t-tiny", 0.5, 3, now),
    )
    return dashboard


def part(dashboard: Dashboard, name: str) -> str:
    page = text(dashboard.get("/"))
    return page[page.index(f'id="{name}"') :].partition("</section>")[0]


def test_what_slowed_down_most_comes_first_and_leads_to_the_list_of_all(ran: Dashboard) -> None:
    block = part(ran, "slower")
    assert re.findall(r'href="/tasks/([^/?"]+)/', block) == ["t-much", "t-some"]
    assert ("+300 %" in block, "+50 %" in block, "4 min" in block) == (True, True, True)
    assert "Deploy &lt;b&gt;" in block
    assert 'href="/tasks/?q=is%3Aslower"' in block
    rows = re.findall(r'<tr role="row" id="task-([^"]+)"', text(ran.get("/tasks/?q=is%3Aslower&sort=name")))
    assert rows == ["t-some", "t-much"]
    assert ran.poll(ran.get("/")).status_code == 204


def test_a_fleet_that_is_as_fast_as_ever_says_so(ran: Dashboard) -> None:
    ran.empty()
    slower._known = (None, {})
    assert "No task that runs often has become slower" in part(ran, "slower")


def test_a_budget_that_was_cut_is_one_line_that_leads_to_its_figures(ran: Dashboard) -> None:
    assert "fewer requests" not in part(ran, "needs")
    store = ran.simulated.store
    store._redis.hset(store._key("budget"), mapping={"rate": "2.5", "sent": "99", "refused": "7"})
    spent.forget()
    assert "now 2.5 a second instead of" in part(ran, "needs")
    system = text(ran.get("/system/"))
    assert "answered with 429" in system
    assert ">7 <small" in system
    store._redis.hset(store._key("budget"), mapping={"rate": "20", "next": str(time.time() + 60)})
    spent.forget()
    assert "The budget of requests is used up" in part(ran, "needs")


def test_what_polls_could_not_read_is_a_line_each(ran: Dashboard) -> None:
    sweeps = {
        "names:last": Sweep("names", 1.0, error="refused"),
        "full:last": Sweep("full", 1.0, skipped=3),
        "hot:last": Sweep("hot", 1.0, skipped=1),
    }
    needs = list(attention._polls(sweeps))
    assert ["Names" in need.words or need.count for need in needs] == [True, 3]

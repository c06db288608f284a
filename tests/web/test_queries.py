"""How often the main pages ask the database: a few times, and as often for a large fleet as for a small one."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.web.conftest import Dashboard

MOST = {
    "/": 13,
    "/environments/": 6,
    "/services/": 7,
    "/tasks/": 6,
    "/executions/": 6,
    "/idle/": 10,
    "/idle/policies/": 4,
    "/activity/": 4,
    "/batches/": 4,
    "/costs/": 6,
    "/system/": 8,
}
"""Questions of a page, nothing of which was remembered: two are the session and the person, one or two are room."""


def asked(dashboard: Dashboard, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert dashboard.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize("path", MOST)
def test_a_page_asks_the_database_a_few_times_however_large_the_fleet(
    dashboard: Dashboard, path: str
) -> None:
    row = dashboard.running()
    assert asked(dashboard, path) <= MOST[path]
    dashboard.put(*(replace(row, id=f"{row.id[:-4]}{number:04d}") for number in range(100)))
    assert asked(dashboard, path) <= MOST[path]

"""What the tests of forms share: sending one, its errors, and carrying out what it asked for."""

import re
from dataclasses import replace

import pytest
from django.http import HttpResponse

from dashboard import jobs
from dashboard.control.models import Action
from dashboard.fleet.details import ServiceDetail, TaskDetail
from dashboard.fleet.entities import Environment, Kind, Service, Task
from tests.web.conftest import HTMX, Dashboard, text

ERROR = re.compile(r'id="id_(\w+)_error">(.*?)</div>')


def errors(response: HttpResponse) -> dict[str, str]:
    """What is said at each field."""
    return dict(ERROR.findall(text(response)))


def send(dashboard: Dashboard, path: str, role: str = "admin", **fields: str) -> HttpResponse:
    return dashboard.clients[role].post(path, fields, headers=HTMX)


def carried_out(dashboard: Dashboard, seconds: float = 30) -> Action:
    """The newest action, performed and followed up."""
    action = Action.objects.order_by("-created")[0]
    jobs.perform(str(action.id))
    dashboard.simulated.clock.pass_(seconds)
    jobs.chase()
    action.refresh_from_db()
    return action


@pytest.fixture
def one(dashboard: Dashboard) -> Environment:
    row = Environment("e1", "one", "running", timeout=3600.0, signal_at=1.0, unpushed=2, changed=1)
    dashboard.put(row, replace(row, id="e2", name="clean", unpushed=0, changed=0))
    dashboard.put(Service("s1", "e1", "db", phase="stopped"), Service("s2", "e1", "api", phase="running"))
    dashboard.put(Task("t1", "e1", "build"))
    dashboard.simulated.store.keep_detail(Kind.SERVICE, ServiceDetail("s1", 1.0, "run"))
    dashboard.simulated.store.keep_detail(Kind.SERVICE, ServiceDetail("s2", 1.0, "run"))
    dashboard.simulated.store.keep_detail(Kind.TASK, TaskDetail("t1", 1.0, "make"))
    return row

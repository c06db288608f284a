"""On the overview: the tasks whose last runs took longer than those before by most."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from dashboard.fleet.entities import Kind
from dashboard.fleet.slower import slower_tasks
from dashboard.fleet.snapshot import Fleet
from dashboard.web.live import Block
from dashboard.web.offers import address

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A task, by how much longer it takes (percent), and the medians of now and before in seconds."""

    name: str
    url: str
    place: str
    percent: int
    recent: float
    before: float


def slower_block(fleet: Fleet, now: float) -> Block:
    found = {key: record for key, record in slower_tasks(fleet, now).items() if key in fleet.tasks}
    lines = tuple(
        Line(
            task.name,
            address(Kind.TASK, key),
            fleet.environment_name(task.environment_id),
            round(record.slower or 0.0),
            record.recent or 0.0,
            record.before or 0.0,
        )
        for key, record in list(found.items())[:SHOWN]
        if (task := fleet.tasks[key])
    )
    url = f"{reverse('tasks-list')}?{urlencode({'q': 'is:slower'})}"
    return Block(
        "slower",
        (lines, len(found)),
        "overview/slower.html",
        {"lines": lines, "count": len(found), "url": url},
    )

"""Environments that everybody has forgotten, and an admin who arms a policy for some of them after another."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from random import Random

from celery import Celery
from kombu.exceptions import OperationalError

from dashboard.celery import options
from dashboard.simulator import World, enums
from scripts.chaos.people import Deed, Visitor

LIMIT = 3600.0
"""Seconds without anybody that the policies allow."""
FORGOTTEN_FOR = 5 * 3600.0
TOGETHER = 3
"""Environments that one policy speaks of."""
LONG = 30 * 86_400.0
CHANGED = re.compile(r'name="changed" value="([^"]+)"')


def forget(world: World, many: int, rng: Random) -> list[str]:
    """Have so many environments run that nobody has used for hours, or will; their ids. Before anybody looks."""
    with world.present() as at:
        stopped = [row for row in world.environments.values() if row.phase == enums.STOPPED]
        fit = [row for row in stopped if row.archived_at is None and row.role == enums.DEFAULT_ROLE]
        chosen = rng.sample(sorted(fit, key=lambda row: row.id), many)
        for row in chosen:
            row.phase = row.desired = enums.RUNNING
            row.idle_limit, row.timed_out, row.failures = 0, "", ()
            row.last_started = at - FORGOTTEN_FOR - 600
            row.signal_at = at - FORGOTTEN_FOR
            row.handled_at = at + LONG  # nobody comes by himself
    return [row.id for row in chosen]


@dataclass
class Keeper:
    """Arms a policy for one group of `forgotten` environments after another, through the pages, and has policies run
    at once, which beat does once a minute. `share`: of the policies, those that may be armed by now.
    """

    visitor: Visitor
    forgotten: list[str]
    redis_url: str
    note: Callable[[Deed], None]
    share: float = 0.0
    tried: int = 0
    _left: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        groups = range(0, len(self.forgotten), TOGETHER)
        self._left = [self.forgotten[place : place + TOGETHER] for place in groups]

    @property
    def has_armed_all(self) -> bool:
        return not self._left

    def turn(self) -> None:
        """Arm the next policy, if its time has come; what was not accepted is tried again in the next turn."""
        groups = ceil(len(self.forgotten) / TOGETHER)
        if len(self._left) > round((1 - self.share) * groups) and self._arm(self._left[-1]):
            self._left.pop()
        self._have_them_run()

    def _arm(self, group: list[str]) -> bool:
        self.tried += 1
        fields = {
            "name": f"Chaos {self.tried}",
            "scope": f"id:{','.join(group)}",
            "idle": f"{LIMIT / 60:.0f}m",
        }
        fields |= {"act": "stop", "zone": "UTC", "most_a_run": "20", "most_an_hour": "60"}
        made = self.visitor.send("/idle/policies/new/", **fields)
        found = (
            re.search(r"/idle/policies/([0-9a-f-]{36})/", made.headers.get("Location", "")) if made else None
        )
        if found is None:
            return False
        self.note(Deed("policy.make", found[1]))
        question = self.visitor.ask(f"/idle/policies/{found[1]}/arm/")
        changed = CHANGED.search(question)
        armed = self.visitor.send(f"/idle/policies/{found[1]}/arm/", changed=changed[1]) if changed else None
        if armed is None or armed.status_code != 302:
            return False
        self.note(Deed("policy.arm", found[1]))
        return True

    def _have_them_run(self) -> None:
        with Celery(set_as_current=False) as app, suppress(OSError, OperationalError):
            app.conf.update(options(self.redis_url))
            app.send_task("jobs.run_policies", expires=10)

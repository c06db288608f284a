"""The people of the simulated fortnight, with their habits: seeded, so that the same ones do the same again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from dashboard.simulator import World, enums, environments, executions
from dashboard.simulator.directory import DAY
from dashboard.simulator.models import Environment
from dashboard.simulator.table import Table

HOUR = 3600.0
MINUTE = 60.0
SIGNALS = 300.0
HABITS = (("office", 56), ("runs", 14), ("shell", 5), ("night", 7), ("seldom", 14), ("idle", 4))
"""Shares in percent. runs: starts a task of hours before leaving. shell: SSH keeps it awake for days. idle: runs from
the first day on and nobody ever comes.
"""
SOURCES = ("VS Code", "JetBrains", "Browser")
NEVER = 0
TIMEOUTS = (NEVER,) * 7 + (8 * 3600,) * 2 + (3600,)


@dataclass
class Town:
    """Settles the world's environments and plans what their people do. `rng` is the people's own."""

    world: World
    rng: Random
    start: float
    days: int

    def __post_init__(self) -> None:
        self.habits: dict[str, str] = {}
        self._planned_return: set[str] = set()
        with self.world.present():
            self._clear()
            for row in self.world.environment_table.rows.values():
                self._settle(row)
            for day in range(self.days):
                self.world.plan(self.start + day * DAY, self._day)

    # At the beginning

    def _clear(self) -> None:
        """Nothing runs, and nothing has ever run."""
        world = self.world
        for row in list(world.environment_table.rows.values()):
            if row.phase in {enums.DELETED, enums.DELETING}:
                environments.remove(world, row, self.start)
        world.execution_table, world.service_table = Table(), Table()
        world.live_executions.clear()
        for row in world.environment_table.rows.values():
            row.phase, row.desired, row.attended = enums.STOPPED, enums.STOPPED, False
            row.failures, row.warnings, row.devcontainer_failure, row.timed_out = (), (), "", ""
            row.executions, row.services = [], row.services[:1]
            for service in row.services:
                service.phase = service.desired = enums.SERVICE_STOPPED
                world.service_table.add(service)

    def _settle(self, row: Environment) -> None:
        names, shares = zip(*HABITS, strict=True)
        habit = self.rng.choices(names, shares)[0]
        row.idle_limit = self.rng.choice(TIMEOUTS)
        if row.role != enums.DEFAULT_ROLE:
            habit = self.rng.choice(("idle", "gone", "gone", "gone"))
        if row.archived_at is not None:
            habit = "gone"
        self.habits[row.id] = habit
        for task in row.tasks:  # what starts by itself would end within minutes and say nothing
            task.recipe = replace(task.recipe, triggers=("manual",), failure_rate=0.0)
        if habit in {"idle", "shell"}:
            row.idle_limit = NEVER
            self.world.plan(self.start + 1, lambda _, t: self._up(row, t))
        if habit == "runs" and row.tasks:
            task = row.tasks[0]
            task.recipe, task.depends_on = replace(task.recipe, needs=()), ()

    # Every day

    def _day(self, world: World, at: float) -> None:
        weekend = int((at - self.start) / DAY) % 7 >= 5
        for row in world.environment_table.rows.values():
            plan = _PLANS.get(self.habits.get(row.id, "gone"))
            if plan is not None:
                plan(self, row, at, weekend)

    def _office(self, row: Environment, at: float, weekend: bool) -> None:
        if self.rng.random() > (0.04 if weekend else 0.45):
            return
        arrive = at + self.rng.uniform(7.5, 10.5) * HOUR
        lunch = at + self.rng.uniform(11.5, 13) * HOUR
        back = lunch + self.rng.uniform(0.4, 1.2) * HOUR
        leave = at + self.rng.uniform(15.5, 19) * HOUR
        source = self.rng.choice(SOURCES)
        self._stay(row, arrive, lunch, source)
        if self.rng.random() < 0.2:  # away for longer than any limit, and back in the afternoon
            back += self.rng.uniform(1.5, 3) * HOUR
        self._stay(row, back, leave, source)
        self._leave(row, max(leave, back))

    def _leave(self, row: Environment, at: float) -> None:
        if self.rng.random() < 0.35:
            self.world.plan(at + MINUTE, lambda w, t: environments.request_stop(w, row, t))

    def _runs(self, row: Environment, at: float, weekend: bool) -> None:
        self._office(row, at, weekend)
        if weekend or not row.tasks or self.rng.random() < 0.3:
            return
        begins, hours = at + self.rng.uniform(14, 18.5) * HOUR, self.rng.uniform(1.5, 9)
        self.world.plan(begins, lambda _, t: self._run(row, hours, t))

    def _run(self, row: Environment, hours: float, at: float) -> None:
        if row.usable and not row.stop_pending:
            task = row.tasks[0]
            task.recipe = replace(task.recipe, seconds=hours * HOUR, exit_code=None)
            executions.request_start(self.world, task, row.creator, at)

    def _shell(self, row: Environment, at: float, _weekend: bool) -> None:
        """Somebody's SSH session stays open, except for one night in a while."""
        silent = self.rng.random() < 0.1
        self._stay(row, at + MINUTE, at + (12 * HOUR if silent else DAY), "SSH")

    def _night(self, row: Environment, at: float, _weekend: bool) -> None:
        if self.rng.random() < 0.6:
            begins = at + self.rng.uniform(18, 21) * HOUR
            self._stay(row, begins, begins + self.rng.uniform(1, 6) * HOUR, "VS Code")

    def _seldom(self, row: Environment, at: float, weekend: bool) -> None:
        if not weekend and self.rng.random() < 0.25:
            begins = at + self.rng.uniform(8, 17) * HOUR
            self._stay(row, begins, begins + self.rng.uniform(0.2, 2) * HOUR, self.rng.choice(SOURCES))

    # What people do

    def _up(self, row: Environment, at: float) -> None:
        if row.phase == enums.STOPPED and not row.start_pending:
            environments.request_start(self.world, row, at)

    def _stay(self, row: Environment, begins: float, until: float, source: str) -> None:
        """Work in it, starting it when it is down."""
        if begins < until:
            self.world.plan(begins, lambda _, t: self._work(row, until, source, t))

    def _work(self, row: Environment, until: float, source: str, at: float) -> None:
        if at >= until:
            return
        pause = SIGNALS * self.rng.uniform(0.9, 1.1)
        if row.usable and not row.stop_pending:
            environments.signal(self.world, row, source, at)
        else:
            self._up(row, at)
            pause = 90.0
        self.world.plan(at + pause, lambda _, t: self._work(row, until, source, t))

    def visit(self, identifier: str, at: float) -> None:
        """Look after one for a few minutes."""
        row = self.world.environment_table.rows[identifier]
        self._stay(row, at, at + 400, "VS Code")

    def come_back(self, row: Environment, at: float) -> None:
        """Of those whose environment was stopped some want it again: at once, or after a while, for half an hour."""
        luck = self.rng.random()
        if luck < 0.12:
            back = at + self.rng.uniform(2, 10) * MINUTE
        elif luck < 0.2:
            back = at + self.rng.uniform(25, 90) * MINUTE
        else:
            return
        self._stay(row, back, back + 0.5 * HOUR, "VS Code")


_PLANS: dict[str, Callable[[Town, Environment, float, bool], None]] = {
    "office": Town._office,
    "runs": Town._runs,
    "shell": Town._shell,
    "night": Town._night,
    "seldom": Town._seldom,
}

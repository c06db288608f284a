"""One run: the stack over a world, people in it, and a schedule of faults."""

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from dashboard.fleet.store import Store, StoreError, connect, namespace_of
from dashboard.ona import Ona
from dashboard.simulator import World
from scripts.chaos.api import Api
from scripts.chaos.clock import StackClock
from scripts.chaos.faults import Fault, Struck, Victim
from scripts.chaos.people import People, Visitor
from scripts.fortnight.witness import Witness
from scripts.postgres import Server
from scripts.stack import Stack, until
from scripts.truth import differences, world_of

KEY = "chaos-key"
VARIABLES = {
    "ONA_API_KEY": KEY,
    "POLL_HOT_SECONDS": "1",
    "POLL_FULL_SECONDS": "5",
    "POLL_HISTORY_SECONDS": "5",
    "ONA_REQUESTS_PER_SECOND": "500",
}
KEPT = 50
"""Finished executions of a task that the dashboard keeps: its default."""
LONGEST = 8.0
"""Seconds for which a fault is kept up at most."""
OPEN = ("queued", "sending", "requested")
POLICY = """
import sys
import django; django.setup()
from django.contrib.auth import get_user_model
from dashboard import jobs
from dashboard.control import ledger, policies
from dashboard.control.models import IdlePolicy
admin, now, limit = get_user_model().objects.get(username="admin"), ledger.utc_now(), float(sys.argv[1])
policy = IdlePolicy(name=f"Chaos {limit:g}", idle=limit, lead=0.0, most_a_run=1000, most_an_hour=5000)
policies.keep(policy, admin, now)
assert policies.arm(policy, admin, now)
jobs.run_policies.delay()
"""
LIMITS = (4 * 3600.0, 3600.0)
"""Seconds without anybody, of the policies that are armed at the beginning and half-way."""


@dataclass
class Scene:
    """Everything of one run, and what happened in it."""

    victim: Victim
    people: People
    witness: Witness
    began: float
    struck: list[Struck] = field(default_factory=list)

    @property
    def stack(self) -> Stack:
        return self.victim.stack

    @property
    def world(self) -> World:
        return self.victim.api.world

    def arm(self, limit: float) -> None:
        """Have a policy stop what nobody has used for so long."""
        self.stack.run(POLICY, str(limit))

    def live_through(
        self, turns: list[list[Fault]], rng: Random, say: Callable[[str], None], longest: float = LONGEST
    ) -> None:
        """One turn after another, with a pause after each; no fault is kept up for longer than `longest`."""
        with ThreadPoolExecutor(2) as hands:
            for number, turn in enumerate(turns):
                if number == len(turns) // 2 and len(turns) > 6:
                    self.arm(LIMITS[1])
                lasts = [rng.uniform(longest / 2, longest) for _ in turn]
                self.struck += hands.map(self._strike, turn, lasts)
                for one in self.struck[-len(turn) :]:
                    span = f"{one.at - self.began:6.1f} s … {one.until - self.began:6.1f} s"
                    say(f"{span}  {one.fault.name}{' (both at once)' if len(turn) > 1 else ''}")
                time.sleep(rng.uniform(0.5, 2))

    def _strike(self, fault: Fault, seconds: float) -> Struck:
        at = time.monotonic()
        fault.strike(self.victim, seconds)
        return Struck(fault, at, time.monotonic())

    def store(self) -> Store:
        variables = self.stack.variables()
        redis = connect(variables["REDIS_URL"])
        return Store(redis, namespace_of(redis, self.victim.api.address, KEY))

    def settle(self, patience: float) -> list[tuple[str, str]]:
        """Wait until no action is open any more; returns those that still are, as (verb, state). One that a newer wish
        for the same target has overtaken, as a start by a stop, is given its time by the ledger, which may be long.
        """
        overtaken = (
            "state = 'requested' and exists (select 1 from control_action b where b.target_id = a.target_id "
        )
        overtaken += "and b.created > a.created)"
        question = f"select verb, state from control_action a where state in {OPEN} and not ({overtaken})"
        end = time.monotonic() + patience
        while (left := self.stack.ask(question)) and time.monotonic() < end:
            time.sleep(0.5)
        return [(verb, state) for verb, state in left]

    def drift(self) -> list[str]:
        """The fields that differ from the world after two full sweeps over a world in which time stands still."""
        with self.world.present():
            self.world.clock.freeze()
        store, stopped = self.store(), time.time()
        began: set[float] = set()

        def swept_twice() -> bool:
            try:
                good = store.sweeps().get("full:ok")
            except StoreError:
                return False
            if good is not None and good.started > stopped:
                began.add(good.started)
            return len(began) >= 2

        until(swept_twice, "two full sweeps")
        with Ona.open(self.victim.api.address, KEY) as ona:
            return sorted(differences(store, world_of(ona, KEPT)))


@contextmanager
def scene(  # noqa: PLR0913 - what a run can be told
    *,
    seed: int,
    environments: int,
    speed: float,
    pause: float,
    database: Server | None = None,
    keep: Path | None = None,
) -> Iterator[Scene]:
    """The stack over its world, on SQLite where no `database` is given; `keep` gets its folder in the end."""
    world = World(environments=environments, seed=seed, speed=speed)
    witness, api = Witness(world), Api(world)
    with tempfile.TemporaryDirectory(prefix="ona-chaos-") as name:
        folder = Path(name)
        clock = StackClock(folder)
        given = {**VARIABLES, **clock.variables, "ONA_BASE_URL": api.address}
        if database is not None:
            given |= {
                "DATABASE_URL": database.url,
                "SECRET_KEY": "of a run that nobody keeps, long enough to be taken",
            }
        stack = Stack(folder, given=given)
        try:
            until(stack.greeted, "the dashboard answers")
            words = dict(re.findall(r"^    (\w+) +(\S{8,})$", stack.output(), re.MULTILINE))
            address = f"http://127.0.0.1:{stack.port}"
            asks, sees = (Visitor(address, one, words[one]) for one in ("admin", "viewer"))
            people = People(asks, sees, world, Random(f"{seed} people"), pause)
            here = Scene(Victim(stack, api, clock, database), people, witness, time.monotonic())
            until(lambda: "full:ok" in here.store().sweeps(), "the fleet has been read")
            yield here
        finally:
            stack.end()
            api.cut()
            if keep is not None:
                shutil.copytree(folder, keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))

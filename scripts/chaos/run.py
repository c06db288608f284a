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
from scripts.chaos.policies import Keeper, forget
from scripts.fortnight.witness import Witness
from scripts.postgres import Server
from scripts.stack import Stack, until
from scripts.truth import differences, world_of

KEY = "chaos-key"
VARIABLES = {
    "ONA_API_KEY": KEY,
    "POLL_HOT_SECONDS": "1",
    "POLL_FULL_SECONDS": "3",
    "POLL_HISTORY_SECONDS": "5",
    "ONA_REQUESTS_PER_SECOND": "500",
}
KEPT = 50
"""Finished executions of a task that the dashboard keeps: its default."""
LONGEST = 8.0
"""Seconds for which a fault is kept up at most."""
A_RUN = 90.0
"""Seconds in which each policy has had its turn."""
OPEN = ("queued", "sending", "requested")


@dataclass
class Scene:
    """Everything of one run, and what happened in it."""

    victim: Victim
    people: People
    witness: Witness
    keeper: Keeper
    began: float
    struck: list[Struck] = field(default_factory=list)

    @property
    def stack(self) -> Stack:
        return self.victim.stack

    @property
    def world(self) -> World:
        return self.victim.api.world

    def live_through(
        self, turns: list[list[Fault]], rng: Random, say: Callable[[str], None], longest: float = LONGEST
    ) -> None:
        """One turn after another, with a pause after each; no fault is kept up for longer than `longest`."""
        with ThreadPoolExecutor(2) as hands:
            for number, turn in enumerate(turns, 1):
                self.keeper.share = number / len(turns)
                lasts = [rng.uniform(longest / 2, longest) for _ in turn]
                self.struck += hands.map(self._strike, turn, lasts)
                for one in self.struck[-len(turn) :]:
                    span = f"{one.at - self.began:6.1f} s … {one.until - self.began:6.1f} s"
                    say(f"{span}  {one.fault.name}{' (both at once)' if len(turn) > 1 else ''}")
                time.sleep(rng.uniform(0.5, 2))
        self._wait_for_policies()

    def _wait_for_policies(self) -> None:
        """Until all are armed and enough was stopped, at most as long as a policy needs for its next turn."""
        end = time.monotonic() + A_RUN
        while time.monotonic() < end:
            if self.keeper.has_armed_all and len(self.stopped_by_policies()) >= self.enough:
                return
            time.sleep(0.2)

    @property
    def enough(self) -> float:
        """Stops of policies that show that they acted; people and the world take others."""
        return len(self.keeper.forgotten) / 3

    def stopped_by_policies(self) -> list[tuple[str, ...]]:
        question = "select target_id from control_action a join control_batch b on b.id = a.batch_id "
        return self.stack.ask(f"{question} where b.policy_id is not null and a.attempts > 0")

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
    forgotten: int,
    database: Server | None = None,
    keep: Path | None = None,
) -> Iterator[Scene]:
    """The stack over its world, in which so many environments are `forgotten`; on SQLite where no `database` is given.
    `keep` gets its folder in the end.
    """
    world = World(environments=environments, seed=seed, speed=speed)
    idle = forget(world, forgotten, Random(f"{seed} forgotten"))
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
            admin = Visitor(address, "admin", words["admin"])
            keeper = Keeper(admin, idle, stack.variables()["REDIS_URL"], people.accept)
            people.others.append(keeper.turn)
            here = Scene(Victim(stack, api, clock, database), people, witness, keeper, time.monotonic())
            until(lambda: "full:ok" in here.store().sweeps(), "the fleet has been read")
            yield here
        finally:
            stack.end()
            api.cut()
            if keep is not None:
                shutil.copytree(folder, keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))

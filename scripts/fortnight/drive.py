"""The dashboard under test: its jobs called in turn, as beat and worker would, while the world's time passes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.test import Client

from dashboard import jobs
from dashboard.control import batches, ledger
from dashboard.control.idleness import exemptions
from dashboard.control.models import Action, IdlePolicy, Progress, Replay, Role, User
from dashboard.control.policies import changes as policies
from dashboard.control.whatif import replays
from dashboard.control.whatif.run import Question
from dashboard.fleet.entities import Environment
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.store import connect
from dashboard.simulator import World, enums, environments
from dashboard.simulator.directory import DAY
from scripts.fortnight.clock import START, Clock
from scripts.fortnight.post import BEFORE, Post
from scripts.fortnight.town import HOUR, Town
from scripts.fortnight.witness import Witness

LIMIT, LEAD = 7200.0, 1800.0
LANE = 20.0
"""Seconds between a policy's verdict and the call."""
SETTLES = 25.0
"""Seconds after which it is looked what became of the calls."""
REFUSING, FORGETTING = 19, 20
"""Hours of the day in which something is broken: in the evening, when most is stopped."""
FULL_EVERY, HOURS_EVERY = 2 * HOUR, 6 * HOUR


@dataclass(frozen=True, slots=True)
class Wish:
    """An exemption as its people know it; epoch seconds."""

    environment: str
    since: float
    until: float


@dataclass
class Fortnight:
    """A fleet, its people, and the dashboard that watches them. `step` is in seconds, between two turns of the jobs.

    The settings of this process name the Valkey, the database and the simulator's address.
    """

    clock: Clock
    world: World
    days: int
    step: float
    seed: int
    wishes: list[Wish] = field(default_factory=list)
    meddled: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = Random(f"{self.seed} dashboard")
        self.town = Town(self.world, Random(f"{self.seed} town"), START, self.days)
        self.witness = Witness(self.world)
        self.world.hub.witnesses.append(self._notice)
        self._turn = START
        self.post = Post(Path(settings.VAR_DIR) / "messages")
        self._due: dict[str, float] = {}
        self._asked: dict[str, float] = {}

    def _notice(self, _operation: str, row: object) -> None:
        """Tell the town of an environment that somebody else has stopped."""
        if getattr(row, "phase", "") != enums.STOPPING:
            return
        at, identifier = self.world.moment, str(getattr(row, "id", ""))
        if at - self._asked.pop(identifier, 0.0) < 60 and identifier in self.world.environment_table.rows:
            self.town.come_back(self.world.environment_table.rows[identifier], at)

    def prepare(self) -> IdlePolicy:
        """People of the dashboard, one for everybody of the organisation, and the policy, armed."""
        admin = User.objects.create(username="fortnight", role=Role.ADMIN)
        for member in self.world.directory.members:
            User.objects.create(username=member.id, email=member.email, role=Role.OPERATOR)
        self.clock.now += 60
        jobs.poll_names()
        jobs.poll_full()
        self._look()
        policy = IdlePolicy(name="Nightly", idle=LIMIT, lead=LEAD, most_a_run=1000, most_an_hour=5000)
        policies.keep(policy, admin, ledger.utc_now())
        policies.arm(policy, admin, ledger.utc_now())
        return policy

    def days_lived(self) -> Iterator[int]:
        """Live through it; yields the number of each day that is over."""
        for day in range(1, self.days + 1):
            while self._turn + self.step <= START + day * DAY:
                self._turn += self.step
                self.clock.now = max(self._turn, self.clock.now + 1)
                self.turn()
            yield day

    def turn(self) -> None:
        self._weather()
        jobs.poll_names()
        if self._is_due("full", FULL_EVERY) or "full:ok" not in jobs.parts.store().sweeps():
            jobs.poll_full()
        self._look()
        jobs.sweep_actions()
        jobs.run_policies()
        jobs.send_batches()
        self._send()
        self._tell()
        if self._is_due("hours", HOURS_EVERY):
            jobs.count_hours()
            jobs.make_reports()
        self._exempt()

    def _weather(self) -> None:
        """Each day has an hour in which the API refuses some calls, and a moment at which Valkey loses all it held."""
        hour = int((self.clock.now - START) % DAY // HOUR)
        self.world.faults.update({"503": 0.05 if hour == REFUSING else 0.0})
        if hour == FORGETTING and self._is_due("flush", DAY / 2):
            connect(settings.REDIS_URL).flushall()

    def finish(self) -> None:
        """The last reports are made once everybody had time to come back."""
        for pause in (600.0, 600.0, 600.0):
            self.clock.now += pause
            self._look()
            jobs.find_notices()
            jobs.send_notices()
        self.post.collect()
        jobs.count_hours()
        jobs.make_reports()

    def what_if(self, limit: float) -> dict[str, Any]:
        """The policy with another limit and without warnings, replayed over the record."""
        policy = IdlePolicy.objects.get()
        policy.idle, policy.lead = limit, 0.0
        asked = replays.ask(
            Question.of(policy, self.days), User.objects.get(role=Role.ADMIN), ledger.utc_now()
        )
        jobs.replay()
        done = Replay.objects.get(pk=asked.pk)
        if done.state != Progress.DONE:
            raise AssertionError(f"the replay is {done.state}: {done.trouble}")
        result: dict[str, Any] = done.result
        return result

    def _is_due(self, name: str, every: float) -> bool:
        if self.clock.now - self._due.get(name, 0.0) < every:
            return False
        self._due[name] = self.clock.now
        return True

    def _look(self) -> None:
        jobs.poll_hot()
        self.looks.append(self.clock.now)
        jobs.chase()
        jobs.record_history()
        jobs.parts.snapshot().newest()  # what this process knows may be a quarter of a real second old

    def _send(self) -> None:
        if not batches.waiting(ledger.utc_now()):
            return
        self._meddle()
        self.clock.now += LANE
        calls = len(self.world.calls)
        while batches.waiting(ledger.utc_now()):
            jobs.send_lane(0)
        self._asked |= {call.target: call.at for call in self.world.calls[calls:]}
        self.clock.now += SETTLES
        self._look()

    def _tell(self) -> None:
        """Messages are written and sent; whoever reads one before a stop may do something about it."""
        jobs.find_notices()
        jobs.send_notices()
        for letter in self.post.collect():
            for identifier in letter.environments if letter.deed == BEFORE else ():
                luck = self.rng.random()
                if luck < 0.08 or not self.kept:
                    self._follow_the_link(letter.to, identifier)
                elif luck < 0.2:
                    at = self.clock.now + self.rng.uniform(1, 25) * 60
                    self.town.visit(identifier, at)

    # What people do beside it

    def _follow_the_link(self, to: str, identifier: str) -> None:
        """Open the page that a warning leads to, and press its first button."""
        browser = Client(headers={"host": "127.0.0.1"})
        browser.force_login(User.objects.get(email=to))
        path = f"/environments/{identifier}/keep/"
        found = re.search(r'name="until" value="([^"]+)"', browser.get(path).content.decode())
        if found is None or browser.post(path, {"until": found[1]}).status_code != 302:
            raise AssertionError(f"{to} cannot keep {identifier} awake")
        until = datetime.fromisoformat(found[1]).timestamp()
        self.wishes.append(Wish(identifier, self.clock.now, until))
        self.kept.append(identifier)

    def _meddle(self) -> None:
        """Once in a while somebody comes back just between the verdict and the call."""
        waiting = Action.objects.waiting_in_batches(ledger.utc_now())
        identifier = waiting.values_list("target_id", flat=True).first()
        row = self.world.environment_table.rows.get(identifier or "")
        if row is None or self.rng.random() > 0.2:
            return
        at = self.clock.now + LANE / 2
        self.world.plan(at, lambda w, t: environments.signal(w, row, "VS Code", t))
        self.meddled.append(row.id)

    def _exempt(self) -> None:
        """Every morning a few owners keep one of theirs for hours or days."""
        if not self._is_due("exempt", DAY):
            return
        fleet = jobs.parts.snapshot().now().fleet
        owned = [row for row in fleet.environments.values() if self.owner_of(row, fleet) is not None]
        for row in self.rng.sample(sorted(owned, key=lambda one: one.id), max(1, len(owned) // 40)):
            owner = self.owner_of(row, fleet)
            if owner is not None:
                self.keep(owner, row, fleet, self.rng.uniform(6, 60) * HOUR)

    def owner_of(self, row: Environment, fleet: Fleet) -> User | None:
        person = fleet.people.get(row.creator_id)
        return User.objects.filter(email=person.email).first() if person is not None else None

    def keep(self, who: User, row: Environment, fleet: Fleet, seconds: float) -> None:
        """Grant an exemption in a person's name, and note it in their own book."""
        now = ledger.utc_now()
        until = now + timedelta(seconds=seconds)
        options = {"reason": "a long job", "until": until, "now": now, "longest": exemptions.LONGEST}
        exemptions.grant(who, fleet, row=row, **options)  # type: ignore[arg-type]
        self.wishes.append(Wish(row.id, now.timestamp(), until.timestamp()))


@contextmanager
def fortnight(clock: Clock, world: World, **options: float) -> Iterator[Fortnight]:
    """One over a world; see `Fortnight`."""
    with clock.everywhere():
        yield Fortnight(clock, world, **options)  # type: ignore[arg-type]

"""One person who asks for things through the pages, and others who look at them without a pause."""

import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from random import Random

import httpx

from dashboard.simulator import World, enums

READ = ("/", "/environments/", "/services/", "/tasks/", "/executions/")
"""Pages of the fleet: they need the copy that the web process has, and nothing else."""
OTHERS = ("/activity/", "/idle/", "/system/")
"""Pages that speak of the database."""
POLL = "/environments/?seen=x"
BANNER = re.compile(r'id="trouble" role="status">')
LONGEST = 60.0
"""Seconds that somebody waits for an answer."""
FIRST_ROUND = 30.0
"""Seconds at most for the first look at every page."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one page; monotonic seconds. Status 0: no answer."""

    path: str
    at: float
    until: float
    status: int
    banner: bool


@dataclass(frozen=True, slots=True)
class Deed:
    """What was asked for, and answered with "accepted": a verb of the ledger and its target, or a batch."""

    verb: str
    target: str


class Visitor:
    """Somebody with a browser, signed in."""

    def __init__(self, address: str, name: str, password: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=LONGEST, headers={"Referer": address})
        self._client.get("/accounts/login/")
        self._client.post("/accounts/login/", data={"username": name, "password": password, **self._token()})
        if "ona_session" not in self._client.cookies:
            raise SystemExit(f"{name} could not sign in.")

    def _token(self) -> dict[str, str]:
        return {"csrfmiddlewaretoken": self._client.cookies.get("ona_csrf") or ""}

    def look(self, path: str) -> Look:
        at, headers = time.monotonic(), {"HX-Request": "true"} if "seen=" in path else {}
        try:
            answer = self._client.get(path, headers=headers)
            status, banner = answer.status_code, bool(BANNER.search(answer.text))
        except httpx.HTTPError:
            status, banner = 0, False
        return Look(path, at, time.monotonic(), status, banner)

    def ask(self, path: str) -> str:
        """The text of a page; "" when it could not be had."""
        try:
            answer = self._client.get(path)
        except httpx.HTTPError:
            return ""
        return answer.text if answer.status_code == 200 else ""

    def send(self, path: str, **fields: str | list[str]) -> httpx.Response | None:
        """The answer to a form; None when there was none, so that nobody knows what became of it."""
        try:
            return self._client.post(path, data={**fields, **self._token()})
        except httpx.HTTPError:
            return None


@dataclass
class People:
    """`asks` goes through the world and asks for this and that, `sees` looks at the pages. `others` say what else
    somebody does, turn after turn.
    """

    asks: Visitor
    sees: Visitor
    world: World
    rng: Random
    pause: float
    looks: list[Look] = field(default_factory=list)
    accepted: list[Deed] = field(default_factory=list)
    sent: int = 0
    others: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._tasks: set[str] = set()
        self._one = ""

    @contextmanager
    def about(self) -> Iterator[None]:
        """They are there for as long as the block lasts, which begins when every page was looked at once: who was never
        let in before an outage is not let in during it.
        """
        doing: list[Callable[[], None]] = [self._asking, self._looking]
        doing += [partial(self._turns, one) for one in self.others]
        threads = [threading.Thread(target=one, daemon=True) for one in doing]
        for thread in threads:
            thread.start()
        end = time.monotonic() + FIRST_ROUND
        while not self.looks and time.monotonic() < end:
            time.sleep(0.05)
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(LONGEST)

    def _looking(self) -> None:
        pages = [*READ, POLL, *OTHERS]
        while not self._over.is_set():
            one = f"/environments/{self._one}/"
            self.looks += [self.sees.look(path) for path in (*pages, *([one] if self._one else []))]
            self._over.wait(0.2)

    def _turns(self, deed: Callable[[], None]) -> None:
        while not self._over.wait(self.pause):
            deed()

    def _asking(self) -> None:
        wishes: tuple[tuple[Callable[[], None], int], ...] = (
            (self._stop, 5),
            (self._start, 5),
            (self._run, 5),
            (self._serve, 3),
            (self._make, 2),
            (self._batch, 2),
            (self._again, 2),
        )
        while not self._over.is_set():
            with suppress(LookupError):  # nothing fits just now
                self.rng.choices([wish for wish, _ in wishes], [weight for _, weight in wishes])[0]()
            self._over.wait(self.pause)

    def _ask(self, section: str, verb: str, target: str) -> None:
        answer = self.asks.send(f"/{section}/{target}/{verb.partition('.')[2]}/", reason="chaos")
        self.note(answer, verb, target)

    def note(self, answer: httpx.Response | None, verb: str, target: str) -> bool:
        self.sent += 1
        accepted = (
            answer is not None and answer.status_code == 302 and "login" not in answer.headers["Location"]
        )
        if accepted:
            self.accepted.append(Deed(verb, target))
        return accepted

    def accept(self, deed: Deed) -> None:
        """Somebody else than `asks` was told that this is done."""
        self.sent += 1
        self.accepted.append(deed)

    def _environment(self, phase: str) -> str:
        rows = self.world.environments.values()
        self._one = self.rng.choice(
            sorted(row.id for row in rows if row.phase == phase and row.archived_at is None)
        )
        return self._one

    def _stop(self) -> None:
        self._ask("environments", "environment.stop", self._environment(enums.RUNNING))

    def _start(self) -> None:
        self._ask("environments", "environment.start", self._environment(enums.STOPPED))

    def _run(self) -> None:
        """Each task once: so whatever is sent twice shows."""
        found = sorted(row.id for row in self.world.tasks.values() if row.environment.usable)
        target = self.rng.choice([one for one in found if one not in self._tasks])
        self._tasks.add(target)
        self._ask("tasks", "task.start", target)

    def _serve(self) -> None:
        rows = [row for row in self.world.services.values() if row.environment.usable]
        target = self.rng.choice(sorted(rows, key=lambda row: row.id))
        up = target.phase == enums.SERVICE_RUNNING
        self._ask("services", "service.stop" if up else "service.start", target.id)

    def _make(self) -> None:
        """From a project, under a name that only this wish has; at times the form is sent twice."""
        token, projects = str(uuid.UUID(int=self.rng.getrandbits(128))), self.world.directory.projects
        name = f"chaos {token[:12]}"
        fields = {
            "token": token,
            "name": name,
            "project": self.rng.choice(sorted(row.id for row in projects)),
        }
        for _ in range(self.rng.choice((1, 2))):
            self.note(self.asks.send("/environments/new/", **fields), "environment.create", f"new-{token}")

    def _batch(self) -> None:
        targets = [self._environment(enums.RUNNING) for _ in range(4)]
        self._begin(self.asks.send("/environments/bulk/", deed="stop", id=targets))

    def _begin(self, question: httpx.Response | None) -> None:
        """Begin the batch that a page asks about."""
        found = re.search(r"/batches/([0-9a-f-]{36})/begin/", question.text) if question is not None else None
        if found:
            answer = self.asks.send(f"/batches/{found[1]}/begin/", reason="chaos")
            self.note(answer, "batch", found[1])

    def _again(self) -> None:
        """An earlier batch once more: what failed of it, or what it stopped is started again."""
        one = self.rng.choice([deed.target for deed in self.accepted if deed.verb == "batch"])
        if self.rng.random() < 0.5:
            self.note(self.asks.send(f"/batches/{one}/retry/"), "batch", one)
        else:
            self._begin(self.asks.send(f"/batches/{one}/undo/"))

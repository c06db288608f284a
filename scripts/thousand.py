"""A thousand stops in one batch while worker, Valkey and web are killed: nothing is lost, and all of it can be undone.

    make thousand

The whole stack runs over a simulated fleet in which nobody comes or goes by themselves. So what must come of each
target is known before, and the simulator itself is asked what came of it.
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.ona import EnvironmentFilter, ExecutionFilter, Ona
from dashboard.stack import parts

ROOT = Path(__file__).resolve().parent.parent
VARIABLES = {"POLL_HOT_SECONDS": "1", "POLL_FULL_SECONDS": "15", "ONA_REQUESTS_PER_SECOND": "2000"}
SPEED = 30
"""Simulated seconds in a second: a start takes a minute at most."""
FLEET = 2.3
"""Environments for each target: a little less than half of them run."""
KILLED = (("worker", 0.1), ("valkey", 0.3), ("web", 0.5))
"""Who is killed, after which share of the targets has ended."""
ENDED = ("confirmed", "skipped", "failed", "unconfirmed", "unknown")
PATIENCE = 240.0
BEGIN = """
import sys
import django; django.setup()
from django.contrib.auth import get_user_model
from dashboard import jobs
from dashboard.control import batches, ledger
from dashboard.control.models import Batch
from dashboard.control.verbs import Verb
from dashboard.fleet.snapshot import load
admin, fleet, now = get_user_model().objects.get(username="admin"), load(jobs.parts.store()), ledger.utc_now()
wanted = sys.argv[1:]
"""
STOP = f"""{BEGIN}
rows = [fleet.environments[key] for key in wanted]
batch = batches.ask(admin, Verb.STOP_ENVIRONMENT, rows, now=now, idle_limit=1.0)
batches.begin(batch, admin, fleet, reason="a thousand", now=now)
"""
UNDO = f"""{BEGIN}
stopped = Batch.objects.get(undoes=None)
batch = batches.ask(admin, Verb.START_ENVIRONMENT, batches.undo_of(stopped, fleet).rows, now=now, undoes=stopped)
batches.begin(batch, admin, fleet, reason="back again", now=now)
"""
KNOWN = f"""{BEGIN}
import time
running, *targets = wanted
while True:
    known = load(jobs.parts.store()).environments
    if known.keys() >= set(targets) and sum(one.phase == "running" for one in known.values()) == int(running):
        break
    time.sleep(0.5)
"""
"""Ends when the dashboard knows the targets, and of so many environments that run. A Valkey that was killed has
forgotten everything: the hot sweep brings back those that run, the others come with the full one.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the ledger says of one target."""

    state: str
    words: str


@dataclass
class Stack:
    """`manage.py up` in `folder`, with a fleet for so many targets."""

    folder: Path
    targets: int
    port: int = field(default_factory=parts.free_port)

    def __post_init__(self) -> None:
        self.said = self.folder / "said"
        argv = [sys.executable, "manage.py", "up", "--port", str(self.port), "--speed", str(SPEED), "--still"]
        argv += ["--environments", str(round(self.targets * FLEET) + 30)]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env=kept | VARIABLES | {"VAR_DIR": str(self.folder / "var")},
                stdout=said,
                stderr=said,
            )

    def pid(self, name: str) -> int:
        return int(json.loads((self.folder / "var" / "up.json").read_text())["pids"].get(name, 0))

    def greeted(self) -> bool:
        if self.process.poll() is not None:
            raise SystemExit(f"The stack did not start:\n{self.said.read_text()}")
        return "Dashboard: " in self.said.read_text()

    def kill(self, name: str) -> None:
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)
        until(lambda: self.pid(name) not in {0, before}, f"{name} comes back")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def variables(self) -> dict[str, str]:
        """What the stack's own processes are given."""
        block = Path(f"/proc/{self.pid('worker')}/environ").read_bytes().decode()
        return dict(line.partition("=")[::2] for line in block.split("\0") if line)

    def run(self, script: str, *arguments: str) -> None:
        """Run a script as one of the stack's own processes would."""
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=ROOT,
            env=self.variables(),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        if done.returncode:
            raise SystemExit(done.stderr)

    def outcomes(self, verb: str) -> dict[str, Outcome]:
        """What the ledger says, by target."""
        path = f"file:{self.folder / 'var' / 'dashboard.sqlite3'}?mode=ro"
        question = "select target_id, state, outcome from control_action where verb = ?"
        with closing(sqlite3.connect(path, uri=True, timeout=20)) as database:
            rows = database.execute(question, (verb,)).fetchall()
        return {target: Outcome(state, words) for target, state, words in rows}

    def ended(self, verb: str) -> int:
        return sum(one.state in ENDED for one in self.outcomes(verb).values())


def until(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"Not within {PATIENCE:.0f} s: {what}.")
        time.sleep(0.1)


class Api:
    """The simulator, asked past the dashboard."""

    def __init__(self, ona: Ona) -> None:
        self.ona = ona

    def running(self) -> dict[str, str]:
        """Id → role of everything that runs."""
        found = self.ona.environments.pages(EnvironmentFilter(status_phases=("running",)))
        return {item.id: item.metadata.role for page in found for item in page.items}

    def at_work(self) -> set[str]:
        live = ExecutionFilter(phases=("pending", "running"))
        pages = self.ona.automations.execution_pages(live)
        return {item.metadata.environment_id for page in pages for item in page.items}


@dataclass(frozen=True, slots=True)
class Check:
    claim: str
    passed: bool
    seen: object

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'FAILED'}  {self.claim}: {self.seen}"


@contextmanager
def stack(targets: int) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="ona-thousand-") as folder:
        one = Stack(Path(folder), targets)
        try:
            until(one.greeted, "the dashboard answers")
            yield one
        finally:
            one.end()


def lived(one: Stack) -> Iterator[Check]:
    """Stop them, kill whatever can be killed, and undo."""
    variables = one.variables()
    with Ona.open(variables["ONA_BASE_URL"], variables["ONA_API_KEY"]) as ona:
        yield from _lived(one, Api(ona))


def _lived(one: Stack, api: Api) -> Iterator[Check]:
    before, at_work = api.running(), api.at_work()
    one.run(KNOWN, str(len(before)))
    wanted = sorted(before)[: one.targets]
    kept = {key for key in wanted if key in at_work or before[key] != "ENVIRONMENT_ROLE_DEFAULT"}
    one.run(STOP, *wanted)
    for name, share in KILLED:
        _wait_for(one, round(share * len(wanted)))
        one.kill(name)
    _wait_for(one, len(wanted))
    yield from _stopped(one, api, before, wanted, kept)
    yield from _undone(one, api, before, set(wanted) - kept)


def _wait_for(one: Stack, many: int) -> None:
    until(lambda: one.ended("environment.stop") >= many, f"{many} targets have ended")


def _stopped(
    one: Stack, api: Api, before: dict[str, str], wanted: list[str], kept: set[str]
) -> Iterator[Check]:
    found = one.outcomes("environment.stop")
    counts = Counter(outcome.state for outcome in found.values())
    yield Check("targets, each with one line of the ledger", set(found) == set(wanted), len(found))
    skipped = {key for key, outcome in found.items() if outcome.state == "skipped"}
    said = all(found[key].words for key in skipped)
    yield Check(
        "skipped, with the reason: those at work, prebuilds, workflows",
        said and skipped == kept,
        len(skipped),
    )
    yield Check("confirmed: all others", counts["confirmed"] == len(wanted) - len(kept), dict(counts))
    still = set(api.running())
    yield Check(
        "the API says the same of all that ran", still == set(before) - (set(wanted) - kept), len(still)
    )


def _undone(one: Stack, api: Api, before: dict[str, str], stopped: set[str]) -> Iterator[Check]:
    early = set(sorted(stopped)[:3])
    for key in early:
        api.ona.environments.start(key)
    one.run(KNOWN, str(len(before) - len(stopped) + len(early)), *stopped)
    one.run(UNDO)
    until(lambda: one.ended("environment.start") == len(stopped) - len(early), "every start has ended")
    found = one.outcomes("environment.start")
    states = Counter(outcome.state for outcome in found.values())
    exact = set(found) == stopped - early and set(states) == {"confirmed"}
    yield Check(
        "started again: what it stopped, but for what somebody has started since", exact, dict(states)
    )
    yield Check("what runs is what ran before", set(api.running()) == set(before), len(before))


def main() -> int:
    wish = argparse.ArgumentParser(description=__doc__)
    wish.add_argument("--targets", type=int, default=1000)
    with stack(wish.parse_args().targets) as one:
        checks = []
        for check in lived(one):
            print(check, flush=True)
            checks.append(check)
    failed = sum(not check.passed for check in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

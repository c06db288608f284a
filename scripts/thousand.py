"""A thousand stops in one batch while worker, Valkey and web are killed: nothing is lost, and all of it can be undone.

    make thousand

The whole stack runs over a simulated fleet in which nobody comes or goes by themselves. So what must come of each
target is known before, and the simulator itself is asked what came of it.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dashboard.ona import EnvironmentFilter, ExecutionFilter, Ona
from scripts.stack import Check, Stack, until, verdict

VARIABLES = {"POLL_HOT_SECONDS": "1", "POLL_FULL_SECONDS": "15", "ONA_REQUESTS_PER_SECOND": "2000"}
SPEED = 30
"""Simulated seconds in a second: a start takes a minute at most."""
FLEET = 2.3
"""Environments for each target: a little less than half of them run."""
KILLED = (("worker", 0.1), ("valkey", 0.3), ("web", 0.5))
"""Who is killed, after which share of the targets has ended."""
ENDED = ("confirmed", "skipped", "failed", "unconfirmed", "unknown")
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


def outcomes(one: Stack, verb: str) -> dict[str, Outcome]:
    """What the ledger says, by target."""
    rows = one.ask("select target_id, state, outcome from control_action where verb = ?", verb)
    return {target: Outcome(state, words) for target, state, words in rows}


def ended(one: Stack, verb: str) -> int:
    return sum(found.state in ENDED for found in outcomes(one, verb).values())


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


@contextmanager
def stack(targets: int) -> Iterator[Stack]:
    """One with a fleet for so many targets."""
    options = ("--speed", str(SPEED), "--still", "--environments", str(round(targets * FLEET) + 30))
    with tempfile.TemporaryDirectory(prefix="ona-thousand-") as folder:
        one = Stack(Path(folder), options, VARIABLES)
        try:
            until(one.greeted, "the dashboard answers")
            yield one
        finally:
            one.end()


def lived(one: Stack, targets: int) -> Iterator[Check]:
    """Stop them, kill whatever can be killed, and undo."""
    variables = one.variables()
    with Ona.open(variables["ONA_BASE_URL"], variables["ONA_API_KEY"]) as ona:
        yield from _lived(one, Api(ona), targets)


def _lived(one: Stack, api: Api, targets: int) -> Iterator[Check]:
    before, at_work = api.running(), api.at_work()
    one.run(KNOWN, str(len(before)))
    wanted = sorted(before)[:targets]
    kept = {key for key in wanted if key in at_work or before[key] != "ENVIRONMENT_ROLE_DEFAULT"}
    one.run(STOP, *wanted)
    for name, share in KILLED:
        _wait_for(one, round(share * len(wanted)))
        one.kill(name)
    _wait_for(one, len(wanted))
    yield from _stopped(one, api, before, wanted, kept)
    yield from _undone(one, api, before, set(wanted) - kept)


def _wait_for(one: Stack, many: int) -> None:
    until(lambda: ended(one, "environment.stop") >= many, f"{many} targets have ended")


def _stopped(
    one: Stack, api: Api, before: dict[str, str], wanted: list[str], kept: set[str]
) -> Iterator[Check]:
    found = outcomes(one, "environment.stop")
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
    until(lambda: ended(one, "environment.start") == len(stopped) - len(early), "every start has ended")
    found = outcomes(one, "environment.start")
    states = Counter(outcome.state for outcome in found.values())
    exact = set(found) == stopped - early and set(states) == {"confirmed"}
    yield Check(
        "started again: what it stopped, but for what somebody has started since", exact, dict(states)
    )
    yield Check("what runs is what ran before", set(api.running()) == set(before), len(before))


def main() -> int:
    wish = argparse.ArgumentParser(description=__doc__)
    wish.add_argument("--targets", type=int, default=1000)
    targets = wish.parse_args().targets
    with stack(targets) as one:
        checks = []
        for check in lived(one, targets):
            print(check, flush=True)
            checks.append(check)
    return verdict(checks)


if __name__ == "__main__":
    sys.exit(main())

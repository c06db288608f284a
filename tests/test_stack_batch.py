"""A thousand stops in one batch while worker, Valkey and web are killed: none is lost, and undoing brings them back."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dashboard.stack import parts
from tests.test_stack import CHILDREN, ROOT, Up, environ, until

MANY = 1_000
VARIABLES = {"POLL_HOT_SECONDS": "2", "POLL_FULL_SECONDS": "20", "ONA_REQUESTS_PER_SECOND": "2000"}
READABLE = {"confirmed", "skipped", "failed", "unconfirmed"}
BEGIN = """
import django; django.setup()
from django.contrib.auth import get_user_model
from dashboard import jobs
from dashboard.control import batches, ledger
from dashboard.control.verbs import Verb
from dashboard.fleet.snapshot import load
admin, fleet, now = get_user_model().objects.get(username="admin"), load(jobs.parts.store()), ledger.utc_now()
"""
STOP = f"""{BEGIN}
rows = [row for row in fleet.environments.values() if row.phase == "running"][:{MANY}]
if len(rows) == {MANY}:  # else the first poll is not through yet
    batch = batches.ask(admin, Verb.STOP_ENVIRONMENT, rows, now=now)
    batches.begin(batch, admin, fleet, reason="a thousand", now=now)
"""
UNDO = f"""{BEGIN}
from dashboard.control.models import Batch
stopped = Batch.objects.get(undoes=None)
batch = batches.ask(admin, Verb.START_ENVIRONMENT, batches.undo_of(stopped, fleet).rows, now=now, undoes=stopped)
batches.begin(batch, admin, fleet, reason="back again", now=now)
"""


class Large(Up):
    """A stack over a fleet of which a thousand run, where minutes pass in seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, parts.free_port()
        self.said = folder.with_name("said")
        arguments = ["--environments", "2200", "--speed", "6"]
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port), *arguments],
                cwd=ROOT,
                env=environ(folder, **VARIABLES),
                stdout=said,
                stderr=said,
            )

    def run(self, script: str) -> None:
        """Run a script as one of the stack's own processes would."""
        block = Path(f"/proc/{self.pid('worker')}/environ").read_bytes().decode()
        variables = dict(line.partition("=")[::2] for line in block.split("\0") if line)
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def actions(self, verb: str) -> dict[str, str]:
        """Target id → state."""
        path = f"file:{self.folder / 'dashboard.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=10)) as database:
            question = "select target_id, state from control_action where verb = ?"
            return dict(database.execute(question, (verb,)).fetchall())

    def ended(self, verb: str) -> int:
        return sum(state in READABLE for state in self.actions(verb).values())

    def kill(self, name: str) -> None:
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)
        until(lambda: self.pid(name) not in {0, before}, 20)


@pytest.fixture
def large(tmp_path: Path):
    up = Large(tmp_path / "var")
    try:
        until(lambda: "Dashboard: " in up.output or up.process.poll() is not None, 60)
        until(lambda: all(up.pid(name) for name in CHILDREN), 20)
        yield up
    finally:
        up.end()


def fleet_is_read(up: Large) -> bool:
    return up.get("/readyz") == 200 and "full" in (up.folder / "log" / "worker.log").read_text(
        encoding="utf-8"
    )


@pytest.mark.timeout(300)
def test_a_thousand_stops_survive_every_death_and_are_undone(large: Large) -> None:
    until(lambda: _stop(large), 60)
    for name, after in (("worker", MANY // 10), ("valkey", MANY // 4), ("web", MANY // 2)):
        until(lambda after=after: large.ended("environment.stop") >= after, 120)
        large.kill(name)
    until(lambda: large.ended("environment.stop") == MANY, 180)
    stops = large.actions("environment.stop")
    assert set(stops.values()) <= {"confirmed", "skipped"}  # some stop by themselves before their turn
    stopped = {target for target, state in stops.items() if state == "confirmed"}
    assert len(stopped) > MANY / 2

    large.run(UNDO)
    started = set(large.actions("environment.start"))
    assert started <= stopped
    assert len(started) > len(stopped) * 0.9  # the others somebody has started meanwhile
    until(lambda: large.ended("environment.start") > 20, 60)


def _stop(large: Large) -> bool:
    """Begin the batch; False while the fleet has not been read."""
    large.run(STOP)
    return bool(large.actions("environment.stop"))

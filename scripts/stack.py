"""`manage.py up` as an outsider sees it: started, looked at, killed and frozen, and asked for its ledger.

What the runs share that judge the whole stack: `make thousand`, `make chaos`.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.stack import parts

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 240.0


def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Returns when it holds; ends the run with `what` when it does not within so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"Not within {seconds:.0f} s: {what}.")
        time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Check:
    claim: str
    passed: bool
    seen: object

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'FAILED'}  {self.claim}: {self.seen}"


@dataclass
class Stack:
    """`manage.py up` in `folder`, with the options of the command line and the variables given."""

    folder: Path
    options: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=parts.free_port)

    def __post_init__(self) -> None:
        self.said = self.folder / "said"
        self.begin()

    def begin(self) -> None:
        """Start it, for the first time or again."""
        argv = [sys.executable, "manage.py", "up", "--port", str(self.port), *self.options]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.began = self.said.stat().st_size if self.said.exists() else 0
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env={**kept, **self.given, "VAR_DIR": str(self.folder / "var")},
                stdout=said,
                stderr=said,
            )

    def output(self) -> str:
        """What it has said since it was started first."""
        return self.said.read_text()

    def greeted(self) -> bool:
        """Whether it has come up since it was started last."""
        if self.process.poll() is not None:
            raise SystemExit(f"The stack did not start:\n{self.output()}")
        return "Dashboard: " in self.output()[self.began :]

    def pid(self, name: str) -> int:
        """The process, and the process group, of a child; 0: it does not run."""
        with suppress(OSError, ValueError):
            return int(json.loads((self.folder / "var" / "up.json").read_text())["pids"].get(name, 0))
        return 0

    def kill(self, name: str) -> None:
        """SIGKILL, and wait until the supervisor has started another one."""
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)
        until(lambda: self.pid(name) not in {0, before}, f"{name} comes back")

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP of the child with all of its processes, SIGCONT in the end."""
        group = self.pid(name)
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def variables(self) -> dict[str, str]:
        """What the stack's own processes are given."""
        until(lambda: self.pid("worker"), "the worker runs")
        block = Path(f"/proc/{self.pid('worker')}/environ").read_bytes().decode()
        return dict(line.partition("=")[::2] for line in block.split("\0") if line)

    def run(self, script: str, *arguments: str) -> str:
        """Run a script as one of the stack's own processes would; what it printed."""
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
        return done.stdout

    def ask(self, question: str, *values: str) -> list[tuple[Any, ...]]:
        """The rows of the database that answer a question in SQL, its values written as `?`."""
        if url := self.given.get("DATABASE_URL"):
            return _ask_postgres(url, question, values)
        path = f"file:{self.folder / 'var' / 'dashboard.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=20)) as database:
            return database.execute(question, values).fetchall()


def _ask_postgres(url: str, question: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(url) as database:
        return database.execute(question.replace("?", "%s"), values).fetchall()


def verdict(checks: list[Check]) -> int:
    """Close with how many passed and failed; the exit code."""
    failed = sum(not check.passed for check in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0

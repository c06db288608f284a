"""One child process of `manage.py up`: its process group, its log, when it may start again."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0
"""Seconds before a dead child starts again: doubled from the first to the longest."""
SETTLED_SECONDS = 30.0
"""A child that lived this long starts again as if it had never died."""
LOG_BYTES = 5_000_000
# The shell names itself to the guard before it becomes the child: at no moment does nobody know the child.
BECOME = 'echo "+$0 $$" >&0; exec "$@" </dev/null'


@dataclass(frozen=True, slots=True)
class Spec:
    """What to run: `ready` gets what the child has printed since its start (its last 8 KB). `patience` and `farewell`:
    seconds in which it starts, and ends when it is asked to.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    ready: Callable[[str], bool]
    patience: float = 30.0
    farewell: float = 5.0


class Child:
    """A child, running or waiting for its next start. `pid` is also its process group; 0: it does not run."""

    def __init__(self, spec: Spec, log: Path, folder: Path) -> None:
        self.spec, self.log, self.folder = spec, log, folder
        self.delay = FIRST_DELAY
        self.due = 0.0
        self.was_ready = False
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._log_start = 0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self, guard: int) -> None:
        """Start it now; `guard` is the write end of the guard's pipe."""
        self.was_ready = False
        trim(self.log)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own command lines
                ["/bin/sh", "-c", BECOME, self.spec.name, *self.spec.argv],
                env=dict(self.spec.environ),
                cwd=self.folder,
                stdin=guard,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started = time.monotonic()

    def is_dead(self) -> bool:
        """Whether it has ended by itself. Its process group is still its own: it has not been reaped yet."""
        return self._process is not None and _has_ended(self._process.pid)

    def bury(self) -> int:
        """Kill what is left of its group, reap it, set when it may start again; its exit code (-9: signal 9)."""
        if self._process is None:
            raise RuntimeError(f"{self.spec.name} does not run")
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self._process = None
        if self.age >= SETTLED_SECONDS:
            self.delay = FIRST_DELAY
        self.due = time.monotonic() + self.delay
        self.delay = min(self.delay * 2, LONGEST_DELAY)
        return code

    def is_ready(self) -> bool:
        """Whether it has been ready since its last start."""
        self.was_ready = self.was_ready or (self.pid != 0 and self.spec.ready(self.output()))
        return self.was_ready

    @property
    def age(self) -> float:
        """Seconds since its last start."""
        return time.monotonic() - self._started

    def ask_to_end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)

    def output(self) -> str:
        """What it printed since its last start, at most the last 8 KB."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - 8192))
            return log.read().decode(errors="replace")

    def last_lines(self, count: int = 12) -> str:
        return "\n".join(f"    {line}" for line in self.output().strip().splitlines()[-count:])


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def trim(log: Path) -> None:
    """Move what a long log holds to `<name>.log.1`; whoever is writing to it goes on writing to it."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)

"""Keeps the children of `manage.py up` running, and ends them all when it ends."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from dashboard.stack import guard
from dashboard.stack.child import Child, Spec, trim

TRIM_SECONDS = 60.0
STEP_SECONDS = 0.02
LAST = guard.LAST
"""End after all others, so that a worker can still finish what it is doing."""


class StartFailed(Exception):
    """A child did not come up; the message says which and shows the last lines it printed."""


class Supervisor:
    """Starts, watches and ends children.

    `lock` is the open lock file of the folder: the guard holds it too, so that no other `up` starts here before
    the last child is gone. `say` prints a line to the person at the terminal.
    """

    def __init__(self, folder: Path, lock: int, port: int, say: Callable[[str], None]) -> None:
        self.folder, self.port, self.say = folder, port, say
        self.api = ""
        self.children: list[Child] = []
        self._lock = lock
        self._logs = folder / "log"
        self._logs.mkdir(exist_ok=True)
        self._trimmed = time.monotonic()
        self._start_guard()

    def start(self, spec: Spec) -> Child:
        child = Child(spec, self._logs / f"{spec.name}.log", Path(__file__).parents[2])
        self.children.append(child)
        child.start(self._pipe)
        self._write_status()
        return child

    def wait(self, *children: Child) -> None:
        """Returns when all of `children` are ready; raises StartFailed when one ends or needs longer than it may."""
        begun = time.monotonic()
        for child in children:
            while not child.is_ready():
                if child.is_dead():
                    raise StartFailed(_failure(child, "ended while it started"))
                if time.monotonic() > begun + child.spec.patience:
                    raise StartFailed(_late(child))
                time.sleep(STEP_SECONDS)

    def watch(self) -> None:
        """One look at every child: bury the dead, start again what is due, name what does not get ready."""
        for child in self.children:
            if child.is_dead():
                self._bury(child)
            elif child.pid:
                self._look_at_start(child)
            elif time.monotonic() >= child.due:
                child.start(self._pipe)
                self._write_status()
        if self._guard.poll() is not None:
            os.close(self._pipe)
            self._start_guard()
        if time.monotonic() - self._trimmed > TRIM_SECONDS:
            self._trimmed = time.monotonic()
            for child in self.children:
                trim(child.log)

    def run(self) -> None:
        """Watches for ever."""
        while True:
            self.watch()
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends every child, what others need last: SIGTERM; when its time is up SIGKILL for what is left of it."""
        _end([child for child in self.children if child.spec.name not in LAST])
        _end([child for child in self.children if child.spec.name in LAST])
        os.close(self._pipe)
        self._guard.wait()
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "up.json").unlink()

    def _look_at_start(self, child: Child) -> None:
        if not child.is_ready() and child.age > child.spec.patience:
            child.was_ready = True  # it is said once
            self.say(_late(child))

    def _bury(self, child: Child) -> None:
        pid, code, ready = child.pid, child.bury(), child.was_ready
        delay = child.due - time.monotonic()
        self._tell_guard(f"-{child.spec.name} {pid}\n")
        self._write_status()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self.say(f"{child.spec.name} ended ({how}); starting it again in {delay:.1f} s. Log: {child.log}")
        if not ready:
            self.say(child.last_lines())

    def _start_guard(self) -> None:
        command = [sys.executable, "-I", "-S", guard.__file__]
        reading, self._pipe = os.pipe()
        self._guard = subprocess.Popen(  # noqa: S603
            command, stdin=reading, stdout=subprocess.DEVNULL, start_new_session=True, pass_fds=[self._lock]
        )
        os.close(reading)
        for child in self.children:
            if child.pid:
                self._tell_guard(f"+{child.spec.name} {child.pid}\n")

    def _tell_guard(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._pipe, line.encode())

    def _write_status(self) -> None:
        """`up.json`: port, address of the simulated API, and the process (group) of each running child."""
        pids = {child.spec.name: child.pid for child in self.children if child.pid}
        status = {"port": self.port, "api": self.api, "supervisor": os.getpid(), "pids": pids}
        new = self.folder / "up.json.new"
        new.write_text(json.dumps(status) + "\n", encoding="utf-8")
        new.replace(self.folder / "up.json")


def _end(children: Iterable[Child]) -> None:
    children = [child for child in children if child.pid]
    for child in children:
        child.ask_to_end()
    deadline = time.monotonic() + max((child.spec.farewell for child in children), default=0.0)
    while not all(child.is_dead() for child in children) and time.monotonic() < deadline:
        time.sleep(STEP_SECONDS)
    for child in children:
        child.bury()


def _late(child: Child) -> str:
    return _failure(child, f"was not ready after {child.spec.patience:.0f} s")


def _failure(child: Child, what: str) -> str:
    return f"{child.spec.name} {what}. The last lines of {child.log}:\n{child.last_lines()}"

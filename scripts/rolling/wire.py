"""The API: a simulated fleet in which only requests change anything, counting every call that acts.

    python -m scripts.rolling.wire ENVIRONMENTS PORT

A process of its own, so that a hundred pages do not keep it waiting. `/calls` answers with what it was sent.
"""

import io
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from dashboard.simulator import World, create_app, enums, serve
from dashboard.stack import parts
from scripts.rolling.stack import HOST, ROOT, until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SPEED = 4.0
"""Simulated seconds in a second: a start takes a minute at most, and what was started is idle after half an hour, when
all of it must have been seen."""
ACTING = ("StopEnvironment", "StartEnvironment", "StartTask")
Calls = Counter[tuple[str, str]]
"""(method, id) → how often."""


@dataclass
class Counted:
    """The application, and two addresses beside it: `/calls`, and `/targets/N` for what can be acted on."""

    app: "WSGIApplication"
    world: World
    calls: Calls = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(("/calls", "/targets/")):
            with self._lock:
                counted = [[*call, times] for call, times in self.calls.items()]
            told = counted if path == "/calls" else targets(self.world, int(path.rpartition("/")[2]))
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(told).encode()]
        method = path.rpartition("/")[2]
        if method in ACTING:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            sent = json.loads(body)
            with self._lock:
                self.calls[method, str(sent.get("environmentId") or sent.get("id"))] += 1
        return self.app(environ, start_response)


def targets(world: World, many: int) -> list[tuple[str, str, str]]:
    """(verb, method, id) of so many actions that must all succeed: stops, starts, and a tenth of starts of tasks."""
    running = [one for one in world.environments.values() if one.phase == enums.RUNNING]
    stopped = [
        one for one in world.environments.values() if one.phase == enums.STOPPED and not one.archived_at
    ]
    tasks = many // 10
    stops = (many - tasks) // 2
    busy = {one.task.id for one in world.executions.values() if one.phase not in enums.FINISHED}
    able = [task for home in running[stops:] for task in home.tasks if task.id not in busy]
    found = [("environment.stop", "StopEnvironment", one.id) for one in running[:stops]]
    found += [("environment.start", "StartEnvironment", one.id) for one in stopped[: many - tasks - stops]]
    found += [("task.start", "StartTask", one.id) for one in able[:tasks]]
    return sorted(found, key=lambda one: one[2])


@dataclass(frozen=True)
class Api:
    """The process, from the other side."""

    port: int

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/api"

    def calls(self) -> Calls:
        return Counter({(method, key): times for method, key, times in self._ask("/calls")})

    def targets(self, many: int) -> list[tuple[str, str, str]]:
        return [(verb, method, key) for verb, method, key in self._ask(f"/targets/{many}")]

    def _ask(self, path: str) -> list[list[str]]:
        with urlopen(f"http://{HOST}:{self.port}{path}", timeout=30) as answer:
            told: list[list[str]] = json.load(answer)
            return told

    def answers(self) -> bool:
        try:
            self.calls()
        except (URLError, OSError):
            return False
        return True


@contextmanager
def api(environments: int) -> Iterator[Api]:
    one = Api(parts.free_port())
    argv = [sys.executable, "-m", "scripts.rolling.wire", str(environments), str(one.port)]
    with subprocess.Popen(argv, cwd=ROOT) as process:
        try:
            until(one.answers, "the simulator answers")
            yield one
        finally:
            process.kill()


if __name__ == "__main__":
    fleet = World(environments=int(sys.argv[1]), seed=7, speed=SPEED, life=False)
    with serve(Counted(create_app(fleet), fleet), int(sys.argv[2])):
        threading.Event().wait()

"""What goes through Valkey meanwhile: every job that is sent, and every sweep that ends."""

import re
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import redis

JOB = re.compile(r'"task": "(jobs\.\w+)"')
SWEEP = re.compile(r':sweeps (\w+):last .*"started": ([\d.e+]+), "seconds": ([\d.e+-]+)')


@dataclass
class Witness:
    """Reads along (MONITOR) until `end`; a Valkey that is restarted is joined again."""

    url: str
    sent: list[tuple[float, str]] = field(default_factory=list)
    """(epoch seconds, job), as the messages were published."""
    sweeps: list[tuple[str, float, float]] = field(default_factory=list)
    """(name, when it began, how long it took), in seconds."""
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """For a thread of its own."""
        while not self._over.is_set():
            try:
                with redis.Redis.from_url(self.url, socket_timeout=5).monitor() as heard:  # type: ignore[no-untyped-call]
                    while not self._over.is_set():
                        self._note(heard.next_command())
            except (redis.RedisError, OSError, ValueError):
                time.sleep(0.05)

    def end(self) -> None:
        self._over.set()

    def _note(self, heard: dict[str, Any]) -> None:
        command = str(heard["command"])
        if command.startswith("LPUSH ") and (found := JOB.search(command)):
            self.sent.append((float(heard["time"]), found[1]))
        elif command.startswith("HSET ") and (ran := SWEEP.search(command)):
            self.sweeps.append((ran[1], float(ran[2]), float(ran[3])))

    def turns(self, job: str) -> list[float]:
        return [at for at, name in self.sent if name == job]

    def overlaps(self, name: str) -> int:
        """How often a sweep began before the one before it had ended."""
        runs = sorted((began, began + seconds) for one, began, seconds in self.sweeps if one == name)
        return sum(after[0] < before[1] for before, after in pairwise(runs))

"""Seconds and CPU of one piece of work; plain Python, for every environment that a client may live in."""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any


def order() -> dict[str, Any]:
    """What the benchmark asks for."""
    asked: dict[str, Any] = json.loads(sys.stdin.read())
    return asked


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(work: Callable[[], Mapping[str, float]]) -> dict[str, float]:
    """Wall and CPU seconds of `work`, with what it counted."""
    wall, spent = time.perf_counter(), cpu()
    counts = work()
    return {"seconds": time.perf_counter() - wall, "cpu": cpu() - spent, **counts}


def tell(result: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(result) + "\n")

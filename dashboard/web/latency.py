"""How long this process takes to answer, counted by the name of the address.

On the path of every request, so it is a clock, a dictionary and an addition under a lock; `/metrics` does the rest.
"""

import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix

from dashboard.web.http import GetResponse

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds; what took longer is counted beyond them."""
Label = tuple[str, str, str]
"""The name of the address, `page` or `fragment`, and the class of the status: `2xx`."""


@dataclass
class Latencies:
    """Counts of answers by time taken; threads may share it."""

    _counts: dict[Label, list[int]] = field(default_factory=dict)
    _seconds: dict[Label, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, label: Label, seconds: float) -> None:
        place = bisect_left(BOUNDS, seconds)
        with self._lock:
            counts = self._counts.get(label)
            if counts is None:
                counts = self._counts[label] = [0] * (len(BOUNDS) + 1)
                self._seconds[label] = 0.0
            counts[place] += 1
            self._seconds[label] += seconds

    def read(self) -> list[tuple[Label, list[int], float]]:
        """Of each label the answers up to each bound (the last: all) and the seconds of all together."""
        with self._lock:
            held = [(label, list(counts), self._seconds[label]) for label, counts in self._counts.items()]
        return [(label, _summed(counts), seconds) for label, counts, seconds in held]


def _summed(counts: list[int]) -> list[int]:
    total, found = 0, []
    for count in counts:
        total += count
        found.append(total)
    return found


latencies = Latencies()
"""Of this process."""


def timed(get_response: GetResponse) -> GetResponse:
    """Middleware, before all others."""
    static = f"/{settings.STATIC_URL.removeprefix(get_script_prefix()).lstrip('/')}"

    def middleware(request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        if match is not None:
            route = match.url_name or "unnamed"
        else:
            route = "static" if request.path_info.startswith(static) else "unknown"
        part = "fragment" if "HTTP_HX_REQUEST" in request.META else "page"
        latencies.add((route, part, f"{response.status_code // 100}xx"), time.perf_counter() - begun)
        return response

    return middleware

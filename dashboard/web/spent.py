"""The budget of requests, for pages: Redis is asked for it at most once in a few seconds."""

import time

from dashboard import jobs
from dashboard.fleet.meters import Spending
from dashboard.fleet.store import StoreError

READ_SECONDS = 5.0
_known: tuple[float, Spending] = (float("-inf"), Spending())


def spending() -> Spending:
    """Nothing while Redis does not answer: then the pages say that instead."""
    global _known  # noqa: PLW0603  one value, replaced as a whole
    if time.monotonic() - _known[0] >= READ_SECONDS:
        try:
            _known = (time.monotonic(), jobs.meters.spending())
        except StoreError:
            _known = (time.monotonic(), Spending())
    return _known[1]


def forget() -> None:
    global _known  # noqa: PLW0603  one value, replaced as a whole
    _known = (float("-inf"), Spending())

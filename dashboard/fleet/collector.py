"""The garbage collector during a sweep.

A page becomes some thirteen thousand objects that are gone with it and hold no cycles. At its usual pace the collector
looks through the whole process again and again meanwhile, for more than a third of a first sweep's processor time.
What outlives its page is for the most part given up when the sweep ends: to look at it halfway took a thirtieth.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

UNHURRIED = (200_000, 20, 20)
"""Objects made before the youngest are looked through; how often that before older ones are."""

_lock = threading.Lock()
_before: list[tuple[int, int, int]] = []
"""Of each sweep under way, what it found."""


@contextmanager
def unhurried() -> Iterator[None]:
    """Within it the collector looks rarely. The last of several threads puts back what the first one found."""
    with _lock:
        _before.append(_before[0] if _before else gc.get_threshold())
        gc.set_threshold(*UNHURRIED)
    try:
        yield
    finally:
        with _lock:
            found = _before.pop()
            if not _before:
                gc.set_threshold(*found)

"""The simulator's own clock: it can run faster than the real one, or stand still."""

from collections.abc import Callable


class Clock:
    """Simulated time in epoch seconds. It starts at `source()` and moves `speed` seconds for each real second.

    Speed 0 freezes it. `source` is the real-time clock (epoch seconds); tests pass their own.
    """

    def __init__(self, source: Callable[[], float], speed: float = 1.0) -> None:
        if speed < 0:
            raise ValueError("speed must be 0 (frozen) or more")
        self.source = source
        self.speed = speed
        self.started = source()

    def now(self) -> float:
        """Epoch seconds in the simulated world."""
        return self.started + (self.source() - self.started) * self.speed

    def freeze(self) -> None:
        """Time stands still from now on."""
        self.started, self.speed = self.now(), 0.0

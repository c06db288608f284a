"""What every benchmark shares: children whose own CPU is counted, medians over repeats, and one line per ratio.

A line says what was measured, ours, theirs, the ratio, what is wanted of it, and whether that is met:

    sync  10,000 at 50 ms       ours 0.71 s     theirs 6.12 s    8.6 times faster    wanted >= 8     met

Both sides are measured in one run, in turn, so that a slow machine slows both.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 600
"""Seconds that a measured child may take."""


@dataclass(frozen=True)
class Line:
    """One ratio. `wanted` is a floor ("at least") when `floor`, else a ceiling."""

    name: str
    ours: str
    theirs: str
    ratio: float
    wanted: float
    floor: bool

    @property
    def met(self) -> bool:
        return self.ratio >= self.wanted if self.floor else self.ratio <= self.wanted

    def __str__(self) -> str:
        sign = ">=" if self.floor else "<="
        verdict = "met" if self.met else "MISSED"
        sides = f"ours {self.ours:<12} theirs {self.theirs:<12}"
        return f"{self.name:<44} {sides} ratio {self.ratio:>7.2f}  wanted {sign} {self.wanted:<6g} {verdict}"


@dataclass
class Report:
    """Prints each line as soon as it is known; `ok` says whether all that was wanted has been met."""

    title: str
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        say(f"# {self.title}")

    def at_least(self, name: str, sides: tuple[float, float], wanted: float, unit: str = "s") -> None:
        """Theirs over ours (times faster or smaller) is to be at least `wanted`. `sides`: ours, theirs."""
        ours, theirs = sides
        self._add(name, ours, theirs, unit, Line(name, "", "", ratio(theirs, ours), wanted, True))

    def at_most(self, name: str, sides: tuple[float, float], wanted: float, unit: str = "s") -> None:
        """Ours over theirs (times as much) is to be at most `wanted`. `sides`: ours, theirs."""
        ours, theirs = sides
        self._add(name, ours, theirs, unit, Line(name, "", "", ratio(ours, theirs), wanted, False))

    def rate_at_least(self, name: str, sides: tuple[float, float], wanted: float, unit: str = "/s") -> None:
        """Ours over theirs, of what is better when higher, is to be at least `wanted`. `sides`: ours, theirs."""
        ours, theirs = sides
        self._add(name, ours, theirs, unit, Line(name, "", "", ratio(ours, theirs), wanted, True))

    def note(self, text: str) -> None:
        """A figure without a ratio."""
        say(f"  {text}")

    @property
    def ok(self) -> bool:
        return all(line.met for line in self.lines)

    def finish(self) -> None:
        """Exit code 1 when something that is wanted was missed."""
        missed = sum(not line.met for line in self.lines)
        say(f"# {len(self.lines) - missed} met, {missed} missed")
        sys.exit(1 if missed else 0)

    def _add(self, name: str, ours: float, theirs: float, unit: str, shape: Line) -> None:
        line = Line(name, shown(ours, unit), shown(theirs, unit), shape.ratio, shape.wanted, shape.floor)
        self.lines.append(line)
        say(str(line))


def say(text: str) -> None:
    print(text, flush=True)


def ratio(one: float, other: float) -> float:
    return one / other if other else float("inf")


def shown(value: float, unit: str) -> str:
    """A figure with three digits that matter and its unit."""
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number} {unit}".strip()


Measured = Mapping[str, float]
"""What a child printed: `seconds` (wall), `cpu` (its own user and system seconds), and counts."""


def run(argv: Sequence[str | Path], order: Mapping[str, Any]) -> Measured:
    """One measured child: gets `order` as JSON on stdin, prints one JSON object as its last line."""
    done = subprocess.run(
        [str(part) for part in argv],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{argv} failed:\n{done.stdout}\n{done.stderr}")
    measured: Measured = json.loads(done.stdout.splitlines()[-1])
    return measured


def medians(repeats: int, *sides: Callable[[], Measured]) -> list[dict[str, float]]:
    """Each side `repeats` times, taking turns; the median of every figure of each side."""
    runs: list[list[Measured]] = [[] for _ in sides]
    for _ in range(repeats):
        for found, side in zip(runs, sides, strict=True):
            found.append(side())
    return [{name: median(one[name] for one in found) for name in found[0]} for found in runs]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of `values` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def child(*argv: str | Path, mark: str) -> Iterator[str]:
    """A process for as long as the block lasts, once it has printed a line with `mark`; yields that line."""
    process = subprocess.Popen(
        [str(part) for part in argv], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if mark in line:
                yield line.strip()
                return
        raise RuntimeError(f"{argv} ended before it was ready")
    finally:
        process.terminate()
        process.wait(20)

"""What this process remembers of the environments it has listed, by the bytes in which they came.

The same bytes mean the same environment as before: it need not be read again as long as what is known of it is what
was read then. What that is, the copy of the fleet says, never this memory.
"""

from collections.abc import Mapping
from typing import NamedTuple

from dashboard.fleet.entities import Environment, Kind


class Trace(NamedTuple):
    """What is left of an environment once its bytes have been read."""

    id: str
    created: float | None
    row: Environment


class Memory:
    """Digest → trace. One thread at a time begins a scan; the threads of that scan only read."""

    def __init__(self) -> None:
        self._traces: dict[int, Trace] = {}
        self._fresh: dict[int, Trace] = {}
        self._known: Mapping[str, Environment] = {}
        self.doubted: dict[Kind, frozenset[str]] = {}
        """What the last complete scan of a kind lacked and nobody asked for, because there was too much of it."""

    def begin(self, known: Mapping[str, Environment]) -> None:
        """A scan begins, `known` is what the store holds."""
        self._known, self._fresh = known, {}
        if len(self._traces) > 4 * len(known) + 1_000:
            self._traces = {}

    def recall(self, digest: int) -> Trace | None:
        """What is remembered of these bytes, if the store still holds the row that was made of them."""
        trace = self.glance(digest, self._known)
        if trace is not None:
            self._fresh[digest] = trace
        return trace

    def glance(self, digest: int, known: Mapping[str, Environment]) -> Trace | None:
        """The same for whoever reads a part of the list beside a scan: it is not noted as met. `known` is what the
        store holds.
        """
        trace = self._traces.get(digest)
        row = None if trace is None else known.get(trace.id)
        if trace is None or row is None:
            return None
        if row is trace.row:
            return trace
        return trace._replace(row=row) if row == trace.row else None

    def keep(self, digest: int, row: Environment) -> None:
        """These bytes mean this row."""
        self._fresh[digest] = Trace(row.id, row.created, row)

    def end(self, *, complete: bool) -> None:
        """The scan has ended; what a complete one did not meet is forgotten."""
        self._traces = self._fresh if complete else self._traces | self._fresh

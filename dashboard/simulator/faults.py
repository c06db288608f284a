"""Trouble on demand: which kinds there are, and how often each strikes."""

import threading
from collections.abc import Mapping
from random import Random

KINDS: Mapping[str, str] = {
    "latency": "the answer waits a second longer",
    "429": "refused, with the delay to wait",
    "429-plain": "refused as a quota, with no delay",
    "500": "refused as an internal error",
    "503": "refused as unavailable",
    "502": "carried out; the answer is the HTML of a gateway",
    "reset": "carried out; the connection is reset within the answer",
    "stall": "carried out; the answer stops half-way and the connection stays open",
    "truncate": "carried out; the JSON is cut",
    "html": "carried out; 200 with an HTML page",
    "unknown-enum": "one enum value is one that nobody knows yet",
    "missing-field": "one field of one message is absent",
    "loop-token": "the next page's token is the same again",
    "vanish": "an item disappears between two pages",
    "clock-skew": "every timestamp is seven minutes ahead",
    "late": "a new environment is not found for its first three seconds",
    "log-502": "a log is answered by a gateway with 502",
}
FORBID = "forbid"
SKEW_SECONDS = 420
LATENCY_SECONDS = 1.0
STALL_SECONDS = 60.0
LATE_SECONDS = 3.0


class Faults:
    """Rates from 0 (never) to 1 (always) by kind, and the environments to which access is denied.

    Each kind has its own sequence of chances, so that the same seed and calls meet the same trouble.
    """

    def __init__(self, seed: int = 7) -> None:
        self._chances = {kind: Random(f"{seed} {kind}") for kind in KINDS}
        self._rates: dict[str, float] = {}
        self._lock = threading.Lock()
        self.forbidden: frozenset[str] = frozenset()

    def set(self, kind: str, rate: float) -> None:
        """Have a kind strike at a rate. Raises ValueError for an unknown kind or an impossible rate."""
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; known are {', '.join((*KINDS, FORBID))}")
        if not 0 <= rate <= 1:
            raise ValueError(f"the rate of {kind} must be between 0 and 1")
        with self._lock:
            self._rates = {name: value for name, value in {**self._rates, kind: rate}.items() if value}

    def forbid(self, *environment_ids: str) -> None:
        """Deny access to these environments, and to no others."""
        self.forbidden = frozenset(one.lower() for one in environment_ids)

    def clear(self) -> None:
        """No trouble any more."""
        with self._lock:
            self._rates = {}
        self.forbidden = frozenset()

    def strikes(self, kind: str) -> bool:
        """Whether this kind strikes now."""
        rate = self._rates.get(kind, 0.0)
        if not rate:
            return False
        with self._lock:
            return self._chances[kind].random() < rate

    def pick(self, kind: str, total: int) -> int:
        """A number below `total`, from the kind's own chances."""
        with self._lock:
            return self._chances[kind].randrange(total)

    def update(self, document: Mapping[str, object]) -> None:
        """Set rates, and under "forbid" ids. Raises ValueError and changes nothing for a bad document."""
        trial = Faults()
        for target in (trial, self):
            for kind, value in document.items():
                if kind == FORBID:
                    target.forbid(*_ids(value))
                else:
                    target.set(kind, _rate(kind, value))

    def document(self) -> dict[str, object]:
        """What is set, as `update` takes it."""
        ids = {FORBID: sorted(self.forbidden)} if self.forbidden else {}
        return {**self._rates, **ids}


def _rate(kind: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"the rate of {kind} must be a number")
    return float(value)


def _ids(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    ids = [one for one in values if isinstance(one, str)]
    if len(ids) != len(values):
        raise ValueError("forbid must be an environment's id, or a list of them")
    return ids

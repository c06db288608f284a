"""What has been asked for and shows in lists: actions that are under way, or that ended badly a little while ago.

Every list and every poll needs them, and there are few. So each process reads them at most once a second, and at
once after it has written to the ledger itself. When there are many, as after a bulk action, each page asks for
its own.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from dashboard.control.models import OPEN, Action, State, ledger_written

BAD_ENDS_SHOWN = timedelta(minutes=10)
BAD_ENDS = (State.FAILED, State.UNCONFIRMED, State.UNKNOWN)
READ_SECONDS = 1.0
FEW = 200
LONGEST_LIFE = timedelta(days=1)
"""No action that ended within the last ten minutes is older: even a large batch ends long before."""
_SHOWN = ("id", "verb", "kind", "target_id", "state", "attempts", "created", "ended")

Target = tuple[str, str]


@dataclass(frozen=True)
class Wishes:
    """Of all targets; None instead of them: too many. `stamp` is another one whenever one of the latest actions is."""

    by_target: Mapping[Target, Action] | None = field(default_factory=dict)
    stamp: int = 0


class _Reader:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes = Wishes()
        self._seen: Any = ()
        self._read: float | None = None

    def now(self) -> Wishes:
        read = self._read
        if read is None or time.monotonic() - read >= READ_SECONDS:
            with self._lock:
                if self._read is None or self._read == read:
                    self._read_again()
        return self._wishes

    def _read_again(self) -> None:
        self._read = time.monotonic()  # what is written from now on makes it read once more
        now = timezone.now()
        actions = _latest(now)
        shown = None if actions is None else _shown(actions, now)
        seen = (
            None
            if actions is None
            else ([(one.pk, one.state, one.attempts) for one in actions], list(shown or ()))
        )
        if seen is None or seen != self._seen:
            self._seen, self._wishes = seen, Wishes(shown, self._wishes.stamp + 1)

    def forget(self) -> None:
        self._read = None


_reader = _Reader()
forget = _reader.forget


@receiver(post_save, sender=Action)
@receiver(ledger_written)
def _written(**_: object) -> None:
    forget()


def stamp() -> int | None:
    """Changes with anything that `wishes` answers, and with any of the latest actions; None when nobody keeps count."""
    found = _reader.now()
    return None if found.by_target is None else found.stamp


def wishes(kind: str, identifiers: Iterable[str]) -> dict[str, Action]:
    """Target id → the newest action that is under way, or that ended badly within the last ten minutes."""
    known = _reader.now().by_target
    if known is None:
        recent = _recent(timezone.now())
        of_these = Action.objects.filter(recent, kind=kind, target_id__in=list(identifiers))
        return {target: action for (_, target), action in _newest(of_these).items()}
    found = ((key, known.get((kind, key))) for key in identifiers) if known else ()
    return {key: action for key, action in found if action is not None}


def _recent(now: datetime) -> Q:
    return Q(state__in=OPEN) | Q(ended__gte=now - BAD_ENDS_SHOWN)


def _latest(now: datetime) -> list[Action] | None:
    """The newest actions and those that are still open; None when that may not be all that shows."""
    newest = list(Action.objects.for_activity().only(*_SHOWN)[:FEW])
    still_open = list(Action.objects.open().only(*_SHOWN)[:FEW])
    all_seen = len(newest) < FEW or newest[-1].created < now - LONGEST_LIFE
    if not all_seen or len(still_open) == FEW:
        return None
    known = {one.pk for one in newest}
    return newest + [one for one in still_open if one.pk not in known]


def _shown(actions: Iterable[Action], now: datetime) -> dict[Target, Action]:
    since = now - BAD_ENDS_SHOWN
    return _newest(one for one in actions if one.is_open or (one.ended is not None and one.ended >= since))


def _newest(actions: Iterable[Action]) -> dict[Target, Action]:
    ordered = sorted(actions, key=lambda action: action.created)
    newest = {(one.kind, one.target_id): one for one in ordered if one.state != State.SKIPPED}
    return {target: one for target, one in newest.items() if one.is_open or one.state in BAD_ENDS}

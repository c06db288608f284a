"""What there is to tell a person about what they have starred, while a page of theirs is open.

An item of news holds now, or came about within `LATELY`. Its key names it for as long as it holds: a browser that keeps
the keys it has seen tells of each once, and of a failure once more when it had passed in between.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dashboard.control.models import ACTING, Act, Action, Star, State, StopWarning
from dashboard.control.notify.notices import clock
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Execution, Kind, Service
from dashboard.fleet.snapshot import Fleet
from dashboard.web.offers import address

LATELY = timedelta(hours=1)
LAST_RUNS = 3
"""Of a task that is starred."""
MOST = 60
MOST_DEEDS = 500
"""Warnings, and as many stops, of policies that are looked at: the newest."""
READ_SECONDS = 10.0
LONGEST_NAME, LONGEST_BODY = 80, 160
DONE = {Verb.STOP_ENVIRONMENT.value: "stopped", Verb.DELETE_ENVIRONMENT.value: "deleted"}


@dataclass(frozen=True, slots=True)
class Item:
    """`key` begins with the kind and id of what is starred; `title` and `body` are plain text."""

    key: str
    title: str
    body: str
    url: str


def news(stars: Iterable[Star], fleet: Fleet, now: float) -> list[Item]:
    """At most `MOST`, of the newest stars first; `now` in epoch seconds."""
    found: list[Item] = []
    policies: Mapping[str, list[Item]] | None = None
    for star in stars:
        row = fleet.of(Kind(star.kind)).get(star.target_id)
        if isinstance(row, Environment | Service):
            found += _failed(row)
        elif row is not None:
            found += _ended(star.target_id, fleet, now)
        if star.kind == Kind.ENVIRONMENT.value:
            policies = _deeds.now() if policies is None else policies
            found += policies.get(star.target_id, ())
        if len(found) >= MOST:
            break
    return found[:MOST]


def name_of(items: list[Item]) -> str:
    """The same for the same items, in whatever order."""
    keys = "\n".join(sorted(item.key for item in items))
    return blake2b(keys.encode(), digest_size=9).hexdigest()


def _failed(row: Environment | Service) -> Iterator[Item]:
    if row.failed:
        kind = Kind.ENVIRONMENT if isinstance(row, Environment) else Kind.SERVICE
        why = next(iter(row.failures), "") if isinstance(row, Environment) else row.failure
        title = _("%(name)s has failed") % {"name": _plain(row.name, LONGEST_NAME)}
        yield Item(f"{kind.value}:{row.id}:failed", title, _plain(why, LONGEST_BODY), address(kind, row.id))


def _ended(task_id: str, fleet: Fleet, now: float) -> Iterator[Item]:
    """The last executions of a task that ended lately."""
    for run in fleet.runs_of(task_id)[:LAST_RUNS]:
        if not run.live and run.completed is not None and 0 <= now - run.completed < LATELY.total_seconds():
            url = address(Kind.EXECUTION, run.id)
            yield Item(f"task:{task_id}:{run.id}", _outcome(run), _plain(run.failure, LONGEST_BODY), url)


def _outcome(run: Execution) -> str:
    name = {"name": _plain(run.name, LONGEST_NAME)}
    if run.failed:
        return _("%(name)s has failed") % name
    return (_("%(name)s succeeded") if run.phase == "succeeded" else _("%(name)s has ended")) % name


def _plain(text: str, most: int) -> str:
    """A text from the API on one line, held within itself: it turns no other letters round."""
    letters = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * most])
    words = " ".join(letters.split())
    short = words if len(words) <= most else f"{words[: most - 1]}…"
    return f"\N{FIRST STRONG ISOLATE}{short}\N{POP DIRECTIONAL ISOLATE}" if short else ""


class _Deeds:
    """What policies warn of, and what they stopped lately, by environment: read by each process for everybody."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str | None, tuple[float, Mapping[str, list[Item]]]] = {}

    def forget(self) -> None:
        self._known = {}

    def now(self) -> Mapping[str, list[Item]]:
        language = get_language()
        with self._lock:
            known = self._known.get(language)
            if known is None or time.monotonic() - known[0] >= READ_SECONDS:
                known = (time.monotonic(), _by_environment())
                self._known[language] = known
        return known[1]


_deeds = _Deeds()
forget = _deeds.forget


def _by_environment() -> Mapping[str, list[Item]]:
    found: defaultdict[str, list[Item]] = defaultdict(list)
    now = timezone.localtime()
    standing = StopWarning.objects.filter(ended=None, policy__act__in=ACTING, deadline__gt=now)
    standing = standing.filter(decided__gte=now - LATELY)
    for one in standing.select_related("policy").order_by("-decided")[:MOST_DEEDS]:
        words = {"name": _plain(one.name, LONGEST_NAME), "policy": _plain(one.policy.name, LONGEST_NAME)}
        deleted = one.policy.act == Act.DELETE
        title = (_("%(name)s is to be deleted") if deleted else _("%(name)s is to be stopped")) % words
        until = clock(one.deadline, now) if one.deadline is not None else ""
        found[one.environment_id].append(
            Item(
                f"environment:{one.environment_id}:warned:{one.pk}:{until}",
                title,
                _("By policy %(policy)s, not before %(time)s.") % {**words, "time": until},
                address(Kind.ENVIRONMENT, one.environment_id),
            )
        )
    stops = Action.objects.filter(created__gte=now - LATELY, batch__policy__isnull=False, verb__in=DONE)
    confirmed = stops.filter(state=State.CONFIRMED, kind=Kind.ENVIRONMENT.value)
    for deed in confirmed.select_related("batch__policy").order_by("-created", "-id")[:MOST_DEEDS]:
        policy = deed.batch.policy.name if deed.batch is not None and deed.batch.policy is not None else ""
        words = {"name": _plain(deed.target_name, LONGEST_NAME), "policy": _plain(policy, LONGEST_NAME)}
        deleted = DONE[deed.verb] == "deleted"
        found[deed.target_id].append(
            Item(
                f"environment:{deed.target_id}:{deed.pk}",
                (_("%(name)s was deleted") if deleted else _("%(name)s was stopped")) % words,
                _("By policy %(policy)s.") % words,
                address(Kind.ENVIRONMENT, deed.target_id),
            )
        )
    return found

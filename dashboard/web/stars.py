"""What a person has starred, on the pages.

The HTML of a row is kept and shared by everybody, so it says of nothing that it is starred. The answer is marked on its
way out: `with_stars` fills the stars of whoever asked.
"""

import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import cast

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import escape

from dashboard.control.models import Star, User
from dashboard.fleet.entities import Execution, Kind, Listed, Task
from dashboard.fleet.query import PHASE_ORDER, phase_of
from dashboard.fleet.snapshot import Fleet
from dashboard.web.kept import Kept
from dashboard.web.live import Block
from dashboard.web.offers import SECTIONS, address

READ_SECONDS = 1.0
"""For so long a star that another process has written may be missing."""
SHOWN = 10
EMPTY = rb'name="star" value="'
BUTTON = re.compile(rb'name="star" value="([^"]*)" aria-pressed="false"')
"""As templates/parts/star.html writes it; a name from the API cannot, for its quotes are escaped."""
Pairs = frozenset[tuple[str, str]]
_known: Kept[tuple[float, tuple[Star, ...], Pairs]] = Kept(1_000)


def stars_of(user: User) -> tuple[Star, ...]:
    """Newest first."""
    return _read(user)[1]


def starred(user: User) -> Pairs:
    """(value of a kind, id) of each."""
    return _read(user)[2]


def _read(user: User) -> tuple[float, tuple[Star, ...], Pairs]:
    known, now = _known.get(user.pk), time.monotonic()
    if known is None or now - known[0] >= READ_SECONDS:
        found = tuple(Star.objects.filter(user=user.pk).order_by("-created", "-id"))
        known = (now, found, frozenset((one.kind, one.target_id) for one in found))
        _known.put(user.pk, known)
    return known


@receiver([post_save, post_delete], sender=Star)
def _written(instance: Star, **_: object) -> None:
    def read_again() -> None:
        _known.drop(instance.user_id)
        _turns[instance.user_id] += 1

    read_again()
    transaction.on_commit(read_again)  # who asked in between has read what was there before


_turns: Counter[int] = Counter()
forget = _known.clear


def turn(user: User) -> int:
    """Another one whenever this process has written a star of this person."""
    return _turns[user.pk]


def with_stars(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer, with the stars of whoever asked filled in; pressing one of those takes it away."""
    user = request.user
    if not isinstance(user, User) or EMPTY not in response.content:
        return response
    held = {escape(f"{kind}:{identifier}").encode() for kind, identifier in starred(user)}
    if held:
        response.content = BUTTON.sub(lambda found: _filled(found, held), response.content)
    return response


def _filled(found: re.Match[bytes], held: set[bytes]) -> bytes:
    if found[1] not in held:
        return found[0]
    return b'name="unstar" value="%b" aria-pressed="true"' % found[1]


# On the overview


@dataclass(frozen=True, slots=True)
class Line:
    """Something starred: the word of its phase, of a task that of its last run; "" when it never ran, `gone` when it is
    no longer there.
    """

    kind: str
    id: str
    name: str
    url: str
    phase: str
    place: str = ""
    gone: bool = False


def starred_block(user: User, fleet: Fleet) -> Block:
    """What the person has starred, trouble first."""
    lines = sorted((_line(one, fleet) for one in stars_of(user)), key=_trouble_first)
    counts = {kind: sum(line.kind == kind.value for line in lines) for kind in (*SECTIONS,)}
    lists = [
        (SECTIONS[kind], count, f"{reverse(f'{SECTIONS[kind]}-list')}?q=is%3Astarred")
        for kind, count in counts.items()
        if count
    ]
    shown = tuple(lines[:SHOWN])
    context = {"lines": shown, "count": len(lines), "more": len(lines) - len(shown), "lists": lists}
    return Block("starred", (shown, tuple(lists)), "overview/starred.html", context)


def _line(one: Star, fleet: Fleet) -> Line:
    kind = Kind(one.kind)
    row = cast("Listed | None", fleet.of(kind).get(one.target_id))
    if row is None:
        return Line(one.kind, one.target_id, one.name, "", "", gone=True)
    place = "" if kind is Kind.ENVIRONMENT else fleet.environment_name(row.environment_id)
    return Line(one.kind, row.id, row.name, address(kind, row.id), _phase(row, fleet), place)


def _phase(row: Listed, fleet: Fleet) -> str:
    if not isinstance(row, Task):
        return phase_of(row)
    last: Execution | None = next(iter(fleet.runs_of(row.id)), None)
    return "" if last is None else phase_of(last)


def _trouble_first(line: Line) -> tuple[bool, int, str, str]:
    return (line.gone, PHASE_ORDER.get(line.phase, len(PHASE_ORDER)), line.name.casefold(), line.id)

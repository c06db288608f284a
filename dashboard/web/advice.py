"""What to do about an environment that failed: where it failed, whether others fail too, what may be tried."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.models import User
from dashboard.control.verbs import Verb
from dashboard.fleet.details import EnvironmentDetail
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.query.indexes import INDEXES, everything, left_out
from dashboard.fleet.snapshot import Fleet
from dashboard.web.offers import offers

SAME = {
    "project": _("Of {total} other environments of its project, {others} failed too."),
    "class": _("Of {total} other environments of its class, {others} failed too."),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A sentence, and where it leads ("" = nowhere)."""

    words: str
    url: str = ""


def next_steps(
    user: User, row: Environment, fleet: Fleet, depth: EnvironmentDetail | None
) -> tuple[Step, ...]:
    """For one that failed, else nothing."""
    return tuple(_steps(user, row, fleet, depth)) if row.failures else ()


def _steps(user: User, row: Environment, fleet: Fleet, depth: EnvironmentDetail | None) -> Iterator[Step]:
    broken = [gettext(part.name) for part in depth.parts if part.failure] if depth is not None else []
    if broken:
        yield Step(
            gettext("It failed in: {parts}. What each part says is under “Machine and content”.").format(
                parts=", ".join(broken)
            ),
            "#parts",
        )
    yield from _alike(row, fleet)
    offered = {offer.verb for offer in offers(user, row, fleet)}
    if Verb.START_ENVIRONMENT in offered:
        yield Step(
            gettext("Start it again. If it fails with the same message, what it is made from has to change.")
        )
    elif Verb.STOP_ENVIRONMENT in offered:
        yield Step(gettext("Stop it and start it again. A stop keeps its files."))
    else:
        yield Step(gettext("You may not start or stop it; its creator and admins may."))


def _alike(row: Environment, fleet: Fleet) -> Iterator[Step]:
    """Whether its project or its class fails beyond this one."""
    there = everything(fleet, Kind.ENVIRONMENT) & ~left_out(fleet, Kind.ENVIRONMENT)
    failed = there & fleet.postings(Kind.ENVIRONMENT, INDEXES["phase"])["failed"]
    company = False
    for noun, value in (("project", row.project_id), ("class", row.class_id)):
        same = there & fleet.postings(Kind.ENVIRONMENT, INDEXES[noun])[value]
        others, total = (same & failed).bit_count() - 1, same.bit_count() - 1
        if value and others > 0:
            company = True
            query = urlencode({"q": f"phase:failed {noun}:={value}"})
            words = gettext(SAME[noun]).format(total=total, others=others)
            yield Step(words, f"{reverse('environments-list')}?{query}")
    if not company and (row.project_id or row.class_id):
        yield Step(gettext("No other of its project or class has failed: it is likely its own trouble."))

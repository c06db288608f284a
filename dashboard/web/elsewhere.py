"""The same service or task in other environments: whether it fails everywhere or only here."""

from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext

from dashboard.fleet import runs
from dashboard.fleet.entities import Execution, Kind, Service, Task, kind_of
from dashboard.fleet.query import PHASE_ORDER
from dashboard.fleet.snapshot import Fleet
from dashboard.web.details import Subject
from dashboard.web.live import Block
from dashboard.web.offers import SECTIONS, address
from dashboard.web.records import Health, ask_of_edits, health

OTHERS, FAILED = 8, 5
"""Of the namesakes so many are shown, of them so many that failed, which come first."""
MOST_ASKED = 60
"""Of the namesakes so many are looked at, of a task for their last runs."""


@dataclass(frozen=True, slots=True)
class Share:
    """A phase with its number, and where those are listed."""

    phase: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Other:
    """A namesake: its address and its environment's name, its phase or that of its last run ("": none), why it
    failed, and of a task how its runs went.
    """

    id: str
    url: str
    environment: str
    phase: str
    failure: str
    health: Health | None = None


def elsewhere_block(subject: Subject) -> Block:
    """Whether what bears the same name fails in other environments too, and those side by side."""
    row: Service | Task = subject.row
    is_service = isinstance(row, Service)
    found = runs.alike(subject.fleet, row, MOST_ASKED)
    kind = Kind.SERVICE if is_service else Kind.EXECUTION
    others = [_other(subject.fleet, one) for one in found.others]
    failed = [one for one in others if one.phase == "failed"]
    rest = sorted((one for one in others if one.phase != "failed"), key=lambda one: not one.phase)
    shown = (failed[: max(FAILED, OTHERS - len(rest))] + rest)[:OTHERS]
    shown_ids = {one.id for one in shown}
    tasks = [one for one in found.others if isinstance(one, Task) and one.id in shown_ids]
    ask_of_edits(subject.fleet, tasks)
    healths = {task.id: health(subject.fleet, task.id, subject.fleet.runs_of(task.id)) for task in tasks}
    shown = [replace(one, health=healths.get(one.id)) for one in shown]
    field = "task" if kind is Kind.EXECUTION else "reference" if row.reference else "name"
    query = f"{field}:={quoted(found.reference)}"
    context = {
        "row": row,
        "is_service": is_service,
        "reference": found.reference,
        "verdict": _verdict(row, found) if isinstance(row, Service) else _verdict_of_runs(others),
        "here": _shares(found.here, query, kind),
        "everywhere": _shares(found.everywhere, query, kind) if found.everywhere != found.here else (),
        "others": shown,
        "all": f"{reverse(f'{SECTIONS[kind_of(row)]}-list')}?{urlencode({'q': _same(row)})}",
    }
    state = (found.here, found.everywhere, context["verdict"], context["others"])
    return Block("elsewhere", state, "parts/elsewhere.html", context)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _same(row: Service | Task) -> str:
    """The filter that finds the namesakes."""
    return f"{'reference' if row.reference else 'name'}:={quoted(row.reference or row.name)}"


def _other(fleet: Fleet, row: Service | Task) -> Other:
    url, place = address(kind_of(row), row.id), fleet.environment_name(row.environment_id)
    if isinstance(row, Service):
        return Other(row.id, url, place, "failed" if row.failed else row.phase, row.failure)
    own = fleet.runs_of(row.id)
    last: Execution | None = own[0] if own else None
    if last is None:
        return Other(row.id, url, place, "", "")
    phase = "failed" if last.failed else last.phase
    return Other(row.id, url, place, phase, last.failure)


def _shares(counts: dict[str, int], query: str, kind: Kind) -> tuple[Share, ...]:
    listing = reverse(f"{SECTIONS[kind]}-list")
    ordered = sorted(counts.items(), key=lambda one: (PHASE_ORDER.get(one[0], len(PHASE_ORDER)), one[0]))
    return tuple(
        Share(phase, count, f"{listing}?{urlencode({'q': f'{query} phase:{phase}'})}")
        for phase, count in ordered
    )


def _verdict(row: Service, found: runs.Alike) -> str:
    """One sentence: everywhere, only here, or nowhere."""
    failed = found.everywhere.get("failed", 0)
    others, total = failed - row.failed, sum(found.everywhere.values()) - 1
    if total < 1:
        return gettext("No other environment has one of this name.")
    if not failed:
        return gettext("It fails nowhere.")
    if row.failed and not others:
        return gettext("It fails only here; {total} other environments have one.").format(total=total)
    if row.failed:
        return gettext("It fails here and in {others} of {total} other environments.").format(
            others=others, total=total
        )
    return gettext("It fails in {others} of {total} other environments.").format(others=others, total=total)


def _verdict_of_runs(others: list[Other]) -> str:
    """The same of a task, by the last runs of its namesakes."""
    ran = [one for one in others if one.phase]
    if not ran:
        return gettext("It has not run in another environment.")
    failed = sum(one.phase == "failed" for one in ran)
    if not failed:
        return ngettext(
            "In {total} other environment its last run did not fail.",
            "In none of {total} other environments did its last run fail.",
            len(ran),
        ).format(total=len(ran))
    return ngettext(
        "In {failed} of {total} other environment its last run failed.",
        "In {failed} of {total} other environments its last run failed.",
        len(ran),
    ).format(failed=failed, total=len(ran))

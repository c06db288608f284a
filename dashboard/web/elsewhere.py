"""The same service or task in other environments: whether it fails everywhere or only here."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext

from dashboard.fleet import runs
from dashboard.fleet.entities import Service, Task, kind_of
from dashboard.fleet.query import PHASE_ORDER, phase_of
from dashboard.fleet.query.language import quoted
from dashboard.fleet.snapshot import Fleet
from dashboard.web.details import Subject
from dashboard.web.live import Block
from dashboard.web.offers import SECTIONS, address
from dashboard.web.records import Health, ask_of_edits, health

OTHERS, FAILED = 8, 5
"""Of the namesakes so many are shown, of them so many that failed, which come first."""


@dataclass(frozen=True, slots=True)
class Share:
    """A phase, of a task that of its last run ("": never run), with its number, and where those are listed."""

    phase: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Other:
    """A namesake: its address and its environment's name, its phase or that of its last run ("": none), why it
    failed, and of a task how its runs went.
    """

    url: str
    environment: str
    phase: str
    failure: str = ""
    health: Health | None = None


def elsewhere_block(subject: Subject) -> Block:
    """Whether what bears the same name fails in other environments too, and those side by side."""
    row: Service | Task = subject.row
    found = runs.alike(subject.fleet, row, OTHERS)
    most = max(FAILED, OTHERS - len(found.rest))
    shown = (found.failed[:most] + found.rest)[:OTHERS]
    ask_of_edits(subject.fleet, [one for one in shown if isinstance(one, Task)])
    environment = subject.fleet.environments.get(row.environment_id)
    project = environment.project_id if environment is not None else ""
    context = {
        "row": row,
        "is_service": isinstance(row, Service),
        "reference": found.reference,
        "verdict": _verdict(row, found) if isinstance(row, Service) else _verdict_of_runs(found),
        "here": _shares(row, found.here, f" project:={quoted(project)}") if found.scattered else (),
        "everywhere": _shares(row, found.everywhere),
        "others": [_other(subject.fleet, one) for one in shown],
        "all": _listed(row),
    }
    state = (found.here, found.everywhere, context["verdict"], context["others"])
    return Block("elsewhere", state, "parts/elsewhere.html", context)


def _listed(row: Service | Task, more: str = "") -> str:
    """Where the namesakes are listed, or `more` narrows them to."""
    same = f"{'reference' if row.reference else 'name'}:={quoted(row.reference or row.name)}"
    return f"{reverse(f'{SECTIONS[kind_of(row)]}-list')}?{urlencode({'q': same + more})}"


def _shares(row: Service | Task, counts: dict[str, int], more: str = "") -> tuple[Share, ...]:
    field = "phase" if isinstance(row, Service) else "last"
    ordered = sorted(counts, key=lambda one: (not one, PHASE_ORDER.get(one, len(PHASE_ORDER)), one))
    return tuple(
        Share(
            phase, counts[phase], _listed(row, f"{more} {field}:{phase}" if phase else f"{more} -has:{field}")
        )
        for phase in ordered
    )


def _other(fleet: Fleet, row: Service | Task) -> Other:
    url, place = address(kind_of(row), row.id), fleet.environment_name(row.environment_id)
    if isinstance(row, Service):
        return Other(url, place, phase_of(row), row.failure)
    own = fleet.runs_of(row.id)
    if not own:
        return Other(url, place, "")
    return Other(url, place, phase_of(own[0]), own[0].failure, health(fleet, row.id, own))


def _verdict(row: Service, found: runs.Alike) -> str:
    """One sentence: everywhere, only here, or nowhere."""
    others, total = found.failing, found.homes
    if not total:
        return gettext("No other environment has one of this name.")
    if not others and not row.failed:
        return gettext("It fails nowhere.")
    if not others:
        words = ngettext(
            "It fails only here; {total} other environment has one.",
            "It fails only here; {total} other environments have one.",
            total,
        )
    elif row.failed:
        words = ngettext(
            "It fails here and in the {total} other environment that has one.",
            "It fails here and in {others} of {total} other environments.",
            total,
        )
    else:
        words = ngettext(
            "It fails in the {total} other environment that has one.",
            "It fails in {others} of {total} other environments.",
            total,
        )
    return words.format(others=others, total=total)


def _verdict_of_runs(found: runs.Alike) -> str:
    """The same of a task, by the last runs of its namesakes."""
    failed, total = found.failing, found.homes
    if not total:
        return gettext("It has not run in another environment.")
    if not failed:
        words = ngettext(
            "In {total} other environment its last run did not fail.",
            "In none of {total} other environments did its last run fail.",
            total,
        )
    else:
        words = ngettext(
            "In {failed} of {total} other environment its last run failed.",
            "In {failed} of {total} other environments its last run failed.",
            total,
        )
    return words.format(failed=failed, total=total)

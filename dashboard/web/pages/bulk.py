"""Starts and stops of many environments at once, chosen in their list; what follows is the way of all batches."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from dashboard.control.batches import GONE
from dashboard.control.models import User
from dashboard.control.permissions import refusal
from dashboard.control.verbs import RULES, Verb
from dashboard.fleet import query as queries
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.query import Problem
from dashboard.fleet.query.language import LONGEST_TEXT
from dashboard.fleet.sentences import looked_up
from dashboard.fleet.snapshot import Fleet
from dashboard.web.http import moment, signed_in
from dashboard.web.lists import context_of
from dashboard.web.pages.batches import LeftOut, ask, nothing

VERBS = {"start": Verb.START_ENVIRONMENT, "stop": Verb.STOP_ENVIRONMENT}
EVERY = "all"


@require_POST
def ask_about(request: HttpRequest) -> HttpResponse:
    """The question about the environments whose `id` was chosen, or with `all=1` about all that match `q`.

    `deed` is start or stop; without JavaScript also start-all or stop-all.
    """
    deed, _, of_all = request.POST.get("deed", "").partition("-")
    if deed not in VERBS or of_all not in {"", EVERY}:
        return nothing(request, (), gettext("Only a start or a stop can be asked of many environments."))
    user, fleet = signed_in(request), moment(request).fleet
    if of_all or request.POST.get("all") == "1":
        text = request.POST.get("q", "").strip()[: LONGEST_TEXT + 1]
        rows, problems = all_that_match(user, fleet, text)
        if problems:
            words = gettext("The filter cannot be read, so nobody knows what matches it: {message}").format(
                message=looked_up(problems[0].message)
            )
            return nothing(request, (), words)
        return ask(request, VERBS[deed], *sorted_out(user, fleet, VERBS[deed], rows))
    known = fleet.environments
    identifiers = list(dict.fromkeys(request.POST.getlist("id")))
    here = [known[one] for one in identifiers if one in known]
    gone = [(one[:40], GONE) for one in identifiers if one not in known]
    rows, left_out = sorted_out(user, fleet, VERBS[deed], here)
    return ask(request, VERBS[deed], rows, [*left_out, *gone])


def all_that_match(user: User, fleet: Fleet, text: str) -> tuple[list[Environment], Sequence[Problem]]:
    """The rows of the list with this filter, also those on its other pages; and what keeps it from being read."""
    selection = queries.select(fleet, Kind.ENVIRONMENT, text, context_of(user, fleet, text))
    if selection.problems:
        return [], selection.problems
    rows = [row for row in fleet.environments.values() if selection.holds(row)]
    return sorted(rows, key=lambda row: (row.name.lower(), row.id)), ()


def sorted_out(
    user: User, fleet: Fleet, verb: Verb, rows: Sequence[Environment]
) -> tuple[list[Environment], LeftOut]:
    """Those it can be done to, and of the others the name and why not. Each is judged on its own."""
    whys = [(row, RULES[verb].pointless(row) or refusal(user, verb, row, fleet)) for row in rows]
    return [row for row, why in whys if not why], [(row.name, why) for row, why in whys if why]

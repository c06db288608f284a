"""Which actions a page offers a person for a row, and what was asked of it last."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext

from dashboard.control.models import Action, User
from dashboard.control.permissions import can, refusal, seen_as
from dashboard.control.verbs import RULES, Rule, Verb, pointless, verbs_of, why_nothing_runs
from dashboard.fleet.entities import Execution, Kind, Listed, kind_of
from dashboard.fleet.freshness import sentence
from dashboard.fleet.sentences import looked_up
from dashboard.fleet.snapshot import Fleet

SECTIONS = {
    Kind.ENVIRONMENT: "environments",
    Kind.SERVICE: "services",
    Kind.TASK: "tasks",
    Kind.EXECUTION: "executions",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: `deed` is start, stop or run; `url` asks for confirmation, in a dialog unless it is a `page`."""

    verb: Verb
    deed: str
    label: str
    url: str
    danger: bool = False
    page: bool = False


def address(kind: Kind, identifier: str) -> str:
    """The page of one resource."""
    return reverse(f"{SECTIONS[kind]}-detail", args=[identifier])


def offers(user: User, row: Listed, fleet: Fleet) -> tuple[Offer, ...]:
    """The actions that make sense for `row` now and that `user` may take."""
    return tuple(_sensible(user, row, fleet, menu=False))


def standing(user: User, row: Listed, fleet: Fleet) -> tuple[str, ...]:
    """All that `offers` depends on beside the row itself; rows are kept by it, so what is added there goes in here."""
    return (*seen_as(user, row, fleet), why_nothing_runs(row, fleet))


def again(user: User, row: Listed, fleet: Fleet) -> tuple[Offer, ...]:
    """On an execution that has ended: to run its task once more."""
    task = fleet.tasks.get(row.task_id) if isinstance(row, Execution) and not row.live else None
    found = () if task is None else offers(user, task, fleet)
    return tuple(replace(offer, deed="again", label=gettext("Run again")) for offer in found)


def besides(offered: tuple[Offer, ...], wish: Action | None) -> tuple[Offer, ...]:
    """Without what is under way already: asking for it once more changes nothing."""
    under_way = wish.verb if wish is not None and wish.is_open else ""
    return tuple(offer for offer in offered if offer.verb.value != under_way)


def menu(user: User, row: Listed, fleet: Fleet) -> tuple[Offer, ...]:
    """What the row's own page offers beyond that."""
    return tuple(_sensible(user, row, fleet, menu=True))


def withheld(user: User, row: Listed, fleet: Fleet) -> tuple[tuple[tuple[str, ...], str], ...]:
    """What the row's own page does not offer now, by the reason: its labels, and why."""
    found: dict[str, list[str]] = {}
    for verb in verbs_of(kind_of(row)):
        if verb is Verb.UNARCHIVE_ENVIRONMENT and getattr(row, "archived", None) is None:
            continue  # nobody looks for that
        why = looked_up(refusal(user, verb, row, fleet)) or sentence(looked_up(pointless(verb, row, fleet)))
        if why:
            found.setdefault(why, []).append(gettext(RULES[verb].label))
    return tuple((tuple(labels), why) for why, labels in found.items())


def _sensible(user: User, row: Listed, fleet: Fleet, *, menu: bool) -> Iterator[Offer]:
    verbs = (verb for verb in verbs_of(kind_of(row)) if RULES[verb].menu is menu)
    return of_these(verbs, user, row, fleet)


def of_these(verbs: Iterable[Verb], user: User, row: Listed, fleet: Fleet) -> Iterator[Offer]:
    """Of some verbs of its kind, those that make sense for `row` now and that `user` may do."""
    nothing_runs = bool(why_nothing_runs(row, fleet))
    for verb in verbs:
        rule = RULES[verb]
        if not (rule.inside and nothing_runs) and not rule.pointless(row) and can(user, verb, row, fleet):
            yield _offer(rule, row)


def _offer(rule: Rule, row: Listed) -> Offer:
    if rule.page:
        return Offer(
            rule.verb,
            rule.verb.deed,
            gettext(rule.label),
            reverse(rule.page, args=[row.id]),
            rule.danger,
            page=True,
        )
    url = reverse(f"{SECTIONS[rule.kind]}-act", args=[row.id, rule.verb.deed])
    return Offer(rule.verb, rule.verb.deed, gettext(rule.label), url, rule.danger)


def wish_state(action: Action | None) -> tuple[str, ...]:
    """What the HTML of a wish depends on."""
    return () if action is None else (str(action.id), action.state, str(action.attempts))

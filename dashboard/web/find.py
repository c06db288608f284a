"""Finding anything by a few letters: pages, environments, services, tasks, people, projects, and what may be done.

Over this process's copy of the fleet, and bounded: so many letters, so many results of each kind, and no pattern
whose search could take long. Services and tasks that share a name are one result, which leads to their list. A text
that begins or ends with what may be done, such as “stop otter”, finds that first.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import cast
from urllib.parse import urlencode, urlsplit

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, get_script_prefix, resolve, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.models import User
from dashboard.control.permissions import can
from dashboard.control.verbs import RULES, Verb, verbs_of
from dashboard.fleet.entities import Environment, Kind, Listed, Person, kind_of, short_id
from dashboard.fleet.query.language import quoted
from dashboard.fleet.snapshot import Fleet
from dashboard.web import organisations
from dashboard.web.access import may_see
from dashboard.web.creators import made_by
from dashboard.web.http import moment, signed_in
from dashboard.web.names import Names, Namesakes, SharedNames
from dashboard.web.offers import SECTIONS, Offer, address, menu, of_these, offers
from dashboard.web.wanted import Wanted, loosened

LONGEST = 80
MOST = 6
MOST_ENVIRONMENTS = 10
WITH_ACTIONS = 2
"""So many of what is found bring along what may be done with them."""
MOST_LOOKED_AT = 1_000
"""Rows of a kind of which it is asked whether it may be done with them, at most."""
FIRST_STRONG, END_OF_IT = "\u2068", "\u2069"
"""Around a name in a text: it is written in its own direction, and turns nothing else round."""
SHORTEST_DEED = 3
SHORTEST_ID = 6
ENVIRONMENTS = Names(lambda row: row.name if row.archived is None else "")
PEOPLE = Names(lambda row: f"{row.name} {row.email}")
PROJECTS = Names(lambda row: row.name)
SHARED = {Kind.SERVICE: SharedNames(), Kind.TASK: SharedNames()}
PAGES = (
    (_("Overview"), "overview", "o"),
    (_("Environments"), "environments-list", "e"),
    (_("Services"), "services-list", "s"),
    (_("Tasks"), "tasks-list", "t"),
    (_("Task executions"), "executions-list", "x"),
    (_("Idle"), "idle", "i"),
    (_("Costs"), "costs", "c"),
    (_("Activity"), "activity", "a"),
    (_("System"), "system", "y"),
    (_("Views"), "views", ""),
    (_("Idle policies"), "idle-policies", ""),
    (_("Exemptions"), "idle-exemptions", ""),
    (_("What if"), "idle-what-if", ""),
    (_("Daily reports"), "idle-reports", ""),
    (_("Batches"), "idle-batches", ""),
    (_("Environment classes"), "classes", ""),
    (_("Prices"), "classes-prices", ""),
    (_("Messages to you"), "told", ""),
    (_("Personal tokens"), "tokens", ""),
    (_("Sessions"), "sessions", ""),
    ("API", "api", ""),
    (_("Webhooks"), "webhooks", ""),
    (_("Channels"), "idle-channels", ""),
    (_("Audit"), "activity-audit", ""),
    (_("Keyboard shortcuts"), "keys", ""),
    (_("What the words mean"), "help", ""),
)
"""Name, address, and the letter that leads there after a g. Whoever may not see a page does not find it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One result. `asks` = a question that opens as a dialog; `phase` is shown as such."""

    label: str
    url: str
    hint: str = ""
    phase: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    found: tuple[Found, ...] = field(default_factory=tuple)


def find(request: HttpRequest, text: str, at: str = "") -> list[Group]:
    """What `text` may mean. `at` is the path of the page on which it was typed: what may be done there comes first."""
    user, fleet = signed_in(request), moment(request).fleet
    wanted = Wanted(" ".join(text[:LONGEST].split()))
    pages = Group(gettext("Pages"), tuple(_pages(user, fleet, wanted)))
    meant = bool(pages.found) and wanted.begins(pages.found[0].label)
    groups = [
        Group(gettext("Here"), tuple(_here(user, fleet, at, wanted))),
        Group(gettext("Organisations"), tuple(_organisations(request, wanted))),
        *([pages] if meant else []),
        *_fleet_groups(user, fleet, wanted),
        *([] if meant else [pages]),
    ]
    return [group for group in groups if group.found]


def _fleet_groups(user: User, fleet: Fleet, wanted: Wanted) -> Iterable[Group]:
    """What is there; of a deed that nobody may do, or that makes no sense now, what it would be done to."""
    for one in (wanted, *(rest for _verbs, rest in _deeds(wanted))) if wanted else ():
        groups = tuple(_meant_groups(user, fleet, one))
        if any(group.found for group in groups):
            return groups
    return ()


def _meant_groups(user: User, fleet: Fleet, wanted: Wanted) -> Iterator[Group]:
    environments = _environments(fleet, wanted, MOST_ENVIRONMENTS)
    by_id = [row for row in _by_id(fleet, wanted.text) if row not in environments]
    services, tasks = (list(_namesakes(fleet, kind, wanted)) for kind in SHARED)
    single = (some.rows[0] for _, some in (*services, *tasks) if len(some.rows) == 1)
    asked = list(_asked_for(user, fleet, wanted))
    best = islice(chain(environments, by_id, single), WITH_ACTIONS)
    deeds = chain(asked, (one for row in best for one in _actions(user, row, fleet)))
    actions = Group(gettext("Actions"), tuple({one.url: one for one in deeds}.values()))
    first = bool(asked) and not (environments and wanted.begins(environments[0].name))
    yield from (actions,) if first else ()
    yield Group(gettext("By id"), tuple(_row(fleet, row) for row in by_id))
    yield Group(gettext("Environments"), tuple(_row(fleet, row) for row in environments))
    yield from () if first else (actions,)
    yield Group(gettext("Services"), tuple(_shared(fleet, Kind.SERVICE, *one) for one in services))
    yield Group(gettext("Tasks"), tuple(_shared(fleet, Kind.TASK, *one) for one in tasks))
    projects = PROJECTS.best(fleet.table(Kind.PROJECT), wanted, MOST)
    yield Group(
        gettext("Projects"), tuple(_filtered(fleet.project(row.id), project=row.id) for row in projects)
    )
    people = cast("list[Person]", PEOPLE.best(fleet.table(Kind.PERSON), wanted, MOST))
    yield Group(
        gettext("People"),
        tuple(_filtered(row.name or row.email, row.email, q=made_by(fleet, row.id)) for row in people),
    )


def _environments(fleet: Fleet, wanted: Wanted, most: int) -> list[Listed]:
    return cast("list[Listed]", ENVIRONMENTS.best(fleet.table(Kind.ENVIRONMENT), wanted, most))


def _asked_for(user: User, fleet: Fleet, wanted: Wanted) -> Iterator[Found]:
    """What may be done with what the rest of the words name, where the first or the last of them is a deed."""
    for verbs, rest in _deeds(wanted):
        deeds = (
            _about(fleet, row, offer)
            for kind in (Kind.ENVIRONMENT, *SHARED)
            if (of_kind := [verb for verb in verbs_of(kind) if verb in verbs])
            for row in islice(_meant(fleet, kind, rest), MOST_LOOKED_AT)
            for offer in of_these(of_kind, user, row, fleet)
        )
        yield from islice(deeds, MOST)


def _meant(fleet: Fleet, kind: Kind, wanted: Wanted) -> Iterator[Listed]:
    """The rows of a kind, those first that are what is looked for."""
    table = fleet.table(kind)
    if kind is Kind.ENVIRONMENT:
        return iter(_environments(fleet, wanted, MOST_LOOKED_AT))
    names = SHARED[kind].best(table, wanted, MOST_LOOKED_AT)
    return (row for name in names for row in SHARED[kind].namesakes(table, name).rows)


def _deeds(wanted: Wanted) -> Iterator[tuple[set[Verb], Wanted]]:
    """The verbs that the first word may mean, and the last one, each with the rest."""
    words = wanted.words
    for word, rest in ((words[0], words[1:]), (words[-1], words[:-1])) if len(words) > 1 else ():
        verbs = {verb for verb, rule in RULES.items() if loosened(gettext(rule.label)).startswith(word)}
        if verbs and len(word) >= SHORTEST_DEED:
            yield verbs, Wanted(" ".join(rest))


def _row(fleet: Fleet, row: Listed) -> Found:
    kind = kind_of(row)
    hint = _whose(fleet, row) if isinstance(row, Environment) else gettext(kind.value)
    phase = "failed" if row.failed else row.phase
    return Found(row.name or row.id, address(kind, row.id), hint, phase)


def _by_id(fleet: Fleet, text: str) -> list[Listed]:
    """The row with this id, or of each kind those whose id ends like this, which is what pages show of it."""
    for kind in SECTIONS:
        row = fleet.of(kind).get(text)
        if row is not None:
            return [cast("Listed", row)]
    if len(text) < SHORTEST_ID or not re.fullmatch("[0-9a-f-]+", text):
        return []
    found = (row for kind in SECTIONS for row in fleet.of(kind).values() if row.id.endswith(text))
    return cast("list[Listed]", list(islice(found, MOST)))


def _namesakes(fleet: Fleet, kind: Kind, wanted: Wanted) -> Iterator[tuple[str, Namesakes]]:
    """The names that are meant."""
    table = fleet.table(kind)
    for name in SHARED[kind].best(table, wanted, MOST):
        yield name, SHARED[kind].namesakes(table, name)


def _shared(fleet: Fleet, kind: Kind, name: str, some: Namesakes) -> Found:
    """One result a name: the thing itself, or the list of those that bear it."""
    if len(some.rows) == 1:
        return replace(_row(fleet, some.rows[0]), hint=_whereabouts(fleet, some.rows[0]))
    query = urlencode({"q": f"name:={quoted(name)}"})
    hint = gettext("{count} of them").format(count=intcomma(len(some.rows)))
    if kind is Kind.SERVICE:
        failed = gettext("{count} failed").format(count=intcomma(some.failed))
        hint += ", " + (failed if some.failed else gettext("none failed"))
    return Found(name, f"{reverse(f'{SECTIONS[kind]}-list')}?{query}", hint)


def _filtered(label: str, hint: str = "", **parameters: str) -> Found:
    return Found(label, f"{reverse('environments-list')}?{urlencode(parameters)}", hint)


def _actions(user: User, row: Listed, fleet: Fleet) -> Iterator[Found]:
    """What may be done beside any row."""
    return (_about(fleet, row, offer) for offer in offers(user, row, fleet))


def _about(fleet: Fleet, row: Listed, offer: Offer) -> Found:
    """What may be done, where it does not stand on the page of what it is done to."""
    name = row.name if row.name.isascii() else f"{FIRST_STRONG}{row.name}{END_OF_IT}"
    label = gettext("{deed} {name}").format(deed=offer.label, name=name)
    return replace(_deed(offer, label), hint=_whereabouts(fleet, row))


def _whereabouts(fleet: Fleet, row: Listed) -> str:
    if isinstance(row, Environment):
        return _whose(fleet, row)
    return gettext("in {place}").format(place=fleet.environment_name(row.environment_id))


def _whose(fleet: Fleet, row: Environment) -> str:
    """Tells environments of one name apart: project, creator, the end of the id."""
    project = fleet.project(row.project_id) if row.project_id else ""
    parts = (project, fleet.person(row.creator_id, row.creator_kind), short_id(row.id))
    return " · ".join(part for part in parts if part)


def _deed(offer: Offer, label: str) -> Found:
    return Found(label, offer.url, asks=not offer.page)


def _organisations(request: HttpRequest, wanted: Wanted) -> Iterator[Found]:
    """Where to switch to: by its name, or all of them by the word."""
    for one in organisations.neighbours(request) if wanted else ():
        if wanted.begins("organisations") or wanted.rank(one.name) is not None:
            yield Found(one.name, one.home, gettext("organisation"))


def _here(user: User, fleet: Fleet, at: str, wanted: Wanted) -> Iterator[Found]:
    row = _subject(fleet, at)
    if row is None:
        return
    for offer in (*offers(user, row, fleet), *menu(user, row, fleet)):
        if not wanted or wanted.rank(offer.label) is not None:
            yield _deed(offer, offer.label)


def _subject(fleet: Fleet, at: str) -> Listed | None:
    """What the page at this path is about."""
    try:
        match: ResolverMatch = resolve(
            "/" + urlsplit(at[:500]).path.removeprefix(get_script_prefix()).lstrip("/")
        )
    except (Resolver404, ValueError):
        return None
    kinds = {f"{section}-detail": kind for kind, section in SECTIONS.items()}
    kind = kinds.get(match.url_name or "")
    return cast("Listed | None", fleet.of(kind).get(match.kwargs.get("identifier", ""))) if kind else None


def _pages(user: User, fleet: Fleet, wanted: Wanted) -> Iterator[Found]:
    named = [
        Found(gettext(label), reverse(name), f"g {key}" if key else "")
        for label, name, key in PAGES
        if may_see(user, name)
    ]
    if can(user, Verb.CREATE_ENVIRONMENT, Environment(""), fleet):
        named.append(Found(gettext("New environment"), reverse("environments-new"), asks=True))
    ranked = [(wanted.rank(one.label) if wanted else 0, place) for place, one in enumerate(named)]
    yield from (
        named[place] for _, place in sorted((rank, place) for rank, place in ranked if rank is not None)
    )

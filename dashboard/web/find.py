"""Finding anything by a few letters: pages, environments, services, tasks, people, projects, and what may be done.

Over this process's copy of the fleet, and bounded: so many letters, so many results of each kind, and no pattern
whose search could take long. Services and tasks that share a name are one result, which leads to their list.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import cast
from urllib.parse import urlencode, urlsplit

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, get_script_prefix, resolve, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from dashboard.control.models import User
from dashboard.control.permissions import can
from dashboard.control.verbs import Verb
from dashboard.fleet.entities import Environment, Kind, Listed, short_id
from dashboard.fleet.query.values import fold
from dashboard.fleet.snapshot import Fleet
from dashboard.web import organisations
from dashboard.web.access import may_see
from dashboard.web.http import moment, signed_in
from dashboard.web.offers import SECTIONS, Offer, address, menu, offers

LONGEST = 80
MOST = 6
MOST_ENVIRONMENTS = 10
WITH_ACTIONS = 2
"""Of the best environments so many bring along what may be done with them."""
SHORTEST_ID = 6
BETWEEN = str.maketrans("-_", "  ")
"""What stands between words: `web-server` finds “Web server”."""
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
    wanted = Wanted(fold(" ".join(text[:LONGEST].split())))
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


class Wanted:
    """What is looked for, and how well a name is that: 0 the best, None not at all."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._loose = text.translate(BETWEEN)
        self.words = self._loose.split()
        letters = self._loose.replace(" ", "")
        between = "".join(f"[^{re.escape(one)}]*{re.escape(one)}" for one in letters[1:])
        self._scattered = re.compile(re.escape(letters[:1]) + between)

    def __bool__(self) -> bool:
        return bool(self.text)

    def begins(self, name: str) -> bool:
        """Enough of its first letters to mean it."""
        return len(self.text) > 2 and fold(name).startswith(self.text)

    def rank(self, name: str) -> int | None:
        """The whole, its beginning, that of a word in it, somewhere in it, all words, its letters in their order."""
        folded = fold(name).translate(BETWEEN)
        if self._loose in folded:
            if folded == self._loose:
                return 0
            place = folded.index(self._loose)
            return 1 if place == 0 else 3 if folded[place - 1].isalnum() else 2
        if len(self.words) > 1 and all(word in folded for word in self.words):
            return 4
        return 5 if len(self.text) > 2 and self._scattered.search(folded) else None


Ranked = tuple[int, int, str]


def _best(named: Iterable[tuple[str, str]], wanted: Wanted, most: int) -> list[str]:
    """Keys of (name, key), the best first."""
    ranks: list[Ranked] = [
        (rank, len(name), key) for name, key in named if (rank := wanted.rank(name)) is not None
    ]
    return [key for _, _, key in sorted(ranks)[:most]]


def _fleet_groups(user: User, fleet: Fleet, wanted: Wanted) -> Iterator[Group]:
    if not wanted:
        return
    listed = {key: row for key, row in fleet.environments.items() if row.archived is None}
    keys = _best(((row.name, key) for key, row in listed.items()), wanted, MOST_ENVIRONMENTS)
    by_id = [row for row in _by_id(fleet, wanted.text) if row.id not in keys]
    yield Group(gettext("By id"), tuple(_row(fleet, row) for row in by_id))
    environments = [listed[key] for key in keys]
    yield Group(gettext("Environments"), tuple(_row(fleet, row) for row in environments))
    best = environments[:WITH_ACTIONS] or [row for row in by_id if isinstance(row, Environment)]
    yield Group(gettext("Actions"), tuple(one for row in best for one in _actions(user, row, fleet)))
    yield Group(gettext("Services"), tuple(_namesakes(fleet, Kind.SERVICE, wanted)))
    yield Group(gettext("Tasks"), tuple(_namesakes(fleet, Kind.TASK, wanted)))
    projects = _best(((row.name, key) for key, row in fleet.projects.items()), wanted, MOST)
    yield Group(gettext("Projects"), tuple(_filtered(fleet.project(key), project=key) for key in projects))
    names = ((f"{row.name} {row.email}", key) for key, row in fleet.people.items())
    people = [fleet.people[key] for key in _best(names, wanted, MOST)]
    yield Group(
        gettext("People"),
        tuple(_filtered(row.name or row.email, row.email, q=f"creator:={row.id}") for row in people),
    )


def _row(fleet: Fleet, row: Listed) -> Found:
    kind = next(kind for kind in SECTIONS if row.id in fleet.of(kind))
    hint = _whose(fleet, row) if isinstance(row, Environment) else gettext(kind.value)
    phase = "failed" if row.failed else row.phase
    return Found(row.name or row.id, address(kind, row.id), hint, phase)


def _by_id(fleet: Fleet, text: str) -> list[Listed]:
    """The row with this id, or environments whose id ends like this, which is what pages show of it."""
    for kind in SECTIONS:
        row = fleet.of(kind).get(text)
        if row is not None:
            return [cast("Listed", row)]
    if len(text) < SHORTEST_ID or not re.fullmatch("[0-9a-f-]+", text):
        return []
    found = (row for kind in SECTIONS for key, row in fleet.of(kind).items() if key.endswith(text))
    return [cast("Listed", row) for row, _ in zip(found, range(MOST), strict=False)]


def _namesakes(fleet: Fleet, kind: Kind, wanted: Wanted) -> Iterator[Found]:
    """One result a name: the thing itself, or the list of those that bear it."""
    rows = cast("Iterable[Listed]", fleet.of(kind).values())
    counts = Counter(row.name for row in rows if not getattr(row, "platform", False))
    called = ((one, row.name) for row in rows for one in (row.name, getattr(row, "reference", "")) if one)
    listed = ((one, name) for one, name in dict.fromkeys(called) if name in counts)
    for name in list(dict.fromkeys(_best(listed, wanted, 2 * MOST)))[:MOST]:
        only = [row for row in rows if row.name == name][:1] if counts[name] == 1 else []
        if only:
            place = fleet.environment_name(getattr(only[0], "environment_id", ""))
            yield replace(_row(fleet, only[0]), hint=gettext("in {place}").format(place=place))
        else:
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            query = urlencode({"q": f'name:="{quoted}"'})
            yield Found(
                name,
                f"{reverse(f'{SECTIONS[kind]}-list')}?{query}",
                gettext("{count} of them").format(count=intcomma(counts[name])),
            )


def _filtered(label: str, hint: str = "", **parameters: str) -> Found:
    return Found(label, f"{reverse('environments-list')}?{urlencode(parameters)}", hint)


def _actions(user: User, row: Listed, fleet: Fleet) -> Iterator[Found]:
    for offer in offers(user, row, fleet):
        hint = _whose(fleet, row) if isinstance(row, Environment) else ""
        yield replace(_deed(offer, f"{offer.label} {row.name}"), hint=hint)


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

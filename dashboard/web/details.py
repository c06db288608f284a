"""What the four detail pages share: header, facts, actions, what is known in depth, saying that somebody looks."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from celery.exceptions import CeleryError
from django.http import HttpRequest, HttpResponse
from kombu.exceptions import KombuError

from dashboard import jobs
from dashboard.control import wishes
from dashboard.control.models import Action
from dashboard.control.verbs import why_nothing_runs
from dashboard.fleet.details import Detail
from dashboard.fleet.entities import Kind, Listed
from dashboard.fleet.freshness import sentence
from dashboard.fleet.sentences import said
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.store import StoreError
from dashboard.web.http import found_or_404, moment, page, signed_in
from dashboard.web.live import Block, Live, is_poll
from dashboard.web.offers import again, besides, menu, offers, wish_state, withheld
from dashboard.web.raw import asked_raw, raw
from dashboard.web.rows import ListPage

logger = logging.getLogger(__name__)
ACTIONS_SHOWN = 8


def in_depth(kind: Kind, identifier: str) -> Detail | None:
    """What the store knows of one resource in depth; None until the workers have read it.

    Tells them that somebody looks: the first look makes them read it at once, and the hot sweep keeps it
    fresh while the page polls.
    """
    try:
        first_look = jobs.parts.store().attend(kind, identifier)
        detail = jobs.parts.store().detail(kind, identifier)
        if first_look:
            jobs.refresh.delay(kind.value, identifier)
    except (StoreError, CeleryError, KombuError, OSError) as error:
        logger.warning("no details of %s %s: %s", kind.value, identifier, type(error).__name__)
        return None
    return detail


def latest_actions(kind: Kind, identifier: str) -> list[Action]:
    """The newest actions on one target."""
    return list(Action.objects.for_target(kind.value, identifier)[:ACTIONS_SHOWN])


def actions_state(actions: list[Action]) -> tuple[tuple[str, ...], ...]:
    return tuple((str(action.id), action.state, action.outcome) for action in actions)


@dataclass(frozen=True)
class Subject:
    """One resource as its page shows it. `facts` are plain values; what depends on them changes with them."""

    request: HttpRequest
    listing: ListPage
    row: Any
    fleet: Fleet
    facts: dict[str, Any]

    @cached_property
    def depth(self) -> Any:
        return in_depth(self.listing.kind, self.row.id)

    @cached_property
    def unread(self) -> str:
        """Why there are no details; "" when there are, or while they are being read."""
        if self.depth is not None:
            return ""
        try:
            return jobs.parts.store().unread(self.listing.kind, self.row.id)
        except StoreError:
            return ""

    @property
    def known(self) -> tuple[Any, ...]:
        """The state of what shows the row and its facts."""
        return (self.fleet.version_of(self.listing.kind, self.row.id), *self.facts.values())

    @property
    def deep(self) -> tuple[Any, ...]:
        """The state of what shows the details, whenever they were read."""
        return (repr(self.depth and replace(self.depth, read_at=0.0)), self.unread)

    def block(self, name: str, *states: tuple[Any, ...], **more: Any) -> Block:
        """The element `name`, whose template has its name too."""
        context = {"row": self.row, "depth": self.depth, "unread": self.unread, **self.facts, **more}
        return Block(name, states, f"{self.listing.folder}/{name}.html", context)

    def header(self) -> Block:
        user, kind = signed_in(self.request), self.listing.kind
        wish = wishes.wishes(kind, [self.row.id]).get(self.row.id)
        offered = besides(offers(user, self.row, self.fleet), wish) + again(user, self.row, self.fleet)
        rest = besides(menu(user, self.row, self.fleet), wish)
        blocked = sentence(said(why_nothing_runs(self.row, self.fleet)))
        missing = withheld(user, self.row, self.fleet)
        more = self.listing.heading(self)
        state = (wish_state(wish), offered, rest, blocked, missing, *more.values())
        return self.block(
            "header",
            self.known,
            state,
            wish=wish,
            offers=offered,
            menu=rest,
            blocked=blocked,
            withheld=missing,
            **more,
        )

    def actions(self) -> Block:
        actions = latest_actions(self.listing.kind, self.row.id)
        return Block("actions", actions_state(actions), "parts/actions.html", {"actions": actions})


def detail_page(
    request: HttpRequest,
    listing: ListPage,
    identifier: str,
    facts: Callable[[Fleet, Any], dict[str, Any]],
    rest: Callable[[Subject], Sequence[Block]],
) -> HttpResponse:
    """The page of one resource: header, facts and actions, and the `rest` that only its kind has."""
    row: Listed = found_or_404(request, listing.kind, identifier)
    fleet = moment(request).fleet
    subject = Subject(request, listing, row, fleet, listing.facts(fleet, row) | facts(fleet, row))
    if asked_raw(request):
        return raw(request, row, subject.depth)
    live = Live([subject.header(), subject.block("facts", subject.known), *rest(subject), subject.actions()])
    made = {} if is_poll(request) else {block.id: block.html(request) for block in live.blocks}
    context = {"title": row.name, "blocks": made}
    return page(request, f"{listing.folder}/detail.html", context, live, said=listing.said(subject))

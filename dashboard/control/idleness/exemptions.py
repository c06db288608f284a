"""Exemptions: who asked that what is not stopped for being idle, why, and until when.

Granting one and ending it early are lines of the ledger like everything else that people ask for; nothing is sent.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from dashboard.control.models import Action, Exemption, Role, State, Topic, User
from dashboard.control.notify import notices, warned
from dashboard.control.notify import owed as notify
from dashboard.control.permissions import Forbidden, exemption_refusal
from dashboard.fleet.entities import Environment, Kind
from dashboard.fleet.query import Context, select
from dashboard.fleet.sentences import sentence
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.spans import time_of_day

LONGEST = timedelta(days=366)
SOON = timedelta(hours=24)
"""One that ends within this is marked."""


class Refused(Exception):
    """It cannot be granted like this; `field` is what is wrong (until, reason, query), the message says why."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def grant(  # noqa: PLR0913 - an exemption is who, of what, why and until when
    user: User,
    fleet: Fleet,
    *,
    row: Environment | None = None,
    query: str = "",
    reason: str,
    until: datetime,
    now: datetime,
    longest: timedelta,
) -> Exemption:
    """Of one environment (`row`), or of all that match `query`. `longest` is how long operators may grant theirs.

    Raises Forbidden, and Refused for what makes no sense.
    """
    if why_not := exemption_refusal(user, row, fleet):
        raise Forbidden(why_not)
    exemption = Exemption(
        environment_id="" if row is None else row.id,
        query=query if row is None else "",
        name=query if row is None else row.name[:200],
        actor=user,
        actor_name=str(user)[:200],
        reason=reason[:500],
        created=now,
        until=until,
    )
    _check(exemption, fleet, LONGEST if user.role == Role.ADMIN else longest)
    with transaction.atomic():
        exemption.save(force_insert=True)
        if row is not None:
            warned.withdraw(row.id, sentence("kept: {words}", words=words(exemption, now)), now)
        _record(
            exemption,
            user,
            "exempt",
            sentence("Not stopped for being idle until {time}.", time=_time(until, now)),
            now,
        )
    return exemption


def _check(wish: Exemption, fleet: Fleet, allowed: timedelta) -> None:
    """Raises Refused with the field that is wrong."""
    now = wish.created
    if wish.until <= now:
        raise Refused("until", sentence("An exemption ends in the future."))
    if wish.until > now + allowed:
        raise Refused(
            "until", sentence("The latest end that you may choose is {time}.", time=_time(now + allowed, now))
        )
    if not wish.reason:
        raise Refused("reason", sentence("Say why: others read it before they stop something."))
    if wish.environment_id:
        return
    if not wish.query:
        raise Refused("query", sentence("An empty filter would exempt the whole fleet."))
    if problems := select(fleet, Kind.ENVIRONMENT, wish.query, Context(now.timestamp())).problems:
        raise Refused("query", problems[0].message)


def announce(now: datetime) -> int:
    """Tell whoever granted one that ends within a day, unless they granted it for less, or have only just done so;
    returns how many messages were written.
    """
    told = 0
    for one in Exemption.objects.in_force(now).filter(until__lte=now + SOON).select_related("actor"):
        if (
            one.actor is None
            or not one.actor.email
            or one.until - one.created <= SOON
            or now - one.created < one.until - now  # half of it is still to come
            or not notify.can_mail()
        ):
            continue
        subject, body = notices.exemption_ends(one, timezone.localtime(now))
        to = [notify.Recipient(mail=one.actor.email, name=str(one.actor))]
        environments = [one.environment_id] if one.environment_id else []
        told += notify.tell(
            f"exemption:{one.pk}", to, subject, body,
            topic=Topic.EXEMPTION, now=now, environments=environments, until=one.until,
        )  # fmt: skip
    return told


def end(exemption: Exemption, user: User, fleet: Fleet, now: datetime) -> bool:
    """End one early: by an admin, by whoever granted it, or by the environment's owner. False when it was over.

    Raises Forbidden.
    """
    if why_not := end_refusal(exemption, user, fleet):
        raise Forbidden(why_not)
    in_force = Exemption.objects.in_force(now).filter(id=exemption.id)
    with transaction.atomic():
        if in_force.update(ended=now, ended_by=str(user)[:200]) != 1:
            return False
        _record(
            exemption,
            user,
            "end-exemption",
            sentence("It counts as idle again when nobody is active in it."),
            now,
        )
    return True


def end_refusal(exemption: Exemption, user: User, fleet: Fleet) -> str:
    """Why `user` may not end it early; "" when they may."""
    if user.role == Role.OPERATOR and exemption.actor_id == user.pk:
        return ""
    return exemption_refusal(user, fleet.environments.get(exemption.environment_id), fleet)


def _record(exemption: Exemption, user: User, deed: str, outcome: str, now: datetime) -> None:
    """A line of the ledger that was confirmed as it was written."""
    single = bool(exemption.environment_id)
    Action.objects.create(
        verb=f"environment.{deed}",
        kind=Kind.ENVIRONMENT.value if single else "filter",
        target_id=exemption.environment_id or str(exemption.id),
        target_name=exemption.name[:200],
        environment_id=exemption.environment_id,
        actor=user,
        actor_name=str(user)[:200],
        reason=exemption.reason if deed == "exempt" else "",
        state=State.CONFIRMED,
        outcome=outcome,
        created=now,
        not_before=now,
        ended=now,
    )


def _time(at: datetime, now: datetime) -> str:
    return time_of_day(at.timestamp(), timezone.localtime(now))


def words(exemption: Exemption, now: datetime) -> str:
    """exempt until Fri 27 Nov 18:00 (Ada: a demo)."""
    return sentence(
        "exempt until {time} ({actor_name}: {reason})",
        time=_time(exemption.until, now),
        actor_name=exemption.actor_name,
        reason=exemption.reason,
    )


def holds(fleet: Fleet, now: datetime, among: Iterable[Environment] | None = None) -> dict[str, str]:
    """Environment id → the exemption that holds it longest, in words; of `among`, else of all that run."""
    in_force = list(Exemption.objects.in_force(now))
    if not in_force:
        return {}
    rows = [row for row in fleet.environments.values() if row.phase == "running"] if among is None else among
    found: dict[str, str] = {}
    known = {row.id: row for row in rows}
    for exemption in in_force:  # the one that ends last is written last
        said = words(exemption, now)
        if exemption.environment_id:
            held = [exemption.environment_id] if exemption.environment_id in known else []
        else:
            selection = select(fleet, Kind.ENVIRONMENT, exemption.query, Context(now.timestamp()))
            held = [row.id for row in known.values() if not selection.problems and selection.holds(row)]
        found.update(dict.fromkeys(held, said))
    return found

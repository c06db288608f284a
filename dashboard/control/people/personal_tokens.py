"""Making, finding, and revoking personal tokens.

A token opens what its person may at this moment: role and account are looked up with it, at each request. Where people
sign in elsewhere, nobody is asked about a script; so its token rests when its person has not been let in for long, and
is revoked when they are turned away.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.control.models import PersonalToken, Role, Scope, User
from dashboard.control.people.token_models import PersonalTokenQuerySet
from dashboard.control.permissions import bulk_refusal
from dashboard.fleet.sentences import sentence

PREFIX = "fleet_"
"""By which people, and tools that look for secrets in repositories, tell what it is."""
TOKEN = re.compile(r"fleet_[A-Za-z0-9_-]{43}\Z")
MOST = 10
"""Good tokens of one person."""
DAYS = (7, 30, 90, 365)
NEAR = timedelta(days=7)
"""So long before its end a token is shown as ending soon."""
REST = timedelta(days=30)
"""After so long without its person being let in, a token rests; only where people sign in elsewhere."""
USED_STEP = timedelta(minutes=1)
VOUCH_SECONDS = 3600.0
KEPT = timedelta(days=90)


class Refused(Exception):
    """No token is made, or this one opens nothing; the message says why, in English, to be said to a person."""


def make(
    user: User, name: str, scopes: Iterable[Scope], days: int, now: datetime
) -> tuple[PersonalToken, str]:
    """A new token and its text, which nobody can see again. Raises Refused."""
    wanted = sorted({scope.value for scope in scopes})
    if not wanted or days not in DAYS:
        raise Refused(sentence("A token has a scope, and ends."))
    if Scope.ACT in wanted and bulk_refusal(user):
        raise Refused(sentence("Your role is viewer: a token of yours can only read."))
    text = PREFIX + secrets.token_urlsafe(32)
    token = PersonalToken(
        user=user,
        name=name,
        scopes=wanted,
        digest=digest_of(text),
        created=now,
        expires=now + timedelta(days=days),
        vouched=now,
    )
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two tabs do not make one too many
        if PersonalToken.objects.good(now).filter(user=user).count() >= MOST:
            raise Refused(sentence("You have {most} personal tokens. Revoke one first.", most=MOST))
        try:
            with transaction.atomic():
                # One that has ended frees its name.
                PersonalToken.objects.filter(user=user, name=name, revoked=None, expires__lte=now).update(
                    revoked=now
                )
                token.save(force_insert=True)
        except IntegrityError:
            raise Refused(sentence("You have a token with this name.")) from None
        audit.append(_note("token-made", token, now, f"{', '.join(wanted)}, {days} days"))
    return token, text


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def found(text: str, now: datetime) -> PersonalToken:
    """The good token with this text, with its person. Raises Refused."""
    if not TOKEN.match(text):
        raise Refused(sentence("This is no token of this dashboard."))
    token = PersonalToken.objects.select_related("user").filter(digest=digest_of(text)).first()
    if token is None:
        raise Refused(sentence("This token is not known here."))
    if token.revoked is not None:
        raise Refused(sentence("This token was revoked."))
    if token.expires <= now:
        raise Refused(sentence("This token has expired."))
    if not token.user.is_active:
        raise Refused(sentence("The account of this token was closed."))
    if not _is_vouched(token, now):
        raise Refused(sentence("This token rests: its person has to sign in to the dashboard once."))
    return token


def opened_nothing(refused: Refused) -> str:
    """For the audit."""
    return sentence("a token that opens nothing: {why}", why=str(refused))


def _is_vouched(token: PersonalToken, now: datetime) -> bool:
    """Where people sign in elsewhere, an account of another way of signing in opens nothing either."""
    if settings.SSO_MODE == "local":
        return True
    return token.user.username.startswith(f"{settings.SSO_MODE}:") and now - token.vouched < REST


def note_use(token: PersonalToken, address: str, now: datetime) -> None:
    """Written at most once a minute: a script that asks often costs no write each time."""
    if token.used is None or now - token.used >= USED_STEP or token.used_from != address[:64]:
        PersonalToken.objects.filter(pk=token.pk).update(used=now, used_from=address[:64])


_vouched: dict[int, float] = {}


def vouch(user: User, now: datetime) -> None:
    """Its person was let in just now; written at most once an hour by each process."""
    if time.monotonic() - _vouched.get(user.pk, -VOUCH_SECONDS) >= VOUCH_SECONDS:
        PersonalToken.objects.good(now).filter(user=user).update(vouched=now)
        if len(_vouched) >= 10_000:
            _vouched.clear()
        _vouched[user.pk] = time.monotonic()


def seen_by(user: User) -> PersonalTokenQuerySet:
    """One's own, and for admins everybody's; those that were revoked too."""
    every = PersonalToken.objects.newest_first()
    return every if user.role == Role.ADMIN else every.filter(user=user)


def revoke(tokens: PersonalTokenQuerySet, now: datetime, why: str = "") -> int:
    """The next request with one of them is refused. Returns how many were good until now."""
    with transaction.atomic():
        held = list(tokens.filter(revoked=None).select_related("user"))
        PersonalToken.objects.filter(pk__in=[one.pk for one in held], revoked=None).update(revoked=now)
        audit.append(*(_note("token-revoked", one, now, why) for one in held))
    return len(held)


def prune(now: datetime) -> int:
    """Delete what has opened nothing for long."""
    gone, _each = PersonalToken.objects.filter(expires__lt=now - KEPT).delete()
    return gone


def _note(act: str, token: PersonalToken, now: datetime, outcome: str) -> Note:
    whose = f"{token.name} of {token.user}"
    return Note(act, now, "token", str(token.pk), whose, outcome=outcome)

"""Sessions as people see them: begun, checked again, ended by their owner, an admin or the provider."""

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.control.models import SignIn, User

KEPT = timedelta(days=90)
"""How long it stays known that somebody was signed in."""


def begin(user: User, session_key: str, browser: str, now: datetime) -> SignIn:
    expires = now + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    return SignIn.objects.create(
        user=user,
        session_key=session_key,
        browser=browser,
        began=now,
        expires=expires,
        tried=now,
        checked=now,
    )


def current(now: datetime) -> QuerySet[SignIn]:
    """Those that still open something, newest first."""
    return SignIn.objects.filter(ended=None, expires__gt=now).select_related("user").order_by("-began")


@transaction.atomic
def end(
    sign_ins: QuerySet[SignIn], now: datetime, *, act: str = "session-ended", reason: str = ""
) -> list[str]:
    """End them with their sessions: the next request of each is nobody's. Returns the keys of those sessions.

    The audit calls it `act`; who does it is told by where it comes from.
    """
    store = import_module(settings.SESSION_ENGINE).SessionStore
    ending = list(sign_ins.filter(ended=None).select_related("user"))
    keys = [sign_in.session_key for sign_in in ending]
    for key in keys:
        store(key).delete()
    SignIn.objects.filter(session_key__in=keys, ended=None).update(ended=now, refresh="")
    whose = [(str(sign_in.id), f"{sign_in.user}: {sign_in.browser}") for sign_in in ending]
    audit.append(*(Note(act, now, "session", key, name, reason=reason) for key, name in whose))
    return keys


def prune(now: datetime) -> int:
    """Delete sessions that are over, and what is known of sign-ins that ended long ago. Returns how many of these."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    gone, _ = SignIn.objects.filter(expires__lt=now - KEPT).delete()
    return gone


def claim_check(sign_in_id: str, now: datetime, pause: timedelta) -> bool:
    """True for the one request that looks again whether the person may stay; nobody else for `pause`."""
    waiting = SignIn.objects.filter(id=sign_in_id, ended=None, tried__lte=now - pause)
    return waiting.update(tried=now) == 1

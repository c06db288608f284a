"""Polls that find nothing new cost next to nothing: who polls is remembered for a few seconds, and what was quiet
stays quiet until something changes.

A poll only reads, and every open page sends one every two seconds. So the person behind a session is looked up
once in `REMEMBERED_SECONDS` for polls; for pages and forms at each request. Whoever signs out in this process is
forgotten at once; a role that was taken away, a deactivated account and a session ended elsewhere count for
polls after those seconds.
"""

import time
from collections.abc import Callable, Iterable
from copy import copy
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import MiddlewareNotUsed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from dashboard.control import wishes
from dashboard.control.models import User
from dashboard.control.people.project_roles import standing as project_standing
from dashboard.web.http import GetResponse, moment, signed_in, told
from dashboard.web.kept import Kept
from dashboard.web.live import is_poll
from dashboard.web.stars import turn

REMEMBERED_SECONDS = 10.0
QUIET_SECONDS = 10.0
"""So long after it was found to be quiet a page is looked at again: some filters speak of time."""

P = ParamSpec("P")
_people: Kept[tuple[User, float]] = Kept(2_000)
_readers: Kept[tuple[User, float]] = Kept(2_000)
_quiet: Kept[tuple[object, float]] = Kept(5_000)


def remember_who_polls(get_response: GetResponse) -> GetResponse:
    """Middleware, behind the one that knows sessions. Where a proxy says who asks, it is asked every time."""
    if settings.SSO_PROXY is not None:
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponse:
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if session and is_poll(request):
            known = _people.get(session)
            if known is not None and time.monotonic() - known[1] < REMEMBERED_SECONDS:
                request.user = known[0]
                request.remembered = True  # type: ignore[attr-defined]
            elif request.user.is_authenticated:
                _people.put(session, (copy(request.user), time.monotonic()))
        response = get_response(request)
        if session and response.status_code in {200, 204} and _was_looked_up(request):
            note_reader(session, cast("User", request.user))
        return response

    return middleware


def _was_looked_up(request: HttpRequest) -> bool:
    """Whether the database said in this request that it is somebody who may be here."""
    if getattr(request, "remembered", False) or not hasattr(request, "_cached_user"):
        return False
    return bool(request.user.is_authenticated)


def note_reader(key: str, person: User) -> None:
    """The database says at this moment that they may be here; `key` is the session, or who the proxy says it is."""
    _readers.put(key, (copy(person), time.monotonic()))


def seen_lately(key: str, seconds: float) -> User | None:
    """Whom `note_reader` has noted under this key within so many seconds."""
    known = _readers.get(key)
    return copy(known[0]) if known is not None and time.monotonic() - known[1] < seconds else None


@receiver(user_logged_out)
def forget(request: HttpRequest, **_: object) -> None:
    """Look up at the next poll who it is."""
    forget_sessions([request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")])


def forget_sessions(keys: Iterable[str]) -> None:
    """These have ended, elsewhere than in their own browser."""
    for key in keys:
        _people.drop(key)
        _readers.drop(key)


View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def quiet(view: View[P]) -> View[P]:
    """A view of the fleet, of what was asked for and of one's own stars, of nothing else: a poll that was answered with
    204 gets it again for as long as none of them has changed.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        stamp = wishes.stamp() if is_poll(request) else None
        if stamp is None:
            return view(request, *args, **kwargs)
        user, fleet = signed_in(request), moment(request).fleet
        rights = (user.role, user.email, project_standing(user))
        key = (user.pk, rights, get_language(), request.get_full_path())
        state = (fleet.epoch, fleet.version, stamp, turn(user))
        known = _quiet.get(key)
        if known is not None and known[0] == state and time.monotonic() - known[1] < QUIET_SECONDS:
            return told(request, HttpResponse(status=204))
        response = view(request, *args, **kwargs)
        if response.status_code == 204:
            _quiet.put(key, (state, time.monotonic()))
        return response

    return cast("View[P]", answer)

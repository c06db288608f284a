"""Each session of Django's has a `SignIn` that people can see and end."""

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.utils import timezone

from dashboard.control.audit import log as audit
from dashboard.control.audit.log import Note
from dashboard.control.models import SignIn, User
from dashboard.control.people import sign_ins
from dashboard.web import step_up
from dashboard.web.audit import KEY

BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
NAMES = {"Edg": "Edge", "OPR": "Opera"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def connect() -> None:
    user_logged_in.connect(begun, dispatch_uid="sign_in_begun")
    user_logged_out.connect(ended, dispatch_uid="sign_in_ended")


def begun(request: HttpRequest, user: User, **_: Any) -> None:
    """A session lasts so long from the sign-in, however much is clicked."""
    now, session = timezone.now(), request.session
    session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    session.save()
    sign_in = sign_ins.begin(user, session.session_key or "", browser_of(request), now)
    session[KEY] = str(sign_in.id)
    step_up.is_known(request)
    audit.append(Note("sign-in", now, "session", str(sign_in.id), browser_of(request)))


def ended(request: HttpRequest, **_: Any) -> None:
    if key := request.session.session_key:
        why = getattr(request, "why_signed_out", "")
        sign_ins.end(SignIn.objects.filter(session_key=key), timezone.now(), act="sign-out", reason=why)


def browser_of(request: HttpRequest) -> str:
    """“Firefox on Linux”: enough to know one's own again."""
    agent = request.headers.get("User-Agent", "")
    browser = next((name for name in BROWSERS if re.search(rf"{name}\w*/", agent)), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in agent), "")
    return " on ".join(part for part in (NAMES.get(browser, browser), system) if part) or "unknown"

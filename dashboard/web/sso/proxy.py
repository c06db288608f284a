"""A proxy in front of us says who asks, in headers, at every request (`SSO_MODE=proxy`).

It is believed only when it connects from one of its addresses *and* sends the shared secret. The names of the
headers hold no hyphens, because a web server hands `X-User` and `X_User` to us as one; so no other spelling
of them exists but upper and lower case. A header that was sent twice arrives joined by a comma.
"""

import hmac
import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import MiddlewareNotUsed
from django.core.validators import validate_email
from django.forms import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_noop as _

from dashboard.config.sso import Proxy
from dashboard.control.models import User
from dashboard.control.people.identity import Identity, NotLetIn, let_in
from dashboard.web import organisations
from dashboard.web.http import GetResponse
from dashboard.web.peers import is_peer
from dashboard.web.quiet import note_reader

logger = logging.getLogger(__name__)
NOT_FROM_PROXY = _("This request did not come through the proxy that signs people in.")
NOBODY = _("The proxy did not say who you are.")


class NotBelieved(Exception):
    """What came with the request says nothing about who asks; the message is for a log, and quotes no value."""


def person_of_proxy(get_response: GetResponse) -> GetResponse:
    """Middleware: who asks is whom the proxy names, and nobody else; a session counts for nothing."""
    proxy: Proxy | None = settings.SSO_PROXY
    if proxy is None:
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponse:
        request.why_refused = ""  # type: ignore[attr-defined]
        request.user = SimpleLazyObject(lambda: _person(request, proxy))  # type: ignore[assignment]
        return get_response(request)

    return middleware


def _person(request: HttpRequest, proxy: Proxy) -> User | AnonymousUser:
    try:
        identity = identity_of(request.META, proxy)
        setattr(request, organisations.SESSION, organisations.seen_with(identity.groups))
        person = let_in(identity)
    except (NotBelieved, NotLetIn) as refused:
        request.why_refused = str(refused)  # type: ignore[attr-defined]
        return AnonymousUser()
    note_reader(identity.username, person)
    return person


def identity_of(environ: Mapping[str, Any], proxy: Proxy) -> Identity:
    """Whom the proxy names; raises NotBelieved. What looks like an attempt to be somebody else is logged."""
    _note_lookalikes(environ, proxy)
    peer = str(environ.get("REMOTE_ADDR", ""))
    told = {what: _text(environ, key) for what, key in proxy.headers.items()}
    if not is_peer(peer, proxy) or not knows_secret(told["secret"], proxy):
        if any(told.values()):
            why = "its secret is wrong" if is_peer(peer, proxy) else "it is not one of PROXY_PEERS"
            logger.warning("headers of the proxy from %s were not believed: %s", peer or "unix", why)
        raise NotBelieved(NOT_FROM_PROXY)
    user = told["user"]
    if not user or not user.isprintable():
        raise NotBelieved(NOBODY)
    if "," in user or "," in told["email"]:
        logger.warning("a header of the proxy from %s came twice: nobody is signed in by it", peer or "unix")
        raise NotBelieved(NOBODY)
    groups = frozenset(group.strip() for group in told["groups"].split(",") if group.strip())
    return Identity("proxy", user, _email(told["email"]), _printable(told["name"]), groups)


def comes_from(environ: Mapping[str, Any], proxy: Proxy) -> bool:
    """Whether this request came through the proxy."""
    given = _text(environ, proxy.headers["secret"])
    return is_peer(str(environ.get("REMOTE_ADDR", "")), proxy) and knows_secret(given, proxy)


def knows_secret(given: str, proxy: Proxy) -> bool:
    return hmac.compare_digest(given.encode(), proxy.secret.encode())


def _text(environ: Mapping[str, Any], key: str) -> str:
    """A header's text: servers hand over bytes as Latin-1, and proxies send UTF-8."""
    raw = str(environ.get(key, ""))
    try:
        return raw.encode("latin-1").decode().strip()
    except UnicodeError:
        return raw.strip()


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        return ""
    return text


def _note_lookalikes(environ: Mapping[str, Any], proxy: Proxy) -> None:
    """Log headers that read like ours in another spelling. They are not read."""
    ours = {key.removeprefix("HTTP_"): key for key in proxy.headers.values()}
    alike = [
        key
        for key in environ
        if key.startswith("HTTP_") and key[5:].replace("_", "") in ours and key not in ours.values()
    ]
    if alike:
        names = ", ".join(sorted(alike))[:200]
        logger.warning(
            "headers spelt like the proxy's were ignored: %s from %s", names, environ.get("REMOTE_ADDR")
        )

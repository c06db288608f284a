"""The whole dashboard with `SSO_MODE=proxy`, on its port; and a real OpenID provider, with the pages as its client."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client

from dashboard.config.sso import read_groups, read_oidc
from dashboard.control.models import SignIn, User
from dashboard.web.sso import oidc
from dashboard.web.sso import provider as providers
from tests.sso.openid import CLIENT, SECRET, Between, OpenId, pass_through, running
from tests.sso.reverse import SECRET as PROXY_SECRET
from tests.test_stack import Up
from tests.web.conftest import broker, clients, dashboard, static_files, users  # noqa: F401

ORIGIN = "http://testserver"
GROUPS = {"ADMIN_GROUPS": "fleet-admins", "OPERATOR_GROUPS": "developers"}
BEHIND_A_PROXY = {
    "SSO_MODE": "proxy",
    "PROXY_PEERS": "127.0.0.1",
    "PROXY_SECRET": PROXY_SECRET,
    **GROUPS,
}


@pytest.fixture(scope="package")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    up = Up(tmp_path_factory.mktemp("proxy") / "var", **BEHIND_A_PROXY)
    try:
        up.wait_until_it_answers()
        yield up
    finally:
        up.end()


@pytest.fixture(scope="package")
def running_provider() -> Iterator[OpenId]:
    with running(ORIGIN) as openid:
        yield openid


@pytest.fixture
def openid(running_provider: OpenId) -> OpenId:
    """The provider as it was at first."""
    running_provider.reset()
    return running_provider


@pytest.fixture
def between(openid: OpenId, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Between:
    """The dashboard as a client of the provider, and what lies between them."""
    variables = {"OIDC_ISSUER": openid.issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": SECRET}
    settings.SSO_MODE = "oidc"
    settings.SSO_OIDC = read_oidc(variables | {"OIDC_SCOPES": "openid email profile groups"})
    settings.SSO_GROUPS = read_groups(GROUPS)
    settings.AUTHENTICATION_BACKENDS = ["dashboard.web.sso.backend.Elsewhere"]
    wire = Between()
    monkeypatch.setattr(providers, "http", lambda: httpx.Client(transport=wire, timeout=5))
    oidc._provider.cache_clear()
    return wire


@dataclass
class Visitor:
    """Somebody's browser: at the dashboard, and at the provider."""

    openid: OpenId
    here: Client = field(default_factory=Client)
    there: httpx.Client = field(default_factory=httpx.Client)

    def leave(self, to: str = "/services/") -> str:
        """Start, and go where the dashboard sends one."""
        answer = self.here.get(f"/accounts/sso/?{urlencode({'next': to})}")
        assert answer.status_code == 302, answer.content
        return answer["Location"]

    def come_back(self, url: str) -> HttpResponse:
        return self.here.get(url.removeprefix(ORIGIN))

    def sign_in(self, person: str) -> HttpResponse:
        """All the way; the dashboard's last answer."""
        return self.come_back(pass_through(self.there, self.leave(), person, ORIGIN))

    def who(self) -> str:
        """The role of whoever is signed in, "" for nobody."""
        user: User = self.here.get("/system/").wsgi_request.user
        return user.role if user.is_authenticated else ""

    def wait(self, minutes: float) -> None:
        """Let time pass since the last check of this session."""
        session, past = self.here.session, timedelta(minutes=minutes)
        session["checked"] = time.time() - minutes * 60
        session.save()
        for sign_in in SignIn.objects.filter(session_key=session.session_key):
            sign_in.checked, sign_in.tried = sign_in.checked - past, sign_in.tried - past
            sign_in.save()


@pytest.fixture
def visitor(openid: OpenId, between: Between, dashboard: object) -> Iterator[Visitor]:  # noqa: F811
    visitor = Visitor(openid)
    yield visitor
    visitor.there.close()

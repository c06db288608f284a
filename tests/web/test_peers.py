"""Behind reverse proxies: limits and the audit go by who asks, and nobody passes for somebody else."""

import pytest
from django.conf import LazySettings
from django.test import Client, RequestFactory

from dashboard.config.base import ConfigurationError
from dashboard.config.sso import read_trusted
from dashboard.control.models import AuditEntry, User
from dashboard.web import limits
from dashboard.web.peers import address_of
from tests.web.conftest import Dashboard

PROXY, OURS = "10.0.0.5", {"TRUSTED_PROXIES": "10.0.0.5, 10.9.0.0/16, fd00::/64, unix"}


@pytest.fixture(autouse=True)
def behind_ours(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TRUSTED_PROXIES = read_trusted(OURS)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # for the sake of time
    monkeypatch.setattr(limits, "_own", {})


@pytest.mark.parametrize(
    ("peer", "header", "found"),
    [
        (PROXY, "203.0.113.7", "203.0.113.7"),
        (PROXY, "127.0.0.1, 203.0.113.7", "203.0.113.7"),  # the client wrote the first one
        (PROXY, "203.0.113.7, 10.9.3.4", "203.0.113.7"),  # two of ours, one behind the other
        (PROXY, "1.1.1.1, 203.0.113.7, 10.9.3.4, 10.0.0.5", "203.0.113.7"),
        (PROXY, "10.9.3.4, 10.9.3.5", "10.9.3.4"),  # all of them ours: somebody at a proxy
        (PROXY, "", PROXY),
        (PROXY, "unknown", PROXY),
        (PROXY, "203.0.113.7, nonsense, 10.9.3.4", "10.9.3.4"),  # nobody knows who wrote what is before it
        (PROXY, "203.0.113.7:4711", "203.0.113.7"),
        (PROXY, "[2001:db8::7]:4711", "2001:db8::7"),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        (PROXY, "::ffff:203.0.113.7", "203.0.113.7"),
        (PROXY, "1.1.1.1," * 5000 + "203.0.113.7", "203.0.113.7"),
        ("::ffff:10.0.0.5", "203.0.113.7", "203.0.113.7"),
        ("fd00::1", "203.0.113.7", "203.0.113.7"),
        ("", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.6", "203.0.113.7", "10.0.0.6"),  # not one of ours
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
    ],
)
def test_who_asks_is_the_nearest_that_is_not_ours(peer: str, header: str, found: str) -> None:
    request = RequestFactory(REMOTE_ADDR=peer).get("/", headers={"X-Forwarded-For": header})
    assert address_of(request) == found


def test_without_the_setting_the_header_says_nothing(settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = read_trusted({})
    for peer in (PROXY, "127.0.0.1", ""):
        request = RequestFactory(REMOTE_ADDR=peer).get("/", headers={"X-Forwarded-For": "203.0.113.7"})
        assert address_of(request) == peer


def test_only_the_header_that_is_set_counts(settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = read_trusted({**OURS, "TRUSTED_PROXIES_HEADER": "OnaClient"})
    sent = {"X-Forwarded-For": "1.1.1.1", "X-Real-IP": "1.1.1.1", "Forwarded": "for=1.1.1.1"}
    ask = RequestFactory(REMOTE_ADDR=PROXY).get
    assert address_of(ask("/", headers=sent)) == PROXY
    assert address_of(ask("/", headers={**sent, "OnaClient": "203.0.113.7"})) == "203.0.113.7"


def attempt(client: str, password: str = "wrong") -> int:  # noqa: S107
    browser, fields = Client(REMOTE_ADDR=PROXY), {"username": "admin", "password": password}
    return browser.post("/accounts/login/", fields, headers={"X-Forwarded-For": client}).status_code


def test_whoever_tries_a_name_keeps_nobody_else_behind_the_proxy_out(
    dashboard: Dashboard, users: dict[str, User]
) -> None:
    users["admin"].set_password("right")
    users["admin"].save()
    tries = [attempt(f"10.{number}.2.3, 203.0.113.7") for number in range(9)]
    assert tries == [200] * 8 + [429]  # an address in front, another each time, helps nobody
    assert attempt("203.0.113.8", "right") == 302
    entries = AuditEntry.objects.exclude(act="role").order_by("number")
    assert [(one.act, one.address) for one in entries][-2:] == [
        ("sign-in-failed", "203.0.113.7"),
        ("sign-in", "203.0.113.8"),
    ]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"TRUSTED_PROXIES": "the proxy"}, "TRUSTED_PROXIES: 'the proxy' is no address"),
        ({"TRUSTED_PROXIES": "0.0.0.0/0"}, "trusts everybody"),
        ({"TRUSTED_PROXIES": PROXY, "TRUSTED_PROXIES_HEADER": "X_Client"}, "is no name of a header"),
    ],
)
def test_what_would_believe_too_much_stops_the_start(variables: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read_trusted(variables)

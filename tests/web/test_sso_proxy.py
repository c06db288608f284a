"""Behind a proxy that says who asks: whom it is believed, and what each person may."""

import logging

import pytest
from django.conf import LazySettings
from django.test import Client

from dashboard.config.base import ConfigurationError
from dashboard.config.sso import Groups, read_groups, read_proxy
from dashboard.control.models import Action, Role, User
from tests.web.conftest import OPERATOR, Dashboard, text

SECRET = "a-secret-of-the-proxy"
ENVIRON = {"PROXY_PEERS": "10.0.0.5, 192.168.7.0/24, fd00::/64", "PROXY_SECRET": SECRET}
GROUPS = {"ADMIN_GROUPS": "fleet-admins", "OPERATOR_GROUPS": "developers, on-call"}
PEER = "10.0.0.5"


@pytest.fixture(autouse=True)
def behind_a_proxy(settings: LazySettings) -> None:
    settings.SSO_MODE = "proxy"
    settings.SSO_PROXY = read_proxy(ENVIRON)
    settings.SSO_GROUPS = read_groups(GROUPS)
    settings.AUTHENTICATION_BACKENDS = ["dashboard.web.sso.backend.Elsewhere"]


@pytest.fixture
def browser(dashboard: Dashboard) -> Client:
    """Nobody's: who asks stands in the headers."""
    return Client(REMOTE_ADDR=PEER)


def told(user: str = "oda", groups: str = "", **more: str) -> dict[str, str]:
    """What the proxy sends along."""
    return {"OnaProxySecret": SECRET, "OnaUser": user, "OnaGroups": groups, **more}


def who(browser: Client, headers: dict[str, str], address: str = PEER) -> str:
    """The role of whoever is signed in, "" for nobody."""
    page = browser.get("/system/", headers=headers, REMOTE_ADDR=address)
    assert page.status_code == (200 if page.wsgi_request.user.is_authenticated else 302)
    return getattr(page.wsgi_request.user, "role", "")


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ("", Role.VIEWER),
        ("strangers", Role.VIEWER),
        ("developers", Role.OPERATOR),
        ("strangers , on-call", Role.OPERATOR),
        ("developers,fleet-admins", Role.ADMIN),
        ("Fleet-Admins", Role.VIEWER),
        ("fleet-admins-of-something-else", Role.VIEWER),
    ],
)
def test_groups_give_the_role(browser: Client, groups: str, role: Role) -> None:
    assert who(browser, told(groups=groups)) == role


def test_a_group_that_is_gone_takes_its_right_with_it_at_the_next_request(browser: Client) -> None:
    assert who(browser, told(groups="fleet-admins")) == Role.ADMIN
    assert who(browser, told()) == Role.VIEWER
    assert User.objects.get(username="proxy:oda").role == Role.VIEWER


def test_with_groups_for_viewers_everybody_else_is_told_why_not(
    browser: Client, settings: LazySettings
) -> None:
    settings.SSO_GROUPS = read_groups(GROUPS | {"VIEWER_GROUPS": "staff"})
    assert who(browser, told(groups="staff")) == Role.VIEWER
    assert who(browser, told(groups="strangers")) == ""
    page = browser.get("/accounts/login/", headers=told(groups="strangers"))
    assert page.status_code == 403
    assert "None of your groups may use this dashboard" in text(page)


def test_a_closed_account_stays_closed(browser: Client) -> None:
    assert who(browser, told(groups="fleet-admins"))
    User.objects.update(is_active=False)
    assert who(browser, told(groups="fleet-admins")) == ""


@pytest.mark.parametrize("address", ["10.0.0.5", "192.168.7.9", "::ffff:10.0.0.5", "fd00::7"])
def test_the_proxy_is_believed_at_its_addresses(browser: Client, address: str) -> None:
    assert who(browser, told(), address)


@pytest.mark.parametrize("address", ["10.0.0.6", "192.168.8.1", "127.0.0.1", "", "nonsense", "::1"])
def test_nobody_else_is_believed_even_with_the_secret(
    browser: Client, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert who(browser, told(groups="fleet-admins"), address) == ""
    assert "not one of PROXY_PEERS" in caplog.text
    assert SECRET not in caplog.text
    assert "fleet-admins" not in caplog.text


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], f"{SECRET}x", f"{SECRET},{SECRET}", "é"])
def test_without_the_secret_the_proxy_is_not_believed(
    browser: Client, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert who(browser, told(groups="fleet-admins") | {"OnaProxySecret": secret}) == ""
    assert "its secret is wrong" in caplog.text


def test_a_peer_over_a_unix_socket_is_believed_when_that_is_set(
    browser: Client, settings: LazySettings
) -> None:
    settings.SSO_PROXY = read_proxy(ENVIRON | {"PROXY_PEERS": "unix"})
    assert who(browser, told(), "")
    assert who(browser, told(), "127.0.0.1") == ""


@pytest.mark.parametrize(
    "header", ["Ona-User", "Ona_User", "O-N-A-User", "X-OnaUser", "Remote-User", "X-Forwarded-User"]
)
def test_other_spellings_are_ignored(browser: Client, header: str) -> None:
    headers = told("oda") | {header: "ada"}
    page = browser.get("/system/", headers=headers)
    assert page.wsgi_request.user.username == "proxy:oda"
    del headers["OnaUser"]
    assert who(browser, headers) == ""


def test_what_looks_like_our_headers_is_logged_without_its_value(
    browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert who(browser, told() | {"Ona-Groups": "hush-hush"})
    assert "HTTP_ONA_GROUPS" in caplog.text
    assert "hush-hush" not in caplog.text


@pytest.mark.parametrize("header", ["OnaUser", "OnaEmail"])
def test_a_header_that_came_twice_signs_nobody_in(browser: Client, header: str) -> None:
    """A server joins the two with a comma."""
    assert who(browser, told(OnaEmail="oda@example.com") | {header: "oda@example.com,ada@example.com"}) == ""


def test_an_everyday_request_logs_nothing(browser: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "dashboard.web.sso"):
        assert who(browser, told(groups="developers", OnaEmail=OPERATOR, OnaName="Oda, the first"))
    assert caplog.text == ""


def test_the_address_ties_a_person_to_what_they_created(browser: Client, dashboard: Dashboard) -> None:
    own, other = dashboard.running(own=True), dashboard.running()
    oda = told(groups="developers", OnaEmail=OPERATOR.upper())
    assert browser.post(f"/environments/{own.id}/stop/", headers=oda).status_code == 302
    assert browser.post(f"/environments/{other.id}/stop/", headers=oda).status_code == 403
    stranger = told("eve", groups="developers", OnaEmail="eve@elsewhere.example")
    assert browser.post(f"/environments/{other.id}/stop/", headers=stranger).status_code == 403
    assert Action.objects.count() == 1


def test_pages_show_the_name_and_actions_record_it(browser: Client, dashboard: Dashboard) -> None:
    ada = told("ada", groups="fleet-admins", OnaName="Ada Löv".encode().decode("latin-1"))
    assert "<strong>Ada Löv</strong>" in text(browser.get("/system/", headers=ada))
    browser.post(f"/environments/{dashboard.running().id}/stop/", headers=ada)
    assert Action.objects.get().actor_name == "Ada Löv"


def test_a_session_of_another_mode_opens_nothing(dashboard: Dashboard, users: dict[str, User]) -> None:
    for role in users:
        page = dashboard.get("/system/", role)
        assert (page.status_code, page["Location"]) == (302, "/accounts/login/?next=/system/")


def test_the_proxy_cannot_name_a_local_account(browser: Client, users: dict[str, User]) -> None:
    assert who(browser, told("admin")) == Role.VIEWER
    users["admin"].refresh_from_db()
    assert users["admin"].role == Role.ADMIN


def test_no_password_opens_anything(browser: Client, users: dict[str, User]) -> None:
    users["admin"].set_password("right")
    users["admin"].save()
    page = browser.post("/accounts/login/", {"username": "admin", "password": "right"})
    assert page.status_code == 403
    assert "did not come through the proxy" in text(page)


def test_signing_out_leads_to_the_proxy(browser: Client, settings: LazySettings) -> None:
    assert "Sign out" not in text(browser.get("/system/", headers=told()))
    settings.SSO_PROXY = read_proxy(ENVIRON | {"PROXY_LOGOUT_URL": "/oauth2/sign_out"})
    browser = Client(REMOTE_ADDR=PEER)
    assert "Sign out" in text(browser.get("/system/", headers=told()))
    assert 'url=/oauth2/sign_out"' in text(browser.post("/accounts/logout/", headers=told()))


def test_very_long_names_keep_people_apart(browser: Client) -> None:
    for user in ("o" * 300, "o" * 301):
        assert who(browser, told(user))
    assert User.objects.filter(username__startswith="proxy:").count() == 2


@pytest.mark.parametrize("user", ["", " ", "o\tda", "oda\u202e", "o\x00da"])
def test_a_name_that_cannot_be_read_is_nobody(browser: Client, user: str) -> None:
    assert who(browser, told(user.encode().decode("latin-1"))) == ""


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PROXY_PEERS": ""}, "set PROXY_PEERS to"),
        ({"PROXY_PEERS": "proxy.example"}, "is no address or network; set it to"),
        ({"PROXY_PEERS": "10.0.0.5/24"}, "is no address or network; set it to"),
        ({"PROXY_PEERS": "0.0.0.0/0"}, "trusts everybody; set it to"),
        ({"PROXY_PEERS": "::/0"}, "trusts everybody; set it to"),
        ({"PROXY_SECRET": ""}, "set PROXY_SECRET to"),
        ({"PROXY_SECRET": "short"}, "set PROXY_SECRET to"),
        ({"PROXY_SECRET": "with spaces in between"}, "set it to letters and digits"),
        ({"PROXY_USER_HEADER": "X-User"}, "set it to a name of letters and digits only"),
        ({"PROXY_USER_HEADER": "X_User"}, "set it to a name of letters and digits only"),
        ({"PROXY_GROUPS_HEADER": "ONAUSER"}, "set each to its own name"),
        ({"PROXY_LOGOUT_URL": "javascript:alert(1)"}, "set it to a path"),
        ({"PROXY_LOGOUT_URL": "//evil.example/"}, "set it to a path"),
    ],
)
def test_missing_or_unsafe_settings_stop_the_start(variables: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_proxy(ENVIRON | variables)
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")


def test_without_groups_for_roles_everybody_looks(browser: Client, settings: LazySettings) -> None:
    settings.SSO_GROUPS = Groups()
    assert who(browser, told(groups="fleet-admins")) == Role.VIEWER

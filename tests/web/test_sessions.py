"""Where somebody is signed in is listed, and can be ended."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.test import Client

from dashboard import jobs
from dashboard.config.sso import read_proxy
from dashboard.control.models import SignIn, User
from tests.web.conftest import HTMX, Dashboard, asked_by, poller, text

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 (KHTML, like Gecko) Version/18 Safari/605.1"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def sign_in_of(browser: Client) -> SignIn:
    return SignIn.objects.get(session_key=browser.session.session_key)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on macOS"),
        (EDGE, "Edge on Windows"),
        ("", "unknown"),
        ("<script>", "unknown"),
    ],
)
def test_a_browser_is_told_in_words(users: dict[str, User], agent: str, words: str) -> None:
    users["viewer"].set_password("right")
    users["viewer"].save()
    browser = Client(headers={"User-Agent": agent})
    browser.post("/accounts/login/", {"username": "viewer", "password": "right"})
    assert sign_in_of(browser).browser == words


def test_a_person_sees_their_own_sessions_and_an_admin_everybodys(dashboard: Dashboard) -> None:
    page = text(dashboard.get("/accounts/sessions/", "viewer"))
    assert page.count('id="session-') == 1
    assert "this one" in page
    assert text(dashboard.get("/accounts/sessions/", "admin")).count('id="session-') == 3


def test_ending_a_session_signs_that_browser_out(dashboard: Dashboard, users: dict[str, User]) -> None:
    other = signed_in(users["viewer"])
    answer = dashboard.post(f"/accounts/sessions/{sign_in_of(other).id}/end/", "viewer")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/sessions/")
    assert other.get("/system/").status_code == 302
    assert dashboard.get("/system/", "viewer").status_code == 200


def test_a_poll_of_a_session_that_was_ended_goes_to_the_sign_in_at_once(
    dashboard: Dashboard, users: dict[str, User]
) -> None:
    other = signed_in(users["viewer"])
    polling = asked_by(*poller(other.get("/services/")))
    assert other.get(polling, headers=HTMX).status_code == 204
    session = other.cookies["ona_session"].value
    dashboard.post(f"/accounts/sessions/{sign_in_of(other).id}/end/", "admin")
    other.cookies["ona_session"] = session
    assert other.get(polling, headers=HTMX)["HX-Redirect"].startswith("/accounts/login/")


def test_somebody_elses_session_is_not_there_but_for_admins(
    dashboard: Dashboard, users: dict[str, User]
) -> None:
    path = f"/accounts/sessions/{sign_in_of(dashboard.clients['admin']).id}/end/"
    for role in ("viewer", "operator"):
        assert dashboard.post(path, role).status_code == 404
    assert dashboard.get("/system/", "admin").status_code == 200
    assert dashboard.post(f"/accounts/sessions/{uuid4()}/end/", "admin").status_code == 404
    other = signed_in(users["viewer"])
    assert dashboard.post(f"/accounts/sessions/{sign_in_of(other).id}/end/", "admin").status_code == 302
    assert other.get("/system/").status_code == 302


def test_signing_out_ends_the_session_in_the_list_too(dashboard: Dashboard) -> None:
    sign_in = sign_in_of(dashboard.clients["viewer"])
    dashboard.post("/accounts/logout/", "viewer")
    sign_in.refresh_from_db()
    assert sign_in.ended


def test_a_session_that_is_over_is_not_listed(dashboard: Dashboard) -> None:
    SignIn.objects.filter(user__username="operator").update(
        expires=SignIn.objects.first().began - timedelta(seconds=1)
    )
    assert text(dashboard.get("/accounts/sessions/", "admin")).count('id="session-') == 2


def test_a_session_ends_after_so_many_hours_however_much_is_clicked(dashboard: Dashboard) -> None:
    session = dashboard.clients["viewer"].session
    first = session.get_expiry_date()
    session["something"] = 1
    session.save()
    dashboard.get("/system/", "viewer")
    assert dashboard.clients["viewer"].session.get_expiry_date() == first


def test_behind_a_proxy_there_are_none(dashboard: Dashboard, settings: LazySettings) -> None:
    settings.SSO_PROXY = read_proxy({"PROXY_PEERS": "127.0.0.1", "PROXY_SECRET": "a-secret-of-the-proxy"})
    headers = {"OnaUser": "oda", "OnaProxySecret": "a-secret-of-the-proxy"}
    page = Client().get("/accounts/sessions/", headers=headers)
    assert page.status_code == 404
    assert "there are no sessions here" in text(page)


def test_what_ended_long_ago_is_forgotten(dashboard: Dashboard) -> None:
    old, recent = SignIn.objects.all()[:2]
    for sign_in, days in ((old, 91), (recent, 89)):
        sign_in.expires -= timedelta(days=days)
        sign_in.save()
    Session.objects.filter(session_key=old.session_key).update(expire_date=old.expires)
    jobs.prune_sign_ins()
    assert SignIn.objects.count() == 2
    assert not SignIn.objects.filter(id=old.id).exists()
    assert not Session.objects.filter(session_key=old.session_key).exists()
    assert Session.objects.count() == 2

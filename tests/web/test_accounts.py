"""Signing in and out with a name and a password, and forms that nobody filled in."""

import pytest
from django.test import Client

from dashboard.control.models import Action
from tests.web.conftest import Dashboard, text


def test_a_forged_form_without_its_token_is_refused(dashboard: Dashboard) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = dashboard.clients["admin"].cookies
    response = browser.post(f"/environments/{dashboard.running().id}/stop/")
    assert response.status_code == 403
    assert "This form is out of date" in text(response)
    assert not Action.objects.exists()


def test_signing_out_after_the_session_ended_leads_to_the_sign_in(dashboard: Dashboard) -> None:
    response = dashboard.clients["anonymous"].post("/accounts/logout/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/")


def test_signing_in_with_a_wrong_password_says_so(dashboard: Dashboard) -> None:
    response = dashboard.clients["anonymous"].post(
        "/accounts/login/", {"username": "<b>", "password": "wrong", "next": "/system/"}
    )
    assert "do not match" in text(response)
    assert "<b>" not in text(response)
    assert 'name="next" value="/system/"' in text(response)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(dashboard: Dashboard, users: dict, target: str) -> None:
    users["viewer"].set_password("right")
    users["viewer"].save()
    fields = {"username": "viewer", "password": "right", "next": target}
    response = dashboard.clients["anonymous"].post(f"/accounts/login/?next={target}", fields)
    assert (response.status_code, response["Location"]) == (302, "/")

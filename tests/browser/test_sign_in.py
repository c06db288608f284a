"""There and back: signing in at a real OpenID provider in a real browser, staying, and signing out of both."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.conftest import PATIENCE
from tests.sso import openid
from tests.sso.openid import OpenId
from tests.test_stack import Up

pytestmark = pytest.mark.browser
VARIABLES = {
    "SSO_MODE": "oidc",
    "OIDC_CLIENT_ID": openid.CLIENT,
    "OIDC_CLIENT_SECRET": openid.SECRET,
    "OIDC_NAME": "Example login",
    "OIDC_SCOPES": "openid email profile groups",
    "OIDC_RECHECK_MINUTES": "0.1",
    "ADMIN_GROUPS": "fleet-admins",
    "OPERATOR_GROUPS": "developers",
}


@dataclass
class Both:
    """The dashboard, and the provider that knows it."""

    up: Up
    openid: OpenId

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.up.port}"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with openid.running("http://127.0.0.1:1") as provider:
        up = Up(tmp_path_factory.mktemp("oidc") / "var", OIDC_ISSUER=provider.issuer, **VARIABLES)
        both = Both(up, provider)
        try:
            up.wait_until_it_answers()
            provider.client |= {
                "redirect_uris": [f"{both.url}/accounts/sso/callback/"],
                "post_logout_redirect_uris": [f"{both.url}/accounts/login/"],
                "backchannel_logout_uri": f"{both.url}/accounts/sso/logout/",
            }
            provider.reset()
            yield both
        finally:
            up.end()


@pytest.fixture
def page(both: Both, chromium: Browser) -> Iterator[Page]:
    errors: list[str] = []
    with chromium.new_context(base_url=both.url) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", lambda said: errors.append(said.text) if _ours(said, both) else None)
        yield page
    assert not errors


def _ours(said: ConsoleMessage, both: Both) -> bool:
    """The provider's own pages load fonts from elsewhere; a refusal is answered with 400."""
    refused = "status of 400" in said.text
    return said.type == "error" and said.location["url"].startswith(both.url) and not refused


def sign_in(page: Page, person: str, path: str = "/") -> None:
    page.goto(path)
    page.get_by_role("link", name="Sign in with Example login").click()
    page.locator("[name=login]").fill(person)
    page.locator("[name=password]").fill("any")
    page.locator("[type=submit]").click()
    page.locator("[type=submit]").click()
    page.wait_for_selector(".who")


def test_the_way_there_and_back_ends_where_one_wanted_to_go(both: Both, page: Page) -> None:
    sign_in(page, "oda", "/services/?q=phase:running")
    assert page.url == f"{both.url}/services/?q=phase:running"
    expect(page.locator(".who")).to_contain_text("Oda Perera")
    expect(page.locator(".who")).to_contain_text("operator")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_role("link", name="Sign in with Example login")).to_be_visible()
    assert page.url.startswith(f"{both.url}/accounts/login/")
    page.goto("/services/")
    expect(page.get_by_role("link", name="Sign in with Example login")).to_be_visible()


def test_a_page_that_only_polls_loses_the_buttons_of_a_group_that_was_taken_away(
    both: Both, page: Page
) -> None:
    sign_in(page, "ada", "/environments/?q=phase:running")
    expect(page.locator("#rows a.stop").first).to_be_visible()
    both.openid.regroup("ada")
    expect(page.locator("#rows a.stop")).to_have_count(0)
    expect(page.locator("#rows tr[id]").first).to_be_visible()


def test_the_pages_around_the_sign_in_are_for_everybody(page: Page) -> None:
    page.goto("/accounts/login/")
    assert not Axe().run(page).response["violations"]
    page.goto("/accounts/sso/callback/?state=old&code=old")
    expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    assert not Axe().run(page).response["violations"]

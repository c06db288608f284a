"""What each role can press, and that hiding a button is not what protects."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import POST, Stack, Visit
from tests.browser.test_access import LISTS

pytestmark = pytest.mark.browser
ODA = "Oda Perera"


def test_a_viewer_sees_no_button_and_a_forged_request_is_refused(visit: Visit, stack: Stack) -> None:
    viewer = visit("viewer")
    viewer.expected.append("status of 403")
    page = viewer.page("/")
    expect(page.locator("[role=button]")).to_have_count(0)
    for section in LISTS:
        page.goto(f"/{section}/")
        expect(page.locator("#rows tr[id]").first).to_be_visible()
        expect(page.locator("[role=button]")).to_have_count(0)
        page.locator("#rows tr .main a").first.click()
        expect(page.locator("#header")).to_be_visible()
        expect(page.locator("[role=button]")).to_have_count(0)
    page.goto("/environments/?phase=running")
    path = page.locator("#rows .main a").first.get_attribute("href") or ""
    before = len(stack.actions())
    assert page.evaluate(POST, f"{path}stop/") == 403
    assert len(stack.actions()) == before


def test_an_operator_has_buttons_on_their_own_environments_alone(visit: Visit, stack: Stack) -> None:
    operator = visit("operator")
    operator.expected.append("status of 403")
    page = operator.page("/environments/")
    rows = page.locator("#rows tr", has=page.locator("[role=button]"))
    assert rows.count() > 0
    for creator in rows.locator("[data-label=Creator]").all():
        expect(creator).to_have_text(ODA)
    page.goto("/environments/?phase=running")
    other = page.locator("#rows tr", has_not_text=ODA).locator(".main a").first.get_attribute("href")
    before = len(stack.actions())
    assert page.evaluate(POST, f"{other}stop/") == 403
    assert len(stack.actions()) == before
    page.goto("/environments/?q=-is:mine")
    expect(page.locator("#picked")).to_have_text("Nothing here is yours to start or stop now")
    expect(page.locator("#stop-chosen")).to_be_hidden()
    page.goto("/services/?phase=running")
    expect(page.locator("#rows [role=button]").first).to_be_visible()

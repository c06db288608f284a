"""What an operator sees and may do: their own among all, in bulk from the list, and keeping one from being stopped."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Stack, Visit, mark, until
from tests.browser.idle.test_idle import BOXES, settled
from tests.browser.test_stop import tab_to

pytestmark = pytest.mark.browser


def test_an_operator_stops_their_own_from_the_list_by_keyboard_and_nobody_elses(
    visit: Visit, stack: Stack
) -> None:
    page = visit("operator").page("/environments/?q=phase:running")
    assert page.locator("#rows tr").count() > page.locator(BOXES).count()  # most are others'
    page.goto(f"{stack.url}/environments/?q=phase:running+is:mine")
    mark(page)
    tab_to(page, page.locator(BOXES).first.get_attribute("id") or "")
    page.keyboard.press("Space")
    expect(page.locator("#picked")).to_have_text("1 chosen")
    tab_to(page, "stop-chosen", "Shift+Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Stop 1 environment?")
    page.keyboard.type("by an operator")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/batches/"))
    until(lambda: settled(stack, "by an operator", "environment.stop", 1), show=stack.actions)


def test_an_operator_keeps_one_of_theirs_awake_and_lets_go_of_it(visit: Visit, stack: Stack) -> None:
    page = visit("operator").page("/idle/?show=all&q=is:mine")
    mark(page)
    page.locator("#rows .main a").first.click()
    page.locator("#exempt").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Exempt").click()
    expect(dialog.get_by_role("alert").first).to_be_visible()
    dialog.get_by_label("Reason").fill("a demo tonight")
    dialog.get_by_role("button", name="Exempt").click()
    expect(page.locator("#exemption")).to_contain_text("a demo tonight")
    page.goto(f"{stack.url}/idle/?show=exempt")
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#rows .evidence")).to_contain_text("a demo tonight")
    page.locator("#rows .main a").click()
    page.get_by_role("button", name="End the exemption").click()
    expect(page.locator("#exemption")).to_contain_text("Not exempt")

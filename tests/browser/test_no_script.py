"""Without JavaScript the same pages work with plain links and forms."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Stack, Visit, sign_in, until

pytestmark = pytest.mark.browser


def test_everything_works_without_javascript(visit: Visit, stack: Stack) -> None:
    page = visit(java_script_enabled=False).page()
    page.goto("/environments/")
    sign_in(page, "admin", stack.password("admin"))
    expect(page).to_have_url(re.compile("/environments/$"))

    page.get_by_role("searchbox").fill("oda")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("q=oda"))
    expect(page.locator("#rows tr").first).to_contain_text("Oda")
    page.get_by_role("link", name="show all").click()

    page.get_by_label("Project", exact=True).select_option(index=1)
    page.get_by_role("button", name="Choose").click()
    expect(page).to_have_url(re.compile("project=."))
    expect(page.get_by_role("searchbox")).to_have_value(re.compile("^project:="))
    page.get_by_role("searchbox").fill("phase:runing")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#problems mark")).to_have_text("runing")
    page.locator("#problems").get_by_role("link", name="running").click()
    expect(page.get_by_role("searchbox")).to_have_value("phase:running")

    page.goto("/environments/")
    page.get_by_role("link", name="Next").click()
    expect(page).to_have_url(re.compile("page=2"))
    page.get_by_role("link", name="Previous").click()
    page.get_by_role("link", name="Environment", exact=True).click()
    expect(page).to_have_url(re.compile("sort=name"))

    page.locator("#chip-running").click()
    expect(page).to_have_url(re.compile("phase%3Arunning"))
    page.locator("a.stop").first.click()
    page.get_by_label("Reason").fill("by a plain form")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page).to_have_url(re.compile("/environments/.*phase%3Arunning"))
    expect(page.locator(".banner.success")).to_contain_text("is on its way.")
    assert stack.actions()[-1][3:] == ("admin", "by a plain form")
    until(lambda: stack.actions()[-1][2] == "confirmed", show=stack.actions)

    page.get_by_role("link", name="Activity", exact=True).click()
    expect(page.locator("#rows tr").first).to_contain_text("Confirmed")
    expect(page.locator("time").first).to_have_attribute("title", re.compile(r"\d{4}, \d{2}:\d{2}"))

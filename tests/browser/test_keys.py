"""Everything is a few letters away, and no single key gets in the way of typing."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_access import SCHEMES, findings

pytestmark = pytest.mark.browser


def test_the_keyboard_reaches_everything_and_leaves_typing_alone(visit: Visit) -> None:
    page = visit("admin").page()
    page.goto("/environments/?phase=running")
    name = page.locator("#rows tr .main a bdi").first.inner_text()
    palette = page.get_by_role("combobox", name="Search everything")
    options = page.locator("#palette-list").get_by_role("option")
    page.keyboard.press("j")
    expect(page.locator("#rows tr .main a").first).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("?gek")
    expect(page.locator("#q")).to_have_value("?gek")
    page.keyboard.press("Control+k")
    expect(options.filter(has_text="Overview")).to_be_visible()
    page.keyboard.type(name)
    expect(options.filter(has_text=name).first).to_be_visible()
    assert not findings(page, SCHEMES["desk"])
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.locator("#q")).to_be_focused()

    page.locator("#main").focus()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_be_visible()
    keys.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    page.locator("#main").focus()
    page.keyboard.press("?")
    page.keyboard.press("Control+k")  # opens only while no dialog is open
    expect(palette).to_be_visible()
    expect(keys).to_be_hidden()
    page.keyboard.type("system")
    expect(options.filter(has_text=re.compile("^System"))).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="System", level=1)).to_be_visible()

    page.goto("/keys/")
    page.get_by_label("Single keys are on").check()
    page.locator("#main").focus()
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Environments", level=1)).to_be_visible()
    page.goto(page.locator("#rows tr .main a").first.get_attribute("href") or "")
    page.keyboard.press("Control+k")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.type("edit")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog")).to_be_visible()

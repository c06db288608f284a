"""Typing a filter: suggestions by keyboard, mistakes in their place, the list that last made sense."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit, assert_not_reloaded, mark
from tests.browser.test_access import SCHEMES, findings

pytestmark = pytest.mark.browser


def box_of(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Filter environments")


def test_a_filter_is_written_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit("admin").page("/environments/")
    mark(page)
    box = box_of(page)
    box.focus()
    page.keyboard.type("pha", delay=20)
    options = page.locator("#options").get_by_role("option")
    expect(options.first).to_have_text(re.compile("^phase: "))
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "option-0")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(box).to_have_value("phase:")
    expect(options.filter(has_text=re.compile("^running$"))).to_be_visible()
    assert not findings(page, SCHEMES["desk"])
    page.keyboard.type("stopp", delay=20)
    expect(options).to_have_text(["stopping", "stopped"])
    page.keyboard.press("ArrowUp")
    expect(box).to_have_attribute("aria-activedescendant", "option-1")
    page.keyboard.press("Tab")
    expect(box).to_have_value("phase:stopped")
    expect(box).to_be_focused()
    expect(page).to_have_url(re.compile(r"q=phase%3Astopped$"))
    expect(page.locator("#chip-stopped")).to_have_attribute("aria-current", "true")
    page.keyboard.type(",r", delay=20)
    expect(options.first).to_have_text("running")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(box).to_have_value("phase:stopped,r")
    expect(box).to_have_attribute("aria-expanded", "false")
    assert_not_reloaded(page)


def test_a_choice_in_the_middle_leaves_what_stands_behind(visit: Visit) -> None:
    page = visit("admin").page("/environments/?q=phase:runn+name:e")
    box = box_of(page)
    box.evaluate("box => { box.focus(); box.setSelectionRange(8, 8); }")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#options").get_by_role("option").first).to_have_text("running")
    page.locator("#options").get_by_role("option").first.click()
    expect(box).to_have_value("phase:running name:e")
    expect(box).to_be_focused()
    assert box.evaluate("box => box.selectionStart") == len("phase:running")


def test_a_mistake_leaves_the_list_and_is_mended_with_one_click(visit: Visit) -> None:
    page = visit("admin").page("/environments/?q=phase:running")
    mark(page)
    box = box_of(page)
    shown = page.locator(".found").inner_text()
    box.fill("phase:runing name:e")
    expect(page.locator("#problems mark")).to_have_text("runing")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page).to_have_url(re.compile(r"q=phase:running$"))
    assert page.locator(".found").inner_text().split()[-1] == shown.split()[-1]
    expect(page.locator("#chip-running")).to_have_attribute("aria-current", "true")
    assert not findings(page, SCHEMES["desk"])
    page.locator("#problems").get_by_role("link", name="running").click()
    expect(box).to_have_value("phase:running name:e")
    expect(page.locator("#problems p")).to_have_count(0)
    expect(box).to_have_attribute("aria-invalid", "false")
    expect(page).to_have_url(re.compile(r"q=phase%3Arunning\+name%3Ae$"))
    assert_not_reloaded(page)


def test_what_is_not_finished_is_not_called_wrong(visit: Visit) -> None:
    page = visit("admin").page("/environments/")
    box = box_of(page)
    box.fill("name:e project:")
    expect(page.locator("#problems .calm")).to_contain_text("needs a value")
    expect(box).to_have_attribute("aria-invalid", "false")


def test_the_help_opens_over_the_list_and_is_a_page_of_its_own(visit: Visit) -> None:
    page = visit("admin").page("/environments/")
    page.get_by_role("link", name="How to filter").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="How to filter environments")).to_be_visible()
    assert not findings(page, SCHEMES["desk"])
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="How to filter")).to_be_focused()
    page.goto("/filter/services/")
    expect(page.get_by_role("heading", level=1)).to_have_text("How to filter services")
    assert not findings(page, SCHEMES["desk"])


def test_a_filter_becomes_a_view_that_opens_first(visit: Visit) -> None:
    page = visit("operator").page("/environments/?q=phase:stopped&sort=name")
    found = page.locator(".found").inner_text().split()[0]
    page.get_by_role("link", name="save as a view").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("required")
    assert not findings(page, SCHEMES["desk"])
    dialog.get_by_label("Name").fill("Asleep")
    dialog.get_by_label("My list opens with it").check()
    dialog.get_by_role("button", name="Save").click()
    tab = page.get_by_role("navigation", name="Views").get_by_role("link", name="Asleep")
    expect(tab).to_have_attribute("aria-current", "true")
    expect(tab.locator("b")).to_have_text(re.compile(r"\d+"))
    assert found.isdigit()
    mark(page)
    page.get_by_role("navigation", name="Views").get_by_role("link", name="All").click()
    expect(tab).not_to_have_attribute("aria-current", "true")
    expect(box_of(page)).to_have_value("")
    tab.click()
    expect(box_of(page)).to_have_value("phase:stopped")
    assert not findings(page, SCHEMES["desk"])
    assert_not_reloaded(page)
    page.get_by_role("link", name="Environments", exact=True).click()
    expect(box_of(page)).to_have_value("phase:stopped")
    page.get_by_role("link", name="show all").click()
    expect(box_of(page)).to_have_value("")
    page.get_by_role("link", name="Edit views").click()
    page.get_by_role("button", name="Delete Asleep").click()
    expect(page.get_by_text("There are no views yet")).to_be_visible()
    page.goto("/environments/")
    expect(box_of(page)).to_have_value("")

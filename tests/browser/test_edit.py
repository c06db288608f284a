"""Changing and deleting things in the dialog: by keyboard, with what is wrong said at its field."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Stack, Visit, assert_not_reloaded, mark, until
from tests.browser.test_stop import focused, tab_to

pytestmark = pytest.mark.browser


def assert_accessible(page: Page) -> None:
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, context="#dialog", options=options).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def open_environment(page: Page, query: str, fits: str = "#rows tr[id]") -> str:
    """The page of the first environment; returns its id."""
    page.goto(f"/environments/?{query}")
    path = page.locator(fits).first.locator(".main a").get_attribute("href") or ""
    page.goto(path)
    mark(page)
    return path.split("/")[2]


def choose(page: Page, deed: str, identifier: str) -> Locator:
    """The dialog of a deed in the page's menu."""
    page.locator(f"#more-{identifier}").click()
    page.locator(f"#{deed}-{identifier}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def test_the_keyboard_alone_renames_an_environment(visit: Visit, stack: Stack) -> None:
    page = visit("admin").page()
    identifier = open_environment(page, "phase=stopped")
    tab_to(page, f"more-{identifier}")
    page.keyboard.press("Enter")
    tab_to(page, f"edit-{identifier}")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert_accessible(page)
    assert focused(page) == "id_name"
    page.keyboard.press("Control+A")
    page.keyboard.type("named without a mouse")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#header h1")).to_have_text("named without a mouse")
    expect(page.locator("#actions")).to_contain_text("name named without a mouse")
    until(lambda: ("environment.edit", identifier, "confirmed") in [one[:3] for one in stack.actions()])
    assert_not_reloaded(page)


def test_a_timeout_that_is_too_short_is_said_at_its_field_in_the_open_dialog(visit: Visit) -> None:
    page = visit("admin").page()
    identifier = open_environment(page, "phase=running")
    dialog = choose(page, "edit", identifier)
    dialog.get_by_label("Stops without activity after").select_option("other")
    minutes = dialog.get_by_label("Minutes")
    minutes.fill("5")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.locator("#id_minutes_error")).to_contain_text("At least 30 minutes")
    expect(dialog).to_be_visible()
    expect(minutes).to_have_value("5")
    expect(minutes).to_be_focused()
    expect(minutes).to_have_attribute("aria-describedby", re.compile("id_minutes_error"))
    assert_accessible(page)
    minutes.fill("45")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#facts")).to_contain_text("45 min without activity")
    assert_not_reloaded(page)


def test_deleting_unsaved_work_takes_the_name(visit: Visit, stack: Stack) -> None:
    page = visit("admin").page()
    unsaved = "#rows tr:has([data-label='Unsaved work'] .nowrap)"
    identifier = open_environment(page, "phase=stopped", unsaved)
    name = page.locator("#header h1").inner_text()
    dialog = choose(page, "delete", identifier)
    expect(dialog).to_contain_text("Deleting it loses them.")
    assert_accessible(page)
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.locator("#id_confirmation_error")).to_be_visible()
    dialog.get_by_label("Name of the environment").fill("something else")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.locator("#id_confirmation_error")).to_have_text("This is not its name.")
    assert_accessible(page)
    assert not [one for one in stack.actions() if one[:2] == ("environment.delete", identifier)]
    dialog.get_by_label("Name of the environment").fill(name)
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_be_hidden()
    until(lambda: ("environment.delete", identifier, "confirmed") in [one[:3] for one in stack.actions()])


def test_a_new_environment_is_linked_from_activity(visit: Visit) -> None:
    page = visit("admin").page("/environments/")
    page.locator("#new-environment").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert_accessible(page)
    dialog.get_by_label("Project").select_option(index=1)
    dialog.get_by_label("Name").fill("made in a browser")
    dialog.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url("**/activity/")
    row = page.locator("#rows tr", has_text="made in a browser").first
    row.get_by_role("link", name="The environment it made").click()
    expect(page.locator("#header h1")).to_have_text("made in a browser")


def test_adding_a_task_offers_triggers_that_axe_accepts(visit: Visit) -> None:
    page = visit("admin").page()
    identifier = open_environment(page, "phase=running")
    dialog = choose(page, "add-task", identifier)
    dialog.get_by_label("Reference").fill("no spaces")
    dialog.get_by_label("Name").fill("Browser")
    dialog.get_by_label("Command").fill("true")
    dialog.get_by_label("by hand").check()
    dialog.get_by_role("button", name="Add a task").click()
    expect(dialog.locator("#id_reference_error")).to_contain_text("letters, digits")
    expect(dialog.get_by_label("by hand")).to_be_checked()
    assert_accessible(page)
    dialog.get_by_label("Reference").fill("from-a-browser")
    dialog.get_by_role("button", name="Add a task").click()
    expect(page.locator("#tasks")).to_contain_text("Browser")

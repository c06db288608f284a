"""Stopping an environment, from the sign-in to the last line of the audit, by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Stack, Visit, assert_not_reloaded, mark, sign_in, until

pytestmark = pytest.mark.browser
WISH = re.compile(r"Stop (waits to be sent|is being sent|requested)|Stopping|Stopped")


def first_running(page: Page) -> Locator:
    """The first row with a Stop button."""
    row = page.locator("#rows tr", has=page.locator("a.stop")).first
    return page.locator(f"#{row.get_attribute('id')}")


def test_an_admin_stops_an_environment_and_watches_it_stop(visit: Visit, stack: Stack) -> None:
    admin = visit()
    page = admin.page("/environments/?phase=running")
    sign_in(page, "admin", stack.password("admin"))
    assert page.url.endswith("/environments/?phase=running")
    row = first_running(page)
    name = row.locator(".main a").first.inner_text()
    beside = admin.page(row.locator(".main a").first.get_attribute("href") or "")
    mark(page)
    mark(beside)

    row.get_by_role("button", name=f"Stop {name}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_contain_text(name)
    dialog.get_by_label("Reason").fill("a test of the browser")
    dialog.get_by_role("button", name="Stop", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#toasts")).to_contain_text(f"Stop of “{name}” is on its way.")

    expect(beside.locator("#header")).to_contain_text(WISH)
    expect(beside.locator("#header .badge")).to_have_text("Stopped")
    expect(beside.locator("#header").get_by_role("button", name=f"Start {name}")).to_be_visible()
    expect(beside.locator("#actions")).to_contain_text("Confirmed")
    expect(row).to_have_class("left")  # it stays where it was until the list is asked for
    page.locator(".held button").click()
    expect(row).to_have_count(0)
    assert_not_reloaded(page)
    assert_not_reloaded(beside)

    page.get_by_role("link", name="Activity", exact=True).click()
    action = page.locator("#rows tr", has_text="a test of the browser")
    expect(action).to_contain_text("Confirmed")
    expect(action.locator("[data-label=Who]")).to_have_text("admin")
    expect(action.get_by_role("link", name=name)).to_be_visible()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))


def tab_to(page: Page, wanted: str, key: str = "Tab") -> None:
    for _ in range(80):
        page.keyboard.press(key)
        if focused(page) == wanted:
            return
    pytest.fail(f"{key} never reached {wanted}")


def assert_focus_is_seen(page: Page) -> None:
    style = "getComputedStyle(document.activeElement)"
    assert page.evaluate(f"{style}.outlineStyle !== 'none' && parseFloat({style}.outlineWidth) >= 2")
    assert page.evaluate("document.activeElement.matches(':focus-visible')")


def test_the_keyboard_alone_stops_an_environment(visit: Visit, stack: Stack) -> None:
    page = visit("admin").page("/environments/?phase=running")
    row = first_running(page)
    button = row.locator("a.stop").get_attribute("id") or ""
    mark(page)

    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    assert_focus_is_seen(page)
    page.keyboard.press("Enter")  # skips the navigation
    tab_to(page, button)
    assert_focus_is_seen(page)

    page.keyboard.press("Space")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(6):  # round and round inside, or to the browser's own controls, never to the page behind
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert focused(page) == button

    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    if focused(page) != "reason":
        tab_to(page, "reason", "Shift+Tab")
    page.keyboard.type("without a mouse")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    until(lambda: stack.actions()[-1][2:] == ("confirmed", "admin", "without a mouse"), show=stack.actions)
    expect(page.locator(f"#{button}")).to_have_count(0)
    until(lambda: page.evaluate("document.activeElement !== document.body"), show=lambda: "focus is lost")
    assert_not_reloaded(page)


def test_a_dialog_leaves_by_its_buttons_by_the_backdrop_and_by_going_back(visit: Visit, stack: Stack) -> None:
    """None of them leaves a trace: going back afterwards leads to where one was before."""
    page = visit("admin", viewport={"width": 390, "height": 844}).page("/environments/")
    page.locator("#chip-running").click()
    expect(page).to_have_url(re.compile("q=phase%3Arunning$"))
    mark(page)
    before, dialog = len(stack.actions()), page.get_by_role("dialog")
    button = first_running(page).locator("a.stop")
    for leave in (
        lambda: dialog.get_by_role("link", name="Cancel").click(),
        lambda: page.mouse.click(5, 5),
        lambda: page.keyboard.press("Escape"),
        page.go_back,
        lambda: page.evaluate("htmx.trigger(document.body, 'dialog:close')"),
    ):
        button.click()
        expect(dialog).to_be_visible()
        leave()
        expect(dialog).to_be_hidden()
        expect(button).to_be_focused()
        expect(page).to_have_url(re.compile("q=phase%3Arunning$"))
    for _ in range(4):  # faster than the history moves
        page.keyboard.press("Control+k")
    assert_not_reloaded(page)
    button.click()
    page.get_by_label("Reason").fill("not sent")
    page.reload()
    expect(dialog).to_be_hidden()
    assert len(stack.actions()) == before
    page.go_back()
    expect(page).to_have_url(re.compile("environments/$"))
    expect(page.locator("#chip-all")).to_have_attribute("aria-current", "true")

    page.keyboard.press("Control+k")  # what the palette leads to takes the place of the palette
    page.keyboard.type("system")
    expect(page.locator("#palette-list").get_by_role("option").first).to_contain_text("System")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="System", level=1)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Environments", level=1)).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="System", level=1)).to_be_visible()


def test_the_dialog_still_works_after_going_back(visit: Visit) -> None:
    page = visit("admin").page("/environments/")
    page.locator("#chip-running").click()
    expect(page).to_have_url(re.compile("phase(=|%3A)running"))
    page.go_back()
    expect(page.locator("#chip-all")).to_have_attribute("aria-current", "true")
    page.locator("a.stop").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()

"""What people ask of the dashboard most, each answered in at most three steps from the overview, without a mouse."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.test_access import SCHEMES, findings

pytestmark = pytest.mark.browser


def reached(page: Page, css: str) -> bool:
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("css => document.activeElement.matches(css)", css):
            return True
    return False


def tab_to(page: Page, css: str) -> None:
    assert reached(page, css), f"Tab never reached {css}"


def from_overview_to(page: Page, letter: str, title: str) -> None:
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press(letter)
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    page.wait_for_load_state()


def filtered(page: Page, text: str) -> None:
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(text.replace(":", "%3A").replace(" ", "+"))))


def test_five_questions_take_three_steps_each_by_keyboard_alone(visit: Visit) -> None:
    page = visit("admin").page()

    # Which environments fail, and why?
    from_overview_to(page, "e", "Environments")
    filtered(page, "phase:failed")
    expect(page.locator("#rows tr").first).to_be_visible()
    expect(page.locator("#rows tr[id]:not(:has(.sub.bad))")).to_have_count(0)

    # Who left the dearest idle?
    from_overview_to(page, "i", "Idle environments")
    expect(page.locator("#creators, #rows .nothing").first).to_be_visible()

    # Why did that build fail?
    from_overview_to(page, "x", "Task executions")
    filtered(page, "phase:failed")
    tab_to(page, "#rows td.main a")
    page.keyboard.press("Enter")
    expect(page.locator("#header .badge").first).to_have_text("Failed")
    expect(page.locator("#log")).to_be_attached()

    # Is web-server broken everywhere? Typed blind, and Enter pressed twice, while the server takes its time.
    page.goto("/")
    asked, held = list[Route](), ["until both are on their way"]
    page.route("**/find/?*", lambda route: asked.append(route) if held else route.continue_())
    page.keyboard.press("Control+k")
    page.keyboard.type("web-server")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#palette-list")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#palette").get_by_role("status")).to_have_text("Searching…")
    held.clear()
    for one in asked:
        one.continue_()
    expect(page.get_by_role("heading", name="Services", level=1)).to_be_visible()
    expect(page.locator("#found")).to_contain_text(" of ")

    # Stop everything idle in a project: up to the question, which is not answered here.
    from_overview_to(page, "i", "Idle environments")
    expect(
        page.get_by_role("combobox", name="Project", exact=True)
    ).to_be_visible()  # for who takes the mouse
    filtered(page, "-project:nothing")
    # In so small a fleet all may be at work, or may be by the time one gets there.
    if page.locator("#pick-page:enabled").count() and reached(page, "#pick-page"):
        page.keyboard.press("Space")
        expect(page.locator("#stop-chosen")).to_be_enabled()
        page.keyboard.press("Shift+Tab")  # the bar with what is chosen stands before the table
        expect(page.locator("#stop-chosen")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog").get_by_role("heading")).to_be_visible()
        page.keyboard.press("Escape")

    # And whoever wants other columns moves them with the same keys.
    page.goto("/tasks/")
    tab_to(page, "#choose-columns")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Columns of tasks")).to_be_visible()
    tab_to(page, "#up-branch")
    page.keyboard.press("Enter")
    expect(page.locator("#up-branch")).to_have_accessible_name(re.compile("now 8 of"))
    expect(page.locator("#up-branch")).to_be_focused()
    assert not findings(page, SCHEMES["desk"])
    for path in (
        "/environments/?columns=phase,branch,ports,runner,started,id,price&density=compact",
        "/help/",
    ):
        page.goto(path)
        assert not findings(page, SCHEMES["phone"])

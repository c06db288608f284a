"""From what is idle to what was stopped and back: by mouse, by keyboard, in two tabs, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Stack, Visit, assert_not_reloaded, mark, until
from tests.browser.test_stop import focused, tab_to

pytestmark = pytest.mark.browser
BOXES = "#rows input[name=id]"


def box(page: Page, number: int) -> Locator:
    """The checkbox of a row, by the id that the row has now: rows may move."""
    identifier = page.locator(BOXES).nth(number).get_attribute("id") or ""
    return page.locator(f"[id='{identifier}']")


def states(stack: Stack, reason: str) -> list[tuple[str, str]]:
    """(verb, state) of every action with that reason."""
    return [(one[0], one[2]) for one in stack.actions() if one[4] == reason]


def settled(stack: Stack, reason: str, verb: str, many: int) -> bool:
    found = [state for deed, state in states(stack, reason) if deed == verb]
    return len(found) == many and set(found) <= {"confirmed", "skipped"}


def asks_for_three(page: Page) -> bool:
    """Whether the first three, chosen by mouse, are still idle when the question comes."""
    page.goto("/idle/?idle=30m")
    mark(page)
    box(page, 0).click()
    box(page, 2).click(modifiers=["Shift"])
    expect(page.locator("#picked")).to_have_text("3 chosen")
    with page.expect_response(lambda response: "seen=" in response.url):
        pass
    still = page.locator(f"{BOXES}:checked").count()
    assert_not_reloaded(page)
    page.get_by_role("button", name="Stop the chosen…").click()
    return still == 3 and page.get_by_role("dialog").get_by_role("heading").inner_text().startswith("Stop 3 ")


def test_an_admin_stops_three_by_mouse_watches_them_and_takes_it_back(visit: Visit, stack: Stack) -> None:
    page = visit("admin").page()
    dialog = page.get_by_role("dialog")
    until(lambda: asks_for_three(page), show=dialog.inner_text)
    expect(dialog.get_by_role("heading")).to_have_text("Stop 3 environments?")
    expect(dialog.locator("tbody tr")).to_have_count(3)
    dialog.get_by_role("button", name="Stop 3 environments").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Say why")
    dialog.get_by_label("Reason").fill("by mouse")
    dialog.get_by_role("button", name="Stop 3 environments").dblclick()
    page.wait_for_url(re.compile("/batches/"))
    address = page.url
    mark(page)
    expect(page.locator("#batch")).to_contain_text("All 3 have ended")
    expect(page.locator("#rows .badge")).to_have_text([re.compile("Confirmed|Skipped")] * 3)
    assert_not_reloaded(page)
    stopped = page.locator("#rows .badge", has_text="Confirmed").count()
    assert stopped >= 2, "at most one of them was stopped by its own timeout just before"
    assert settled(stack, "by mouse", "environment.stop", 3)

    page.get_by_role("button", name="Undo…").click()
    expect(dialog.get_by_role("heading")).to_have_text(f"Start {stopped} environments again?")
    dialog.get_by_label("Reason").fill("by mistake")
    dialog.get_by_role("button", name=f"Start {stopped} environments").click()
    page.wait_for_url(lambda url: "/batches/" in url and url != address)
    expect(page.locator("#batch")).to_contain_text(f"All {stopped} have ended")
    until(lambda: settled(stack, "by mistake", "environment.start", stopped), 60, show=stack.actions)


def test_the_keyboard_alone_chooses_and_stops(visit: Visit, stack: Stack) -> None:
    page = visit("admin").page("/idle/?idle=30m")
    first = page.locator(BOXES).first.get_attribute("id") or ""
    tab_to(page, "pick-page")
    tab_to(page, first)
    page.keyboard.press("Space")
    expect(page.locator("#picked")).to_have_text("1 chosen")
    with page.expect_response(lambda response: "seen=" in response.url):
        pass
    assert focused(page) == first
    tab_to(page, "pick-none", "Shift+Tab")
    page.keyboard.press("Enter")
    assert focused(page) == "pick-page"
    tab_to(page, first)
    page.keyboard.press("Space")
    tab_to(page, "stop-chosen", "Shift+Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    until(lambda: focused(page) == "stop-chosen", show=lambda: focused(page))
    expect(page.locator("#picked")).to_have_text("1 chosen")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/batches/"))
    until(lambda: settled(stack, "by keyboard", "environment.stop", 1), show=stack.actions)


ROWS_FROM = "Math.round(htmx.find('#rows').getBoundingClientRect().top)"


def test_all_of_the_page_are_chosen_and_left_again(visit: Visit) -> None:
    page = visit("admin").page("/idle/?idle=30m")
    begin = page.evaluate(ROWS_FROM)
    page.locator("#pick-page").check()
    there = page.locator(BOXES).count()
    expect(page.locator("#picked")).to_have_text(f"{there} chosen")
    assert page.evaluate(ROWS_FROM) == begin, "what can be done with them takes no room of the rows"
    page.locator("#pick-none").click()
    expect(page.locator("#picked")).to_have_text("None chosen")
    expect(page.locator("#stop-chosen")).to_be_disabled()
    page.locator(BOXES).first.check()
    page.locator("#limit").select_option("1h")
    expect(page).to_have_url(re.compile("idle=1h"))
    expect(page.locator("#picked")).to_have_text("None chosen")


def test_two_tabs_answer_one_question_each_and_stop_once(visit: Visit, stack: Stack) -> None:
    admin = visit("admin")
    one, two = admin.page("/idle/?idle=30m"), admin.page("/idle/?idle=30m")
    for page in (one, two):
        page.bring_to_front()
        box(page, 0).check()
        page.locator("#stop-chosen").click()
        page.get_by_role("dialog").get_by_label("Reason").fill("two tabs")
    for page in (one, two):
        page.bring_to_front()
        page.get_by_role("dialog").get_by_role("button", name="Stop 1 environment").click()
        page.wait_for_url(re.compile("/batches/"))
    until(lambda: settled(stack, "two tabs", "environment.stop", 2), show=stack.actions)
    found = [state for _, state in states(stack, "two tabs")]
    assert found.count("confirmed") <= 1  # none, should somebody have come back to it meanwhile


def test_a_viewer_sees_everything_and_can_choose_nothing(visit: Visit) -> None:
    page = visit("viewer").page("/idle/?idle=30m")
    expect(page.locator("#rows tr").first).to_be_visible()
    expect(page.locator("input[type=checkbox]")).to_have_count(0)
    page.goto("/batches/")
    page.locator(".batch-list a").first.click()
    expect(page.locator("#batch")).to_be_visible()
    expect(page.locator("#batch form")).to_have_count(0)


def test_without_javascript_it_is_forms_and_links(visit: Visit, stack: Stack) -> None:
    page = visit("admin", java_script_enabled=False).page("/idle/?idle=30m")
    page.locator(BOXES).first.check()
    page.get_by_role("button", name="Stop the chosen…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stop 1 environment?")
    page.get_by_label("Reason").fill("plain")
    page.get_by_role("button", name="Stop 1 environment").click()
    expect(page).to_have_url(re.compile("/batches/"))
    until(lambda: settled(stack, "plain", "environment.stop", 1), show=stack.actions)
    page.reload()
    expect(page.locator("#batch")).to_contain_text("It has ended")
    page.goto("/idle/?idle=30m")
    page.get_by_role("button", name=re.compile("Stop all .* that match…")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("environment")
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(re.compile("/idle/"))

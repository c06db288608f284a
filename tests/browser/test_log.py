"""A log in a real browser: it grows by itself, scrolling up pauses it, and it can be searched and downloaded."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import POST, Visit, assert_not_reloaded, mark, until

pytestmark = pytest.mark.browser
ROOM = "(box) => box.scrollHeight - box.scrollTop - box.clientHeight"


def run_a_task(page: Page) -> None:
    """Run the task that takes longest of some, and open its execution."""
    page.goto("/tasks/?q=test&sort=name")
    path = page.locator("#rows a[href$='/start/']").first.get_attribute("href") or ""
    assert page.evaluate(POST, path) == 200
    page.goto(path.removesuffix("start/"))
    page.get_by_role("link", name="The execution it made").first.click()
    expect(page.locator("#log-lines")).to_be_visible()


def lines(page: Page) -> int:
    return page.locator("#log-lines .line").count()


def test_a_log_grows_by_itself_and_scrolling_up_pauses_it(visit: Visit) -> None:
    page = visit("admin").page()
    run_a_task(page)
    mark(page)
    box, follow = page.locator("#log-lines"), page.locator("#log-follow")
    box.evaluate("(box) => { box.style.height = '60px'; box.style.minHeight = 0 }")
    until(lambda: lines(page) > 4)
    before = lines(page)
    until(lambda: lines(page) > before)
    until(lambda: box.evaluate(ROOM) < 2)
    expect(follow).to_be_hidden()
    box.evaluate("(box) => { box.scrollTop = 0 }")
    expect(follow).to_be_visible()
    before = lines(page)
    until(lambda: lines(page) > before)
    assert box.evaluate("(box) => box.scrollTop") == 0
    follow.click()
    expect(follow).to_be_hidden()
    until(lambda: box.evaluate(ROOM) < 2)
    assert_not_reloaded(page)
    assert page.locator("#log-lines details summary").count() >= 1


def test_a_log_is_searched_and_downloaded(visit: Visit) -> None:
    page = visit("viewer").page()
    page.goto("/executions/?phase=succeeded")
    page.goto("/services/?phase=running")
    page.goto(page.locator("#rows tr .main a").first.get_attribute("href") or "")
    until(lambda: lines(page) > 1)
    page.get_by_label("Show only lines that contain").fill("Starting service")
    expect(page.locator("#log-lines .line:visible")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert "Starting service" in download.value.path().read_text(encoding="utf-8")

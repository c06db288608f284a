"""From a policy that is being written, by its preview, to what it would have done: with the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, assert_not_reloaded, mark

pytestmark = pytest.mark.browser


def test_a_change_is_previewed_while_it_is_typed_and_then_replayed(visit: Visit) -> None:
    page = visit("admin").page("/idle/policies/new/")
    mark(page)
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("Typed")
    page.keyboard.press("Tab")
    page.keyboard.type("phase:running -name:nothing-is-called-so")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("3h")
    page.keyboard.press("Tab")
    preview = page.locator("#preview")
    past = preview.get_by_role("link", name="This filter and limit over the past days")
    expect(past).to_have_attribute("href", re.compile("nothing-is-called-so&idle=3h"))  # of the last change
    expect(preview).to_contain_text(re.compile("would be stopped.* kept"))
    expect(page.get_by_label("Then", exact=True)).to_be_focused()
    assert_not_reloaded(page)

    past.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("idle=3h"))
    page.get_by_label("Idle limit").focus()
    page.keyboard.press("Enter")
    limits = page.get_by_role("table", name="What each limit would have come to")
    expect(limits.locator("tr.current")).to_contain_text(
        "3 h"
    )  # the worker has answered, and the poll has shown it
    expect(page.get_by_role("img", name=re.compile("Hours saved against regrets"))).to_be_visible()
    limits.get_by_role("link", name="6 h", exact=True).focus()
    page.keyboard.press("Enter")
    expect(limits.locator("tr.current")).to_contain_text("6 h")
    expect(page.locator("#answer")).to_contain_text("The record is shorter")

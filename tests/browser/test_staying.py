"""A page that stays open tells of failures, moves nothing under the pointer, and notices a new release."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser
RENEW = """(drop) => {
  const rows = htmx.find("#rows").cloneNode(true);
  const added = rows.firstElementChild.cloneNode(true);
  added.id = "environment-new";
  rows.prepend(added);
  if (drop) rows.lastElementChild.remove();
  rows.setAttribute("hx-swap-oob", "true");
  htmx.swap("#main", `<template>${rows.outerHTML}</template>`, { swapStyle: "none" });
}"""


def test_a_page_that_stays_open_tells_without_jumping(visit: Visit) -> None:
    page = visit("admin").page("/environments/?phase=failed")
    expect(page).to_have_title(re.compile("^▲ Environments"))
    assert "failing" in (page.locator("#icon").get_attribute("href") or "")
    page.goto("/environments/?phase=stopped&sort=name")
    expect(page).to_have_title(re.compile("^Environments"))

    page.evaluate("htmx.find('#poll').remove()")  # the only changes are those made here
    first = page.locator("#rows tr").first
    name = first.get_attribute("id") or ""
    first.hover()
    page.evaluate(RENEW, False)
    waiting = page.get_by_role("button", name="1 new")
    expect(waiting).to_be_visible()
    assert first.get_attribute("id") == name
    waiting.click()
    expect(first).to_have_attribute("id", "environment-new")
    expect(waiting).to_have_count(0)
    page.mouse.move(1, 1)
    page.evaluate("htmx.find('#environment-new').remove()")
    page.evaluate(RENEW, True)
    expect(first).to_have_attribute("id", "environment-new")

    page.evaluate("htmx.find('#environment-new').remove()")
    page.locator("#rows").dispatch_event("pointerdown", {"pointerType": "touch"})
    page.evaluate(RENEW, False)
    waiting.click()
    expect(waiting).to_have_count(0)

    fresh = "{ state: 'fresh', at: new Date().toISOString(), now: new Date().toISOString(), release: 'x' }"
    for _ in range(2):
        page.evaluate(f"htmx.trigger('body', 'fleet:freshness', {fresh})")
    expect(page.get_by_text("This dashboard has been updated.")).to_have_count(1)

"""Hours become money: an admin sets a price with the keyboard alone, without JavaScript, and sees what hours cost."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Stack, Visit, sign_in, until

pytestmark = pytest.mark.browser


def test_a_price_set_with_the_keyboard_makes_money_of_hours(visit: Visit, stack: Stack) -> None:
    admin = visit(java_script_enabled=False)
    admin.expected.append("422")  # an absurd price comes back with a question
    page = admin.page()
    page.goto("/classes/prices/")
    sign_in(page, "admin", stack.password("admin"))
    expect(page.get_by_role("heading", name="Set a price")).to_be_visible()
    options = page.get_by_label("Class", exact=True).locator("option")
    until(lambda: page.reload() and options.count() > 1)  # classes are read last
    names = options.all_inner_texts()[1:]
    for name in names:
        page.get_by_label("Class", exact=True).focus()
        page.get_by_label("Class", exact=True).select_option(label=name)
        page.keyboard.press("Tab")
        page.keyboard.type("480")
        page.keyboard.press("Enter")
        expect(page.get_by_text("345,600 EUR a month")).to_be_visible()
        page.get_by_label("I mean it").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.locator(".banner.success")).to_contain_text("costs 480.00 EUR")

    page.goto("/costs/?by=class")
    expect(page.get_by_role("heading", name="Costs", exact=True, level=1)).to_be_visible()
    for _ in range(60):  # hours are counted once a minute, or when they are asked for
        if page.locator("#costs .tag").count():
            break
        stack.have_done("jobs.count_hours")
        page.wait_for_timeout(2_000)
        page.reload()
    expect(page.locator("#costs .found")).to_contain_text(re.compile("≈ [0-9,.]+ EUR.*estimate"))
    page.get_by_role("link", name="By project").click()
    expect(page).to_have_url(re.compile("by=project"))
    page.get_by_label("From").fill("2020-01-02")
    page.get_by_label("to", exact=True).fill("2020-01-03")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#costs")).to_contain_text("No hours on these days.")

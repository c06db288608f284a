"""A policy from its form to what it stops: made, previewed, armed, seen to stop, and paused."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Stack, Visit, until
from tests.browser.idle.test_idle import BOXES

pytestmark = pytest.mark.browser
A_RUN = 100.0
"""Seconds within which the next run is over, even if the one asked for met another at work; there is one a minute."""


def stops(stack: Stack, name: str) -> list[str]:
    """The state of each stop that the policy asked for."""
    return [
        one[2] for one in stack.actions() if one[0] == "environment.stop" and f"Policy {name}: " in one[4]
    ]


def settled(stack: Stack, name: str) -> bool:
    found = stops(stack, name)
    return "confirmed" in found and set(found) <= {"confirmed", "skipped"}


def test_an_admin_makes_previews_arms_watches_and_pauses_a_policy(visit: Visit, stack: Stack) -> None:
    admin = visit("admin")
    admin.expected.append("422")
    page = admin.page("/idle/?idle=30m")
    boxes = page.locator(BOXES)
    chosen = [boxes.nth(number).get_attribute("value") or "" for number in range(min(boxes.count(), 12))]
    name = f"Nightly {uuid4().hex[:6]}"

    page.goto("/idle/policies/")
    page.get_by_role("link", name="New policy…").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Environments").fill(f"id:{','.join(chosen)}")
    page.get_by_label("Idle limit").fill("0m")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("A limit is between 10 minutes")
    page.get_by_label("Idle limit").fill("10m")
    page.get_by_label("Warn before").fill("")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text(re.compile(r"[1-9]\d* environments? would be stopped"))
    page.get_by_role("button", name="Save as a dry run").click()
    expect(page.locator("#policy")).to_contain_text("Dry run")

    page.get_by_role("button", name="Arm…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("would be stopped")
    dialog.get_by_role("button", name="Arm").click()
    expect(page.locator("#policy .badge")).to_have_text("Armed")
    stack.have_done("jobs.run_policies")
    batch = page.locator("#runs").get_by_role("link", name="asked for").last
    expect(batch).to_be_visible(timeout=A_RUN * 1000)
    until(lambda: settled(stack, name), 60, show=lambda: stops(stack, name))

    page.get_by_role("button", name="Pause…").click()
    dialog.get_by_label("Reason").fill("seen enough")
    page.keyboard.press("Enter")
    expect(page.locator("#policy")).to_contain_text("seen enough")
    page.goto("/system/")
    expect(page.locator("#policies")).to_contain_text("seen enough")

    page.goto("/idle/policies/")
    page.get_by_role("link", name=name).click()
    batch.click()
    page.wait_for_url(re.compile("/batches/"))
    expect(page.locator("#batch")).to_contain_text(f"Policy {name}")

"""Takes the pictures that the documentation shows, from a running demo.

make screenshots
"""

import re

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.chromium import find
from scripts.demo import ROOT, Demo, demo, dialog, signed_in
from scripts.demo_past import give_past

IMAGES = ROOT / "docs" / "images"
ADDED = """\
  spelling:
    name: Spelling
    command: make spelling
    triggeredBy:
      - manual
"""
"""A task for the end of an automations file."""


def documentation(browser: Browser, at: Demo) -> None:
    """The pictures that the documentation shows."""
    page = signed_in(browser, at, (1280, 800), "light")
    dialog(page, at)
    page.fill("#reason", "Idle since this morning")
    page.screenshot(path=IMAGES / "stop.png")
    page.click("dialog button[type=submit]")
    page.goto(f"{at.url}/environments/")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "environments.png")
    page.goto(at.url)
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "overview.png")
    questions(page, at)
    yours(page, at)
    page.goto(f"{at.url}/executions/?phase=failed")
    page.locator("tr", has_text=re.compile(r"of [3-9] steps")).first.locator("td.main a").click()
    page.wait_for_timeout(2500)
    page.screenshot(path=IMAGES / "execution.png")
    automations(page, at)
    page.screenshot(path=IMAGES / "automations.png")
    page.context.close()


def questions(page: Page, at: Demo) -> None:
    """Two of the five questions of the guide; the hints are put away, as for somebody who knows the pages."""
    for path, name in (("/environments/?q=phase%3Afailed", "failed"), ("/idle/", "idle")):
        page.goto(f"{at.url}{path}")
        if page.locator("#hint button").count():
            page.locator("#hint button").click()
            page.wait_for_selector("#hint", state="detached")
        page.wait_for_timeout(1000)
        page.screenshot(path=IMAGES / f"question-{name}.png")


def yours(page: Page, at: Demo) -> None:
    """Stars, columns, a token and a webhook."""
    for path in (
        "/environments/?q=phase%3Afailed",
        "/environments/?q=phase%3Arunning",
        "/services/",
        "/tasks/",
    ):
        page.goto(f"{at.url}{path}")
        page.locator("#rows .star").first.click()
        page.wait_for_timeout(500)
    page.goto(at.url)
    page.wait_for_timeout(1500)
    page.locator("#starred").scroll_into_view_if_needed()
    page.screenshot(path=IMAGES / "starred.png")
    page.goto(f"{at.url}/environments/")
    page.click("#choose-columns")
    page.wait_for_selector("#columns")
    page.screenshot(path=IMAGES / "columns.png")
    page.goto(f"{at.url}/accounts/tokens/")
    page.fill("#id_name", "Nightly report")
    page.screenshot(path=IMAGES / "token.png")
    page.goto(f"{at.url}/webhooks/new/")
    page.fill("#id_name", "Build bot")
    page.fill("#id_address", "https://hooks.example.com/ona")
    page.screenshot(path=IMAGES / "webhook.png")


def automations(page: Page, at: Demo) -> None:
    """The preview of an automations file."""
    page.goto(f"{at.url}/environments/?phase=running")
    page.goto(f"{at.url}{page.locator('td.main a').first.get_attribute('href')}automations/")
    text = page.locator("#text").input_value()
    page.fill(
        "#text", re.sub(r"^( +command: make \w+)$", r"\1 --jobs 4", text, count=1, flags=re.MULTILINE) + ADDED
    )
    page.click("button[value=preview]")
    page.wait_for_selector("button[value=apply]")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo() as at, sync_playwright() as playwright:
        give_past(at)
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        documentation(browser, at)
        browser.close()
    print(f"Pictures: {IMAGES}")


if __name__ == "__main__":
    main()

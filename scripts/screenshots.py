"""Takes the pictures that the documentation shows, from a running demo.

make screenshots
"""

import base64
import re

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.chromium import find
from scripts.demo import ROOT, Demo, demo, dialog, go, signed_in
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


def picture(page: Page, name: str) -> None:
    """As WebP, which takes half of what PNG does: each time they are taken anew the repository grows by them."""
    wire = page.context.new_cdp_session(page)
    taken = wire.send("Page.captureScreenshot", {"format": "webp", "quality": 85})
    (IMAGES / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))
    wire.detach()


def opened(page: Page, url: str) -> None:
    """The page as somebody has it who knows it: its hint is put away."""
    go(page, url)
    if page.locator("#hint button").count():
        page.locator("#hint button").click()
        page.wait_for_selector("#hint", state="detached")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)


def documentation(browser: Browser, at: Demo) -> None:
    """The pictures that the documentation shows."""
    page = signed_in(browser, at, (1280, 800), "light")
    dialog(page, at)
    page.fill("#reason", "Idle since this morning")
    picture(page, "stop")
    page.click("dialog button[type=submit]")
    opened(page, f"{at.url}/environments/")
    picture(page, "environments")
    opened(page, at.url)
    picture(page, "overview")
    go(page, f"{at.url}/environments/?q=phase%3Arunning+age%3A%3E7d+unpushed%3A%3E0")
    page.locator("td.main a").first.click()
    page.wait_for_selector("#glance")
    page.wait_for_timeout(2500)
    picture(page, "environment")
    questions(page, at)
    yours(page, at)
    execution(page, at)
    picture(page, "execution")
    automations(page, at)
    picture(page, "automations")
    page.context.close()


def execution(page: Page, at: Demo) -> None:
    """One of several steps that failed, in an environment that runs and so has its log."""
    go(page, f"{at.url}/executions/?phase=failed")
    several = page.locator("tr", has_text=re.compile(r"of [2-9] steps failed")).locator("td.main a")
    for path in [one.get_attribute("href") for one in several.all()]:
        go(page, f"{at.url}{path}")
        page.wait_for_timeout(2500)
        if page.locator(".step-open b").count():
            return


def questions(page: Page, at: Demo) -> None:
    """Two of the five questions of the guide; the hints are put away, as for somebody who knows the pages."""
    for path, name in (("/environments/?q=phase%3Afailed", "failed"), ("/idle/", "idle")):
        opened(page, f"{at.url}{path}")
        picture(page, f"question-{name}")


def yours(page: Page, at: Demo) -> None:
    """Stars, columns, a token and a webhook."""
    for path in (
        "/environments/?q=phase%3Afailed",
        "/environments/?q=phase%3Arunning",
        "/services/",
        "/tasks/",
    ):
        go(page, f"{at.url}{path}")
        page.locator("#rows .star").first.click()
        page.wait_for_timeout(500)
    go(page, at.url)
    page.wait_for_timeout(1500)
    page.locator("#starred").scroll_into_view_if_needed()
    picture(page, "starred")
    go(page, f"{at.url}/environments/")
    page.click("#choose-columns")
    page.wait_for_selector("#columns")
    picture(page, "columns")
    go(page, f"{at.url}/accounts/tokens/")
    page.fill("#id_name", "Nightly report")
    picture(page, "token")
    go(page, f"{at.url}/webhooks/new/")
    page.fill("#id_name", "Build bot")
    page.fill("#id_address", "https://hooks.example.com/ona")
    picture(page, "webhook")


def automations(page: Page, at: Demo) -> None:
    """The preview of an automations file."""
    go(page, f"{at.url}/environments/?phase=running")
    go(page, f"{at.url}{page.locator('td.main a').first.get_attribute('href')}automations/")
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

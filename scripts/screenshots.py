"""Takes the pictures of the documentation from a running demo, and a gallery of every page to look at.

    make screenshots

`docs/images/` gets the pictures that the documentation shows; `var/gallery/` gets every page at 1440 and 390 pixels,
light and dark.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.chromium import find

ROOT = Path(__file__).resolve().parent.parent
IMAGES, GALLERY = ROOT / "docs" / "images", ROOT / "var" / "gallery"
LISTS = ("environments", "services", "tasks", "executions")
PAGES = ("overview", *LISTS, "idle", "costs", "activity", "system")
SIZES = ((1440, 900), (390, 844))
START_SECONDS = 90
ADDED = """\
  spelling:
    name: Spelling
    command: make spelling
    triggeredBy:
      - manual
"""
"""A task for the end of an automations file."""
LIVE_SECONDS = 12
"""How long the fleet moves before the pictures are taken."""


@dataclass(frozen=True)
class Demo:
    url: str
    password: str


@contextmanager
def demo() -> Iterator[Demo]:
    """A demo of its own in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="ona-pictures-") as folder:
        said = Path(folder) / "said"
        with said.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", "8123", "--environments", "140"],
                cwd=ROOT,
                stdout=output,
                stderr=output,
                env={"PATH": "/usr/bin:/bin", "VAR_DIR": f"{folder}/var"},
            )
        try:
            yield _started(said)
        finally:
            process.terminate()
            process.wait()


def _started(said: Path) -> Demo:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        text = said.read_text()
        url, password = (
            re.search(r"Dashboard: (\S+)", text),
            re.search(r"^ +admin +(\S+)$", text, re.MULTILINE),
        )
        if url and password:
            time.sleep(LIVE_SECONDS)
            return Demo(url[1], password[1])
        time.sleep(0.2)
    raise SystemExit(f"The demo did not start:\n{said.read_text()}")


def signed_in(browser: Browser, at: Demo, size: tuple[int, int], scheme: str) -> Page:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(at.url)
    page.fill("#id_username", "admin")
    page.fill("#id_password", at.password)
    page.click("button")
    page.wait_for_selector("nav [aria-current]")
    return page


def gallery(browser: Browser, at: Demo) -> None:
    """Every page, in every size and scheme."""
    for size in SIZES:
        for scheme in ("light", "dark"):
            page = signed_in(browser, at, size, scheme)
            for name, path in addresses(page, at):
                page.goto(at.url + path)
                page.wait_for_timeout(1300)
                page.screenshot(path=GALLERY / f"{name}-{size[0]}-{scheme}.png", full_page=True)
            dialog(page, at)
            page.screenshot(path=GALLERY / f"dialog-{size[0]}-{scheme}.png")
            page.context.clear_cookies()
            page.goto(at.url)
            page.screenshot(path=GALLERY / f"sign-in-{size[0]}-{scheme}.png")
            page.context.close()


def addresses(page: Page, at: Demo) -> Iterator[tuple[str, str]]:
    """(name, path) of every page: the lists, and the first resource of each."""
    for name in PAGES:
        yield name, "/" if name == "overview" else f"/{name}/"
    for name in LISTS:
        page.goto(f"{at.url}/{name}/?phase=running" if name != "tasks" else f"{at.url}/tasks/?sort=-run")
        path = page.locator("td.main a").first.get_attribute("href")
        yield f"{name}-one", path or f"/{name}/"
        if name == "environments" and path:
            yield "automations", f"{path}automations/"
    page.goto(f"{at.url}/environments/?phase=failed")
    yield "environments-failed", page.locator("td.main a").first.get_attribute("href") or "/"
    yield "create", "/environments/new/"
    yield "idle-kept", "/idle/?show=kept"
    yield "exemptions", "/idle/exemptions/"
    yield "batches", "/batches/"
    yield "views", "/views/"
    yield "prices", "/classes/prices/"
    yield "filter-mistake", "/environments/?q=phase%3Arunnin+projct%3Aweb"
    yield "filter-help", "/filter/environments/"
    yield "classes", "/classes/"
    yield "not-found", "/environments/unknown/"
    yield "nothing-matches", "/environments/?q=nothing+is+called+this"


def dialog(page: Page, at: Demo) -> None:
    """The confirmation for stopping an environment, open."""
    page.goto(f"{at.url}/environments/?phase=running")
    page.locator("a.button.stop").first.click()
    page.wait_for_selector("dialog[open]")


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
    page.goto(f"{at.url}/executions/?phase=failed")
    page.locator("tr", has_text=re.compile(r"of [3-9] steps")).first.locator("td.main a").click()
    page.wait_for_timeout(2500)
    page.screenshot(path=IMAGES / "execution.png")
    automations(page, at)
    page.screenshot(path=IMAGES / "automations.png")
    page.context.close()


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
    GALLERY.mkdir(parents=True, exist_ok=True)
    with demo() as at, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        documentation(browser, at)
        gallery(browser, at)
        browser.close()
    print(f"Pictures: {IMAGES}, gallery: {GALLERY}")


if __name__ == "__main__":
    main()

"""A running demo to take pictures of and to measure: a simulated fleet, signed in as its admin."""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Error, Page

ROOT = Path(__file__).resolve().parent.parent
LISTS = ("environments", "services", "tasks", "executions")
PAGES = ("overview", *LISTS, "idle", "costs", "activity", "system")
START_SECONDS = 300
LIVE_SECONDS = 12
"""How long the fleet moves before anybody looks."""


@dataclass(frozen=True)
class Demo:
    """`folder` is its `VAR_DIR`."""

    url: str
    passwords: dict[str, str]
    folder: Path

    def pids(self) -> dict[str, int]:
        """The process (and its group) of each part of its stack."""
        pids: dict[str, int] = json.loads((self.folder / "up.json").read_text())["pids"]
        return pids


@contextmanager
def demo(environments: int = 140, port: int = 8123, given: Mapping[str, str] | None = None) -> Iterator[Demo]:
    """A demo of its own in a temporary folder; `given`: variables that lead it to another fleet."""
    with tempfile.TemporaryDirectory(prefix="ona-demo-") as folder:
        said = Path(folder) / "said"
        with said.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(port), "--environments", str(environments)],
                cwd=ROOT,
                stdout=output,
                stderr=output,
                env={"PATH": "/usr/bin:/bin", "VAR_DIR": f"{folder}/var", **(given or {})},
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
        passwords = dict(re.findall(r"^ +(admin|operator|viewer) +(\S+)$", text, re.MULTILINE))
        if (url := re.search(r"Dashboard: (\S+)", text)) and len(passwords) == 3:
            time.sleep(LIVE_SECONDS)
            return Demo(url[1], passwords, said.with_name("var"))
        time.sleep(0.2)
    raise SystemExit(f"The demo did not start:\n{said.read_text()}")


def go(page: Page, url: str) -> None:
    """Once more where the page before it has just begun to load itself anew."""
    for more in (True, True, False):
        try:
            page.goto(url)
        except Error as trouble:
            if not more or "ERR_ABORTED" not in str(trouble):
                raise
            page.wait_for_timeout(500)
        else:
            return


def signed_in(browser: Browser, at: Demo, size: tuple[int, int], scheme: str, name: str = "admin") -> Page:
    """A page of a window of its own, at the overview."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    return sign_in(context, at, name)


def sign_in(context: BrowserContext, at: Demo, name: str = "admin") -> Page:
    page = context.new_page()
    go(page, at.url)
    page.fill("#id_username", name)
    page.fill("#id_password", at.passwords[name])
    page.click("button")
    page.wait_for_selector("nav [aria-current]")
    return page


def addresses(page: Page, at: Demo) -> Iterator[tuple[str, str]]:
    """(name, path) of every page: the lists, and the first resource of each."""
    for name in PAGES:
        yield name, "/" if name == "overview" else f"/{name}/"
    for name in LISTS:
        go(page, f"{at.url}/{name}/?phase=running" if name != "tasks" else f"{at.url}/tasks/?sort=-run")
        if not page.locator("td.main a").count():
            go(page, f"{at.url}/{name}/")
        path = page.locator("td.main a").first.get_attribute("href")
        yield f"{name}-one", path or f"/{name}/"
        if name == "environments" and path:
            yield "automations", f"{path}automations/"
    go(page, f"{at.url}/environments/?phase=failed")
    yield "environments-failed", page.locator("td.main a").first.get_attribute("href") or "/"
    yield "create", "/environments/new/"
    yield "idle-kept", "/idle/?show=kept"
    yield "exemptions", "/idle/exemptions/"
    yield "channels", "/idle/channels/"
    yield "channel-new", "/idle/channels/new/"
    yield "messages-to-you", "/accounts/messages/"
    yield "batches", "/batches/"
    yield "views", "/views/"
    yield "words", "/help/"
    yield "columns", "/columns/environments/"
    yield "own-columns", "/environments/?columns=phase,branch,runner,ports,started,id&density=compact"
    yield "prices", "/classes/prices/"
    yield "filter-mistake", "/environments/?q=phase%3Arunnin+projct%3Aweb"
    yield "filter-help", "/filter/environments/"
    yield "classes", "/classes/"
    yield "not-found", "/environments/unknown/"
    yield "nothing-matches", "/environments/?q=nothing+is+called+this"


def dialog(page: Page, at: Demo) -> None:
    """The confirmation for stopping an environment, open."""
    go(page, f"{at.url}/environments/?phase=running")
    page.locator("a.button.stop").first.click()
    page.wait_for_selector("dialog[open]")

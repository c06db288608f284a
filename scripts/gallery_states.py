"""What pages look like in other states than at their best, for the gallery: (name, whether the whole page is meant).

Each state leaves the page as it is to be pictured; what it broke is whole again once the next one is asked for.
"""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from playwright.sync_api import Browser, Page

from scripts.demo import LISTS, ROOT, Demo, dialog, go, signed_in

State = tuple[str, bool]
ADDRESSES = {
    "audit": "/activity/audit/",
    "environments-none-match": "/environments/?q=nothing+is+called+this",
    "services-none-match": "/services/?q=nothing+is+called+this",
    "policies": "/idle/policies/",
    "policy-new": "/idle/policies/new/",
    "what-if": "/idle/what-if/",
    "reports": "/idle/reports/",
    "tokens": "/accounts/tokens/",
    "sessions": "/accounts/sessions/",
    "api": "/api/",
    "webhooks": "/webhooks/",
    "webhook-new": "/webhooks/new/",
    "found": "/find/?q=web",
    "keys": "/keys/",
    "view-new": "/views/new/environments/?q=phase%3Arunning",
    "exempt-new": "/idle/exemptions/new/",
}
FIRSTS = {
    "environment-deleted": "/environments/?q=phase%3Adeleting%2Cdeleted",
    "environment-hostile": "/environments/?q=alert",
    "environment-rtl": "/environments/?q=RTL",
    "environment-warned": "/environments/?q=phase%3Arunning+has%3Awarning",
    "service-failed": "/services/?phase=failed",
    "task-failed": "/tasks/?q=last%3Afailed",
    "task-often": "/tasks/?q=lint",
    "execution-running": "/executions/?phase=running",
    "execution-failed": "/executions/?phase=failed",
}
"""The first of such a list."""
GERMAN = ("/", "/environments/", "/idle/", "/idle/policies/", "/system/", "/accounts/messages/")
PRINTED = ("/", "/environments/", "/executions/")
WITHOUT_SCRIPT = ("/", "/environments/")
AWAY_MS = 90_000
"""For which a page may need to notice that something is away."""
BROKEN = """
from django.template.loader import render_to_string
print(render_to_string("500.html", {"id": "4f1c2a9be0d74c37", "style": "STYLE"}))
"""


def states(page: Page, at: Demo) -> Iterator[State]:
    """Of somebody signed in as admin, whose page this is."""
    for name, path in ADDRESSES.items():
        go(page, at.url + path)
        yield name, True
    for name, path in FIRSTS.items():
        go(page, at.url + path)
        first = page.locator("td.main a").first
        if first.count():
            go(page, at.url + (first.get_attribute("href") or "/"))
            yield name, True
    yield from _asked(page, at)
    dialog(page, at)
    yield "dialog", False
    go(page, f"{at.url}/environments/")
    page.click("#choose-columns")
    page.wait_for_selector("#dialog .column-list")
    yield "columns-dialog", False
    go(page, f"{at.url}/environments/")
    page.get_by_role("link", name="How to filter").click()
    page.wait_for_selector("#dialog .help-scroll")
    yield "filter-dialog", False
    go(page, f"{at.url}/environments/")
    page.keyboard.press("?")
    page.wait_for_selector("#dialog table.keys")
    yield "keys-dialog", False
    go(page, at.url)
    page.keyboard.press("Control+k")
    page.keyboard.type("we")
    page.wait_for_selector("#palette-list [role=option]")
    yield "palette", False


def _asked(page: Page, at: Demo) -> Iterator[State]:
    """Several chosen, what is asked before they stop, and their batch; a form that is refused."""
    go(page, f"{at.url}/environments/?phase=running")
    for place in range(3):
        page.locator("td.pick input").nth(place).check()
    yield "environments-chosen", False
    page.click("#stop-chosen")
    page.wait_for_selector("#dialog #reason")
    yield "batch-dialog", False
    page.fill("#reason", "Nobody has used them since Friday")
    page.click("#dialog button[type=submit]")
    page.wait_for_url(re.compile("/batches/"))
    yield "batch", True
    go(page, f"{at.url}/idle/policies/new/")
    page.locator("main form[novalidate], main form").first.locator("button:not([type=button])").last.click()
    yield "policy-refused", True


def others(browser: Browser, at: Demo, page: Page) -> Iterator[tuple[Page, str, bool]]:
    """As others see pages: who may only look, who is not signed in, who reads German, who has no script."""
    go(page, f"{at.url}/environments/?phase=running")
    path = page.locator("td.main a").first.get_attribute("href") or "/"
    stop = page.locator("a.button.stop").first.get_attribute("href") or "/"
    run = _first(page, f"{at.url}/executions/?phase=failed")
    viewer = signed_in(browser, at, (1440, 900), "light", "viewer")
    go(viewer, at.url + path)
    yield viewer, "viewer-environment", True
    go(viewer, at.url + stop)
    yield viewer, "forbidden", False
    viewer.context.clear_cookies()
    go(viewer, at.url)
    yield viewer, "sign-in", False
    viewer.fill("#id_username", "admin")
    viewer.fill("#id_password", "wrong")
    viewer.click("button.primary")
    yield viewer, "sign-in-refused", False
    viewer.context.close()
    session = page.context.storage_state()
    german = browser.new_context(locale="de-DE", storage_state=session).new_page()
    for one in (*GERMAN, path, run):
        go(german, at.url + one)
        yield german, f"german{_word(one)}", True
    german.context.close()
    plain = browser.new_context(java_script_enabled=False, storage_state=session).new_page()
    for one in WITHOUT_SCRIPT:
        go(plain, at.url + one)
        yield plain, f"no-script{_word(one)}", True
    plain.context.close()


def _first(page: Page, url: str) -> str:
    go(page, url)
    return page.locator("td.main a").first.get_attribute("href") or "/"


def _word(path: str) -> str:
    words = [word for word in path.split("/") if word]
    return "-" + "-".join(word if len(word) < 16 else "one" for word in words or ["overview"])


def printed(page: Page, at: Demo) -> Iterator[str]:
    run = _first(page, f"{at.url}/executions/?phase=failed")
    for path in (*PRINTED, _first(page, f"{at.url}/environments/?phase=failed"), run):
        go(page, at.url + path)
        yield f"print{_word(path)}"


def troubles(page: Page, at: Demo) -> Iterator[State]:
    """Ona, then Redis, then the database are away; last a page that could not be made."""
    paths = {
        name: f"{at.url}/{name}/".replace("/overview/", "/") for name in ("overview", *LISTS[:1], "system")
    }
    paths["environment"] = at.url + _first(page, f"{at.url}/environments/?phase=running")
    with _frozen(at, "simulator"):
        go(page, at.url)
        page.wait_for_selector("#trouble:visible", timeout=AWAY_MS)
        yield from _each(page, paths, "ona-away")
    with _frozen(at, "valkey"):
        yield from _each(page, paths, "redis-away")
    with _without_sessions(at):
        yield from _each(page, paths, "database-away")
    go(page, at.url)
    style = page.locator("link[rel=stylesheet]").first.get_attribute("href") or ""
    made = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", BROKEN.replace("STYLE", style)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "VAR_DIR": str(at.folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    page.route("**/broken/", lambda route: route.fulfill(body=made.stdout, content_type="text/html"))
    go(page, f"{at.url}/broken/")
    yield "error-500", False


def _each(page: Page, paths: dict[str, str], end: str) -> Iterator[State]:
    for name, url in paths.items():
        go(page, url)
        yield f"{end}-{name}", False


@contextmanager
def _frozen(at: Demo, name: str) -> Iterator[None]:
    """One part of the stack stands still: who asks it waits."""
    os.killpg(at.pids()[name], signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(at.pids()[name], signal.SIGCONT)


@contextmanager
def _without_sessions(at: Demo) -> Iterator[None]:
    """The database answers every page with an error."""
    with closing(sqlite3.connect(at.folder / "dashboard.sqlite3", timeout=30)) as database:
        database.execute("ALTER TABLE django_session RENAME TO away")
        database.commit()
        try:
            yield
        finally:
            database.execute("ALTER TABLE away RENAME TO django_session")
            database.commit()


NOTHING = (
    "/",
    "/environments/",
    "/services/",
    "/tasks/",
    "/executions/",
    "/idle/",
    "/idle/policies/",
    "/idle/exemptions/",
    "/idle/reports/",
    "/idle/channels/",
    "/batches/",
    "/costs/",
    "/classes/",
    "/activity/",
    "/views/",
    "/webhooks/",
    "/accounts/tokens/",
    "/system/",
)


def nothing(page: Page, at: Demo) -> Iterator[State]:
    """In an organisation that has no environment."""
    for path in NOTHING:
        go(page, at.url + path)
        yield f"nothing{_word(path)}", True

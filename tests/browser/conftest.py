"""What the browser tests share: one running stack, one Chromium, and a fresh browser profile for each test.

A test fails on anything its pages write to the console as an error (a refusal by the content security policy
is one), unless it says beforehand that it expects it.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from celery import Celery
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from dashboard.celery import options
from dashboard.config.base import valkey_socket
from dashboard.fleet.snapshot import load
from dashboard.fleet.store import Store, connect, namespace
from dashboard.stack import parts
from scripts.chromium import install
from tests.test_stack import CHILDREN, ROOT, environ

PATIENCE = 30.0
DELIBERATE = ("^htmx:sendAbort|^htmx:abort|^htmx:afterRequest",)
"""htmx calls it an error when a newer question takes the place of an older one; of what really went wrong it also
says sendError, responseError or timeout.
"""
ARGUMENTS = ["--environments", "60", "--seed", "7", "--speed", "10"]
VARIABLES = {"POLL_HOT_SECONDS": "1", "POLL_FULL_SECONDS": "5"}


def until(holds: Callable[[], object], seconds: float = PATIENCE, show: Callable[[], object] = str) -> None:
    """Wait until `holds()` is true; fails after `seconds`, with what `show()` says."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {show()}"
        time.sleep(0.05)


@dataclass
class Stack:
    """A running `manage.py up` over a simulated fleet in which things happen within seconds."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"
    cookies: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return self.folder.with_name("said").read_text(encoding="utf-8")

    def password(self, name: str) -> str:
        found = re.search(rf"^ +{name} +(\S+)$", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    def pid(self, name: str) -> int:
        """0 while it does not run."""
        pids = json.loads((self.folder / "up.json").read_text(encoding="utf-8"))["pids"]
        return int(pids.get(name, 0))

    def kill(self, name: str) -> int:
        """Kill a child; returns the process id it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def actions(self) -> list[tuple[str, ...]]:
        """(verb, target id, state, actor, reason) of every action, oldest first, from the database itself."""
        path = f"file:{self.folder / 'dashboard.sqlite3'}?mode=ro"
        question = "select verb, target_id, state, actor_name, reason from control_action order by created"
        with closing(sqlite3.connect(path, uri=True, timeout=10)) as database:
            return [tuple(row) for row in database.execute(question)]

    def have_done(self, job: str) -> None:
        """Ask the stack's own worker for a job that is not due yet."""
        with Celery(set_as_current=False) as app:
            app.conf.update(options(f"unix://{quote(str(valkey_socket(self.folder)))}"))
            app.send_task(job)

    def wait(self) -> None:
        until(lambda: "Dashboard: " in self.said or self.process.poll() is not None, 60)
        assert "Dashboard: " in self.said, self.said
        until(lambda: all(self.pid(name) for name in CHILDREN))
        address = json.loads((self.folder / "up.json").read_text(encoding="utf-8"))["api"]
        with closing(connect(f"unix://{quote(str(valkey_socket(self.folder)))}")) as redis:
            store = Store(redis, namespace(address, parts.SIMULATED_KEY))
            until(lambda: load(store).projects and load(store).people, 60)  # the names are read last


def running(folder: Path, *arguments: str) -> Iterator[Stack]:
    """`manage.py up` with these arguments, until the end."""
    port = parts.free_port()
    with folder.with_name("said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port), *arguments],
            cwd=ROOT,
            env=environ(folder, **VARIABLES),
            stdout=said,
            stderr=said,
        )
    stack = Stack(folder, port, process)
    try:
        stack.wait()
        yield stack
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    yield from running(tmp_path_factory.mktemp("browser") / "var", *ARGUMENTS)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        sandboxed = ["--no-sandbox"] if os.geteuid() == 0 else []
        expect.set_options(timeout=PATIENCE * 1000)
        browser = playwright.chromium.launch(executable_path=install(), args=sandboxed)
        yield browser
        browser.close()


@dataclass
class Person:
    """Somebody with a browser of their own. `expected` are patterns of console errors that are part of a test."""

    stack: Stack
    context: BrowserContext
    errors: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def page(self, path: str = "") -> Page:
        """A new tab, at `path` if one is given."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", lambda said: self._note(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self._note(f"uncaught: {error}"))
        if path:
            page.goto(path)
        return page

    def _note(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in (*DELIBERATE, *self.expected)):
            self.errors.append(text)


def mark(page: Page) -> None:
    """Leave something that a reload would wipe out."""
    page.evaluate("window.marked = true")


def assert_not_reloaded(page: Page) -> None:
    assert page.evaluate("window.marked") is True


POST = """async (path) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(path, { method: "POST", headers: { "X-CSRFToken": token } });
  return answer.status;
}"""
"""Sends what a form would send, with the page's own token."""


def stop_one(page: Page, stack: Stack) -> str:
    """Stop a running environment and return its id; the simulated people leave it alone from then on."""
    page.goto("/environments/?phase=running")
    path = page.locator("a.stop").first.get_attribute("href") or ""
    assert page.evaluate(POST, path) == 200
    identifier = path.split("/")[2]
    stopped = ("environment.stop", identifier, "confirmed")
    until(lambda: stopped in [one[:3] for one in stack.actions()], show=stack.actions)
    return identifier


Visit = Callable[..., Person]


@pytest.fixture
def visit(stack: Stack, chromium: Browser) -> Iterator[Visit]:
    """`visit("admin")` is an admin with a fresh browser; "" is somebody who has not signed in."""
    people = []

    def enter(role: str = "", **options: Any) -> Person:
        kept = signed_in(stack, chromium, role) if role else None
        context = chromium.new_context(base_url=stack.url, storage_state=kept, **options)
        context.set_default_timeout(PATIENCE * 1000)
        people.append(Person(stack, context))
        return people[-1]

    yield enter
    for person in people:
        person.context.close()
    errors = [error for person in people for error in person.errors]
    assert not errors


def signed_in(stack: Stack, chromium: Browser, role: str) -> Any:
    """The cookies of a session of this role; made once, because a password takes long to check, as it should."""
    if role not in stack.cookies:
        with chromium.new_context(base_url=stack.url) as context:
            page = context.new_page()
            page.goto("/accounts/login/")
            sign_in(page, role, stack.password(role))
            stack.cookies[role] = context.storage_state()
            until(lambda: _fleet_is_read(page))
    return stack.cookies[role]


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".who")


def _fleet_is_read(page: Page) -> bool:
    """Environments and names are there, so that no test sees the fleet arrive."""
    page.goto("/environments/?q=oda")
    return page.locator("#rows tr[id]").count() > 0

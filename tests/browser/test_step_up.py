"""Who one is, asked once more in the dialog one is in: by keyboard, a wrong password first, and nothing is lost."""

import sqlite3
from contextlib import closing

import pytest
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from playwright.sync_api import Browser, expect

from dashboard.web import step_up
from tests.browser.conftest import Stack, Visit, sign_in, until

pytestmark = pytest.mark.browser
SALT = "django.contrib.sessions.SessionStore"


def grow_old(stack: Stack, session: str) -> None:
    """It is long ago that somebody said in this session who they are."""
    key = (stack.folder / "secret_key").read_text(encoding="utf-8").strip()
    with closing(sqlite3.connect(stack.folder / "dashboard.sqlite3", timeout=10)) as database, database:
        where = "from django_session where session_key = ?"
        [[data]] = database.execute(f"select session_data {where}", [session])
        told = signing.loads(data, key=key, salt=SALT, serializer=JSONSerializer)
        told[step_up.KEY] = 0
        made = signing.dumps(told, key=key, salt=SALT, serializer=JSONSerializer, compress=True)
        database.execute("update django_session set session_data = ? where session_key = ?", [made, session])


def test_the_dialog_asks_who_one_is_and_goes_on_where_one_was(
    visit: Visit, stack: Stack, chromium: Browser
) -> None:
    admin = visit()  # not the session that other tests share
    page = admin.page("/accounts/login/")
    sign_in(page, "admin", stack.password("admin"))
    [session] = [one["value"] for one in admin.context.cookies() if one["name"] == "ona_session"]
    grow_old(stack, session)

    page.goto("/environments/?q=phase:stopped")
    path = page.locator("#rows .main a").first.get_attribute("href") or ""
    identifier = path.split("/")[2]
    page.goto(path)
    page.locator(f'#header a[href="{path}delete/"]').dispatch_event(
        "click"
    )  # in a menu that a poll may close
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Reason")).to_be_visible()
    expect(dialog.locator(".htmx-added")).to_have_count(
        0
    )  # what is typed before then goes to the first field
    dialog.get_by_label("Reason").fill("an old <one>")
    if dialog.locator("input[name=confirmation]").count():
        dialog.locator("input[name=confirmation]").fill(identifier)
    dialog.locator("button[type=submit]").click()

    expect(dialog.get_by_role("heading", name="Is it you?")).to_be_visible()
    expect(dialog.get_by_label("Password")).to_be_focused()
    page.keyboard.type("a guess")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("That is not your password.")
    assert ("environment.delete", identifier) not in [one[:2] for one in stack.actions()]
    dialog.get_by_label("Password").fill(stack.password("admin"))
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    asked = ("environment.delete", identifier)
    until(lambda: asked in [one[:2] for one in stack.actions()], show=stack.actions)
    assert [one[4] for one in stack.actions() if one[:2] == asked] == ["an old <one>"]

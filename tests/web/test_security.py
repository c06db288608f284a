"""What the browser is told about every answer, and what templates and scripts must not hold."""

import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import LazySettings, settings
from django.test import Client, RequestFactory

from dashboard.control.models import User
from dashboard.web.trail import server_error
from tests.web.conftest import HTMX, Dashboard, text

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
ANSWERS = (
    "/", "/environments/", "/environments/none/", "/nowhere", "/accounts/login/", "/accounts/logout/",
    "/healthz", "/readyz", "/activity/", "/system/", "/environments/?seen=x",
)  # fmt: skip


@pytest.mark.parametrize("role", ["admin", "anonymous"])
def test_every_answer_carries_the_security_headers(dashboard: Dashboard, role: str) -> None:
    for path, headers in product(ANSWERS, ({}, HTMX)):
        answer = dashboard.get(path, role, **headers)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        for directive in (
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ):
            assert directive in policy
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert "camera=()" in answer["Permissions-Policy"]


def test_a_page_that_breaks_carries_them_too(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug with a secret")

    monkeypatch.setattr("dashboard.web.pages.activity.page", broken)
    dashboard.clients["admin"].raise_request_exception = False
    answer = dashboard.get("/activity/")
    assert answer.status_code == 500
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "Something went wrong" in text(answer)
    assert "secret" not in text(answer)
    assert re.search(r'<link rel="stylesheet" href="/static/dashboard[^"]*\.css">', text(answer))


def test_the_page_of_an_error_needs_no_database_and_no_style(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise ValueError("no manifest")

    monkeypatch.setattr("dashboard.web.trail.staticfiles_storage", SimpleNamespace(url=broken))
    answer = server_error(RequestFactory().get("/"))
    assert (answer.status_code, "stylesheet" in text(answer)) == (500, False)
    assert "To the overview" in text(answer)
    assert 'class="brand"' in text(answer)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_templates_hold_no_inline_script_or_style(template: object) -> None:
    html = template.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=", html)
    assert not re.search(r"\son[a-z]+=", html)
    assert not re.search(r"\bhx-on\b|hx-on:|hx-vals=[\"']?js:", html)
    assert not re.search(r"\|\s*safe\b|autoescape off", html)


def test_the_script_makes_no_html_from_texts() -> None:
    script = (settings.BASE_DIR / "static/dashboard.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function", script)


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(
    clients: dict[str, Client], users: dict[str, User]
) -> None:
    users["viewer"].set_password("right")
    users["viewer"].save()
    answer = clients["anonymous"].post("/accounts/login/", {"username": "viewer", "password": "right"})
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_a_page_that_is_not_there_is_a_page(dashboard: Dashboard) -> None:
    page = dashboard.get("/nowhere")
    assert page.status_code == 404
    assert "There is no such page." in text(page) or "Not found" in text(page)
    assert "urlpatterns" not in text(page)


def test_djangos_own_check_of_a_deployment_finds_nothing(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
        "CSRF_TRUSTED_ORIGINS": "https://ona.example.com",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "INFO"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_behind_https_browsers_are_told_to_keep_to_it(settings: LazySettings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000  # as settings.py sets it where CSRF_TRUSTED_ORIGINS is https
    assert Client().get("/healthz", secure=True)["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in Client().get("/healthz")


def test_another_window_gets_no_hold_on_a_page(dashboard: Dashboard) -> None:
    assert dashboard.get("/")["Cross-Origin-Opener-Policy"] == "same-origin"

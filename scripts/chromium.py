"""Finds a Chromium for the browser tests, or installs one; prints its path.

    python -m scripts.chromium

In this order: `CHROMIUM_PATH`, one on PATH, the one that `playwright install` fetches, `apt-get install` as root.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLAYWRIGHT_SECONDS = 60
APT_SECONDS = 400


class NoBrowser(Exception):
    """No Chromium is here and none could be installed; the message says what to do."""


def find() -> str:
    """The path of a Chromium that is already here; empty when there is none. NoBrowser: CHROMIUM_PATH is wrong."""
    if path := os.environ.get("CHROMIUM_PATH", "").strip():
        if not os.access(path, os.X_OK):
            raise NoBrowser(f"CHROMIUM_PATH={path} is no program; set it to a Chromium, or leave it unset.")
        return path
    return next((found for name in NAMES if (found := shutil.which(name))), "") or next(_fetched(), "")


def install() -> str:
    """The path of a Chromium, installed when there is none; raises NoBrowser when that fails."""
    return find() or _by_playwright() or _by_apt() or _give_up()


def _fetched() -> Iterator[str]:
    """What `playwright install` has fetched before."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            yield playwright.chromium.executable_path


def _by_playwright() -> str:
    print(f"No Chromium found; fetching one (at most {PLAYWRIGHT_SECONDS} s) …", file=sys.stderr, flush=True)
    _run([sys.executable, "-m", "playwright", "install", "chromium"], PLAYWRIGHT_SECONDS)
    return next(_fetched(), "")


def _by_apt() -> str:
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return ""
    print("Installing Debian's chromium …", file=sys.stderr, flush=True)
    _run(["apt-get", "update", "-qq"], APT_SECONDS)
    _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], APT_SECONDS)
    return find()


def _give_up() -> str:
    raise NoBrowser(
        "The browser tests need Chromium and none could be installed; install it (apt-get install chromium) "
        "or set CHROMIUM_PATH to one."
    )


def _run(command: list[str], seconds: int) -> None:
    """Runs an installer with its output on stderr, and ends it and all it started after `seconds`."""
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environ, start_new_session=True
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        print(f"{' '.join(command)} took over {seconds} s; ended.", file=sys.stderr, flush=True)


def main() -> int:
    try:
        print(install())
    except NoBrowser as trouble:
        print(trouble, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

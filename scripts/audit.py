"""axe and Lighthouse over every page of a running demo: what axe finds, and the worst score of each kind.

    make audit [ENVIRONMENTS=10000]

Pages of all kinds are looked at by axe, in both themes and two widths; Lighthouse measures overview, list and details
as somebody with a desk and as somebody with a phone would see them for the first time. Ends with 1 when axe finds
anything, or a score is below `LEAST`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Playwright, sync_playwright

from dashboard.stack.parts import free_port
from scripts.chromium import find
from scripts.demo import Demo, addresses, demo, sign_in, signed_in
from scripts.node import Ready, made_ready

LEAST = 95
KINDS = ("performance", "accessibility", "best-practices")
MEASURED = ("overview", "environments", "environments-one", "idle", "executions-one")
TRIES = 3
"""A busy machine makes Lighthouse miss the beginning of a page."""
SIZES = ((1440, 900), (390, 844))


def axe(browser: Browser, at: Demo) -> list[str]:
    """What axe finds, one line each."""
    found = []
    for size in SIZES:
        for scheme in ("light", "dark"):
            page = signed_in(browser, at, size, scheme)
            for name, path in list(addresses(page, at)):
                page.goto(at.url + path)
                found += [
                    f"{name} at {size[0]} px, {scheme}: {one['id']}: {node['html'][:160]}"
                    for one in Axe().run(page).response["violations"]
                    for node in one["nodes"]
                ]
            page.context.close()
    return found


def lighthouse(playwright: Playwright, at: Demo) -> list[tuple[str, str, dict[str, float], str]]:
    """(page, device, scores of 0 to 100, what weighs) for each measured page."""
    ready, port = made_ready(Path(__file__).with_name("lighthouse")), free_port()
    with TemporaryDirectory() as folder:
        arguments = ["--no-sandbox", f"--remote-debugging-port={port}"]
        context = playwright.chromium.launch_persistent_context(
            folder, executable_path=find(), args=arguments, headless=True
        )
        page = sign_in(context, at)
        paths = dict(addresses(page, at))
        page.goto("about:blank")
        results = [
            (name, device, *_measure(ready, port, at.url + paths[name], device))
            for name in MEASURED
            for device in ("desktop", "phone")
        ]
        context.close()
    return results


def _measure(ready: Ready, port: int, url: str, device: str) -> tuple[dict[str, float], str]:
    program = str(ready.place / "node_modules/lighthouse/cli/index.js")
    command = [ready.node, program, url, f"--port={port}", "--output=json", "--quiet"]
    command += ["--disable-storage-reset", f"--only-categories={','.join(KINDS)}"]
    command += ["--preset=desktop"] if device == "desktop" else []
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=180, env=dict(os.environ)
    )
    if done.returncode:
        raise SystemExit(f"Lighthouse could not measure {url}:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    audits = report["audits"]
    shift, weight = (
        audits["cumulative-layout-shift"]["numericValue"],
        audits["total-byte-weight"]["numericValue"],
    )
    scripts = sum(
        one["transferSize"]
        for one in audits["network-requests"]["details"]["items"]
        if one.get("resourceType") == "Script"
    )
    said = f"layout shift {shift:.3f}, {weight / 1000:.0f} kB in all, scripts {scripts / 1000:.0f} kB"
    failing = sorted(key for key, one in audits.items() if one["score"] is not None and one["score"] < 0.5)
    return {
        kind: 100 * report["categories"][kind]["score"] for kind in KINDS
    }, f"{said}; {', '.join(failing)}"


def main() -> int:
    with demo(int(os.environ.get("ENVIRONMENTS") or 140)) as at, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        violations = axe(browser, at)
        browser.close()
        results = lighthouse(playwright, at)
    print("\n".join(violations) or "axe finds nothing.")
    for name, device, scores, said in results:
        print(f"{name:18} {device:8}" + "".join(f"{kind} {scores[kind]:3.0f}  " for kind in KINDS) + said)
    worst = {kind: min(scores[kind] for _, _, scores, _ in results) for kind in KINDS}
    print("Worst: " + ", ".join(f"{kind} {score:.0f}" for kind, score in worst.items()))
    return 1 if violations or min(worst.values()) < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())

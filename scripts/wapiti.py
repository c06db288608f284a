"""Scans a running demo of the dashboard with wapiti, over loopback only, as nobody and as each role.

    python -m scripts.wapiti [--roles nobody,viewer]

wapiti lives in an environment of its own under `var/`. Where it cannot be installed that is said, and nothing is
scanned. Exit code 1 when it finds anything above informational.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dashboard.stack.parts import free_port

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "var" / "wapiti"
REQUIREMENTS = ROOT / "scripts" / "requirements-wapiti.txt"
MODULES = (
    "cookieflags", "crlf", "csp", "csrf", "exec", "file", "htaccess", "http_headers", "ldap", "methods",
    "permanentxss", "redirect", "sql", "upload", "xss",
)  # fmt: skip
"""All that need nobody else on the network."""
ROLES = ("nobody", "viewer", "operator")
SECONDS = 120
"""A scan goes no longer."""
INFORMATIONAL = 1
NOT_SCANNED = 2
"""Exit code where nothing can be said."""


class NotFinished(Exception):
    """A scan took too long; the role as which it went."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--roles", default=",".join(ROLES))
    roles = parser.parse_args().roles.split(",")
    if not (program := installed()):
        print("=== NOT SCANNED: wapiti cannot be installed here", file=sys.stderr)
        return NOT_SCANNED
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [sys.executable, "manage.py", "up", "--port", str(port), "--environments", "40"]
        environ = {"PATH": "/usr/bin:/bin", "HOME": folder, "VAR_DIR": folder}
        with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as stack:
            try:
                passwords, url = _passwords(stack), f"http://127.0.0.1:{port}/"
                # All at first: the tries of a scanner are limited like anybody's.
                cookies = {role: _cookie(url, role, passwords[role]) for role in roles if role != "nobody"}
                for role in roles:
                    found += _scan(program, url, role, cookies.get(role, ""), Path(folder))
            except NotFinished as late:
                print(f"=== NOT SCANNED TO ITS END as {late}: the machine is too slow", file=sys.stderr)
                return NOT_SCANNED
            finally:
                stack.terminate()
                stack.wait(30)
    return 1 if found else 0


def installed() -> Path | None:
    """wapiti's program, installed if need be; None where that does not work."""
    program = PLACE / "bin" / "wapiti"
    if program.exists():
        return program
    venv.create(PLACE, with_pip=True, clear=True)
    install = [str(PLACE / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
    done = subprocess.run([*install, str(REQUIREMENTS)], capture_output=True, check=False)
    return program if done.returncode == 0 and program.exists() else None


def _passwords(stack: "subprocess.Popen[str]") -> dict[str, str]:
    """Those that `manage.py up` prints until it answers."""
    found: dict[str, str] = {}
    for line in stack.stdout or ():
        if told := re.match(r"\s*(admin|operator|viewer)\s+(\S{19})\s*$", line):
            found[told[1]] = told[2]
        if line.startswith("Dashboard: "):
            return found
    raise SystemExit("the demo did not start")


def _scan(program: Path, url: str, role: str, cookie: str, folder: Path) -> int:
    """How many findings above informational."""
    report = folder / f"{role}.json"
    command = [str(program), "-u", url, "--scope", "folder", "-m", ",".join(MODULES), "-d", "3", "--flush-session",
               "--max-links-per-page", "30", "--max-files-per-dir", "12", "--max-scan-time", str(SECONDS),
               "--max-attack-time", str(SECONDS // len(MODULES)), "-S", "normal", "-t", "10",
               "--store-session", str(folder / "session"), "-x", f"{url}accounts/logout/", "-v", "0",
               "-f", "json", "-o", str(report), "--no-bugreport"]  # fmt: skip
    if cookie:
        command += ["-H", f"Cookie: {cookie}", "-x", f"{url}accounts/login/"]
    began = time.monotonic()
    try:
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False, timeout=SECONDS * 3)
    except subprocess.TimeoutExpired:
        raise NotFinished(role) from None
    told = json.loads(report.read_text(encoding="utf-8"))
    findings = [(kind, one) for kind, all_of in told["vulnerabilities"].items() for one in all_of]
    findings += [(kind, one) for kind, all_of in told["anomalies"].items() for one in all_of]
    pages = told["infos"].get("crawled_pages_nbr", "?")
    print(f"{role}: {pages} pages, {len(findings)} findings, {time.monotonic() - began:.0f} s")
    for kind, one in findings:
        print(f"  level {one['level']} {kind}: {one['method']} {one['path']}: {one['info']}")
    return sum(_counts(one) for _, one in findings)


def _counts(finding: dict[str, Any]) -> int:
    """Whether it is above informational. Not so for the token of the sign-in: both answers that wapiti compares there
    are 429, since its tries are limited like anybody's; a test of ours sends forms without tokens.
    """
    limited = finding["path"] == "/accounts/login/" and "CSRF" in finding["info"]
    return int(finding["level"] > INFORMATIONAL and not limited)


def _cookie(url: str, name: str, password: str) -> str:
    """A session, as a browser gets one."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"{url}accounts/login/"
    page = browser.open(address).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    form = {"username": name, "password": password, "csrfmiddlewaretoken": token[1] if token else ""}
    request = urllib.request.Request(address, urlencode(form).encode(), {"Referer": address})  # noqa: S310
    browser.open(request).read()
    return "; ".join(f"{one.name}={one.value}" for one in jar)


if __name__ == "__main__":
    raise SystemExit(main())

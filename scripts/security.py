"""Everything that a security team would run: `make security` closes with `N passed, N failed`.

Tests of sign-in, permissions, secrets and the audit; a fuzzer over all addresses, longer than in `make test`; the
supply; a scanner. `SECURITY_EXAMPLES` requests are sent as each role,
`API_EXAMPLES` by schemathesis.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from scripts.supply import checks, tell

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "var" / "security.xml"
EXAMPLES = "600"
TESTS = (
    "tests/security", "tests/sso", "tests/control/test_permissions.py", "tests/control/test_audit.py",
    "tests/control/test_audit_forward.py", "tests/control/test_notify.py", "tests/fleet/test_secrets.py",
    "tests/control/test_webhooks.py", "tests/web/test_api.py", "tests/web/test_api_acts.py",
    "tests/web/test_api_schema.py", "tests/web/test_tokens.py", "tests/web/test_webhooks.py",
    "tests/web/test_access.py", "tests/web/test_accounts.py", "tests/web/test_ansi.py", "tests/web/test_audit.py",
    "tests/web/test_hostile.py", "tests/web/test_limits.py", "tests/web/test_reports.py", "tests/web/test_security.py",
    "tests/web/test_sessions.py", "tests/web/test_sso_proxy.py", "tests/web/test_step_up.py",
    "tests/test_access_token.py", "tests/test_config.py",
)  # fmt: skip


def main() -> int:
    passed, failed = _tests()
    for check in checks(ROOT / "var" / "sbom.json"):
        result = check()
        tell(result)
        passed, failed = passed + (result.ok is True), failed + (result.ok is False)
    scan = subprocess.run([sys.executable, "-m", "scripts.wapiti"], cwd=ROOT, check=False)
    passed, failed = passed + (scan.returncode == 0), failed + (scan.returncode == 1)
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


def _tests() -> tuple[int, int]:
    """Passed and failed; a run that cannot even begin has failed."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)
    environ = {"SECURITY_EXAMPLES": EXAMPLES, "API_EXAMPLES": EXAMPLES, **os.environ}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadfile",
        f"--junitxml={REPORT}",
        *TESTS,
    ]
    subprocess.run(command, cwd=ROOT, env=environ, check=False)
    text = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
    counts = {name: int(found[1]) for name in ("tests", "failures", "errors", "skipped")
              if (found := re.search(rf'<testsuite [^>]*{name}="(\d+)"', text))}  # fmt: skip
    failed = counts.get("failures", 0) + counts.get("errors", 0)
    return counts.get("tests", 0) - failed - counts.get("skipped", 0), failed if counts else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""What the dashboard is made of: locked with hashes, under licences that we allow, without known holes, listed.

    python -m scripts.supply [--sbom FILE] [--only-sbom]

Prints a line for each check; exit code 1 when one fails. What needs the network and has none is skipped loudly, but for
`--only-sbom`, with which the image is built: an image without its list is none.
"""

import argparse
import json
import re
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "requirements-image.txt"
TOOLS = ROOT / "var" / "security-tools"
ALLOWED = re.compile(
    "MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Mozilla Public|MPL|LGPL|Lesser General|0BSD|Unlicense|CC0|Zope",
    re.IGNORECASE,
)
"""Licences under which a dependency may be shipped beside ours. LGPL: used as a library, unchanged."""
BY_HAND = {"tzdata": "Apache-2.0"}
"""Read in the package itself, where its metadata do not say."""


@dataclass(frozen=True, slots=True)
class Result:
    """`ok` is None for what was skipped."""

    name: str
    ok: bool | None
    words: str


def pinned(path: Path = RUNTIME) -> dict[str, str]:
    """Name → version of a locked requirements file."""
    text = path.read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", text, re.MULTILINE))


def hashes() -> Result:
    """Every requirement has a hash, so that pip takes nothing else for it."""
    bare = []
    for path in [*ROOT.glob("requirements*.txt"), *ROOT.glob("scripts/requirements*.txt")]:
        blocks = re.split(r"\n(?=[A-Za-z0-9])", path.read_text(encoding="utf-8"))
        named = [block for block in blocks if re.match(r"[A-Za-z0-9._-]+(\[[^\]]*\])?==", block)]
        bare += [f"{path.name}: {block.split()[0]}" for block in named if "--hash=sha256:" not in block]
    return Result("every locked package has a hash", not bare, "; ".join(bare))


def licence(package: Distribution) -> str:
    """As its metadata say, in the newest of the three ways there are; "" when they say nothing."""
    told = package.metadata
    classifiers = [
        one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or [] if one.startswith("License")
    ]
    said = [
        *(told.get_all("License-Expression") or []),
        ", ".join(classifiers),
        *(told.get_all("License") or []),
    ]
    return next((one.split("\n")[0] for one in said if one), "")


def licences() -> Result:
    """Of what runs: what is not installed here is for another system, and counted."""
    wrong, elsewhere = [], 0
    for name in pinned():
        try:
            told = BY_HAND.get(name) or licence(distribution(name))
        except PackageNotFoundError:
            elsewhere += 1
            continue
        if not ALLOWED.search(told):
            wrong.append(f"{name}: {told or 'says nothing'}")
    words = (
        "; ".join(wrong)
        or f"{len(pinned()) - elsewhere} packages, {elsewhere} for other systems not looked at"
    )
    return Result("licences are on the list", not wrong, words)


def dangerous_code() -> Result:
    """The rules of flake8-bandit, as ruff has them."""
    done = _run(sys.executable, "-m", "ruff", "check", "--select", "S", "--quiet", ".")
    return Result("no dangerous code (ruff S)", done.returncode == 0, done.stdout.strip()[-500:])


def known_holes() -> Result:
    name = "no known holes (pip-audit)"
    if not (tools := installed_tools()):
        return Result(name, None, "pip-audit cannot be installed here")
    arguments = ["-r", str(RUNTIME), "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    done = _run(str(tools / "pip-audit"), *arguments)
    unknown = done.stdout.count("could not be audited")
    if unknown or (done.returncode and "vulnerabilit" not in done.stdout + done.stderr):
        return Result(name, None, "the database of vulnerabilities cannot be reached from here")
    return Result(name, done.returncode == 0, done.stdout.strip()[-800:])


def bill(path: Path) -> Result:
    """A CycloneDX list of what runs, with versions and hashes."""
    name = f"a list of what runs (CycloneDX) is in {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}"
    if not (tools := installed_tools()):
        return Result(name, None, "cyclonedx-py cannot be installed here")
    path.parent.mkdir(parents=True, exist_ok=True)
    options = (
        "--pyproject",
        str(ROOT / "pyproject.toml"),
        "--output-reproducible",
        "--of",
        "JSON",
        "--validate",
    )
    done = _run(str(tools / "cyclonedx-py"), "requirements", str(RUNTIME), *options, "-o", str(path))
    if done.returncode:
        return Result(name, False, done.stderr.strip()[-500:])
    missing = left_out(json.loads(path.read_text(encoding="utf-8")))
    words = f"left out: {', '.join(missing)}" if missing else f"{len(pinned())} components, valid"
    return Result(name, not missing, words)


def left_out(listed: dict[str, Any]) -> list[str]:
    """What is locked for the image and is not in the list with this version and a hash."""
    found = {
        (one["name"], one["version"])
        for one in listed["components"]
        if any(reference.get("hashes") for reference in one.get("externalReferences", []))
    }
    return [f"{name} {version}" for name, version in pinned().items() if (name, version) not in found]


def installed_tools() -> Path | None:
    """The folder of pip-audit and cyclonedx-py, installed if need be; None where that does not work."""
    programs = TOOLS / "bin"
    if not (programs / "cyclonedx-py").exists():
        venv.create(TOOLS, with_pip=True, clear=True)
        wanted = str(ROOT / "scripts" / "requirements-security.txt")
        done = _run(
            str(programs / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", wanted
        )
        if done.returncode:
            return None
    return programs if (programs / "cyclonedx-py").exists() else None


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


def checks(sbom: Path) -> Iterator[Callable[[], Result]]:
    yield from (hashes, licences, dangerous_code, known_holes)
    yield lambda: bill(sbom)


def tell(result: Result) -> None:
    word = {True: "passed", False: "FAILED", None: "=== SKIPPED"}[result.ok]
    print(f"{word}: {result.name}{f' ({result.words})' if result.words else ''}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sbom", type=Path, default=ROOT / "var" / "sbom.json")
    parser.add_argument("--only-sbom", action="store_true")
    asked = parser.parse_args()
    results = [bill(asked.sbom)] if asked.only_sbom else [check() for check in checks(asked.sbom)]
    for result in results:
        tell(result)
    return int(any(result.ok is False or (asked.only_sbom and not result.ok) for result in results))


if __name__ == "__main__":
    raise SystemExit(main())

"""Keeps `requirements.txt`, `requirements-dev.txt` and `requirements-postgres.txt` in step with `uv.lock`.

python -m scripts.exports write     # what `make lock` runs; needs uv
python -m scripts.exports check     # what `make check` runs; without uv it compares the pinned versions
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXPORTS = {
    "requirements.txt": ["--no-dev"],
    "requirements-dev.txt": ["--all-groups"],
    "requirements-postgres.txt": ["--no-dev", "--extra", "postgres"],
    "requirements-image.txt": ["--no-dev", "--all-extras"],
    "requirements-build.txt": ["--only-group", "build"],
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)


def main(verb: str) -> int:
    uv = shutil.which("uv")
    if verb == "write":
        return write(uv)
    stale = [name for name in EXPORTS if not in_step(name, uv)]
    if stale:
        print(f"{' and '.join(stale)} do not match uv.lock; run: make lock", file=sys.stderr)
    return 1 if stale else 0


def write(uv: str | None) -> int:
    if uv is None:
        print("make lock needs uv; install it: pip install uv", file=sys.stderr)
        return 1
    subprocess.run([uv, "lock", "--quiet"], cwd=ROOT, check=True)
    for name in EXPORTS:
        (ROOT / name).write_text(export(uv, name), encoding="utf-8")
    return 0


def in_step(name: str, uv: str | None = None) -> bool:
    """Whether export `name` says what the lock says: word for word with uv, else by names, versions and hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if uv is not None:
        return text == export(uv, name)
    locked = locked_packages()
    pins = PIN.findall(text)
    known = all(version in locked.get(package, ()) for package, version in pins)
    hashes = set(re.findall(r"sha256:[0-9a-f]{64}", text))
    return (
        bool(pins)
        and known
        and hashes <= locked_hashes()
        and direct_dependencies(name) <= {p for p, _ in pins}
    )


def export(uv: str, name: str) -> str:
    """`name` as uv exports it from the lock, under a heading of our own."""
    command = [uv, "export", "--frozen", "--no-emit-project", "--no-annotate", "--no-header", *EXPORTS[name]]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return f"# Made from uv.lock by `make lock`. Do not edit.\n{lines}"


def locked_packages() -> dict[str, set[str]]:
    """The locked versions of each package."""
    versions: dict[str, set[str]] = defaultdict(set)
    for package in _lock()["package"]:
        versions[package["name"]].add(package["version"])
    return versions


def locked_hashes() -> set[str]:
    files = [
        file
        for package in _lock()["package"]
        for file in [*package.get("wheels", []), package.get("sdist", {})]
    ]
    return {file["hash"] for file in files if "hash" in file}


def direct_dependencies(name: str) -> set[str]:
    """What `pyproject.toml` asks for, by normalised name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups, asked = project["dependency-groups"], list(project["project"]["dependencies"])
    if name == "requirements-build.txt":
        asked = groups["build"]
    elif name == "requirements-dev.txt":
        asked += [line for line in groups["dev"] if isinstance(line, str)] + groups["build"]
    asked = [line for line in asked if "sys_platform" not in line]
    return {re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", line)[0]).lower() for line in asked}


def _lock() -> dict[str, Any]:
    return tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

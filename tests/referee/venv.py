"""Builds an official client's own environment, once for each content of its requirements file and each Python."""

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def home(requirements: Path) -> Path:
    """Where the environment lives."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    return ROOT / "var" / f"referee-{digest}-py{sys.version_info.major}.{sys.version_info.minor}"


def python(requirements: Path | None = None) -> Path:
    """The environment's Python, built if need be. Raises when it cannot be built: a referee is never skipped."""
    requirements = requirements or REQUIREMENTS
    place = home(requirements)
    place.parent.mkdir(exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            shutil.rmtree(place, ignore_errors=True)
            _build(place, requirements)
            (place / "complete").touch()
    return place / "bin" / "python"


def _build(place: Path, requirements: Path) -> None:
    target, hashed = place / "bin" / "python", ("--require-hashes", "-r", str(requirements))
    if importlib.util.find_spec("ensurepip") is not None:
        venv.create(place, with_pip=True, symlinks=True)
        _run(str(target), "-m", "pip", "install", "--quiet", *hashed)
        return
    uv = shutil.which("uv")
    if uv is None:
        raise RuntimeError("The referee needs an environment of its own: install Python's ensurepip, or uv.")
    _run(uv, "venv", "--quiet", "--python", sys.executable, str(place))
    _run(uv, "pip", "install", "--quiet", "--python", str(target), *hashed)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")

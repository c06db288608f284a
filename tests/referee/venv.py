"""Builds the official client's own environment, once for each content of the requirements file and each Python."""

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


def home() -> Path:
    """Where the environment lives."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    return ROOT / "var" / f"referee-{digest}-py{sys.version_info.major}.{sys.version_info.minor}"


def python() -> Path:
    """The environment's Python, built if need be. Raises when it cannot be built: a referee is never skipped."""
    place = home()
    place.parent.mkdir(exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            shutil.rmtree(place, ignore_errors=True)
            _build(place)
            (place / "complete").touch()
    return place / "bin" / "python"


def _build(place: Path) -> None:
    target = place / "bin" / "python"
    if importlib.util.find_spec("ensurepip") is not None:
        venv.create(place, with_pip=True, symlinks=True)
        _run(str(target), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(REQUIREMENTS))
        return
    uv = shutil.which("uv")
    if uv is None:
        raise RuntimeError("The referee needs an environment of its own: install Python's ensurepip, or uv.")
    _run(uv, "venv", "--quiet", "--python", sys.executable, str(place))
    _run(
        uv, "pip", "install", "--quiet", "--python", str(target), "--require-hashes", "-r", str(REQUIREMENTS)
    )


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")

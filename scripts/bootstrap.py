"""Makes the virtual environment and installs what `make run` or `make test` needs, once.

    python scripts/bootstrap.py .venv requirements.txt

Standard library only: it runs before anything is installed. A stamp in the environment holds the hash of what was
installed; it is written last, so an install that was interrupted is done again.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def main(venv: Path, requirements: Path) -> int:
    stamp = venv / f".installed-{requirements.stem}"
    wanted = fingerprint(requirements)
    if is_installed(stamp, wanted):
        return 0
    try:
        install(venv, requirements)
    except subprocess.CalledProcessError as failure:
        print(
            f"Installing failed (exit code {failure.returncode}): {' '.join(failure.cmd[:4])} …",
            file=sys.stderr,
        )
        return 1
    except RuntimeError as trouble:
        print(trouble, file=sys.stderr)
        return 1
    stamp.write_text(wanted, encoding="ascii")
    return 0


def fingerprint(requirements: Path) -> str:
    """Changes with the Python that runs this and with the requirements."""
    running = f"{sys.version} {Path(sys.base_prefix).resolve()}"
    return hashlib.sha256(running.encode() + requirements.read_bytes()).hexdigest()


def is_installed(stamp: Path, wanted: str) -> bool:
    return python_of(stamp.parent).exists() and stamp.exists() and stamp.read_text(encoding="ascii") == wanted


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def install(venv: Path, requirements: Path) -> None:
    """Install exactly what `requirements` pins, with uv when it is there and works, else with pip.

    Raises CalledProcessError when an installer fails, RuntimeError (one sentence) when pip cannot be had.
    """
    print(f"Installing {requirements.name} into {venv.name} (once) …", flush=True)
    for stamp in venv.glob(".installed-*"):
        if stamp.read_text(encoding="ascii") != fingerprint(requirements.with_name(stamp.name[11:] + ".txt")):
            stamp.unlink()
    uv = shutil.which("uv")
    if uv and install_with_uv(uv, venv, requirements):
        return
    install_with_pip(venv, requirements)


def install_with_uv(uv: str, venv: Path, requirements: Path) -> bool:
    """Whether uv did it."""
    # Not what an activated environment or a user's project settings say: this project's own environment.
    environ = os.environ | {"VIRTUAL_ENV": str(venv), "UV_PYTHON_DOWNLOADS": "never"}
    pip = [
        uv,
        "--no-config",
        "pip",
        "install",
        "--quiet",
        "--python",
        str(python_of(venv)),
        "--compile-bytecode",
    ]
    try:
        if not fits(venv):
            run(
                [uv, "--no-config", "venv", "--quiet", "--clear", "--python", sys.executable, str(venv)],
                environ,
            )
        run([*pip, "--require-hashes", "-r", str(requirements)], environ)
    except (OSError, subprocess.CalledProcessError):
        print("uv could not install; trying pip.", flush=True)
        return False
    return True


def install_with_pip(venv: Path, requirements: Path) -> None:
    if not fits(venv) or not has_pip(venv):
        need_ensurepip()
        run([sys.executable, "-m", "venv", "--clear", str(venv)])
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run([str(python_of(venv)), "-m", "pip", "install", *quiet, "--require-hashes", "-r", str(requirements)])


def fits(venv: Path) -> bool:
    """Whether `venv` is an environment of this very Python that runs."""
    show = "import sys; print(sys.version, sys.base_prefix)"
    try:
        found = subprocess.run([python_of(venv), "-c", show], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return found.stdout.strip() == f"{sys.version} {sys.base_prefix}"


def has_pip(venv: Path) -> bool:
    return (
        subprocess.run(
            [python_of(venv), "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode
        == 0
    )


def need_ensurepip() -> None:
    """Some distributions ship `venv` without pip: mend it as root, else say how."""
    if importlib.util.find_spec("ensurepip") is not None:
        return
    packages = [f"python{PYTHON}-venv"]
    if shutil.which("apt-get") and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update", "-qq"], quiet)
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], quiet)
        return
    if shutil.which("apt-get"):
        raise RuntimeError(
            f"This Python cannot make virtual environments; run: sudo apt-get install {packages[0]}"
        )
    raise RuntimeError(
        "This Python lacks ensurepip; install its venv package, or uv (https://docs.astral.sh/uv/)."
    )


def run(command: list[str], environ: dict[str, str] | None = None) -> None:
    subprocess.run(command, env=environ, check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main(ROOT / sys.argv[1], ROOT / sys.argv[2]))

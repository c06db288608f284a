"""What stands between a fresh clone and `make run`: the Python, the environment, the exports, the browser."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dashboard.stack import guard
from scripts import bootstrap, chromium, exports

ROOT = Path(__file__).parent.parent


def program(folder: Path, name: str, script: str) -> Path:
    """A program `name` in `folder` that runs `script`."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def find_python(path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": str(path)} | variables
    command = ["/bin/sh", "scripts/find-python"]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def test_the_plain_python_is_taken_when_it_is_new_enough(tmp_path: Path) -> None:
    python = program(tmp_path, "python3", f'exec {sys.executable} "$@"')
    program(tmp_path, "python3.13", f'exec {sys.executable} "$@"')
    assert find_python(tmp_path).stdout.strip() == str(python)


def test_a_python_that_is_too_old_or_does_not_run_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "python3", "exit 1")
    program(tmp_path, "python3.13", "echo no such version >&2; exit 127")
    python = program(tmp_path, "python3.12", f'exec {sys.executable} "$@"')
    assert find_python(tmp_path).stdout.strip() == str(python)


def test_without_a_python_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    ended = find_python(tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Python 3.11 or newer is needed")
    assert ended.stderr.count("\n") == 1


def test_a_python_that_was_asked_for_and_does_not_run_is_an_error(tmp_path: Path) -> None:
    program(tmp_path, "python3", f'exec {sys.executable} "$@"')
    ended = find_python(tmp_path, PYTHON="python9")
    assert ended.returncode == 1
    assert "PYTHON=python9" in ended.stderr


@pytest.fixture
def nothing_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A requirements file that asks for nothing, and no uv on PATH."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("", encoding="utf-8")
    return requirements


def test_what_is_installed_is_not_installed_again(tmp_path: Path, nothing_required: Path) -> None:
    venv = tmp_path / "venv"
    assert bootstrap.main(venv, nothing_required) == 0
    made = (venv / "pyvenv.cfg").stat().st_mtime_ns
    assert bootstrap.is_installed(venv / ".installed-requirements", bootstrap.fingerprint(nothing_required))
    assert bootstrap.main(venv, nothing_required) == 0
    assert (venv / "pyvenv.cfg").stat().st_mtime_ns == made


def test_an_install_that_failed_is_done_again(tmp_path: Path, nothing_required: Path) -> None:
    venv, stamp = tmp_path / "venv", tmp_path / "venv/.installed-requirements"
    nothing_required.write_text("./no-such-package --hash=sha256:00\n", encoding="utf-8")
    assert bootstrap.main(venv, nothing_required) == 1
    assert not stamp.exists()
    nothing_required.write_text("", encoding="utf-8")
    assert bootstrap.main(venv, nothing_required) == 0
    assert stamp.exists()


def test_changed_requirements_are_installed(tmp_path: Path, nothing_required: Path) -> None:
    stamp = tmp_path / "venv/.installed-requirements"
    bootstrap.main(stamp.parent, nothing_required)
    nothing_required.write_text("# other\n", encoding="utf-8")
    assert not bootstrap.is_installed(stamp, bootstrap.fingerprint(nothing_required))


def test_without_ensurepip_the_mending_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(RuntimeError, match=r"run: sudo apt-get install python3\.\d+-venv"):
        bootstrap.need_ensurepip()


@pytest.mark.parametrize("name", exports.EXPORTS)
def test_the_exports_match_the_lock(name: str) -> None:
    assert exports.in_step(name)


@pytest.mark.parametrize("name", exports.EXPORTS)
def test_an_export_of_other_versions_does_not_match(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("uv.lock", "pyproject.toml", name):
        shutil.copy(ROOT / file, tmp_path)
    monkeypatch.setattr(exports, "ROOT", tmp_path)
    assert exports.in_step(name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    (tmp_path / name).write_text(
        re.sub(r"^(celery|hatchling)==\S+", r"\1==0.0.1", text, flags=re.MULTILINE), encoding="utf-8"
    )
    assert not exports.in_step(name)


def test_an_export_without_a_dependency_does_not_match(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / "requirements.txt").write_text("celery==5.7.0\n", encoding="utf-8")
    monkeypatch.setattr(exports, "ROOT", tmp_path)
    assert not exports.in_step("requirements.txt")


def test_the_chromium_that_is_set_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = program(tmp_path, "mine", "exit 0")
    monkeypatch.setenv("CHROMIUM_PATH", str(browser))
    assert chromium.install() == str(browser)


def test_a_chromium_that_is_set_and_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM_PATH", "/nowhere/chromium")
    with pytest.raises(chromium.NoBrowser, match="CHROMIUM_PATH=/nowhere/chromium is no program"):
        chromium.install()


def test_a_chromium_on_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = program(tmp_path, "chromium-browser", "exit 0")
    monkeypatch.delenv("CHROMIUM_PATH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.install() == str(browser)


def test_without_any_chromium_it_fails_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM_PATH", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(chromium, "_fetched", lambda: iter(()))
    monkeypatch.setattr(chromium, "_run", lambda *_: None)
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 1000)
    with pytest.raises(chromium.NoBrowser, match="set CHROMIUM_PATH"):
        chromium.install()


def test_an_installer_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    hanging = program(tmp_path, "hanging", f"echo $$ >{tmp_path}/pid; sleep 60 & sleep 60")
    started = time.monotonic()
    chromium._run([str(hanging)], 1)
    assert time.monotonic() - started < 5
    group = int((tmp_path / "pid").read_text(encoding="utf-8"))
    while guard.is_alive(group):
        assert time.monotonic() - started < 10
        time.sleep(0.05)


@pytest.mark.parametrize(
    "target", ["run", "test", "check", "lock", "clean", "screenshots", "gallery", "audit", "help"]
)
def test_make_help_lists_every_command(target: str) -> None:
    ended = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.search(rf"^make {target} ", ended.stdout, re.MULTILINE)

"""The referee: the official client in its own process, against the simulator on a port."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.simulator import World, create_app, serve
from tests.referee import venv

DRIVER = Path(__file__).with_name("drive.py")
Step = dict[str, Any]
Drive = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def referee_python() -> Path:
    return venv.python()


@pytest.fixture(scope="session")
def drive(referee_python: Path) -> Drive:
    """`drive(base_url, *steps, key="token")` → one result per step (see drive.py)."""

    def run(base_url: str, *steps: Step, key: str = "token") -> list[Any]:
        order = json.dumps({"base_url": base_url, "key": key, "steps": steps})
        done = subprocess.run(
            [referee_python, DRIVER], input=order, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        results: list[Any] = json.loads(done.stdout)
        return results

    return run


@pytest.fixture(scope="module")
def world() -> World:
    """A fleet in which nothing moves by itself, at thirty times the speed."""
    return World(environments=230, seed=11, speed=30, life=False)


@pytest.fixture(scope="module")
def base_url(world: World) -> Iterator[str]:
    with serve(create_app(world, api_keys=["token", "readonly-token"])) as address:
        yield address


@pytest.fixture(scope="module")
def process_url() -> Iterator[str]:
    """A real `manage.py simulate` on a free port, alive and at thirty times the speed."""
    command = [sys.executable, "manage.py", "simulate", "--port", "0", "--speed", "30", "--api-key", "token"]
    process = subprocess.Popen(command, cwd=venv.ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Simulated Ona API: http://127.0.0.1:"), line
        yield line.split()[-1]
    finally:
        process.terminate()
        assert process.wait(10) == 0

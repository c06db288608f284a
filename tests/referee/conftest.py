"""The referee: the official client in its own process, against the simulator on a port."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dashboard.simulator import World, create_app, serve
from tests.referee import venv

DRIVER = Path(__file__).with_name("drive.py")
JUDGE = Path(__file__).with_name("judge.py")
GENERATED = Path(__file__).with_name("requirements-generated.txt")
Step = dict[str, Any]
Drive = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def referee_python() -> Path:
    return venv.python()


@contextmanager
def obeying(python: Path, driver: Path) -> Iterator[Callable[[Any], list[Any]]]:
    """A process that answers each order (JSON) with one list."""
    pipe = subprocess.PIPE
    with subprocess.Popen([python, driver], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        orders, answers = process.stdin, process.stdout

        def run(order: Any) -> list[Any]:
            orders.write(json.dumps(order) + "\n")
            orders.flush()
            line = answers.readline()
            assert line, "the official client's process ended; its traceback is on stderr"
            results: list[Any] = json.loads(line)
            return results

        yield run
        orders.close()
    assert process.returncode == 0


@pytest.fixture(scope="session")
def drive(referee_python: Path) -> Iterator[Drive]:
    """`drive(base_url, *steps, key="token")` → one result per step (see drive.py)."""
    with obeying(referee_python, DRIVER) as obey:

        def run(base_url: str, *steps: Step, key: str = "token") -> list[Any]:
            return obey({"base_url": base_url, "key": key, "steps": steps})

        yield run


@pytest.fixture(scope="session")
def judge() -> Iterator[Drive]:
    """`judge(*steps)` → one result per step (see judge.py)."""
    with obeying(venv.python(GENERATED), JUDGE) as obey:
        yield lambda *steps: obey(steps)


@pytest.fixture(scope="module")
def world() -> World:
    """A fleet in which nothing moves by itself, at thirty times the speed."""
    return World(environments=230, seed=11, speed=30, life=False)


@pytest.fixture(scope="module")
def base_url(world: World) -> Iterator[str]:
    with serve(create_app(world, api_keys=["token", "readonly-token"])) as address:
        yield address


@contextmanager
def simulate(*arguments: str) -> Iterator[str]:
    """A real `manage.py simulate` on a free port; yields its base address."""
    command = [sys.executable, "manage.py", "simulate", "--port", "0", *arguments]
    process = subprocess.Popen(command, cwd=venv.ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Simulated Ona API: http://127.0.0.1:"), line
        yield line.split()[-1]
    finally:
        process.terminate()
        assert process.wait(10) == 0

"""`ona-dashboard serve`: a web node that is told to end says so first and serves on meanwhile."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.stack import parts
from tests.conftest import until
from tests.test_stack import environ

ROOT = Path(__file__).parent.parent


def asked(port: int, path: str) -> tuple[int, str]:
    """Status and the header Connection; (0, "") when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, (answer.getheader("Connection") or "").lower()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def children(process: subprocess.Popen) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in listed.read_text(encoding="utf-8").split()]


@pytest.fixture
def port() -> int:
    return parts.free_port()


@pytest.fixture
def node(port: int, tmp_path: Path, valkey_url: str) -> Iterator[subprocess.Popen]:
    """One that drains for longer than a test may take."""
    variables = environ(tmp_path, SECRET_KEY="x" * 50, ONA_API_KEY="none", REDIS_URL=valkey_url)
    argv = [sys.executable, "-m", "dashboard", "serve", "--port", str(port), "--drain", "600"]
    with subprocess.Popen(argv, cwd=ROOT, env=variables) as process:
        try:
            until(lambda: asked(port, "/readyz")[0] == 200, 60)
            yield process
        finally:
            if process.poll() is None:
                process.terminate()  # the second skips the wait
                process.terminate()


def test_it_says_no_first_serves_on_and_then_ends(node: subprocess.Popen, port: int) -> None:
    assert asked(port, "/healthz") == (200, "")
    node.send_signal(signal.SIGTERM)
    until(lambda: asked(port, "/readyz") == (503, "close"), 30)
    assert asked(port, "/healthz") == (200, "close")
    assert asked(port, "/")[1] == "close"
    assert node.poll() is None
    node.send_signal(signal.SIGTERM)
    assert node.wait(60) == 0
    assert asked(port, "/healthz") == (0, "")


def test_ctrl_c_ends_it_at_once_and_a_process_that_died_comes_back(node: subprocess.Popen, port: int) -> None:
    [child] = children(node)
    os.kill(child, signal.SIGKILL)
    until(lambda: asked(port, "/readyz")[0] == 200, 60)
    node.send_signal(signal.SIGINT)
    assert node.wait(60) == 0


def test_nothing_goes_on_answering_when_what_watches_over_it_is_killed(
    node: subprocess.Popen, port: int
) -> None:
    [child] = children(node)
    node.kill()
    assert node.wait(60) == -signal.SIGKILL
    until(lambda: not Path(f"/proc/{child}").exists(), 60)
    assert asked(port, "/healthz") == (0, "")

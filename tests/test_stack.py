"""`manage.py up` with real processes: what it starts, restarts, refuses, and leaves behind."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dashboard.stack import child, guard, parts

ROOT = Path(__file__).parent.parent
CHILDREN = ("valkey", "simulator", "worker", "web", "beat", "watch")
OURS = re.compile(
    r"(ONA|GITPOD|DASHBOARD|PROXY|OIDC|DJANGO)_|(ADMIN|OPERATOR|VIEWER)_GROUPS|"
    r"REDIS_URL|DATABASE_URL|SECRET_KEY|ALLOWED_HOSTS|CSRF_TRUSTED_ORIGINS|SSO_MODE|VAR_DIR"
)


class Up:
    """A running `manage.py up` in `folder`."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder, self.port = folder, parts.free_port()
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.said = folder.with_name(f"{folder.name}.said")
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                command(self.port), cwd=ROOT, env=environ(folder, **variables), stdout=said, stderr=said
            )

    @property
    def output(self) -> str:
        return self.said.read_text(encoding="utf-8")

    @property
    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads((self.folder / "up.json").read_text(encoding="utf-8"))
        return status

    def pid(self, name: str) -> int:
        return int(self.status["pids"].get(name, 0))

    def wait_until_it_answers(self) -> None:
        until(lambda: "Dashboard: " in self.output or self.process.poll() is not None, 40)
        assert f"Dashboard: http://127.0.0.1:{self.port}\n" in self.output, self.output
        until(lambda: set(CHILDREN) - set(self.status["pids"]) <= {"simulator"}, 10)

    def get(self, path: str) -> int:
        """The HTTP status of `path`; 0 when nothing answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def survivors(self) -> list[str]:
        """The command lines of every process that belongs to this folder, wherever it hangs in the tree."""
        mark = f"VAR_DIR={self.folder}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


def command(port: int) -> list[str]:
    return [sys.executable, "manage.py", "up", "--port", str(port), "--environments", "5"]


def environ(folder: Path, **variables: str) -> dict[str, str]:
    """What a person has set who has set nothing, plus `variables`."""
    kept = {name: value for name, value in os.environ.items() if not OURS.match(name)}
    return kept | {"VAR_DIR": str(folder)} | variables


def until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[Up]:
    up = Up(folder, **variables)
    try:
        up.wait_until_it_answers()
        yield up
    finally:
        up.end()


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with running(tmp_path_factory.mktemp("stack") / "var") as up:
        yield up


def test_it_answers_when_it_says_so(up: Up) -> None:
    assert up.get("/healthz") == 200
    assert up.get("/") in (200, 302)


def test_no_secret_is_on_the_command_line_of_a_running_process(up: Up) -> None:
    lines = "\n".join(up.survivors())
    assert all(name in lines for name in ("granian", "celery", "simulate"))
    passwords = re.findall(r"^    (?:admin|operator|viewer) +(\S{8,})$", up.output, re.MULTILINE)
    secrets = [
        *passwords,
        (up.folder / "secret_key").read_text(encoding="ascii").strip(),
        parts.SIMULATED_KEY,
    ]
    assert len(secrets) == 5
    assert not [secret for secret in secrets if secret in lines]


def test_it_says_that_the_fleet_is_simulated_and_how_to_sign_in(up: Up) -> None:
    assert "No ONA_API_KEY is set" in up.output
    for name in ("admin", "operator", "viewer"):
        assert re.search(rf"^    {name} +\S{{8,}}$", up.output, re.MULTILINE)


def test_only_this_user_reaches_the_private_valkey_and_the_secrets(up: Up) -> None:
    assert up.folder.stat().st_mode & 0o077 == 0
    assert (up.folder / "valkey.sock").stat().st_mode & 0o077 == 0


def test_a_second_start_in_the_same_folder_is_refused(up: Up) -> None:
    ended = subprocess.run(
        command(up.port),
        cwd=ROOT,
        env=environ(up.folder),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    assert "A dashboard already runs in" in ended.stderr
    assert f"http://127.0.0.1:{up.port}" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_taken_port_is_named_with_the_way_out_before_anything_starts(up: Up, tmp_path: Path) -> None:
    folder = tmp_path / "var"
    ended = subprocess.run(
        command(up.port),
        cwd=ROOT,
        env=environ(folder),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == f"Port {up.port} is taken; choose another: make run PORT={up.port + 1}\n"
    assert not (folder / "log").exists()


@pytest.mark.parametrize("name", CHILDREN)
def test_a_killed_child_starts_again(up: Up, name: str) -> None:
    before = up.pid(name)
    os.kill(before, signal.SIGKILL)
    until(lambda: up.pid(name) not in (0, before), 10)
    until(lambda: not guard.is_alive(before), 5)
    assert f"{name} ended (signal 9); starting it again in 0.2 s" in up.output
    until(lambda: up.get("/healthz") == 200, 15)


def test_the_worker_finds_a_valkey_that_came_back(up: Up) -> None:
    log = up.folder / "log/worker.log"
    until(lambda: " ready." in log.read_text(encoding="utf-8"), 15)
    worker, seen = up.pid("worker"), log.stat().st_size
    valkey = up.pid("valkey")
    os.kill(valkey, signal.SIGKILL)
    until(lambda: up.pid("valkey") not in (0, valkey), 10)
    until(lambda: b"Connected to redis+socket" in log.read_bytes()[seen:], 10)
    assert up.pid("worker") == worker


@contextmanager
def api_that_wants(key: str) -> Iterator[str]:
    """The address of an API that refuses every other key."""
    port = parts.free_port()
    options = ["--port", str(port), "--environments", "3", "--api-key", key]
    api = subprocess.Popen(
        [sys.executable, "manage.py", "simulate", *options], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}/api"
    finally:
        api.kill()
        api.wait()


def test_a_refused_key_is_named_and_the_dashboard_comes_up(tmp_path: Path) -> None:
    with (
        api_that_wants("right") as address,
        running(tmp_path / "var", GITPOD_API_KEY="wrong", ONA_BASE_URL=address) as up,
    ):
        until(lambda: f"GITPOD_API_KEY is refused by {address}" in up.output, 10)
        assert "set it to a valid key" in up.output
        assert up.get("/healthz") == 200
        assert "simulated" not in up.output


def test_an_api_out_of_reach_is_named_and_the_dashboard_comes_up(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{parts.free_port()}/api"
    with running(tmp_path / "var", ONA_API_KEY="any", ONA_BASE_URL=nowhere) as up:
        until(lambda: f"{nowhere} cannot be reached" in up.output or "has not answered" in up.output, 10)
        assert up.get("/healthz") == 200


def test_sigterm_ends_everything_and_the_next_start_remembers(tmp_path: Path) -> None:
    with running(tmp_path / "var") as up:
        until(lambda: len(up.survivors()) >= len(CHILDREN) + 2, 5)  # with supervisor and guard
        up.process.terminate()
        assert up.process.wait(15) == 0
        assert up.survivors() == []
        assert not (up.folder / "up.json").exists()
        assert (up.folder / "valkey.rdb").exists()
        collected = (up.folder / "static.stamp").stat().st_mtime_ns
    with running(up.folder) as again:
        assert "New accounts" not in again.output
        assert (up.folder / "static.stamp").stat().st_mtime_ns == collected
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(15) == 0


def test_nothing_survives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with running(tmp_path / "var") as up:
        up.process.kill()
        up.process.wait()
        until(lambda: up.survivors() == [], 5)
        with running(up.folder) as again:  # the lock is free again
            again.process.send_signal(signal.SIGHUP)
            assert again.process.wait(15) == 0
            assert again.survivors() == []


def test_a_folder_too_deep_for_a_socket_works(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 25) / "a folder"
    with running(folder) as up:
        assert up.get("/healthz") == 200
        assert not (folder / "valkey.sock").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = subprocess.run(
        command(8000),
        cwd=ROOT,
        env=environ(tmp_path / "file/var"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.endswith("; set VAR_DIR to a folder that this user can write.\n")


def test_a_child_that_dies_at_once_waits_longer_each_time(tmp_path: Path) -> None:
    spec = parts.Spec("short", ("/bin/sh", "-c", "echo why; exit 3"), os.environ, lambda _: False)
    short = child.Child(spec, tmp_path / "short.log", tmp_path)
    waits = []
    for _ in range(8):
        short.start(subprocess.DEVNULL)
        until(short.is_dead, 5)
        waits.append(short.delay)
        assert short.bury() == 3
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert short.last_lines() == "    why"


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * (child.LOG_BYTES + 1))
    child.trim(log)
    assert log.stat().st_size == 0
    assert (tmp_path / "web.log.1").stat().st_size == child.LOG_BYTES + 1


def test_the_simulator_is_never_given_a_real_key() -> None:
    real = {"ONA_ACTION_API_KEY": "real", "ONA_API_KEY_FILE": "/real", "GITPOD_API_KEY": "real", "HOME": "/"}
    given = parts.simulated(real, 1234)
    assert "real" not in " ".join(given.values())
    assert given["ONA_BASE_URL"] == "http://127.0.0.1:1234/api"


def test_a_publish_to_a_dead_broker_fails_soon(tmp_path: Path) -> None:
    code = (
        "import time; from dashboard.celery import app; started = time.monotonic()\n"
        "try: app.send_task('jobs.none')\n"
        "except app.amqp.producer_pool.connections.connection.recoverable_connection_errors as e: pass\n"
        "except Exception as e: assert 'refused' in str(e) or 'No such file' in str(e), e\n"
        "print(time.monotonic() - started)"
    )
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "valkey.sock"))
        variables = environ(tmp_path, DJANGO_SETTINGS_MODULE="dashboard.settings")
        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=variables,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    assert float(ended.stdout) < 1.5

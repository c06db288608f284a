"""`manage.py simulate` as a process, and the server in this one."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dashboard.simulator import World, create_app, serve
from tests.simulator.wire import ENVIRONMENTS

ROOT = Path(__file__).resolve().parents[2]
PATH = f"/api/{ENVIRONMENTS}/ListEnvironments"
HEADERS = {"Authorization": "Bearer key", "Content-Type": "application/json"}


def simulate(*arguments, **more):
    # An address at which nothing answers: the command must need neither database nor Redis.
    nothing = {
        "DATABASE_URL": "sqlite:////nowhere/none.sqlite3",
        "REDIS_URL": "redis://127.0.0.1:1",
        "SECRET_KEY": "x" * 60,
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "simulate", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **nothing, **more},
    )


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_is_answers_and_ends_at_once_on_a_signal(stop):
    process = simulate("--port", "0", "--environments", "7", "--speed", "0")
    try:
        line = process.stdout.readline()
        assert line.startswith("Simulated Ona API: http://127.0.0.1:"), process.stderr.read()
        assert line.endswith("/api\n")
        connection = http.client.HTTPConnection(urlsplit(line.split()[-1]).netloc, timeout=5)
        connection.request("POST", PATH, b"{}", HEADERS)
        answer = connection.getresponse()
        assert answer.status == 200
        assert len(json.load(answer)["environments"]) == 7
        process.send_signal(stop)
        began = time.monotonic()
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")
        assert time.monotonic() - began < 3
    finally:
        process.kill()


def test_a_taken_port_is_one_clear_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = simulate("--port", str(port), "--environments", "1")
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.strip().count("\n") == 0
    assert f"Port {port} on 127.0.0.1 cannot be used" in err


@pytest.mark.parametrize(("option", "value"), [("--speed", "-1"), ("--rate", "0"), ("--environments", "-3")])
def test_nonsense_is_refused_with_one_sentence(option, value):
    process = simulate("--port", "0", f"{option}={value}")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert option in err
    assert err.strip().count("\n") == 0


def test_one_connection_carries_many_calls_in_order():
    with serve(create_app(World(environments=5, life=False))) as base:
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=5)
        connection.connect()
        carrier = connection.sock
        for path, body, status in (
            (PATH, b"{}", 200),
            ("/api/nothing", b"x" * 70_000, 404),
            (PATH, b"{", 400),
            (PATH, b"{}", 200),
        ):
            connection.request("POST", path, body, HEADERS)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            assert connection.sock is carrier


def test_every_answer_over_the_wire_says_once_what_time_it_is_in_that_world():
    with serve(create_app(World(environments=1, life=False, now=lambda: 1_790_000_000.0))) as base:
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=5)
        for path in (PATH, "/api/nothing", "/logs/nothing"):
            connection.request("POST", path, b"{}", HEADERS)
            answer = connection.getresponse()
            answer.read()
            assert answer.headers.get_all("Date") == ["Mon, 21 Sep 2026 14:13:20 GMT"]


def test_latency_is_added_to_every_answer():
    with serve(create_app(World(environments=1, life=False), latency_ms=60)) as base:
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=5)
        began = time.monotonic()
        connection.request("POST", PATH, b"{}", HEADERS)
        connection.getresponse().read()
        assert time.monotonic() - began >= 0.06


def test_the_simulator_knows_nothing_of_the_rest():
    code = (
        "import sys, dashboard.simulator\n"
        "bad = [n for n in sys.modules if n.split('.')[0] in {'django', 'redis', 'pydantic', 'httpx', 'celery'}"
        " or n.startswith(('dashboard.ona', 'dashboard.fleet'))]\n"
        "sys.exit(', '.join(bad) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("fault", ["502=often", "tea=0.1", "502=2", "502"])
def test_a_nonsensical_fault_is_refused_with_one_sentence(fault):
    process = simulate("--port", "0", "--fault", fault)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "--fault" in err
    assert err.strip().count("\n") == 0


def test_faults_are_options_and_may_be_changed_while_it_runs_and_a_stream_does_not_hold_up_its_end():
    nobody = "01900000-0000-7000-8000-000000000000"
    process = simulate(
        "--port", "0", "--environments", "3", "--admin", "--fault", "503=1", "--fault", f"forbid={nobody}"
    )
    try:
        line = process.stdout.readline()
        host = urlsplit(line.split()[-1]).netloc
        connection = http.client.HTTPConnection(host, timeout=5)

        def status(method, path, body):
            connection.request(method, path, body, HEADERS)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

        assert status("POST", PATH, "{}")[0] == 503
        assert status("GET", "/simulator/faults", None) == (200, {"503": 1.0, "forbid": [nobody]})
        assert status("POST", "/simulator/faults", '{"503": 0}') == (200, {"forbid": [nobody]})
        assert status("POST", PATH, "{}")[0] == 200
        stream = http.client.HTTPConnection(host, timeout=5)
        stream.request("POST", "/api/gitpod.v1.EventService/WatchEvents", "{}", HEADERS)
        answer = stream.getresponse()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        answer.read()  # to a proper end
        assert process.wait(10) == 0
        assert time.monotonic() - began < 8
    finally:
        process.kill()
        process.communicate()

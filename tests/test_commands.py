"""`manage.py poll` and `manage.py doctor`, as a person runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.simulator import World, create_app, serve
from dashboard.simulator.methods import METHODS
from tests.referee import venv
from tests.unruly import Unruly, refusing

ROOT = Path(__file__).parent.parent
COUNT = """
import gitpod, json, sys
client = gitpod.Gitpod(bearer_token="key", base_url=sys.argv[1], max_retries=0)
automations = client.environments.automations
print(json.dumps({
    "environments": sum(1 for _ in client.environments.list(page_size=100)),
    "services": sum(1 for _ in automations.services.list(page_size=100)),
    "tasks": sum(1 for _ in automations.tasks.list(page_size=100)),
    "executions": sum(1 for _ in automations.tasks.executions.list(page_size=100)),
    "classes": sum(1 for _ in client.environments.classes.list(page_size=100)),
}))
"""


def manage(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "VAR_DIR": str(folder), **variables}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.referee
def test_poll_counts_what_the_official_client_counts(tmp_path: Path) -> None:
    with serve(create_app(World(environments=1000, speed=0))) as url:
        done = manage(
            tmp_path, "poll", "--json", ONA_BASE_URL=url, ONA_API_KEY="key", ONA_REQUESTS_PER_SECOND="500"
        )
        assert done.returncode == 0, done.stderr
        counted = subprocess.run(
            [venv.python(), "-c", COUNT, url], capture_output=True, text=True, check=True
        )
    polled = json.loads(done.stdout)
    assert {name: polled[name] for name in json.loads(counted.stdout)} == json.loads(counted.stdout)
    assert list(polled) == [
        "environments", "services", "tasks", "executions", "classes", "requests", "changed", "seconds", "version",
    ]  # fmt: skip
    assert polled["environments"] > 900
    assert polled["changed"] >= sum(polled[name] for name in json.loads(counted.stdout))


def test_poll_without_an_api_says_what_to_set(tmp_path: Path) -> None:
    done = manage(tmp_path, "poll")
    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        "There is no API: set ONA_API_KEY (and ONA_BASE_URL), or start the demo with make run."
    )


def test_poll_says_what_the_api_answered(tmp_path: Path) -> None:
    with serve(create_app(World(environments=5), api_keys=["good"])) as url:
        done = manage(tmp_path, "poll", "--json", ONA_BASE_URL=url, ONA_API_KEY="bad-key-text")
    assert done.returncode == 1
    assert "invalid or missing bearer token (unauthenticated)" in done.stderr
    assert "Traceback" not in done.stderr
    assert "bad-key-text" not in done.stderr + done.stdout


def test_an_address_that_is_none_stops_a_command_with_one_sentence(tmp_path: Path) -> None:
    done = manage(tmp_path, "poll", ONA_BASE_URL="app.gitpod.io", ONA_API_KEY="key")
    assert (done.returncode, done.stderr) == (
        1,
        "ONA_BASE_URL='app.gitpod.io' is no address; set it to one such as https://app.gitpod.io/api.\n",
    )


def test_a_key_with_a_stray_character_stops_a_command_with_one_sentence(tmp_path: Path) -> None:
    done = manage(tmp_path, "poll", ONA_API_KEY="key…secret")
    assert (done.returncode, done.stderr) == (
        1,
        "ONA_API_KEY contains characters that no key has; set it to the key and nothing else.\n",
    )


def test_accounts_are_made_once_and_get_roles(tmp_path: Path) -> None:
    assert manage(tmp_path, "migrate").returncode == 0
    made = manage(tmp_path, "accounts").stdout.split()
    assert made[::2] == ["viewer", "operator", "admin"]
    assert len(set(made[1::2])) == 3
    assert "already" in manage(tmp_path, "accounts").stdout
    assert manage(tmp_path, "accounts", "--role", "viewer", "admin").stdout == "viewer is admin now.\n"
    for wrong in (("nobody", "admin"), ("viewer", "king")):
        done = manage(tmp_path, "accounts", "--role", *wrong)
        assert (done.returncode, "There is no" in done.stderr) == (1, True)


def lines(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What `doctor` said of each check."""
    return {line[5:17].strip(): line[:3].strip() for line in done.stdout.splitlines()}


def test_doctor_tells_what_a_key_can_and_cannot_do(tmp_path: Path) -> None:
    world = World(environments=5)
    with serve(create_app(world)) as url:
        able = lines(manage(tmp_path, "doctor", ONA_BASE_URL=url, ONA_API_KEY="key"))
        reading = manage(tmp_path, "doctor", ONA_BASE_URL=url, ONA_API_KEY="readonly-key")
    assert able["reading"] == able["names"] == able["events"] == able["acting"] == able["clock"] == "ok"
    assert lines(reading)["reading"] == "ok"
    assert lines(reading)["acting"] == "BAD"
    assert "set ONA_ACTION_API_KEY to a read-write key" in reading.stdout
    assert {call.outcome for call in world.calls} == {"not_found", "permission_denied"}
    writes = {name.rpartition("/")[2] for name, method in METHODS.items() if method.writes}
    assert {call.method for call in world.calls} == writes - {"CreateEnvironment"}  # asking could make one


def test_doctor_names_what_a_key_may_not_do(tmp_path: Path) -> None:
    wire = Unruly(create_app(World(environments=5)))
    for method in ("DeleteEnvironment", "StartTask", "ListTasks", "ListProjects", "WatchEvents"):
        wire.on(method, refusing(403, "permission_denied"))
    with serve(wire) as url:
        said = manage(tmp_path, "doctor", ONA_BASE_URL=url, ONA_API_KEY="key").stdout
    assert "tasks cannot be read: ListTasks" in said
    assert "short ids instead of the names of projects" in said
    assert "may not be heard, and are not needed" in said
    assert "the key may not delete environments, run tasks; set ONA_ACTION_API_KEY" in said


def test_doctor_names_what_is_missing_and_exits_with_1(tmp_path: Path) -> None:
    with serve(create_app(World(environments=5), api_keys=["good"])) as url:
        done = manage(tmp_path, "doctor", ONA_BASE_URL=url, ONA_API_KEY="wrong")
    assert done.returncode == 1
    assert lines(done) == {"key": "BAD", "database": "BAD", "redis": "BAD"}
    assert "migrate" in done.stdout

"""The demo fleet: reproducible, mixed, and written as the platform writes it."""

import json
import re
from collections import Counter
from dataclasses import replace

import pytest

from dashboard.simulator import World, enums, environments
from dashboard.simulator.catalog import VALUE_MARK
from dashboard.simulator.names import ODD_NAMES
from dashboard.simulator.wire import timestamp
from tests.simulator.wire import AUTOMATIONS, ENVIRONMENTS, START, Wire

MICROSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z")


@pytest.fixture(scope="module")
def wire():
    return Wire(environments=60)


def everything(wire, method, name, **body):
    rows, token = [], ""
    while True:
        answer = wire.call(method, pagination={"pageSize": 100, "token": token}, **body)
        rows += answer.get(name, [])
        token = answer["pagination"].get("nextToken", "")
        if not token:
            return rows


def fleet(wire):
    return everything(
        wire,
        f"{ENVIRONMENTS}/ListEnvironments",
        "environments",
        filter={"archivalStatus": "ARCHIVAL_STATUS_ALL"},
    )


def test_the_same_seed_and_start_time_make_the_same_fleet():
    one, two, other = (Wire(environments=40, seed=seed) for seed in (5, 5, 6))
    assert fleet(one) == fleet(two) != fleet(other)
    runs = [everything(wire, f"{AUTOMATIONS}/ListTaskExecutions", "taskExecutions") for wire in (one, two)]
    assert runs[0] == runs[1]


def test_the_same_life_follows_from_the_same_seed():
    one, two = (Wire(environments=40, seed=5, life=True) for _ in range(2))
    for wire in (one, two):
        wire.time.passes(1800)
    assert fleet(one) == fleet(two)


def test_sixty_environments_show_every_phase_half_of_them_running(wire):
    counts = wire.world.phase_counts()
    assert set(counts) == set(enums.ENVIRONMENT_PHASES) - {"ENVIRONMENT_PHASE_UNSPECIFIED"}
    assert counts[enums.RUNNING] == 28
    assert counts[enums.STOPPED] == 27
    assert counts.total() == 60 + counts[enums.DELETED]


@pytest.mark.parametrize("size", [0, 1, 2, 5, 19, 20, 61])
def test_a_fleet_of_any_size_has_that_many_environments(size):
    rows = World(environments=size, life=True, now=lambda: START).environments.values()
    assert sum(row.phase != enums.DELETED for row in rows) == size


def test_the_fleet_shows_what_a_viewer_has_to_cope_with(wire):
    rows = list(wire.world.environments.values())
    stopped = [row for row in rows if row.phase == enums.STOPPED]
    running = [row for row in rows if row.phase == enums.RUNNING]
    assert {row.role for row in rows} == {
        enums.DEFAULT_ROLE, enums.PREBUILD_ROLE, enums.WORKFLOW_ROLE, enums.UNKNOWN_ROLE,
    }  # fmt: skip
    assert any(row.failures for row in stopped)
    assert any(row.timed_out and row.desired == enums.RUNNING for row in stopped)
    assert any(row.desired == enums.STOPPED for row in stopped)
    assert any(row.archived_at for row in stopped)
    assert any(row.devcontainer_failure for row in running)
    assert any(row.warnings for row in running)
    assert any(row.idle_limit == 0 for row in running)
    assert any(START - (row.signal_at or 0) > 86_400 for row in running)
    assert any(START - (row.signal_at or 0) < 900 for row in running)
    assert sum(not row.name for row in rows) > len(rows) / 3
    assert set(ODD_NAMES) <= {row.name for row in running}
    assert len(ODD_NAMES[1]) == 80


def test_no_running_environment_has_been_idle_beyond_its_limit(wire):
    for row in wire.world.environments.values():
        if row.usable and row.idle_limit:
            assert START - max(row.signal_at or 0, row.last_started) <= row.idle_limit


def test_activity_is_rounded_down_to_five_minutes(wire):
    rows = fleet(wire)
    stamps = [row["status"].get("activitySignal", {}).get("timestamp") for row in rows]
    made = {row["metadata"]["createdAt"] for row in rows}
    assert all(re.search(r":\d[05]:00Z$", stamp) or stamp in made for stamp in stamps if stamp)
    assert None in stamps


def test_no_activity_is_older_than_its_environment(wire):
    row = replace(next(iter(wire.world.environments.values())), created=START - 17)
    environments.signal(wire.world, row, "Starting", START)
    assert row.signal_at == START - 17


def test_services_and_executions_show_every_phase(wire):
    services = Counter(row.phase for row in wire.world.services.values() if row.environment.usable)
    assert set(services) == {
        f"SERVICE_PHASE_{name}"
        for name in ("UNSPECIFIED", "STARTING", "RUNNING", "STOPPING", "STOPPED", "FAILED")
    }
    runs = Counter(row.phase for row in wire.world.executions.values())
    assert set(runs) >= {enums.EXECUTING, enums.SUCCEEDED, enums.FAILED, enums.CANCELLED}
    assert 1 <= len(wire.world.executions) / 60 <= 3


def test_every_environment_has_the_platforms_own_services_with_long_scripts(wire):
    rows = everything(wire, f"{AUTOMATIONS}/ListServices", "services", filter={"roles": [2, 3]})
    assert Counter(row["metadata"]["role"] for row in rows) == {
        "SERVICE_ROLE_EDITOR": 60,
        "SERVICE_ROLE_AI_AGENT": 60,
    }
    assert min(len(row["spec"]["commands"]["start"]) for row in rows) > 2000


def test_the_first_member_is_the_operator_with_a_fifteenth_of_the_fleet():
    world = World(environments=300, life=False)
    first = world.directory.members[0]
    assert (first.name, first.email) == ("Oda Perera", "operator@example.com")
    own = [row for row in world.environments.values() if row.creator.id == first.id]
    assert 17 <= len(own) <= 26
    emails = [member.email for member in world.directory.members]
    assert len(set(emails)) == len(emails) >= 12
    assert all(re.fullmatch(r"[a-z.-]+@example\.com", email) for email in emails), emails


def walk(value, path=""):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from walk(item, f"{path}.{name}")


LISTS = [
    (f"{ENVIRONMENTS}/ListEnvironments", "environments"),
    (f"{ENVIRONMENTS}/ListEnvironmentClasses", "environmentClasses"),
    (f"{AUTOMATIONS}/ListServices", "services"),
    (f"{AUTOMATIONS}/ListTasks", "tasks"),
    (f"{AUTOMATIONS}/ListTaskExecutions", "taskExecutions"),
    ("gitpod.v1.ProjectService/ListProjects", "projects"),
    ("gitpod.v1.RunnerService/ListRunners", "runners"),
]


@pytest.mark.parametrize(("method", "name"), LISTS)
def test_zero_values_are_left_out_and_large_integers_are_texts(wire, method, name):
    rows = everything(wire, method, name)
    assert rows
    for path, value in walk(rows):
        assert value not in ("", 0, False, []) or value == {}, path
        assert value is not None, path
        assert not str(value).endswith("_UNSPECIFIED"), path
        last = path.rpartition(".")[2]
        if last in {"specVersion", "statusVersion"}:
            assert isinstance(value, str), path
        if last.endswith("At"):
            assert MICROSECONDS.fullmatch(value) or name == "runners", (path, value)


def test_values_that_look_secret_appear_only_in_variables_of_automations(wire):
    assert VALUE_MARK not in json.dumps(fleet(wire))
    for method, name in LISTS[2:5]:
        for path, value in walk(everything(wire, method, name)):
            if isinstance(value, str) and VALUE_MARK in value:
                assert path.endswith(".value"), path
                assert ".env." in path, path


def test_secrets_of_an_environment_carry_names_and_one_target_but_no_value(wire):
    secrets = [secret for row in fleet(wire) for secret in row["spec"].get("secrets", [])]
    assert secrets
    for secret in secrets:
        assert set(secret) <= {
            "id", "name", "source", "sourceRef", "scope", "environmentVariable", "containerRegistryBasicAuthHost",
        }  # fmt: skip
        assert len({"environmentVariable", "containerRegistryBasicAuthHost"} & set(secret)) == 1


def test_ids_order_environments_by_creation(wire):
    rows = fleet(wire)
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    stamps = [timestamp(wire.world.environments[row["id"]].created)[:23] for row in rows]
    assert stamps == sorted(stamps, reverse=True)


def test_git_lists_are_cut_at_101_and_totals_are_not(wire):
    git = [row["status"]["content"].get("git", {}) for row in fleet(wire)]
    assert max(len(one.get("changedFiles", [])) for one in git) == 101
    assert max(one.get("totalChangedFiles", 0) for one in git) > 101
    assert all(len(one.get("unpushedCommits", [])) == one.get("totalUnpushedCommits", 0) for one in git)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (START, "2026-09-21T14:13:20Z"),
        (START + 0.5, "2026-09-21T14:13:20.500Z"),
        (START + 0.000001, "2026-09-21T14:13:20.000001Z"),
        (None, ""),
    ],
)
def test_timestamps_have_as_many_digits_as_they_need(at, text):
    assert timestamp(at) == text

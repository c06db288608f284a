"""Secrets stop at the door: canaries in every field that can carry one, a real sweep, then a search of all of Redis."""

import json

import pytest

from dashboard.fleet.entities import Kind
from dashboard.simulator.catalog import VALUE_MARK
from tests.unruly import edited

CANARY = "c4n4ry"
CLONE = f"https://oauth2:{CANARY}-clone@git.example/o/shop.git"


def plant_environment(item):
    spec, status = item.setdefault("spec", {}), item.setdefault("status", {})
    spec["sshPublicKeys"] = [{"id": "k", "value": f"ssh-ed25519 {CANARY}-ssh laptop"}]
    spec["secrets"] = [
        {"id": "1", "name": "NPM_TOKEN", "value": f"{CANARY}-secret", "environmentVariable": "N"}
    ]
    spec["content"] = {
        "initializer": {"specs": [{"git": {"remoteUri": CLONE}}, {"contextUrl": {"url": CLONE}}]}
    }
    spec["devcontainer"] = {"dotfiles": {"repository": CLONE}}
    item["metadata"]["originalContextUrl"] = CLONE
    item["metadata"]["annotations"] = {"token": f"{CANARY}-annotation"}
    status["content"] = {
        "git": {"cloneUrl": CLONE, "unpushedCommits": [f"abc: from {CLONE}"]},
        "failureMessage": f"cannot clone {CLONE}",
    }
    status["failureMessage"] = [f"fatal: {CLONE} not found"]
    status["warningMessage"] = [f"slow: {CLONE}"]
    status["machine"] = {"failureMessage": f"see {CLONE}", "token": f"{CANARY}-machine"}
    status["environmentUrls"] = {"ssh": {"url": f"ssh://u:{CANARY}-url@h"}, "ops": CLONE}
    status["sshPublicKeys"] = [{"id": "k", "value": f"{CANARY}-status-ssh"}]
    status["secrets"] = [{"id": "1", "secretName": "NPM_TOKEN", "failureMessage": CLONE, "value": CANARY}]


def variables():
    return [
        {"name": "PLAIN", "value": f"{CANARY}-env"},
        {"name": "BY_REFERENCE", "valueFrom": {"secretRef": {"id": f"{CANARY}-reference"}}},
    ]


def container():
    return {"docker": {"image": "busybox", "environment": [f"PASSWORD={CANARY}-docker"]}}


def plant_service(item):
    item["spec"]["env"], item["spec"]["runsOn"] = variables(), container()
    item["status"]["output"] = {"password": f"{CANARY}-output"}
    item["status"]["failureMessage"] = f"cannot pull {CLONE}"


def plant_task(item):
    item.setdefault("spec", {}).update(env=variables(), runsOn=container())


def plant_execution(item):
    for group in item["spec"].get("plan", []):
        for step in group["steps"]:
            if "task" in step:
                plant_task(step["task"])
    item["status"]["failureMessage"] = f"cannot fetch {CLONE}"
    for step in item["status"].get("steps", []):
        step["output"], step["failureMessage"] = {"key": f"{CANARY}-step"}, f"cannot fetch {CLONE}"


PLANTS = {
    "Environment": ("environments", "environment", plant_environment),
    "Service": ("services", "service", plant_service),
    "Task": ("tasks", "task", plant_task),
    "TaskExecution": ("taskExecutions", "taskExecution", plant_execution),
}


@pytest.fixture
def planted(simulated):
    """The simulator, with canaries in each list and each single answer."""
    for method, (many, one, plant) in PLANTS.items():

        def change(document, many=many, one=one, plant=plant):
            found = document.get(many, []) if one not in document else [document[one]]
            assert found or many not in document
            for item in found:
                plant(item)
                assert CANARY in json.dumps(item)

        simulated.wire.on(f"List{method}s", edited(change))
        simulated.wire.on(f"Get{method}", edited(change))
    return simulated


def everything_in(valkey):
    """Every value that Redis holds, as one text."""
    readers = {
        b"string": valkey.get,
        b"set": valkey.smembers,
        b"list": lambda key: valkey.lrange(key, 0, -1),
        b"hash": valkey.hgetall,
        b"stream": valkey.xrange,
        b"zset": lambda key: valkey.zrange(key, 0, -1),
    }
    return "\n".join(repr((key, readers[valkey.type(key)](key))) for key in valkey.keys("*"))


def read_all(simulated):
    """Every sweep, and every kind of resource in depth."""
    sync = simulated.sync()
    assert sync.names().error == ""
    full = sync.full()
    assert (full.error, full.skipped) == ("", 0)
    for kind in (Kind.ENVIRONMENT, Kind.SERVICE, Kind.TASK, Kind.EXECUTION):
        for identifier in sorted(simulated.store.ids(kind))[:20]:
            sync.refresh((kind, identifier))
            assert simulated.store.detail(kind, identifier) is not None
    for identifier in sorted(simulated.store.ids(Kind.ENVIRONMENT))[:20]:
        assert not sync.automations_file(identifier).trouble
    assert sync.hot().error == ""


def test_no_secret_ever_reaches_redis(planted, valkey):
    read_all(planted)
    text = everything_in(valkey)
    for name in ("PLAIN", "BY_REFERENCE", "NPM_TOKEN", "cannot clone", "cannot pull", "busybox", "o/shop"):
        assert name in text  # the search does look where the canaries were planted
    assert CANARY not in text
    assert "test-key" not in text


def test_the_values_of_the_demos_own_variables_never_reach_redis(simulated, valkey):
    read_all(simulated)
    text = everything_in(valkey)
    assert "POSTGRES_PASSWORD" in text
    assert VALUE_MARK not in text
    assert "ssh-ed25519" not in text

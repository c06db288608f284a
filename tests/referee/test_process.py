"""The official client against `manage.py simulate` itself, as people run it."""

from collections import Counter
from typing import Any

import pytest

from dashboard.simulator import World
from tests.referee.conftest import Drive, simulate

pytestmark = pytest.mark.referee
RUNNING, STOPPED = "ENVIRONMENT_PHASE_RUNNING", "ENVIRONMENT_PHASE_STOPPED"


def everything(**filters: Any) -> dict[str, Any]:
    chosen = {"archival_status": "ARCHIVAL_STATUS_ALL", **filters}
    return {"call": "environments.list", "args": {"filter": chosen, "page_size": 50}, "pages": True}


def until(phase: str, identifier: str) -> dict[str, Any]:
    return {
        "call": "environments.retrieve",
        "args": {"environment_id": identifier},
        "watch": "environment.status.phase",
        "until": [phase],
        "seconds": 20,
    }


def test_a_frozen_process_shows_the_phases_that_its_seed_makes(drive: Drive) -> None:
    with simulate("--environments", "130", "--seed", "3", "--speed", "0") as address:
        [listed] = drive(address, everything())
    assert listed["pages"] == 3
    shown = Counter(item["status"]["phase"] for item in listed["items"])
    expected = World(environments=130, seed=3, life=False).phase_counts()
    del expected["ENVIRONMENT_PHASE_DELETED"]
    assert shown == expected


def test_an_environment_of_a_living_process_starts_and_stops(drive: Drive) -> None:
    with simulate("--speed", "30") as address:
        [stopped] = drive(
            address, everything(status_phases=[STOPPED], archival_status="ARCHIVAL_STATUS_ACTIVE")
        )
        target = stopped["items"][-1]["id"]
        start, up, stop, down = drive(
            address,
            {"call": "environments.start", "args": {"environment_id": target}},
            until(RUNNING, target),
            {"call": "environments.stop", "args": {"environment_id": target}},
            until(STOPPED, target),
        )
    assert start == stop == {"value": {}}
    assert up["seen"][-1] == RUNNING
    assert down["seen"][-1] == STOPPED


def test_keys_and_the_rate_are_options_of_the_command(drive: Drive) -> None:
    with simulate(
        "--environments", "3", "--api-key", "good", "--api-key", "better", "--rate", "3"
    ) as address:
        [stranger] = drive(address, everything(), key="bad")
        results = drive(address, *[everything()] * 6, key="better")
    assert (stranger["error"], stranger["status"]) == ("AuthenticationError", 401)
    assert len(results[0]["items"]) == 3
    assert results[-1]["error"] == "RateLimitError"

"""Refusals arrive as the official client's typed errors."""

import pytest

from dashboard.simulator import World, create_app, serve
from tests.referee.conftest import Drive

pytestmark = pytest.mark.referee
NOBODY = "01900000-0000-7000-8000-000000000000"
GET = {"call": "environments.retrieve", "args": {"environment_id": NOBODY}}


@pytest.mark.parametrize(
    ("call", "args", "refusal"),
    [
        ("environments.retrieve", {"environment_id": NOBODY}, ("NotFoundError", "not_found")),
        ("environments.start", {"environment_id": NOBODY}, ("NotFoundError", "not_found")),
        ("environments.automations.services.stop", {"id": NOBODY}, ("NotFoundError", "not_found")),
        ("environments.automations.tasks.start", {"id": NOBODY}, ("NotFoundError", "not_found")),
        ("environments.retrieve", {"environment_id": "nobody"}, ("BadRequestError", "invalid_argument")),
        ("environments.list", {"page_size": 101}, ("BadRequestError", "invalid_argument")),
        ("environments.list", {"token": "made-up"}, ("BadRequestError", "invalid_argument")),
        (
            "environments.list",
            {"filter": {"project_ids": [NOBODY] * 26}},
            ("BadRequestError", "invalid_argument"),
        ),
        (
            "environments.automations.tasks.list",
            {"filter": {"task_ids": ["x"]}},
            ("BadRequestError", "invalid_argument"),
        ),
    ],
)
def test_bad_input_and_unknown_ids_become_typed_errors(
    drive: Drive, base_url: str, call: str, args: dict[str, object], refusal: tuple[str, str]
) -> None:
    [result] = drive(base_url, {"call": call, "args": args})
    assert (result["error"], result["body"]["code"]) == refusal


def test_a_service_of_a_stopped_environment_cannot_be_started(
    drive: Drive, world: World, base_url: str
) -> None:
    target = next(row.id for row in world.services.values() if row.environment.phase.endswith("_STOPPED"))
    [result] = drive(base_url, {"call": "environments.automations.services.start", "args": {"id": target}})
    assert (result["error"], result["body"]["code"]) == ("BadRequestError", "failed_precondition")


def test_an_unknown_key_is_an_authentication_error(drive: Drive, base_url: str) -> None:
    [result] = drive(base_url, GET, key="somebody-else")
    assert (result["error"], result["status"]) == ("AuthenticationError", 401)


def test_a_read_only_key_may_read_but_not_write(drive: Drive, world: World, base_url: str) -> None:
    target = {"environment_id": next(iter(world.environments))}
    read, write = drive(
        base_url,
        {"call": "environments.retrieve", "args": target},
        {"call": "environments.stop", "args": target},
        key="readonly-token",
    )
    assert read["value"]["environment"]["id"] == target["environment_id"]
    assert (write["error"], write["body"]["code"]) == ("PermissionDeniedError", "permission_denied")


def test_calls_beyond_the_rate_are_rate_limit_errors(drive: Drive) -> None:
    step = {"call": "environments.list", "args": {}}
    with serve(create_app(World(environments=3, life=False), rate=2)) as address:
        results = drive(address, *[step] * 5)
    refused = [result for result in results if "error" in result]
    assert "error" not in results[0]
    assert {result["error"] for result in refused} == {"RateLimitError"}
    assert refused[0]["body"]["details"][0]["type"] == "google.rpc.RetryInfo"

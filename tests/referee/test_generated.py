"""The generated client 1.2 speaks JSON to the simulator, and its descriptors judge answers and refusals."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.simulator import World, create_app, serve
from tests.referee.conftest import Drive
from tests.simulator.wire import Wire

pytestmark = pytest.mark.referee
NOBODY = "01900000-0000-7000-8000-000000000000"
HOME = {"environmentId": NOBODY}
WATCH = "EventService/WatchEvents"
REQUESTS = Path(__file__).with_name("requests.txt")
E, A = "EnvironmentService", "EnvironmentAutomationService"
# Deliberately newer than the descriptors.
FUTURE = ("ENVIRONMENT_ROLE_BASE_SNAPSHOT_BUILD", "RUNNER_CAPABILITY_FROM_THE_FUTURE")
Send = Callable[..., Any]


@pytest.fixture(scope="module")
def small() -> World:
    """Too few environments for one with a role of the future, which this client would not read."""
    return World(environments=40, seed=11, speed=30, life=False)


@pytest.fixture(scope="module")
def address(small: World) -> Iterator[str]:
    with serve(create_app(small, api_keys=["token"])) as address:
        yield address


@pytest.fixture
def send(judge: Drive, address: str) -> Send:
    def run(method: str, **body: Any) -> Any:
        step = {"do": "call", "base_url": address, "key": "token", "method": method, "body": body}
        return judge(step)[0]

    return run


# The client


def test_the_client_reads_every_page_of_the_fleet(send: Send, small: World) -> None:
    seen, token = [], ""
    while True:
        page = send(f"{E}/ListEnvironments", pagination={"pageSize": 15, "token": token})["value"]
        seen += [row["id"] for row in page["environments"]]
        if not (token := page["pagination"].get("nextToken", "")):
            break
    expected = [
        row.id
        for row in small.environments.values()
        if row.phase != "ENVIRONMENT_PHASE_DELETED" and row.archived_at is None
    ]
    assert seen == sorted(expected, reverse=True)


def test_the_client_reads_names_and_automations(send: Send, small: World) -> None:
    organization = small.directory.organization_id
    assert send("IdentityService/GetAuthenticatedIdentity")["value"]["organizationId"] == organization
    members = send("OrganizationService/ListMembers", organizationId=organization)["value"]["members"]
    assert any(row["fullName"] == "Oda Perera" for row in members)
    assert send("ProjectService/ListProjects")["value"]["projects"]
    for method, name in ((f"{A}/ListServices", "services"), (f"{A}/ListTaskExecutions", "taskExecutions")):
        assert send(method, pagination={"pageSize": 100})["value"][name]


def test_the_client_creates_and_deletes(send: Send, small: World) -> None:
    spec = {"machine": {"class": small.directory.classes[0].id}}
    made = send(f"{E}/CreateEnvironment", spec=spec, name="g")["value"]["environment"]["id"]
    assert send(f"{E}/CreateEnvironmentLogsToken", environmentId=made)["value"]["accessToken"]
    assert send(f"{E}/DeleteEnvironment", environmentId=made, force=True) == {"value": {}}


def bad_ids(method: str) -> dict[str, Any]:
    """What makes a method refuse: the id of nothing, or a page that is too large; {} for one that takes neither."""
    service, _, verb = method.partition("/")
    if verb in {"CreateEnvironment", "GetAuthenticatedIdentity"}:
        return {}
    if verb == "ListMembers":
        return {"organizationId": NOBODY}
    if verb.startswith("List"):
        return {"pagination": {"pageSize": 101}}
    if verb == "CreateEnvironmentFromProject":
        return {"projectId": NOBODY}
    if service == A and not verb.startswith(("Create", "Upsert")):
        return {"id": NOBODY}
    return {"environmentId": NOBODY}


def every_method(send: Send, world: World) -> Iterator[tuple[str, Any]]:
    """(method, answer) of a good call of each method; ids come from the answers before."""
    directory = world.directory
    up = next(row.id for row in world.environments.values() if row.usable and row.tasks)
    here = {"environmentId": up}
    spec = {"machine": {"class": directory.classes[0].id}}

    def ask(method: str, **body: Any) -> tuple[str, Any]:
        return method, send(method, **body)

    for method in ("ListEnvironments", "ListEnvironmentClasses"):
        yield ask(f"{E}/{method}")
    yield ask(f"{E}/CreateEnvironmentFromProject", projectId=directory.projects[0].id)
    yield (made := ask(f"{E}/CreateEnvironment", spec=spec))
    for method in (
        "GetEnvironment",
        "CreateEnvironmentAccessToken",
        "CreateEnvironmentLogsToken",
        "UnarchiveEnvironment",
    ):
        yield ask(f"{E}/{method}", **here)
    yield ask(f"{E}/MarkEnvironmentActive", **here, activitySignal={"source": "referee"})
    yield ask(f"{E}/UpdateEnvironment", **here, metadata={"name": "refereed"})
    yield ask(
        f"{A}/UpsertAutomationsFile",
        **here,
        automationsFile={"tasks": {"t9": {"name": "T", "command": "make"}}},
    )
    service = ask(
        f"{A}/CreateService",
        **here,
        metadata={"reference": "s9", "name": "S"},
        spec={"commands": {"start": "x"}},
    )
    yield service
    own = {"id": service[1]["value"]["service"]["id"]}
    for method in ("GetService", "StartService", "StopService"):
        yield ask(f"{A}/{method}", **own)
    yield ask(f"{A}/UpdateService", **own, metadata={"name": "S2"})
    yield ask(f"{A}/DeleteService", **own, force=True)
    yield (
        task := ask(
            f"{A}/CreateTask", **here, metadata={"reference": "t8", "name": "T"}, spec={"command": "make"}
        )
    )
    own = {"id": task[1]["value"]["task"]["id"]}
    yield ask(f"{A}/GetTask", **own)
    yield ask(f"{A}/UpdateTask", **own, metadata={"name": "T2"})
    yield (run := ask(f"{A}/StartTask", **own))
    for method in ("GetTaskExecution", "StopTaskExecution"):
        yield ask(f"{A}/{method}", id=run[1]["value"]["taskExecution"]["id"])
    yield ask(f"{A}/DeleteTask", **own)
    for method in ("ListServices", "ListTasks", "ListTaskExecutions"):
        yield ask(f"{A}/{method}")
    yield ask("IdentityService/GetAuthenticatedIdentity")
    yield ask("OrganizationService/ListMembers", organizationId=directory.organization_id)
    yield ask("ProjectService/ListProjects")
    # Each runner has a capability of the future, which this client would not read: an empty page.
    yield ask("RunnerService/ListRunners", filter={"creatorIds": [NOBODY]})
    yield ask(f"{E}/DeleteEnvironment", environmentId=made[1]["value"]["environment"]["id"], force=True)
    yield ask(f"{E}/StopEnvironment", **here)
    yield ask(f"{E}/StartEnvironment", **here)


def test_the_client_is_answered_by_every_method_and_refused_by_every_one_that_takes_an_id(
    judge: Drive,
) -> None:
    """Watching events has a test of its own. In a world of its own, since much changes."""
    world = World(environments=40, seed=11, speed=30, life=False)
    with serve(create_app(world, api_keys=["token"])) as address:

        def send(method: str, **body: Any) -> Any:
            return judge({"do": "call", "base_url": address, "key": "token", "method": method, "body": body})[
                0
            ]

        answered = dict(every_method(send, world))
        assert {method: answer for method, answer in answered.items() if "value" not in answer} == {}
        assert len(answered) == 34
        refused = {
            method: send(method, **ids).get("error") for method in answered if (ids := bad_ids(method))
        }
    assert set(refused.values()) <= {"not_found", "permission_denied", "invalid_argument"}
    assert len(refused) == 34 - 2  # one creates from a class, the other asks for nothing


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        (f"{E}/GetEnvironment", {"environmentId": "x"}, "invalid_argument"),
        (f"{E}/GetEnvironment", {"environmentId": NOBODY}, "not_found"),
        (f"{A}/StartTask", {"id": NOBODY}, "not_found"),
    ],
)
def test_the_client_understands_refusals(send: Send, method: str, body: dict[str, Any], code: str) -> None:
    refusal = send(method, **body)
    assert refusal["error"] == code
    assert refusal["details"] == (["buf.validate.Violations"] if code == "invalid_argument" else [])


def test_the_client_watches_in_envelopes(judge: Drive, address: str, small: World) -> None:
    target = next(row.id for row in small.environments.values() if row.usable)
    rename = {"environmentId": target, "metadata": {"name": "w"}}
    base = {"do": "watch", "base_url": address, "key": "token", "take": 1}
    meanwhile = [{"method": f"{E}/UpdateEnvironment", "body": rename}]
    told, stranger = judge(
        {**base, "body": {"organization": True}, "meanwhile": meanwhile},
        {**base, "body": {"organization": True}, "key": "wrong"},
    )
    [event] = told["events"]
    assert (event["operation"], event["resourceId"]) == ("RESOURCE_OPERATION_UPDATE", target)
    assert stranger["error"] == "unauthenticated"


# The descriptors on answers


def answers(wire: Wire) -> Iterator[tuple[str, Any]]:
    """One answer of every method, lists in full."""
    directory = wire.world.directory
    up = next(row for row in wire.world.environments.values() if row.usable and row.tasks)
    machine = {"machine": {"class": directory.classes[0].id}, "ports": [{"port": 3000, "name": "x"}]}
    key = [{"id": "k", "value": "ssh-ed25519 A"}]
    metadata = {"reference": "judged", "name": "J"}
    docker = {"docker": {"image": "redis:7", "environment": ["A=b"]}}
    service = {"commands": {"start": "x"}, "runsOn": docker, "readinessTimeout": "1.5s"}
    task = {"runsOn": docker, "prebuildRequiresSuccess": True}
    file = {"tasks": {"filed": {"name": "T", "command": "make"}}}
    here = {"environmentId": up.id}
    calls: list[tuple[str, dict[str, Any]]] = [
        *((f"{E}/GetEnvironment", {"environmentId": row}) for row in wire.world.environments),
        (f"{E}/ListEnvironmentClasses", {}),
        (f"{E}/CreateEnvironment", {"spec": {**machine, "sshPublicKeys": key}, "annotations": {"a": "b"}}),
        (f"{E}/CreateEnvironmentFromProject", {"projectId": directory.projects[0].id}),
        (f"{E}/CreateEnvironmentAccessToken", here),
        (f"{E}/CreateEnvironmentLogsToken", here),
        (f"{E}/UpdateEnvironment", {**here, "spec": {"sshPublicKeys": key}}),
        (f"{E}/MarkEnvironmentActive", here),
        (f"{E}/UnarchiveEnvironment", here),
        (f"{E}/StartEnvironment", here),
        (f"{A}/UpsertAutomationsFile", {**here, "automationsFile": file}),
        (f"{A}/CreateService", {**here, "metadata": metadata, "spec": service}),
        (f"{A}/CreateTask", {**here, "metadata": {**metadata, "reference": "t"}, "spec": task}),
        (f"{A}/StartTask", {"id": up.tasks[0].id}),
        *((f"{A}/GetTask", {"id": row}) for row in list(wire.world.tasks)[:40]),
        *((f"{A}/GetTaskExecution", {"id": row}) for row in list(wire.world.executions)[:60]),
        *((f"{A}/GetService", {"id": row}) for row in list(wire.world.services)[:120]),
        (f"{E}/ListEnvironments", {"filter": {"archivalStatus": "ARCHIVAL_STATUS_ALL"}, "count": {"include": True}}),
        (f"{A}/ListServices", {}),
        (f"{A}/ListTasks", {}),
        (f"{A}/ListTaskExecutions", {}),
        ("IdentityService/GetAuthenticatedIdentity", {}),
        ("OrganizationService/ListMembers", {"organizationId": directory.organization_id}),
        ("ProjectService/ListProjects", {}),
        ("RunnerService/ListRunners", {}),
        (f"{E}/StopEnvironment", here),
        (f"{E}/DeleteEnvironment", here),
    ]  # fmt: skip
    for method, body in calls:
        yield method, wire.call(f"gitpod.v1.{method}", **body)


def test_every_answer_is_of_the_official_types(judge: Drive) -> None:
    seen = list(answers(Wire(environments=120)))
    steps = []
    for method, answer in seen:
        text = json.dumps(answer)
        for value in FUTURE:
            text = text.replace(f'"{value}"', "0")
        steps.append({"do": "parse", "method": method, "answer": json.loads(text)})
    complaints = zip((method for method, _ in seen), judge(*steps), strict=True)
    assert [(method, why) for method, why in complaints if why] == []
    assert len({method for method, _ in seen}) == 33 - 6


# The descriptors on requests


def asked() -> Iterator[tuple[str, dict[str, Any]]]:
    """(method, body) of each request in the file, and of those too long for it."""
    method = ""
    for line in REQUESTS.read_text().splitlines():
        if line.startswith("  "):
            yield method, json.loads(line.replace("$ID", NOBODY))
        elif not line.startswith("#"):
            method = line or method
    ids, environments = [NOBODY] * 26, {"resourceType": 1}
    yield f"{E}/ListEnvironments", {"filter": {"projectIds": ids}}
    yield f"{A}/CreateTask", {**HOME, "metadata": {"reference": "r", "name": "n"}, "dependsOn": ids}
    yield WATCH, {"resourceTypeFilters": [environments] * 51}
    yield WATCH, {"resourceTypeFilters": [{**environments, "creatorIds": ids}]}


def broken_rules(wire: Wire, method: str, body: dict[str, Any]) -> list[list[str]]:
    """[path, rule] of each rule that the simulator says is broken."""
    answer = wire.post(f"gitpod.v1.{method}", body)
    message = answer.json.get("message", "") if answer.is_json else ""
    first, *lines = message.splitlines() or [""]
    if first != "validation error:":
        return []
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_argument")
    return [[line[3:].partition(": ")[0], line.rpartition(" [")[2][:-1]] for line in lines]


def test_verdicts_and_rules_agree_with_the_descriptors(judge: Drive) -> None:
    wire = Wire(environments=5)
    requests = list(asked())
    expected = judge(*({"do": "rules", "method": method, "body": body} for method, body in requests))
    differ = [
        (method, body, found, rules)
        for (method, body), rules in zip(requests, expected, strict=True)
        if sorted(found := broken_rules(wire, method, body)) != sorted(rules)
    ]
    assert differ == []
    assert sum(bool(rules) for rules in expected) > 60

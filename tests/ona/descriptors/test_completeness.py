"""Nothing that the newest official client knows is left undecided: it is read, sent, or listed with a reason."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.ona import automations, directory, environments, filters, schema, send
from dashboard.ona.enums import KNOWN
from dashboard.ona.events import Watch
from dashboard.ona.schema.omitted import UNREAD, UNSENT
from tests.ona.descriptors.compare import Comparison
from tests.ona.descriptors.shapes import Shape, of_filter, of_message, of_model, ruled
from tests.referee import venv

HERE = Path(__file__).parent
PAGED_ANSWER = {"pagination": {"nextToken": {}}}
LISTS = {
    "Environments": environments.ENVIRONMENTS,
    "EnvironmentClasses": environments.CLASSES,
    "Services": automations.SERVICES,
    "Tasks": automations.TASKS,
    "TaskExecutions": automations.EXECUTIONS,
    "Members": directory.MEMBERS,
    "Projects": directory.PROJECTS,
    "Runners": directory.RUNNERS,
}
RESOURCES: dict[str, tuple[str, type[schema.Model]]] = {
    "GetEnvironment": ("environment", schema.Environment),
    "CreateEnvironment": ("environment", schema.Environment),
    "CreateEnvironmentFromProject": ("environment", schema.Environment),
    "GetService": ("service", schema.Service),
    "CreateService": ("service", schema.Service),
    "GetTask": ("task", schema.Task),
    "CreateTask": ("task", schema.Task),
    "GetTaskExecution": ("taskExecution", schema.TaskExecution),
    "StartTask": ("taskExecution", schema.TaskExecution),
}
BARE: dict[str, type[schema.Model]] = {
    "GetAuthenticatedIdentity": schema.Identity,
    "WatchEvents": schema.Event,
    "UpsertAutomationsFile": schema.UpdatedAutomations,
    "CreateEnvironmentAccessToken": environments.TokenAnswer,
    "CreateEnvironmentLogsToken": environments.TokenAnswer,
}
SILENT = (
    "StartEnvironment",
    "StopEnvironment",
    "UpdateEnvironment",
    "DeleteEnvironment",
    "UnarchiveEnvironment",
    "MarkEnvironmentActive",
    "StartService",
    "StopService",
    "UpdateService",
    "DeleteService",
    "UpdateTask",
    "DeleteTask",
    "StopTaskExecution",
)
ANSWERS: dict[str, Shape] = {
    **{f"List{name}": {one.key: of_model(one.item)} | PAGED_ANSWER for name, one in LISTS.items()},
    **{name: {key: of_model(model)} for name, (key, model) in RESOURCES.items()},
    **{name: of_model(model) for name, model in BARE.items()},
    **{name: {} for name in SILENT},
}
READ: dict[str, Shape] = {f"{name}Response": shape for name, shape in ANSWERS.items()}
NEW, FILE, ONE = of_message(send.NewEnvironment), of_message(send.AutomationsFile), {"id": {}}
WHERE = {"environmentId": {}}
PAGED = {"pagination": {"pageSize": {}, "token": {}}}
WRITTEN: dict[str, type[send.Message]] = {
    "CreateEnvironmentRequest": send.NewEnvironment,
    "CreateEnvironmentFromProjectRequest": send.NewEnvironment,
    "UpdateEnvironmentRequest": send.EnvironmentChange,
    "MarkEnvironmentActiveRequest": send.Activity,
    "CreateServiceRequest": send.NewService,
    "UpdateServiceRequest": send.ServiceChange,
    "CreateTaskRequest": send.NewTask,
    "UpdateTaskRequest": send.TaskChange,
    "WatchEventsRequest": Watch,
    "AutomationsFile": send.AutomationsFile,
}
TARGETS = {"environmentId", "projectId", "id"}
SENT: dict[str, Shape] = {
    "CreateEnvironmentRequest": NEW,
    "CreateEnvironmentFromProjectRequest": {"projectId": {}} | NEW,
    "UpdateEnvironmentRequest": WHERE | of_message(send.EnvironmentChange),
    "DeleteEnvironmentRequest": WHERE | {"force": {}},
    "MarkEnvironmentActiveRequest": WHERE | of_message(send.Activity),
    "UpsertAutomationsFileRequest": WHERE | {"automationsFile": FILE},
    "CreateServiceRequest": WHERE | of_message(send.NewService),
    "UpdateServiceRequest": ONE | of_message(send.ServiceChange),
    "DeleteServiceRequest": ONE | {"force": {}},
    "CreateTaskRequest": WHERE | of_message(send.NewTask),
    "UpdateTaskRequest": ONE | of_message(send.TaskChange),
    "WatchEventsRequest": of_message(Watch),
    "ListEnvironmentsRequest": PAGED | {"filter": of_filter(filters.EnvironmentFilter)},
    "ListServicesRequest": PAGED | {"filter": of_filter(filters.ServiceFilter)},
    "ListTasksRequest": PAGED | {"filter": of_filter(filters.TaskFilter)},
    "ListTaskExecutionsRequest": PAGED | {"filter": of_filter(filters.ExecutionFilter)},
    "ListEnvironmentClassesRequest": PAGED,
    "ListMembersRequest": PAGED | {"organizationId": {}, "filter": of_filter(filters.MemberFilter)},
    "ListProjectsRequest": PAGED,
    "ListRunnersRequest": PAGED,
} | dict.fromkeys(
    (
        "GetEnvironmentRequest",
        "StartEnvironmentRequest",
        "StopEnvironmentRequest",
        "UnarchiveEnvironmentRequest",
        "CreateEnvironmentAccessTokenRequest",
        "CreateEnvironmentLogsTokenRequest",
    ),
    WHERE,
) | dict.fromkeys(
    (
        "GetServiceRequest",
        "StartServiceRequest",
        "StopServiceRequest",
        "GetTaskRequest",
        "StartTaskRequest",
        "DeleteTaskRequest",
        "GetTaskExecutionRequest",
        "StopTaskExecutionRequest",
    ),
    ONE,
)  # fmt: skip


@pytest.fixture(scope="module")
def dump() -> dict[str, Any]:
    """What gitpod-sdk knows of the messages that are read and sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(venv, "REQUIREMENTS", HERE / "requirements.txt")
        python = venv.python()
    command = [str(python), str(HERE / "dump.py"), *READ, *SENT]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compared(dump: dict[str, Any], shapes: dict[str, Shape], listed: dict[str, str]) -> Comparison:
    comparison = Comparison(dump["messages"], listed)
    for message, shape in shapes.items():
        comparison.hold(message, shape)
    return comparison


@pytest.mark.parametrize(("shapes", "listed"), [(READ, UNREAD), (SENT, UNSENT)], ids=["read", "sent"])
def test_every_field_is_decided_and_the_lists_hold_nothing_else(
    dump: dict[str, Any], shapes: dict[str, Shape], listed: dict[str, str]
) -> None:
    comparison = compared(dump, shapes, listed)
    assert comparison.undecided == set(), "new: model these fields or list them in schema/omitted.py"
    assert comparison.invented == set(), "the newest client has no such fields (any more)"
    assert comparison.both == set(), "listed as left out, yet dealt with"
    assert listed.keys() - comparison.used == set(), "listed, but not (any more) what the API has"


def test_every_enum_value_is_known_and_no_other(dump: dict[str, Any]) -> None:
    used = compared(dump, READ, UNREAD).enums | compared(dump, SENT, UNSENT).enums
    there = {name: tuple(dump["enums"][name][1:]) for name in used}
    assert {name: known.names for name, known in KNOWN.items()} == there
    assert {dump["enums"][name][0] for name in used} == {
        known.prefix + "UNSPECIFIED" for known in KNOWN.values()
    }


@pytest.mark.parametrize("message", WRITTEN)
def test_every_rule_of_a_sent_field_is_checked_here(dump: dict[str, Any], message: str) -> None:
    shape = of_message(WRITTEN[message])
    limited = set(with_rules(dump["messages"], message, shape))
    assert limited
    assert limited - ruled(WRITTEN[message]) - TARGETS == set()


def with_rules(messages: dict[str, Any], message: str, shape: Shape, above: str = "") -> Iterator[str]:
    """The dotted paths of the fields whose values the API checks."""
    for name, below in shape.items():
        kind = messages[message][name]
        if kind["ruled"]:
            yield above + name
        if kind["message"]:
            yield from with_rules(messages, kind["message"], below, f"{above}{name}.")


def test_every_reason_is_a_sentence() -> None:
    for listed in (UNREAD, UNSENT):
        assert all(len(reason.split()) >= 4 for reason in listed.values())


def test_a_new_field_and_a_stale_entry_would_be_noticed(dump: dict[str, Any]) -> None:
    changed = json.loads(json.dumps(dump))
    changed["messages"]["EnvironmentStatus"]["mood"] = {"message": "", "enum": "", "ruled": False}
    del changed["messages"]["Environment"]["spec"]
    comparison = compared(
        changed, READ, {**UNREAD, "Service.id": "an id is always read", "Old.field": "gone"}
    )
    assert comparison.undecided == {"EnvironmentStatus.mood"}
    assert comparison.invented == {"Environment.spec"}
    assert comparison.both == {"Service.id"}
    assert "Old.field" not in comparison.used

"""Calls that change something: what goes over the wire, once, and what comes back."""

import logging

import pytest

from dashboard.ona import Secret, errors, send
from tests.ona.wire import Time, answer, refusal, talk

ID = "07e03a28-65a5-4d98-b532-8ea67b188048"
NEW = send.NewEnvironment(class_id="c1")
SERVICE = send.NewService(reference="web", name="Web", start="run")
TASK = send.NewTask(reference="t", name="T", command="make")
FILE = {"services": {"web": {"name": "Web", "commands": {"start": "run"}}}}
WRITES = [
    ("EnvironmentService/CreateEnvironment", lambda ona: ona.environments.create(NEW)),
    (
        "EnvironmentService/CreateEnvironmentFromProject",
        lambda ona: ona.environments.create_from_project(ID),
    ),
    (
        "EnvironmentService/UpdateEnvironment",
        lambda ona: ona.environments.update(ID, send.EnvironmentChange(name="a")),
    ),
    ("EnvironmentService/DeleteEnvironment", lambda ona: ona.environments.delete(ID)),
    ("EnvironmentService/UnarchiveEnvironment", lambda ona: ona.environments.unarchive(ID)),
    ("EnvironmentService/MarkEnvironmentActive", lambda ona: ona.environments.mark_active(ID, "a person")),
    (
        "EnvironmentService/CreateEnvironmentAccessToken",
        lambda ona: ona.environments.create_access_token(ID),
    ),
    ("EnvironmentService/CreateEnvironmentLogsToken", lambda ona: ona.environments.create_logs_token(ID)),
    (
        "EnvironmentAutomationService/UpsertAutomationsFile",
        lambda ona: ona.automations.upsert_file(ID, FILE),
    ),
    ("EnvironmentAutomationService/CreateService", lambda ona: ona.automations.create_service(ID, SERVICE)),
    (
        "EnvironmentAutomationService/UpdateService",
        lambda ona: ona.automations.update_service(ID, send.ServiceChange(name="a")),
    ),
    ("EnvironmentAutomationService/DeleteService", lambda ona: ona.automations.delete_service(ID)),
    ("EnvironmentAutomationService/CreateTask", lambda ona: ona.automations.create_task(ID, TASK)),
    (
        "EnvironmentAutomationService/UpdateTask",
        lambda ona: ona.automations.update_task(ID, send.TaskChange(name="a")),
    ),
    ("EnvironmentAutomationService/DeleteTask", lambda ona: ona.automations.delete_task(ID)),
]


@pytest.mark.parametrize(("method", "write"), WRITES)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_write_is_sent_once_whatever_the_answer(method, write, status):
    time = Time()
    ona, script = talk(refusal(status, ""), time=time)
    with pytest.raises(errors.ApiError) as caught:
        write(ona)
    assert script.paths == [f"/api/gitpod.v1.{method}"]
    assert caught.value.method == method.partition("/")[2]
    assert time.slept == []


def sent(reply, write):
    """(what the call returned, the message that went out)"""
    ona, script = talk(answer(reply))
    result = write(ona)
    return result, script.messages[0]


def test_creating_an_environment_gives_it_back():
    environment, message = sent({"environment": {"id": ID}}, lambda ona: ona.environments.create(NEW))
    assert environment.id == ID
    assert message["spec"]["machine"] == {"class": "c1"}
    environment, message = sent(
        {"environment": {"id": ID}}, lambda ona: ona.environments.create_from_project(ID, NEW)
    )
    assert environment.id == ID
    assert (message["projectId"], message["spec"]["machine"]) == (ID, {"class": "c1"})


def test_an_environment_without_project_needs_a_class():
    ona, script = talk(answer({}))
    with pytest.raises(errors.Unsendable, match="class_id"):
        ona.environments.create(send.NewEnvironment(name="a"))
    assert script.asked == []


def test_force_is_sent_only_when_asked_for():
    assert sent({}, lambda ona: ona.environments.delete(ID)) == (None, {"environmentId": ID})
    assert sent({}, lambda ona: ona.environments.delete(ID, force=True))[1]["force"] is True
    assert sent({}, lambda ona: ona.automations.delete_service(ID)) == (None, {"id": ID})
    assert sent({}, lambda ona: ona.automations.delete_service(ID, force=True))[1]["force"] is True


@pytest.mark.parametrize("write", [write for _, write in WRITES[1:]])
def test_a_target_that_is_no_uuid_is_not_sent(write, monkeypatch):
    monkeypatch.setitem(globals(), "ID", "no-uuid")
    ona, script = talk(answer({}))
    with pytest.raises(errors.Unsendable, match="UUID"):
        write(ona)
    assert script.asked == []


def test_a_token_comes_back_hidden(caplog):
    caplog.set_level(logging.DEBUG)
    token, message = sent({"accessToken": "eyJ.token"}, lambda ona: ona.environments.create_logs_token(ID))
    assert isinstance(token, Secret)
    assert token.reveal() == "eyJ.token"
    assert message == {"environmentId": ID}
    assert "eyJ" not in f"{token!r} {caplog.text}"


@pytest.mark.parametrize("reply", [{}, {"accessToken": ""}, {"accessToken": 5}, [], "eyJ.token"])
def test_an_answer_without_a_token_is_a_bad_answer_that_quotes_nothing(reply):
    with pytest.raises(errors.BadAnswer) as caught:
        sent(reply, lambda ona: ona.environments.create_access_token(ID))
    assert "eyJ" not in repr(caught.value)


def test_the_automations_file_says_what_it_changed():
    changed, message = sent({"updatedServiceIds": ["s1"]}, lambda ona: ona.automations.upsert_file(ID, FILE))
    assert (changed.service_ids, changed.task_ids) == (("s1",), ())
    assert message == {"environmentId": ID, "automationsFile": FILE}
    nothing, _ = sent({}, lambda ona: ona.automations.upsert_file(ID, send.automations_file(FILE)))
    assert (nothing.service_ids, nothing.task_ids) == ((), ())


def test_a_new_service_and_task_come_back():
    service, message = sent(
        {"service": {"id": "s1"}}, lambda ona: ona.automations.create_service(ID, SERVICE)
    )
    assert (service.id, message["environmentId"]) == ("s1", ID)
    task, message = sent({"task": {"id": "t1"}}, lambda ona: ona.automations.create_task(ID, TASK))
    assert (task.id, message["spec"]) == ("t1", {"command": "make"})


@pytest.mark.parametrize(
    "quoted",
    [
        "bad value hunter2-hunter2 for A",
        'bad value "hunter2-\\nhunter"',
        "x" * 480 + " hunter2-hunter2",
        "hunter2-hunt",
    ],
)
def test_a_sent_secret_is_in_no_error_even_if_the_api_quotes_it(quoted, caplog):
    caplog.set_level(logging.DEBUG)
    detail = {"type": "x", "value": "aHVudGVyMi1odW50ZXIy", "debug": {"value": "hunter2-hunter2"}}
    ona, _ = talk(refusal(400, "invalid_argument", quoted, details=[detail]))
    change = send.ServiceChange(env=(send.Variable(name="A", value=Secret("hunter2-hunter2")),))
    with pytest.raises(errors.InvalidRequest) as caught:
        ona.automations.update_service(ID, change)
    error = caught.value
    assert "hunter" not in f"{error} {error!r} {error.__dict__} {caplog.text}"
    assert error.__context__ is None
    assert (error.status, error.method) == (400, "UpdateService")


def test_an_error_that_quotes_nothing_keeps_its_words():
    ona, _ = talk(refusal(400, "failed_precondition", "the service runs"))
    change = send.ServiceChange(env=(send.Variable(name="A", value=Secret("hunter2")),))
    with pytest.raises(errors.FailedPrecondition, match="UpdateService: the service runs"):
        ona.automations.update_service(ID, change)


def test_the_value_of_a_containers_variable_is_hidden_too():
    ona, _ = talk(refusal(400, "invalid_argument", "image: hunter2-hunter2 is odd"))
    docker = send.Docker(image="redis", environment=(Secret("PASSWORD=hunter2-hunter2"),))
    with pytest.raises(errors.InvalidRequest) as caught:
        ona.automations.update_task(ID, send.TaskChange(runs_on=send.RunsOn(docker=docker)))
    assert "hunter" not in repr(caught.value)

"""Logs follow what they are about, end with it, and need a token of their environment."""

import http.client
import re
from urllib.parse import urlsplit

import pytest

from dashboard.simulator import World, create_app, enums, serve
from dashboard.simulator.catalog import VALUE_MARK
from tests.simulator.wire import AUTOMATIONS, ENVIRONMENTS, Wire


@pytest.fixture
def wire():
    return Wire(environments=60)


def token(wire, row):
    return wire.call(f"{ENVIRONMENTS}/CreateEnvironmentLogsToken", environmentId=row.id)["accessToken"]


def read(wire, url, bearer, **options):
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return wire.http.get(urlsplit(url).path, headers=headers, **options)


def finished(wire, phase=enums.SUCCEEDED):
    return next(
        run for run in wire.world.executions.values() if run.phase == phase and run.environment.usable
    )


def log_url(wire, run):
    return wire.execution(run.id)["status"]["logUrl"]


def test_a_finished_execution_tells_its_steps_in_colour_and_sections(wire):
    run = finished(wire)
    answer = read(wire, log_url(wire, run), token(wire, run.environment))
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    lines = answer.text.splitlines()
    assert lines[0].startswith('[section-create] {"id": ')
    assert lines[-1].startswith("[section-end] ")
    assert "LOG_SECTION_OUTCOME_SUCCESS" in lines[-1]
    assert "\x1b[" in answer.text
    assert answer.text.count("[section-create]") == len(run.steps)
    assert VALUE_MARK not in answer.text
    assert read(wire, log_url(wire, run), token(wire, run.environment)).text == answer.text


def test_a_failed_execution_says_so(wire):
    run = finished(wire, enums.FAILED)
    text = read(wire, log_url(wire, run), token(wire, run.environment)).text
    assert "exited with code 1" in text
    assert "LOG_SECTION_OUTCOME_FAILURE" in text


def test_a_running_execution_is_followed_to_its_end(wire):
    task = next(
        row
        for row in wire.world.tasks.values()
        if row.environment.usable and row.recipe.reference == "install" and not row.depends_on
    )
    started = wire.call(f"{AUTOMATIONS}/StartTask", id=task.id)["taskExecution"]
    assert "logUrl" not in started["status"]
    wire.time.passes(4)
    url = wire.execution(started["id"])["status"]["logUrl"]
    bearer = token(wire, task.environment)
    stream = read(wire, url, bearer, buffered=False)
    pieces = stream.iter_encoded()
    first = next(pieces)
    wire.time.passes(3)
    second = next(pieces)
    wire.time.passes(600)
    whole = first + second + b"".join(pieces)
    assert first
    assert second
    assert whole == read(wire, url, bearer).get_data()
    assert b"[section-end]" in whole


def test_a_service_tells_of_its_start_until_it_stops(wire):
    row = next(
        row
        for row in wire.world.services.values()
        if row.environment.usable and row.phase == enums.SERVICE_RUNNING and row.recipe.reference == "web"
    )
    bearer = token(wire, row.environment)
    wire.call(f"{AUTOMATIONS}/StopService", id=row.id)
    wire.time.passes(20)
    wire.call(f"{AUTOMATIONS}/StartService", id=row.id)
    wire.time.passes(60)
    url = wire.service(row.id)["status"]["logUrl"]
    stream = read(wire, url, bearer, buffered=False)
    pieces = stream.iter_encoded()
    text = next(pieces).decode()
    assert re.match(r"\[id:running-service\] \[[-0-9T:.]+Z\] INFO Starting service", text)
    assert "[id:ready-command]" in text
    assert "Service is ready" in text
    wire.call(f"{AUTOMATIONS}/StopService", id=row.id)
    wire.time.passes(30)
    assert "Service stopped" in b"".join(pieces).decode()


def test_a_long_lived_service_shows_its_last_lines_only(wire):
    row = next(row for row in wire.world.services.values() if row.phase == enums.SERVICE_RUNNING)
    wire.time.passes(86_400)
    stream = read(
        wire, wire.service(row.id)["status"]["logUrl"], token(wire, row.environment), buffered=False
    )
    assert len(next(stream.iter_encoded()).splitlines()) < 700
    stream.close()


def test_an_environments_log_moves_to_the_runner_when_it_stops(wire):
    row = next(row for row in wire.world.environments.values() if row.usable and row.services)
    bearer = token(wire, row)
    up = wire.environment(row.id)["status"]["environmentUrls"]["logs"]
    service = wire.service(row.services[0].id)["status"]["logUrl"]
    assert urlsplit(up).path == f"/logs/{row.id}"
    wire.call(f"{ENVIRONMENTS}/StopEnvironment", environmentId=row.id)
    wire.time.passes(60)
    down = wire.environment(row.id)["status"]["environmentUrls"]["logs"]
    assert urlsplit(down).path == f"/logs/runners/{row.runner.id}/environments/{row.id}"
    assert "creating machine" in read(wire, down, bearer).text
    assert wire.service(row.services[0].id)["status"]["logUrl"] == service
    for gone in (up, service):
        assert read(wire, gone, bearer).status_code == 404


def test_a_log_needs_a_token_of_its_environment_that_has_not_expired(wire):
    run = finished(wire)
    url, bearer = log_url(wire, run), token(wire, run.environment)
    other = next(row for row in wire.world.environments.values() if row.usable and row is not run.environment)
    access = wire.call(f"{ENVIRONMENTS}/CreateEnvironmentAccessToken", environmentId=run.environment.id)
    for wrong in ("", "key", "a.b.c", bearer[:-1] + "x", token(wire, other), access["accessToken"]):
        assert read(wire, url, wrong).status_code == 401
    wire.time.passes(3599)
    assert read(wire, url, bearer).status_code in {200, 404}
    wire.time.passes(2)
    assert read(wire, url, bearer).status_code == 401


def test_what_is_not_there_is_404_and_trouble_is_502(wire):
    run = finished(wire)
    bearer = token(wire, run.environment)
    home = f"/logs/{run.environment.id}"
    for path in (f"{home}/execution/{run.environment.id}", f"{home}/service/nothing", f"{home}/x/y/z"):
        assert read(wire, path, bearer).status_code == 404
    wire.world.faults.set("log-502", 1)
    answer = read(wire, log_url(wire, run), bearer)
    assert (answer.status_code, answer.mimetype) == (502, "text/html")


def test_on_a_port_the_address_is_that_of_the_port_and_the_body_comes_in_chunks():
    world = World(environments=60, speed=60, life=False)
    run = next(
        run for run in world.executions.values() if run.phase == enums.SUCCEEDED and run.environment.usable
    )
    with serve(create_app(world)) as base:
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=5)
        headers = {"Authorization": "Bearer key", "Content-Type": "application/json"}

        def call(method, body):
            connection.request("POST", f"/api/gitpod.v1.{method}", body, headers)
            return connection.getresponse().read().decode()

        made = call(
            "EnvironmentService/CreateEnvironmentLogsToken", f'{{"environmentId":"{run.environment.id}"}}'
        )
        bearer = re.search('"accessToken":"([^"]+)"', made).group(1)
        shown = call("EnvironmentAutomationService/GetTaskExecution", f'{{"id":"{run.id}"}}')
        url = re.search('"logUrl":"([^"]+)"', shown).group(1)
        assert url == f"{base.removesuffix('/api')}/logs/{run.environment.id}/execution/{run.id}"
        connection.request("GET", urlsplit(url).path, headers={"Authorization": f"Bearer {bearer}"})
        answer = connection.getresponse()
        assert answer.getheader("Transfer-Encoding") == "chunked"
        assert answer.read().count(b"[section-end]") == len(run.steps)
        connection.request("HEAD", urlsplit(url).path, headers={"Authorization": f"Bearer {bearer}"})
        assert connection.getresponse().read() == b""
        connection.request("GET", urlsplit(url).path)
        assert connection.getresponse().status == 401
        connection.close()

"""Logs and events over the simulator's wire."""

import threading
from contextlib import contextmanager

import pytest

from dashboard.ona import EnvironmentFilter, ExecutionFilter, Secret, ServiceFilter, errors, logs, send
from dashboard.ona.events import Only
from dashboard.ona.log_lines import Line, entries
from tests.ona.test_simulator import NOBODY, everything, first, speaking


@contextmanager
def reading(ona, url, token):
    base = str(ona._transport.base)
    with logs.read(url, token, base_url=base, allowed=logs.below("127.0.0.1"), idle=5.0) as stream:
        yield stream


def running_service(ona):
    up = EnvironmentFilter(status_phases=("running",))
    homes = tuple(one.id for one in everything(ona.environments.pages(up)))[:25]
    services = everything(ona.automations.service_pages(ServiceFilter(environment_ids=homes)))
    return next(one for one in services if one.phase == "running" and one.status.log_url)


def text_of(chunks):
    return [one.text for one in entries(chunks) if isinstance(one, Line)]


def test_the_log_of_a_service_goes_on_while_it_runs_and_ends_with_it():
    with speaking(environments=40) as (ona, _, time):
        service = running_service(ona)
        token = ona.environments.create_logs_token(service.environment_id)
        with reading(ona, service.status.log_url, token) as stream:
            begun = next(stream)
            ona.automations.stop_service(service.id)
            time.now += 180
            lines = text_of([begun, *stream])
        assert len(lines) > 1
        assert all(lines)


def test_the_log_of_an_execution_that_is_over_has_an_end():
    with speaking(environments=80) as (ona, _, _):
        up = EnvironmentFilter(status_phases=("running",))
        homes = tuple(one.id for one in everything(ona.environments.pages(up)))[:25]
        over = ExecutionFilter(phases=("succeeded", "failed"), environment_ids=homes)
        execution = next(
            one for one in everything(ona.automations.execution_pages(over)) if one.status.log_url
        )
        token = ona.environments.create_logs_token(execution.metadata.environment_id)
        with reading(ona, execution.status.log_url, token) as stream:
            assert text_of(stream)


def test_the_log_of_a_stopped_environment_is_in_the_archive():
    with speaking(environments=40) as (ona, _, _):
        stopped = first(everything(ona.environments.pages()), "stopped")
        token = ona.environments.create_logs_token(stopped.id)
        with reading(ona, stopped.status.environment_urls.logs, token) as stream:
            assert text_of(stream)


def test_a_log_wants_the_right_token_and_one_that_is_fresh():
    with speaking(environments=40) as (ona, _, time):
        service = running_service(ona)
        home, url = service.environment_id, service.status.log_url
        good, access = ona.environments.create_logs_token(home), ona.environments.create_access_token(home)
        for bad in (access, Secret("some-key")):
            with pytest.raises(errors.Unauthenticated), reading(ona, url, bad):
                pass
        with pytest.raises(errors.NotFound), reading(ona, f"{url}-no", good):
            pass
        time.now += 3700
        with pytest.raises(errors.Unauthenticated), reading(ona, url, good):
            pass


@contextmanager
def heard(stream, wanted):
    """Events that come during the block; ends the stream once `wanted(events)`."""
    found = []

    def listen():
        for event in stream:
            found.append(event)
            if wanted(found):
                return

    thread = threading.Thread(target=listen, daemon=True)
    with stream:
        thread.start()
        yield found
        thread.join(10)
        assert not thread.is_alive(), found


@pytest.mark.method("WatchEvents")
def test_the_organization_hears_of_environments_and_never_of_services():
    with speaking(environments=40) as (ona, _, time):
        service = running_service(ona)
        home = service.environment_id
        with heard(
            ona.events.organization(idle=9.0), lambda seen: seen[-1].resource_id == home
        ) as everywhere:
            ona.automations.stop_service(service.id)
            time.now += 5
            ona.environments.update(home, send.EnvironmentChange(name="renamed"))
            time.now += 60
        assert {one.kind for one in everywhere} <= {"environment", "runner", "project"}
        assert {one.word for one in everywhere} <= {"create", "update", "delete", "update_status"}


def test_an_environments_stream_tells_of_its_services_and_filters_choose():
    with speaking(environments=40) as (ona, _, time):
        service = running_service(ona)
        stream = ona.events.environment(service.environment_id, idle=9.0)
        with heard(stream, lambda seen: seen[-1].resource_id == service.id) as seen:
            ona.automations.stop_service(service.id)
            time.now += 180
        assert seen[-1].kind == "service"
        only = Only(resource_type="environment", resource_ids=(service.environment_id,))
        stream = ona.events.organization(only, idle=9.0)
        with heard(stream, lambda _: True) as seen:
            ona.environments.stop(service.environment_id)
            time.now += 180
        assert [(one.kind, one.resource_id) for one in seen] == [("environment", service.environment_id)]


def test_nobodys_stream_and_a_wrong_key_are_refused():
    with speaking(environments=10) as (ona, _, _), pytest.raises(errors.NotFound):
        ona.events.environment(NOBODY)
    with speaking("wrong", 10, api_keys=("right",)) as (ona, _, _), pytest.raises(errors.Unauthenticated):
        ona.events.organization()


def test_a_server_that_closes_ends_its_streams():
    with speaking(environments=10) as (ona, _, _):
        stream = ona.events.organization(idle=9.0)
    with stream, pytest.raises(StopIteration):
        next(stream)


def test_a_gateway_before_a_log_is_asked_again_three_times():
    with speaking(environments=40) as (ona, world, time):
        stopped = first(everything(ona.environments.pages()), "stopped")
        token = ona.environments.create_logs_token(stopped.id)
        world.faults.set("log-502", 1.0)
        base, url = str(ona._transport.base), stopped.status.environment_urls.logs
        with pytest.raises(errors.Unavailable):
            logs.read(url, token, base_url=base, allowed=logs.below("127.0.0.1"), sleep=time.sleep)
        assert time.slept == [1.0, 1.0, 1.0]


def test_a_stream_that_is_reset_says_so():
    with speaking(environments=40) as (ona, world, time):
        service = running_service(ona)
        stream = ona.events.environment(service.environment_id, idle=9.0)
        ona.automations.stop_service(service.id)
        world.faults.set("reset", 1.0)
        time.now += 180
        with stream, pytest.raises(errors.OnaError, match=r"ReadError|broke off"):
            list(stream)

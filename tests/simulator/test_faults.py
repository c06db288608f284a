"""Trouble on demand, in-process and on a real socket."""

import http.client
import json
import socket
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from dashboard.simulator import Faults, World, create_app, serve
from tests.simulator.wire import AUTOMATIONS, ENVIRONMENTS, Wire

LIST, GET = f"{ENVIRONMENTS}/ListEnvironments", f"{ENVIRONMENTS}/GetEnvironment"
STOP = f"{ENVIRONMENTS}/StopEnvironment"
HEADERS = {"Authorization": "Bearer key", "Content-Type": "application/json"}


@pytest.fixture
def wire():
    return Wire(environments=60)


def running(wire):
    return next(row for row in wire.world.environments.values() if row.usable)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("429", 429, "resource_exhausted"),
        ("429-plain", 429, "resource_exhausted"),
        ("500", 500, "internal"),
        ("503", 503, "unavailable"),
    ],
)
def test_a_refused_call_is_not_carried_out_and_the_ledger_says_so(wire, kind, status, code):
    row = running(wire)
    wire.world.faults.set(kind, 1)
    assert wire.refused(STOP, environmentId=row.id)[:2] == (status, code)
    assert [call.outcome for call in wire.world.calls] == [code]
    wire.world.faults.clear()
    wire.time.passes(3)
    assert wire.world.environments[row.id].usable


def test_a_rate_limit_tells_the_delay_and_a_quota_does_not(wire):
    wire.world.faults.set("429", 1)
    with_delay = wire.raw(LIST)
    assert with_delay.headers["RateLimit-RetryAfter"] == "1"
    assert with_delay.json["details"][0]["type"] == "google.rpc.RetryInfo"
    wire.world.faults.update({"429": 0, "429-plain": 1})
    plain = wire.raw(LIST)
    assert "RateLimit-RetryAfter" not in plain.headers
    assert "details" not in plain.json


@pytest.mark.parametrize(("kind", "status"), [("502", 502), ("html", 200)])
def test_a_gateways_page_hides_that_the_call_was_carried_out(wire, kind, status):
    row = running(wire)
    wire.world.faults.set(kind, 1)
    answer = wire.post(STOP, {"environmentId": row.id})
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    wire.time.passes(3)
    assert not wire.world.environments[row.id].usable


def test_cut_json_is_no_json(wire):
    wire.world.faults.set("truncate", 1)
    answer = wire.raw(LIST)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.get_data())


@pytest.mark.parametrize(("kind", "error"), [("reset", ConnectionResetError), ("stall", TimeoutError)])
def test_in_process_a_broken_connection_is_an_exception(wire, kind, error):
    wire.world.faults.set(kind, 1)
    answer = wire.raw(LIST)
    with pytest.raises(error):
        answer.get_data()


def test_one_enum_value_of_an_answer_is_unknown(wire):
    wire.world.faults.set("unknown-enum", 1)
    assert wire.raw(LIST).text.count("_FROM_THE_FUTURE") == 1


def test_one_field_of_an_answer_is_missing_but_never_the_id(wire):
    whole = wire.call(LIST)
    wire.world.faults.set("missing-field", 1)
    for _ in range(20):
        answer = wire.call(LIST)
        assert answer != whole
        assert [row["id"] for row in answer["environments"]] == [row["id"] for row in whole["environments"]]


def test_the_token_of_the_next_page_repeats(wire):
    wire.world.faults.set("loop-token", 1)
    body = {"pageSize": 10}
    first = wire.call(LIST, pagination=body)["pagination"]["nextToken"]
    assert wire.call(LIST, pagination={**body, "token": first})["pagination"]["nextToken"] == first


def test_an_item_vanishes_between_pages(wire):
    page = {"pageSize": 10}
    token = wire.call(LIST, pagination=page)["pagination"]["nextToken"]
    whole = wire.call(LIST, pagination={**page, "token": token})["environments"]
    wire.world.faults.set("vanish", 1)
    assert wire.call(LIST, pagination={**page, "token": token})["environments"] == whole[1:]
    assert len(wire.call(LIST, pagination=page)["environments"]) == 10


def test_the_clock_of_the_api_is_seven_minutes_ahead(wire):
    before = wire.call(LIST)["environments"][0]["metadata"]["createdAt"]
    wire.world.faults.set("clock-skew", 1)
    after = wire.call(LIST)["environments"][0]["metadata"]["createdAt"]
    assert (after > before, after[19:]) == (True, before[19:])


def test_one_environment_is_forbidden_with_all_that_is_in_it(wire):
    row = running(wire)
    other = next(one for one in wire.world.environments.values() if one.usable and one is not row)
    wire.world.faults.update({"forbid": row.id})
    assert wire.refused(GET, environmentId=row.id)[:2] == (403, "permission_denied")
    service = {"id": row.services[0].id}
    assert wire.refused(f"{AUTOMATIONS}/StopService", **service)[:2] == (403, "permission_denied")
    watch = "gitpod.v1.EventService/WatchEvents"
    assert wire.refused(watch, environmentId=row.id)[:2] == (403, "permission_denied")
    assert wire.environment(other.id)["id"] == other.id


def test_a_new_environment_may_be_unknown_for_three_seconds(wire):
    wire.world.faults.set("late", 1)
    machine = {"machine": {"class": wire.world.directory.classes[0].id}}
    made = wire.call(f"{ENVIRONMENTS}/CreateEnvironment", spec=machine)["environment"]["id"]
    assert wire.refused(GET, environmentId=made)[:2] == (404, "not_found")
    wire.time.passes(3.5)
    assert wire.environment(made)["id"] == made


def test_the_same_seed_and_calls_meet_the_same_trouble():
    def run():
        wire = Wire(environments=5)
        wire.world.faults.update({"503": 0.3, "502": 0.3})
        return [wire.raw(LIST).status_code for _ in range(60)]

    assert run() == run()
    assert set(run()) == {200, 502, 503}


@pytest.mark.parametrize("bad", [{"tea": 0.5}, {"502": 2}, {"502": "often"}, {"502": True}, {"forbid": 3}])
def test_nonsense_is_refused_and_changes_nothing(bad):
    faults = Faults()
    with pytest.raises(ValueError, match=r"must be|unknown kind"):
        faults.update({"503": 1, **bad})
    assert faults.document() == {}


# The admin call


def test_faults_are_set_over_the_wire_only_where_that_is_allowed():
    closed, open_ = Wire(environments=2), Wire(environments=2, app={"admin": True})
    assert closed.http.post("/simulator/faults", json={"503": 1}).status_code == 404
    assert closed.raw(LIST).status_code == 200
    assert open_.http.post("/simulator/faults", json={"503": 1}).json == {"503": 1.0}
    assert open_.raw(LIST).status_code == 503
    assert open_.http.get("/simulator/faults").json == {"503": 1.0}
    assert open_.http.post("/simulator/faults", json={"tea": 1}).status_code == 400
    assert open_.http.post("/simulator/faults", data=b"[]").status_code == 400
    assert open_.http.delete("/simulator/faults").json == {}
    assert open_.raw(LIST).status_code == 200


# On a socket


@contextmanager
def served(**rates):
    world = World(environments=20, life=False)
    world.faults.update(rates)
    with serve(create_app(world)) as base:
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=0.6)
        connection.request("POST", f"/api/{LIST}", b"{}", HEADERS)
        yield connection
        connection.close()


def test_a_reset_is_seen_as_a_reset():
    with served(reset=1) as connection, pytest.raises(ConnectionResetError):
        connection.getresponse().read()


def test_a_stalled_body_begins_and_does_not_end_and_holds_nothing_up():
    began = time.monotonic()
    with served(stall=1) as connection:
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read(100)
        with pytest.raises(socket.timeout):
            answer.read()
    assert time.monotonic() - began < 3


def test_latency_waits_a_second():
    began = time.monotonic()
    with served(latency=1) as connection, pytest.raises(socket.timeout):
        connection.getresponse()
    assert time.monotonic() - began > 0.5


def test_time_stands_still_when_an_admin_says_so():
    wire = Wire(environments=2, app={"admin": True})
    assert wire.http.get("/simulator/freeze").status_code == 405
    assert wire.http.post("/simulator/freeze").status_code == 200
    before = wire.world.clock.now()
    wire.time.passes(100)
    assert wire.world.clock.now() == before
    assert Wire(environments=2).http.post("/simulator/freeze").status_code == 404

"""The stream of changes: scopes, filters, both framings, and how it ends."""

import gzip
import http.client
import json
import struct
import threading
import time
from urllib.parse import urlsplit

import pytest

from dashboard.simulator import World, create_app, serve
from dashboard.simulator.events import LONGEST_QUEUE
from tests.simulator.wire import AUTOMATIONS, ENVIRONMENTS, Wire
from tests.simulator.words import NOBODY

WATCH = "gitpod.v1.EventService/WatchEvents"
HEADERS = {"Authorization": "Bearer key", "Content-Type": "application/json"}
ENVIRONMENT = {"resourceType": "RESOURCE_TYPE_ENVIRONMENT"}


@pytest.fixture
def wire():
    return Wire(environments=30)


class Stream:
    """A stream opened in-process; `wire.time` moves its world."""

    def __init__(self, wire, **body):
        sent = {"Authorization": "Bearer key", "Content-Type": "application/json"}
        self.answer = wire.http.open(
            f"/api/{WATCH}", method="POST", data=json.dumps(body), headers=sent, buffered=False
        )
        self.lines = filter(None, self.answer.iter_encoded())

    def take(self, count):
        return [json.loads(next(self.lines)) for _ in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()


def running(wire, fits=lambda _: True):
    return next(row for row in wire.world.environments.values() if row.usable and row.tasks and fits(row))


def test_an_organizations_stream_tells_of_environments_only(wire):
    row = running(wire)
    with Stream(wire, organization=True) as stream:
        assert stream.answer.mimetype == "application/jsonl"
        wire.call(f"{ENVIRONMENTS}/StopEnvironment", environmentId=row.id)
        wire.time.passes(30)
        [going, down] = stream.take(2)
        assert going == down
        assert going == {"operation": "RESOURCE_OPERATION_UPDATE_STATUS", **ENVIRONMENT, "resourceId": row.id}
    assert len(wire.world.hub) == 0


def test_an_environments_stream_tells_of_what_is_in_it(wire):
    row = running(wire)
    other = running(wire, lambda one: one is not row)
    with Stream(wire, environmentId=row.id) as stream:
        wire.call(f"{AUTOMATIONS}/StartTask", id=other.tasks[0].id)
        made = wire.call(f"{AUTOMATIONS}/StartTask", id=row.tasks[0].id)["taskExecution"]["id"]
        body = {"metadata": {"reference": "new", "name": "N"}, "spec": {"commands": {"start": "x"}}}
        service = wire.call(f"{AUTOMATIONS}/CreateService", environmentId=row.id, **body)["service"]["id"]
        wire.call(f"{AUTOMATIONS}/DeleteService", id=service, force=True)
        seen = [(event["operation"], event["resourceType"], event["resourceId"]) for event in stream.take(3)]
    assert seen == [
        ("RESOURCE_OPERATION_CREATE", "RESOURCE_TYPE_TASK_EXECUTION", made),
        ("RESOURCE_OPERATION_CREATE", "RESOURCE_TYPE_SERVICE", service),
        ("RESOURCE_OPERATION_DELETE", "RESOURCE_TYPE_SERVICE", service),
    ]


def test_a_created_and_removed_environment_is_told(wire):
    with Stream(wire) as stream:
        machine = {"machine": {"class": wire.world.directory.classes[0].id}}
        made = wire.call(f"{ENVIRONMENTS}/CreateEnvironment", spec=machine)["environment"]["id"]
        wire.call(f"{ENVIRONMENTS}/UpdateEnvironment", environmentId=made, metadata={"name": "x"})
        wire.call(f"{ENVIRONMENTS}/DeleteEnvironment", environmentId=made, force=True)
        events = stream.take(3)
    assert [event["operation"].rpartition("_")[2] for event in events] == ["CREATE", "UPDATE", "DELETE"]
    assert {event["resourceId"] for event in events} == {made}


def test_filters_choose_by_id_and_creator_but_a_deletion_has_none(wire):
    one = running(wire)
    two = running(wire, lambda row: row.creator != one.creator)
    by_id = Stream(wire, resourceTypeFilters=[{**ENVIRONMENT, "resourceIds": [two.id]}])
    by_creator = Stream(wire, resourceTypeFilters=[{**ENVIRONMENT, "creatorIds": [two.creator.id]}])
    for row in (one, two):
        wire.call(f"{ENVIRONMENTS}/UpdateEnvironment", environmentId=row.id, metadata={"name": "x"})
    wire.call(f"{ENVIRONMENTS}/DeleteEnvironment", environmentId=one.id, force=True)
    wire.call(f"{ENVIRONMENTS}/DeleteEnvironment", environmentId=two.id, force=True)
    assert {event["resourceId"] for event in by_id.take(2)} == {two.id}
    seen = [(event["operation"].rpartition("_")[2], event["resourceId"]) for event in by_creator.take(3)]
    assert seen == [("UPDATE", two.id), ("DELETE", one.id), ("DELETE", two.id)]
    by_id.answer.close()
    by_creator.answer.close()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"resourceTypeFilters": [{"resourceType": 0}]}, 400, "invalid_argument"),
        ({"resourceTypeFilters": [{"resourceType": 99}]}, 400, "invalid_argument"),
        ({"resourceTypeFilters": [ENVIRONMENT] * 51}, 400, "invalid_argument"),
        ({"resourceTypeFilters": [{**ENVIRONMENT, "resourceIds": ["x"]}]}, 400, "invalid_argument"),
        ({"environmentId": NOBODY}, 404, "not_found"),
    ],
)
def test_a_bad_request_is_refused_before_the_stream_begins(wire, body, status, code):
    assert wire.refused(WATCH, **body)[:2] == (status, code)
    envelope = wire.raw(WATCH, wrapped(body), Content_Type="application/connect+json")
    assert envelope.status_code == 200
    [(flag, last)] = unwrapped(envelope.get_data())
    assert (flag, last["error"]["code"]) == (2, code)


def test_filters_with_an_environments_scope_are_an_error(wire):
    body = {"environmentId": running(wire).id, "resourceTypeFilters": [ENVIRONMENT]}
    assert wire.refused(WATCH, **body)[:2] == (400, "invalid_argument")


def test_a_stranger_gets_no_stream(wire):
    assert wire.raw(WATCH, Authorization="").status_code == 401
    envelope = wire.raw(WATCH, wrapped({}), Content_Type="application/connect+json", Authorization="")
    assert unwrapped(envelope.get_data())[0][1]["error"]["code"] == "unauthenticated"


def test_other_content_types_and_broken_envelopes_are_refused(wire):
    answer = wire.raw(WATCH, Content_Type="application/connect+proto")
    assert answer.status_code == 415
    assert "application/connect+json" in answer.headers["Accept-Post"]
    for body in (b"", b"{}", b"\x01\x00\x00\x00\x02{}", b"\x00\x00\x00\x00\x09{}"):
        broken = wire.raw(WATCH, body, Content_Type="application/connect+json")
        assert unwrapped(broken.get_data())[0][1]["error"]["code"] == "invalid_argument"


def test_a_compressed_envelope_reads_like_a_plain_one(wire):
    text = gzip.compress(json.dumps({"environmentId": NOBODY}).encode())
    kinds = {"Content_Type": "application/connect+json", "Connect_Content_Encoding": "gzip"}
    answer = wire.raw(WATCH, struct.pack(">BI", 1, len(text)) + text, **kinds)
    assert unwrapped(answer.get_data())[0][1]["error"]["code"] == "not_found"


def test_a_listener_that_is_too_slow_is_told_no_more(wire):
    row = running(wire)
    with Stream(wire) as stream:
        for number in range(LONGEST_QUEUE + 5):
            name = {"name": f"n{number}"}
            wire.call(f"{ENVIRONMENTS}/UpdateEnvironment", environmentId=row.id, metadata=name)
        assert len(stream.take(LONGEST_QUEUE)) == LONGEST_QUEUE
        assert list(stream.lines) == []


def wrapped(body):
    text = json.dumps(body).encode()
    return struct.pack(">BI", 0, len(text)) + text


def unwrapped(data):
    out = []
    while data:
        flag, length = struct.unpack(">BI", data[:5])
        out.append((flag, json.loads(data[5 : 5 + length])))
        data = data[5 + length :]
    return out


# On a port


def threads():
    return {thread for thread in threading.enumerate() if thread.is_alive()}


@pytest.mark.parametrize("enveloped", [False, True])
def test_a_stream_begins_at_once_and_ends_cleanly_with_the_server(enveloped):
    before = threads()
    world = World(environments=20, speed=60, life=False)
    row = next(row for row in world.environments.values() if row.usable)
    headers = {**HEADERS, "Content-Type": "application/connect+json"} if enveloped else HEADERS
    with serve(create_app(world)) as base:
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=5)
        began = time.monotonic()
        connection.request("POST", f"/api/{WATCH}", wrapped({}) if enveloped else b"{}", headers)
        answer = connection.getresponse()
        assert answer.status == 200
        assert time.monotonic() - began < 0.5
        caller = http.client.HTTPConnection(urlsplit(base).netloc, timeout=5)
        body = json.dumps({"environmentId": row.id})
        caller.request("POST", f"/api/{ENVIRONMENTS}/StopEnvironment", body, HEADERS)
        caller.getresponse().read()
        caller.close()
        first = answer.read(5) if enveloped else answer.readline()
        assert first
    rest = first + answer.read()
    connection.close()
    if enveloped:
        assert [flag for flag, _ in unwrapped(rest)][-1] == 2
    assert len(world.hub) == 0
    end = time.monotonic() + 3
    while threads() - before and time.monotonic() < end:
        time.sleep(0.02)
    assert not threads() - before


def test_a_reader_that_goes_away_is_noticed_without_any_event():
    world = World(environments=3, speed=0, life=False)
    with serve(create_app(world)) as base:
        connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=5)
        connection.request("POST", f"/api/{WATCH}", b"{}", HEADERS)
        answer = connection.getresponse()
        assert len(world.hub) == 1
        answer.close()
        connection.close()
        end = time.monotonic() + 3
        while len(world.hub) and time.monotonic() < end:
            time.sleep(0.02)
        assert len(world.hub) == 0

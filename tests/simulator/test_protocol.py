"""HTTP and Connect: methods, content types, keys, bodies, errors, rate limits."""

import base64
import gzip
import json

import pytest

from tests.simulator.wire import AUTOMATIONS, ENVIRONMENTS, Wire

LIST, START, STOP = (
    f"{ENVIRONMENTS}/{name}Environment{end}" for name, end in (("List", "s"), ("Start", ""), ("Stop", ""))
)
GET = f"{ENVIRONMENTS}/GetEnvironment"
PAGE_SIZE_RULE = "value must be greater than or equal to 0 and less than or equal to 100"
NOBODY = "01900000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def wire():
    return Wire()


@pytest.mark.parametrize(
    ("method", "change", "status", "code"),
    [
        ("gitpod.v1.EnvironmentService/Nonsense", {}, 404, "unimplemented"),
        ("gitpod.v1.Nonsense/GetEnvironment", {}, 404, "unimplemented"),
        ("EnvironmentService/ListEnvironments", {}, 404, "unimplemented"),
        (LIST, {"verb": "GET"}, 405, "unimplemented"),
        (LIST, {"verb": "PUT"}, 405, "unimplemented"),
        (LIST, {"Content_Type": "application/proto"}, 415, "unknown"),
        (LIST, {"Content_Type": "text/plain"}, 415, "unknown"),
        (LIST, {"Authorization": ""}, 401, "unauthenticated"),
        (LIST, {"Authorization": "Bearer "}, 401, "unauthenticated"),
        (LIST, {"Authorization": "Basic a2V5"}, 401, "unauthenticated"),
        (LIST, {"body": b""}, 400, "invalid_argument"),
        (LIST, {"body": b"{"}, 400, "invalid_argument"),
        (LIST, {"body": b"[]"}, 400, "invalid_argument"),
        (LIST, {"body": b"\xff"}, 400, "invalid_argument"),
        (LIST, {"body": b"[" * 100_000}, 400, "invalid_argument"),
        (LIST, {"body": b'{"filter": 3}'}, 400, "invalid_argument"),
        (LIST, {"body": b'{"filter": {"runnerIds": "x"}}'}, 400, "invalid_argument"),
        (LIST, {"body": b'{"pagination": {"pageSize": "many"}}'}, 400, "invalid_argument"),
        (LIST, {"body": b'{"filter": {"createdBefore": "yesterday"}}'}, 400, "invalid_argument"),
        (
            LIST,
            {"body": b'{"filter": {"createdBefore": "9999-12-31T23:59:59-23:00"}}'},
            400,
            "invalid_argument",
        ),
        (LIST, {"body": b'{"search": "' + b"x" * 5_000_000 + b'"}'}, 429, "resource_exhausted"),
        (LIST, {"body": b"{}", "Content_Encoding": "gzip"}, 400, "invalid_argument"),
        (LIST, {"body": b"{}", "Content_Encoding": "br"}, 501, "unimplemented"),
    ],
)
def test_what_is_no_call_is_refused_as_connect_refuses_it(wire, method, change, status, code):
    answer = wire.raw(method, **change)
    assert (answer.status_code, answer.json["code"]) == (status, code)


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_json_is_accepted_with_and_without_charset(wire, content_type):
    assert wire.raw(LIST, Content_Type=content_type).status_code == 200


def test_a_compressed_body_reads_like_a_plain_one(wire):
    body = gzip.compress(b'{"pagination": {"pageSize": 3}}')
    assert len(wire.raw(LIST, body, Content_Encoding="gzip").json["environments"]) == 3


def test_snake_case_names_numbers_as_text_and_unknown_fields_are_accepted(wire):
    chosen = {
        "status_phases": ["ENVIRONMENT_PHASE_RUNNING", "ENVIRONMENT_PHASE_OF_TOMORROW"],
        "colour": "red",
    }
    answer = wire.call(LIST, filter=chosen, pagination={"page_size": "4"}, trace={"id": 1})
    assert [row["status"]["phase"] for row in answer["environments"]] == ["ENVIRONMENT_PHASE_RUNNING"] * 4


def test_enums_may_be_given_as_numbers(wire):
    answer = wire.call(LIST, filter={"statusPhases": [60]})
    assert {row["status"]["phase"] for row in answer["environments"]} == {"ENVIRONMENT_PHASE_STOPPED"}


def test_only_the_given_keys_are_valid_when_there_are_any():
    wire = Wire(app={"api_keys": ["good"]}, environments=2)
    assert wire.raw(LIST, Authorization="Bearer good").status_code == 200
    assert wire.raw(LIST, Authorization="Bearer key").status_code == 401


@pytest.mark.parametrize("method", [START, STOP, f"{AUTOMATIONS}/StartTask", f"{AUTOMATIONS}/StopService"])
def test_a_read_only_key_cannot_write(wire, method):
    answer = wire.raw(method, Authorization="Bearer readonly-1")
    assert (answer.status_code, answer.json["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("method", "body", "line"),
    [
        (GET, {}, "environment_id: value is required [required]"),
        (GET, {"environmentId": "7"}, "environment_id: value must be a valid UUID [string.uuid]"),
        (START, {}, "environment_id: value is empty, which is not a valid UUID [string.uuid_empty]"),
        (f"{AUTOMATIONS}/StartTask", {"id": "x"}, "id: value must be a valid UUID [string.uuid]"),
        (
            LIST,
            {"pagination": {"pageSize": 101}},
            f"pagination.page_size: {PAGE_SIZE_RULE} [int32.gte_lte]",
        ),
        (
            LIST,
            {"filter": {"creatorIds": [NOBODY] * 26}},
            "filter.creator_ids: value must contain no more than 25 item(s) [repeated.max_items]",
        ),
        (LIST, {"filter": {"projectIds": ["p"]}}, "filter.project_ids[0]: value must be a valid UUID [string.uuid]"),
        (
            LIST,
            {"filter": {"search": "s" * 257}},
            "filter.search: value length must be at most 256 characters [string.max_len]",
        ),
        (
            LIST,
            {"filter": {"roles": [99]}},
            "filter.roles[0]: value must be one of the defined enum values [enum.defined_only]",
        ),
        (
            f"{AUTOMATIONS}/ListTasks",
            {"filter": {"references": [""]}},
            "filter.references[0]: value length must be at least 1 characters [string.min_len]",
        ),
    ],
)  # fmt: skip
def test_a_broken_rule_is_named_with_its_field_and_rule(wire, method, body, line):
    status, code, message = wire.refused(method, **body)
    assert (status, code) == (400, "invalid_argument")
    assert message.splitlines() == ["validation error:", f" - {line}"]


def test_several_broken_rules_are_reported_together(wire):
    *_, message = wire.refused(LIST, filter={"projectIds": ["a", "b"]}, pagination={"pageSize": -1})
    assert len(message.splitlines()) == 4


@pytest.mark.parametrize(
    ("method", "field", "what"),
    [
        (GET, "environmentId", "environment"),
        (START, "environmentId", "environment"),
        (f"{AUTOMATIONS}/GetService", "id", "service"),
        (f"{AUTOMATIONS}/StopService", "id", "service"),
        (f"{AUTOMATIONS}/GetTask", "id", "task"),
        (f"{AUTOMATIONS}/StopTaskExecution", "id", "task execution"),
    ],
)
def test_an_unknown_id_is_not_found(wire, method, field, what):
    assert wire.refused(method, **{field: NOBODY}) == (404, "not_found", f"{what} not found")


def test_calls_beyond_the_rate_say_how_long_to_wait():
    wire = Wire(app={"rate": 2}, environments=2)
    assert [wire.raw(LIST).status_code for _ in range(3)] == [200, 200, 429]
    answer = wire.raw(LIST)
    [detail] = answer.json["details"]
    assert (answer.json["code"], answer.headers["RateLimit-RetryAfter"]) == ("resource_exhausted", "1")
    assert (detail["type"], detail["debug"]) == ("google.rpc.RetryInfo", {"retryDelay": "0.500s"})
    # RetryInfo { retry_delay (1) { nanos (2): 500000000 } }
    assert base64.b64decode(detail["value"] + "==") == bytes([0x0A, 6, 0x10, 0x80, 0xCA, 0xB5, 0xEE, 0x01])
    wire.time.passes(0.5)
    assert [wire.raw(LIST).status_code for _ in range(2)] == [200, 429]


def test_every_write_call_is_in_the_ledger_whatever_became_of_it():
    wire = Wire()
    target = next(row.id for row in wire.world.environments.values() if row.usable)
    wire.call(STOP, environmentId=target)
    wire.refused(STOP, environmentId=NOBODY)
    wire.raw(STOP, json.dumps({"environmentId": target}).encode(), Authorization="Bearer readonly")
    wire.call(GET, environmentId=target)
    assert [(call.method, call.target, call.outcome) for call in wire.world.calls] == [
        ("StopEnvironment", target, "ok"),
        ("StopEnvironment", NOBODY, "not_found"),
        ("StopEnvironment", target, "permission_denied"),
    ]
    assert len(wire.world.calls_to("StopEnvironment", target)) == 2

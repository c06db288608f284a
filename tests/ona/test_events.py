"""Streams of events over a real socket, in both framings, and how they end."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.ona import Ona, errors, schema
from dashboard.ona.events import Only
from dashboard.ona.framing import Frame, envelopes, lines
from tests.ona.wire import KEY, Told, redirecting, socket_server, streaming

ID = "07e03a28-65a5-4d98-b532-8ea67b188048"
STARTED = {
    "operation": "RESOURCE_OPERATION_UPDATE_STATUS",
    "resourceType": "RESOURCE_TYPE_ENVIRONMENT",
    "resourceId": ID,
}
STRANGE = {"operation": "RESOURCE_OPERATION_FREEZE", "resourceType": 51, "resourceId": "x", "new": {}}
CONNECT = "application/connect+json"


def envelope(message, flags=0):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack(">BI", flags, len(body)) + body


def line(message):
    return json.dumps(message).encode() + b"\n"


def heard(*parts, content_type="application/jsonl", idle=2.0, end=True, status="200 OK", told=None):
    handler = streaming(*parts, content_type=content_type, end=end, status=status, told=told)
    with (
        socket_server(handler) as base,
        Ona.open(base, KEY) as ona,
        ona.events.organization(idle=idle) as stream,
    ):
        return list(stream)


def test_events_come_as_json_lines():
    told = []
    found = heard(line(STARTED), b"\n", b"{}\n", line(STRANGE)[:9], line(STRANGE)[9:], told=told)
    assert [(one.word, one.kind, one.resource_id) for one in found] == [
        ("update_status", "environment", ID),
        ("freeze", "51", "x"),
    ]
    head, _, body = told[0].partition(b"\r\n\r\n")
    assert b"POST /api/gitpod.v1.EventService/WatchEvents " in head
    assert b"Accept: application/jsonl" in head
    assert f"Authorization: Bearer {KEY}".encode() in head
    assert json.loads(body) == {"organization": True}


def test_events_come_in_envelopes_too():
    parts = envelope(STARTED) + envelope(STRANGE) + envelope({}, 2)
    found = heard(parts[:3], parts[3:200], parts[200:], content_type=f"{CONNECT}; charset=utf-8")
    assert [one.kind for one in found] == ["environment", "51"]


def test_an_event_is_there_before_the_next_one():
    handler = streaming(line(STARTED), 0.5, content_type="application/jsonl")
    with socket_server(handler) as base, Ona.open(base, KEY) as ona:
        stream = ona.events.environment(ID)
        assert next(stream) == schema.Event.model_validate(STARTED)
        stream.close()
        assert list(stream) == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("permission_denied", errors.PermissionDenied),
        ("unauthenticated", errors.Unauthenticated),
        ("unavailable", errors.Unavailable),
        ("resource_exhausted", errors.RateLimited),
        ("of_tomorrow", errors.ServerError),
    ],
)
def test_an_error_in_the_last_message_is_raised(code, kind):
    ending = {"error": {"code": code, "message": f"no {KEY}"}}
    with pytest.raises(kind) as caught:
        heard(envelope(STARTED), envelope(ending, 2), content_type=CONNECT)
    assert caught.value.method == "WatchEvents"
    assert KEY not in repr(caught.value)
    with pytest.raises(kind):
        heard(line(STARTED), line(ending))


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ((envelope(STARTED),), errors.Truncated),
        ((envelope(STARTED)[:20],), errors.Truncated),
        ((envelope(STARTED, 1),), errors.BadAnswer),
        ((b"\x00\xff\xff\xff\xff",), errors.BadAnswer),
        ((envelope(b"[]"),), errors.BadAnswer),
        ((envelope(b"{"),), errors.BadAnswer),
    ],
)
def test_envelopes_that_cannot_be_read(parts, kind):
    with pytest.raises(kind):
        heard(*parts, content_type=CONNECT)


def test_lines_that_cannot_be_read():
    with pytest.raises(errors.BadAnswer):
        heard(line(STARTED)[:-9])
    with pytest.raises(errors.BadAnswer, match="larger"):
        heard(b"x" * 2**20, b"x" * 2**10)
    with pytest.raises(errors.Truncated):
        heard(line(STARTED), end=False)
    with pytest.raises(errors.NoAnswer):
        heard(line(STARTED), 0.5, idle=0.1)


def test_a_page_instead_of_a_stream_is_a_bad_answer():
    with pytest.raises(errors.BadAnswer, match="no stream"):
        heard(b"<html>", content_type="text/html")


def test_a_refusal_is_the_right_error_and_slows_the_pace():
    pace = Told()
    busy = streaming(b'{"code":"resource_exhausted"}', status="429 Too Many", content_type="application/json")
    with (
        socket_server(busy) as base,
        Ona.open(base, KEY, pace=pace) as ona,
        pytest.raises(errors.RateLimited),
    ):
        ona.events.organization()
    assert pace.notes == ["wait", ("slow", None)]


def test_the_key_does_not_follow_a_redirect_elsewhere():
    with (
        socket_server(redirecting("https://evil.test/")) as base,
        Ona.open(base, KEY) as ona,
        pytest.raises(errors.BadAnswer, match="another host"),
    ):
        ona.events.organization()


def test_only_known_types_and_few_ids_can_be_asked_for():
    only = Only(resource_type="environment", creator_ids=(ID,))
    assert only.json() == {"resourceType": "RESOURCE_TYPE_ENVIRONMENT", "creatorIds": [ID]}
    with Ona.open("http://ona.test", KEY) as ona:
        for odd in (
            Only(resource_type="unspecified"),
            Only(resource_type="runner", resource_ids=(ID,) * 26),
            Only(resource_type="runner", resource_ids=("x",)),
        ):
            with pytest.raises(errors.Unsendable, match=r"only\.0"):
                ona.events.organization(odd)
        with pytest.raises(errors.Unsendable, match="environment_id"):
            ona.events.environment("x")


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(1, 30))
def test_envelopes_survive_any_cut(bodies, size):
    data = b"".join(envelope(body) for body in bodies) + envelope({}, 2)
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert list(envelopes(chunks)) == [*map(Frame, bodies), Frame(b"{}", last=True)]


@given(
    st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), max_size=5), st.integers(1, 9)
)
def test_lines_survive_any_cut(texts, size):
    data = "\n".join(texts).encode()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert [frame.body.decode() for frame in lines(chunks)] == texts


@given(st.binary(max_size=60))
def test_garbage_is_frames_or_a_bad_answer(data):
    try:
        frames = list(envelopes([data]))
    except errors.BadAnswer:
        return
    assert frames[-1].last

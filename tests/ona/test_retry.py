"""When a call is repeated, and how long it waits."""

import base64
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from werkzeug import Response

from dashboard.ona import errors
from tests.ona.wire import Time, Told, answer, refusal, talk

GOOD = answer({"environment": {"id": "e1"}})
EXECUTION = answer({"taskExecution": {"id": "x1"}})
START = 1_800_000_000.0


def retry_info(value="", **debug):
    return [{"type": "google.rpc.RetryInfo", "value": value, **({"debug": debug} if debug else {})}]


def limited(headers=None, details=None):
    return refusal(429, "resource_exhausted", "slow down", headers, details)


def duration(seconds, nanos=0):
    """RetryInfo{retry_delay: Duration} by hand; both below 128 or given as varint bytes."""
    inner = (b"\x08" + seconds if seconds else b"") + (b"\x10" + nanos if nanos else b"")
    return base64.b64encode(b"\x0a" + bytes([len(inner)]) + inner).decode().rstrip("=")


@pytest.mark.parametrize(
    ("reply", "waits"),
    [
        (limited(details=retry_info(duration(b"\x07"))), 7.0),
        (limited(details=retry_info(duration(b"\x01", b"\x80\xca\xb5\xee\x01"))), 1.5),
        (limited(details=retry_info(retryDelay="2.5s")), 2.5),
        (limited({"RateLimit-RetryAfter": "3"}), 3.0),
        (limited({"Retry-After": "4"}), 4.0),
        (limited({"Retry-After": format_datetime(datetime.fromtimestamp(START + 9, UTC), usegmt=True)}), 9.0),
        (limited({"RateLimit-RetryAfter": "3", "Retry-After": "4"}, retry_info(duration(b"\x05"))), 5.0),
        (limited({"RateLimit-RetryAfter": "3", "Retry-After": "4"}), 3.0),
        (limited({"RateLimit-RetryAfter": "soon", "Retry-After": "4"}), 4.0),
        (limited({"Retry-After": "whenever"}), 0.5),
        (limited({"Retry-After": "0"}), 0.5),
        (limited(), 0.5),
        (refusal(503, "unavailable", headers={"Retry-After": "2"}), 2.0),
        (refusal(504, "deadline_exceeded"), 0.5),
        (Response("<html>", 502), 0.5),
        (Response("<html>", 500), 0.5),
    ],
)
def test_a_read_waits_as_long_as_it_is_told_and_tries_again(reply, waits):
    time = Time()
    ona, script = talk(reply, GOOD, time=time)
    assert ona.environments.get("e1").id == "e1"
    assert time.slept == pytest.approx([waits])
    assert ona.requests == len(script.asked) == 2


@pytest.mark.parametrize("value", ["", "CgA", "!!!", "/////w", duration(b"\x00")])
def test_retry_info_without_a_positive_delay_means_no_retry(value):
    ona, script = talk(limited({"Retry-After": "1"}, retry_info(value)), GOOD)
    with pytest.raises(errors.RateLimited) as caught:
        ona.environments.get("e1")
    assert caught.value.retry_after is None
    assert len(script.asked) == 1


def test_a_long_delay_is_handed_to_the_caller_instead_of_slept():
    time = Time()
    ona, _ = talk(limited({"RateLimit-RetryAfter": "31"}), GOOD, time=time)
    with pytest.raises(errors.RateLimited) as caught:
        ona.environments.get("e1")
    assert caught.value.retry_after == 31.0
    assert time.slept == []


def test_attempts_are_bounded_and_back_off_doubles_with_full_jitter():
    time = Time()
    ona, script = talk(refusal(503, "unavailable"), time=time)
    with pytest.raises(errors.Unavailable):
        ona.environments.get("e1")
    assert len(script.asked) == 4
    assert time.slept == [0.5, 1.0, 2.0]


def test_the_total_delay_of_a_call_is_bounded():
    time = Time()
    ona, script = talk(limited({"Retry-After": "29"}), time=time)
    with pytest.raises(errors.RateLimited):
        ona.environments.get("e1")
    assert time.slept == [29.0, 29.0]
    assert len(script.asked) == 3


WRITES = [
    lambda ona: ona.environments.start("e1"),
    lambda ona: ona.environments.stop("e1"),
    lambda ona: ona.automations.start_service("s1"),
    lambda ona: ona.automations.stop_service("s1"),
    lambda ona: ona.automations.start_task("t1"),
    lambda ona: ona.automations.stop_execution("x1"),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "reply", [limited({"Retry-After": "1"}), refusal(503, "unavailable"), Response("", 502)]
)
def test_a_write_is_never_repeated(write, reply):
    time = Time()
    ona, script = talk(reply, EXECUTION, time=time)
    with pytest.raises((errors.RateLimited, errors.Unavailable)):
        write(ona)
    assert len(script.asked) == 1
    assert time.slept == []


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, "invalid_argument"),
        refusal(401, "unauthenticated"),
        refusal(403, "permission_denied"),
        refusal(404, "not_found"),
        refusal(500, "internal", details=retry_info()),
    ],
)
def test_what_cannot_pass_by_itself_is_not_repeated(reply):
    ona, script = talk(reply, GOOD)
    with pytest.raises(errors.OnaError):
        ona.environments.get("e1")
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "reply",
    [refusal(500, "internal"), answer("not json"), answer({"environment": {}}), Response("<html>", 200)],
    ids=["internal error", "no JSON", "empty", "HTML"],
)
def test_a_read_that_had_an_accident_is_repeated_a_few_times(reply):
    time = Time()
    ona, script = talk(reply, reply, GOOD, time=time)
    assert ona.environments.get("e1").id == "e1"
    assert time.slept == [0.5, 1.0]
    ona, script = talk(reply)
    with pytest.raises((errors.ServerError, errors.BadAnswer)):
        ona.environments.get("e1")
    assert len(script.asked) == 3


def test_a_write_that_had_an_accident_is_not_repeated():
    ona, script = talk(answer("not json"), EXECUTION)
    with pytest.raises(errors.BadAnswer):
        ona.automations.start_task("t1")
    assert len(script.asked) == 1


def test_the_pace_is_asked_before_every_request_and_told_of_every_outcome():
    pace = Told()
    ona, _ = talk(limited({"Retry-After": "3"}), GOOD, pace=pace)
    ona.environments.get("e1")
    assert pace.notes == ["wait", ("slow", 3.0), ("failed", "RateLimited"), "wait", "fast"]


def test_a_page_is_dated_by_the_request_it_answers():
    time = Time()
    ona, _ = talk(limited({"Retry-After": "3"}), answer({"environments": [{"id": "e1"}]}), time=time)
    (page,) = ona.environments.pages()
    assert page.asked_at == START + 3

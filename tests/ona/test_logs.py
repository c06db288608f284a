"""Logs over a real socket: the token goes only where it may, and nothing is held whole."""

import logging
import tracemalloc

import httpx
import pytest

from dashboard.ona import Secret, errors, logs
from tests.ona.wire import Time, redirecting, socket_server, streaming

TOKEN = "eyJ-logs-token-do-not-show"
HTTPS = "https://app.gitpod.io/api"


def everywhere(host):
    return True


def read(base, path="/logs", allowed=everywhere, idle=2.0, sleep=None):
    address = base.removesuffix("/api") + path
    return logs.read(
        address, Secret(TOKEN), base_url=base, allowed=allowed, idle=idle, sleep=sleep or Time().sleep
    )


def test_a_log_is_read_to_its_end_with_the_token_in_the_header_alone():
    told = []
    with socket_server(streaming(b"one\n", b"two\n", told=told)) as base, read(base, "/logs/a?x=1") as stream:
        assert b"".join(stream) == b"one\ntwo\n"
    head = told[0].decode()
    assert head.startswith("GET /logs/a?x=1 HTTP/1.1")
    assert head.count(TOKEN) == 1
    assert f"Authorization: Bearer {TOKEN}" in head


def test_text_comes_as_it_is_written_not_when_the_log_ends():
    with socket_server(streaming(b"one\n", 0.5, b"two\n")) as base, read(base) as stream:
        assert next(stream) == b"one\n"


def test_a_huge_log_comes_in_small_chunks():
    line = b"x" * 2**20
    tracemalloc.start()
    with socket_server(streaming(*[line] * 10)) as base, read(base) as stream:
        tracemalloc.reset_peak()
        sizes = [len(chunk) for chunk in stream]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sizes) == 10 * 2**20
    assert max(sizes) <= 64 * 1024
    assert peak < 4 * 2**20


def test_a_bad_gateway_is_tried_again_every_second_and_then_handed_over():
    bad, time = streaming(b"<html>", status="502 Bad Gateway"), Time()
    with socket_server(bad, bad, bad, streaming(b"ok")) as base, read(base, sleep=time.sleep) as stream:
        assert b"".join(stream) == b"ok"
    assert time.slept == [1.0, 1.0, 1.0]
    with socket_server(bad) as base, pytest.raises(errors.Unavailable):
        read(base, sleep=time.sleep)
    assert time.slept == [1.0] * 6


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401 Unauthorized", errors.Unauthenticated),
        ("403 Forbidden", errors.PermissionDenied),
        ("404 Not Found", errors.NotFound),
        ("503 Service Unavailable", errors.Unavailable),
        ("204 No Content", errors.BadAnswer),
        ("302 Found", errors.BadAnswer),
    ],
)
def test_other_answers_are_errors_at_once(status, kind, caplog):
    caplog.set_level(logging.DEBUG)
    time = Time()
    parts = () if status.startswith("204") else (f"token {TOKEN} is bad".encode(),)
    with socket_server(streaming(*parts, status=status)) as base, pytest.raises(kind) as caught:
        read(base, sleep=time.sleep)
    assert time.slept == []
    assert TOKEN not in f"{caught.value!r} {caught.value.__dict__} {caplog.text}"


def test_a_log_that_breaks_off_says_so_after_what_came():
    with socket_server(streaming(b"one", end=False)) as base, read(base) as stream:
        assert next(stream) == b"one"
        with pytest.raises(errors.Truncated) as caught:
            next(stream)
    assert caught.value.__context__ is None


def test_silence_ends_when_the_idle_time_is_over():
    with socket_server(streaming(b"one", 0.6, b"two")) as base, read(base, idle=0.15) as stream:
        assert next(stream) == b"one"
        with pytest.raises(errors.NoAnswer, match="timed out"):
            next(stream)


def test_a_closed_stream_gives_nothing_more_and_closes_twice():
    with socket_server(streaming(b"one", 0.1, b"two")) as base:
        stream = read(base)
        next(stream)
        stream.close()
        stream.close()
        assert list(stream) == []
        assert stream._client.is_closed


def test_redirects_stay_with_the_host():
    with socket_server(redirecting("/moved"), streaming(b"ok")) as base, read(base) as stream:
        assert b"".join(stream) == b"ok"
    for location in ("https://evil.test/", "//evil.test/", "http://127.0.0.1:9/"):
        with socket_server(redirecting(location)) as base, pytest.raises(errors.BadAnswer, match="another"):
            read(base)
    with socket_server(redirecting("/again")) as base, pytest.raises(errors.BadAnswer, match="more than 5"):
        read(base)


def test_nothing_listens():
    with socket_server(streaming()) as base:
        pass
    with pytest.raises(errors.NoAnswer) as caught:
        read(base)
    assert not caught.value.maybe_received


@pytest.mark.parametrize(
    ("address", "base", "rule"),
    [
        ("", HTTPS, "an address"),
        ("ftp://host/logs", HTTPS, "an address"),
        ("https:///logs", HTTPS, "an address"),
        ("https://host:x/logs", HTTPS, "an address"),
        ("http://runner.test/logs", HTTPS, "https"),
        ("http://127.0.0.1/logs", HTTPS, "https"),
        ("http://runner.test/logs", "http://127.0.0.1:8001/api", "https"),
        ("http://127.0.0.1/logs", "https://127.0.0.1:8001/api", "https"),
        ("http://127.0.0.1/logs", "http://ona.test/api", "https"),
        ("https://u:p@runner.test/logs", HTTPS, "no user"),
        ("https://evil.test/logs", HTTPS, "leads to evil.test"),
        ("https://notrunner.test/logs", HTTPS, "leads to notrunner.test"),
        ("https://runner.test.evil.test/logs", HTTPS, "may not get the token"),
    ],
)
def test_the_token_goes_nowhere_else(address, base, rule):
    with pytest.raises(errors.Unsendable) as caught:
        logs.read(address, Secret(TOKEN), base_url=base, allowed=logs.below("runner.test"))
    assert caught.value.field == "log_url"
    assert rule in caught.value.rule


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("https://22999--abc.RUNNER.test/logs/service/web", HTTPS),
        ("https://runner.test:8443/logs", HTTPS),
        ("http://localhost:9/logs", "http://127.0.0.1:8001"),
        ("http://[::1]:9/logs", "http://localhost:8001"),
    ],
)
def test_addresses_that_may_get_the_token(address, base):
    allowed = logs.below(".Runner.Test.", "localhost", "::1", "")
    assert logs.log_address(address, httpx.URL(base), allowed)

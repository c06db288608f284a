"""A network that breaks: who is told what, and whether the request may have arrived."""

import logging
import socket
import struct
import time as real

import httpx
import pytest
from werkzeug import Response

from dashboard.ona import Ona, errors
from dashboard.ona.http import clock_ahead
from tests.ona.wire import KEY, Time, answer, read_request, socket_server, talk

BODY = b'{"environment": {"id": "e1"}}'


def good(connection):
    read_request(connection)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode() + BODY)


def reset(connection):
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def truncated(connection):
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + BODY)


def silent(connection):
    read_request(connection)
    real.sleep(0.25)


def dripping(connection):
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    for _ in range(20):
        connection.sendall(b" ")
        real.sleep(0.05)


def garbage(connection):
    read_request(connection)
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def badly_packed(connection):
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!")


def open_ona(base, time=None, timeout=0.2):
    time = time or Time()
    return Ona.open(base, KEY, timeout=timeout, sleep=time.sleep, clock=time, rng=lambda: 0.5)


@pytest.mark.parametrize("broken", [reset, truncated, silent, dripping, garbage])
def test_a_read_survives_a_broken_connection(broken):
    time = Time()
    with socket_server(broken, good) as base, open_ona(base, time) as ona:
        assert ona.environments.get("e1").id == "e1"
        assert ona.requests == 2
    assert time.slept == [0.5]


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (reset, errors.NoAnswer),
        (truncated, errors.Truncated),
        (silent, errors.NoAnswer),
        (dripping, errors.NoAnswer),
        (garbage, errors.NoAnswer),
        (badly_packed, errors.BadAnswer),
    ],
)
def test_a_write_into_a_broken_connection_may_have_been_received(broken, kind, caplog):
    caplog.set_level(logging.DEBUG)
    with socket_server(broken, good) as base, open_ona(base) as ona:
        with pytest.raises(kind) as caught:
            ona.automations.start_task("t1")
        assert ona.requests == 1
    assert caught.value.maybe_received
    assert caught.value.__context__ is None
    assert KEY not in f"{caught.value!r} {caplog.text}"


def test_a_write_that_found_no_server_was_not_received():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with open_ona(f"http://127.0.0.1:{port}/api") as ona, pytest.raises(errors.NoAnswer) as caught:
        ona.environments.stop("e1")
    assert not caught.value.maybe_received
    assert "127.0.0.1" in str(caught.value)


def test_a_body_that_is_cut_inside_valid_framing_is_a_bad_answer():
    ona, _ = talk(answer('{"environments": [{"id": "e1"'))
    with pytest.raises(errors.BadAnswer):
        list(ona.environments.pages())


def test_a_redirect_within_the_host_is_followed_with_key_and_body():
    ona, script = talk(Response("", 308, {"Location": "/v2/EnvironmentService"}), answer({}))
    ona.environments.stop("e1")
    assert script.paths == ["/api/gitpod.v1.EnvironmentService/StopEnvironment", "/v2/EnvironmentService"]
    assert script.messages[1] == {"environmentId": "e1"}
    assert script.asked[1][2]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "location",
    [
        "http://evil.test/api",
        "//evil.test/",
        "https://ona.test/api",
        "http://ona.test:81/",
        "http://a:b@ona.test/",
    ],
)
def test_a_redirect_elsewhere_is_not_followed(location):
    ona, script = talk(Response("", 307, {"Location": location}), answer({}))
    with pytest.raises(errors.BadAnswer, match="another host"):
        ona.environments.stop("e1")
    assert len(script.asked) == 1


def test_a_redirect_to_no_address_at_all_is_not_followed():
    def unparsable(environ, start_response):
        start_response("307 Temporary Redirect", [("Location", "http://ona.test:port/")])
        return [b""]

    ona, _ = talk(unparsable)
    with pytest.raises(errors.OnaError):
        ona.environments.stop("e1")


def test_redirects_are_bounded_and_counted():
    ona, script = talk(Response("", 307, {"Location": "/again"}))
    with pytest.raises(errors.BadAnswer, match="more than 5"):
        ona.environments.stop("e1")
    assert len(script.asked) == ona.requests == 6


@pytest.mark.parametrize("status", [204, 302, 304])
def test_another_status_is_a_bad_answer(status):
    ona, script = talk(Response("", status, {"Location": "http://sso.test/login"}))
    with pytest.raises(errors.BadAnswer, match=str(status)):
        ona.environments.get("e1")
    assert set(script.paths) == {"/api/gitpod.v1.EnvironmentService/GetEnvironment"}


def test_every_request_carries_what_the_api_wants():
    ona, script = talk(answer({}))
    ona.environments.stop("e1")
    path, message, headers = script.asked[0]
    assert path == "/api/gitpod.v1.EnvironmentService/StopEnvironment"
    assert message == {"environmentId": "e1"}
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Content-Type"] == "application/json"


def test_an_injected_client_is_left_open_and_an_own_one_closed():
    http = httpx.Client(transport=httpx.WSGITransport(app=answer({})))
    with Ona.open("http://ona.test", KEY, http=http):
        pass
    assert not http.is_closed
    http.close()
    own = Ona.open("http://ona.test", KEY)
    own.close()
    assert own._owned is not None
    assert own._owned.is_closed


DATE = "Mon, 21 Sep 2026 14:13:20 GMT"
AT = 1_790_000_000.0


@pytest.mark.parametrize(
    ("date", "asked", "ahead"),
    [
        (DATE, AT - 0.2, 0.0),
        (DATE, AT + 0.9, 0.0),
        (DATE, AT - 3600.0, 3598.8),
        (DATE, AT + 3600.0, -3599.0),
        ("", AT, None),
        ("yesterday", AT, None),
    ],
)
def test_the_clock_of_the_api_is_read_from_its_answers(date, asked, ahead):
    found = clock_ahead(date, asked, asked + 0.2)
    assert found == (ahead if ahead is None else pytest.approx(ahead))


def test_what_the_clock_of_the_api_says_is_not_known_before_it_has_answered():
    ona, _ = talk(answer({}, headers={"Date": DATE}))
    assert ona.clock_ahead is None
    ona.environments.stop("e1")
    assert ona.clock_ahead is not None

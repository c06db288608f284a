"""How trouble shows on the wire: calls refused, answers altered, cut, held back or replaced."""

import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from dashboard.simulator import faults as kinds
from dashboard.simulator.errors import ConnectError, rate_limited
from dashboard.simulator.faults import Faults
from dashboard.simulator.streams import SOCKET, STREAMS, is_over, rest
from dashboard.simulator.wire import Json

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_ENUM = re.compile(r"[A-Z]+(_[A-Z0-9]+)+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
# Always there on the platform, whatever else is missing.
_ALWAYS = frozenset({"id", "pagination", "runnerId", "userId"})
GATEWAY_PAGE = b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body>502 Bad Gateway</body>\n</html>\n"
LOGIN_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"

# Before a call is carried out


def refuse(faults: Faults) -> None:
    """Raise what strikes."""
    if faults.strikes("429"):
        raise rate_limited(1.0)
    if faults.strikes("429-plain"):
        raise ConnectError("resource_exhausted", "quota exceeded")
    if faults.strikes("500"):
        raise ConnectError("internal", "internal error")
    if faults.strikes("503"):
        raise ConnectError("unavailable", "upstream connect error or disconnect")


def delay(faults: Faults) -> None:
    """Wait if latency strikes."""
    if faults.strikes("latency"):
        time.sleep(kinds.LATENCY_SECONDS)


# What an answer says


def alter(faults: Faults, answer: Json, token: str) -> Json:
    """The answer with what strikes done to it; `token`: of the page that was asked for."""
    if token and faults.strikes("vanish"):
        _drop_first(answer)
    if token and faults.strikes("loop-token"):
        _repeat(answer, token)
    if faults.strikes("unknown-enum"):
        _alter_one(faults, "unknown-enum", _enums(answer))
    if faults.strikes("missing-field"):
        _alter_one(faults, "missing-field", _fields(answer))
    if faults.strikes("clock-skew"):
        return _skewed(answer)
    return answer


def _drop_first(answer: Json) -> None:
    for value in answer.values():
        if isinstance(value, list) and value:
            del value[0]


def _repeat(answer: Json, token: str) -> None:
    pagination = answer.get("pagination")
    if isinstance(pagination, dict) and "nextToken" in pagination:
        pagination["nextToken"] = token


def _alter_one(faults: Faults, kind: str, places: list[Callable[[], None]]) -> None:
    if places:
        places[faults.pick(kind, len(places))]()


def _messages(value: object) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _messages(part)
    elif isinstance(value, list):
        for part in value:
            yield from _messages(part)


def _enums(answer: Json) -> list[Callable[[], None]]:
    def change(message: Json, name: str, value: str) -> Callable[[], None]:
        prefix = value.rpartition("_")[0]
        return lambda: message.__setitem__(name, f"{prefix}_FROM_THE_FUTURE")

    return [
        change(message, name, value)
        for message in _messages(answer)
        for name, value in message.items()
        if isinstance(value, str) and _ENUM.fullmatch(value) and name != "name"
    ]


def _fields(answer: Json) -> list[Callable[[], None]]:
    def change(message: Json, name: str) -> Callable[[], None]:
        return lambda: message.__delitem__(name)

    return [
        change(message, name)
        for message in _messages(answer)
        if message is not answer
        for name in message
        if name not in _ALWAYS and name != "nextToken"
    ]


def _skewed(value: Json) -> Json:
    def shift(part: object) -> object:
        if isinstance(part, dict):
            return {name: shift(inner) for name, inner in part.items()}
        if isinstance(part, list):
            return [shift(inner) for inner in part]
        if isinstance(part, str) and _TIME.match(part):
            moment = datetime.fromisoformat(part[:19]) + timedelta(seconds=kinds.SKEW_SECONDS)
            return moment.isoformat() + part[19:]
        return part

    return {name: shift(part) for name, part in value.items()}


# How an answer arrives


def broken(faults: Faults, body: bytes, environ: "WSGIEnvironment") -> Response | None:
    """The answer to send instead of `body`, or None when nothing strikes."""
    for kind, make in _BREAKS.items():
        if faults.strikes(kind):
            return make(body, environ)
    return None


def _page(status: int, page: bytes) -> Callable[[bytes, "WSGIEnvironment"], Response]:
    return lambda _body, _environ: Response(page, status, content_type="text/html")


def _cut(body: bytes, _environ: "WSGIEnvironment") -> Response:
    return Response(body[: max(1, len(body) // 2)], content_type="application/json")


def _in_pieces(body: bytes, environ: "WSGIEnvironment", pieces: Iterator[bytes]) -> Response:
    environ[STREAMS] = True
    length = {"Content-Length": str(len(body))}
    return Response(pieces, headers=length, content_type="application/json")


def _reset(body: bytes, environ: "WSGIEnvironment") -> Response:
    def pieces() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        reset_connection(environ)

    return _in_pieces(body, environ, pieces())


def _stall(body: bytes, environ: "WSGIEnvironment") -> Response:
    def pieces() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        end = time.monotonic() + kinds.STALL_SECONDS
        while SOCKET in environ and not is_over(environ) and time.monotonic() < end:
            rest(environ, 0.1)
        raise TimeoutError("stalled")

    return _in_pieces(body, environ, pieces())


_BREAKS: Mapping[str, Callable[[bytes, "WSGIEnvironment"], Response]] = {
    "502": _page(502, GATEWAY_PAGE),
    "reset": _reset,
    "stall": _stall,
    "truncate": _cut,
    "html": _page(200, LOGIN_PAGE),
}


def reset_connection(environ: "WSGIEnvironment") -> None:
    """Break the connection so that the other side sees a reset. Raises ConnectionResetError, also without a socket."""
    connection = environ.get(SOCKET)
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    raise ConnectionResetError("reset by the simulator")


def encode(answer: Json) -> bytes:
    """JSON as it is sent."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()

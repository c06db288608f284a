"""EventService/WatchEvents: a stream of changes, as JSON lines or in Connect's envelopes."""

import struct
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from werkzeug.wrappers import Response

from dashboard.simulator import breakage, enums
from dashboard.simulator.errors import ConnectError
from dashboard.simulator.events import DELETE, Event, Listener
from dashboard.simulator.requests import Message, uncompressed
from dashboard.simulator.shapes import FLAG, PLAIN, Each, Enum, Place, Shape, Text
from dashboard.simulator.streams import STREAMS, is_over
from dashboard.simulator.wire import Json

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from dashboard.simulator.world import World

NAME = "gitpod.v1.EventService/WatchEvents"
LOOK_EVERY_SECONDS = 0.1
# An organization's stream has no tasks, executions or services.
ORGANIZATION_KINDS = frozenset({"RESOURCE_TYPE_ENVIRONMENT", "RESOURCE_TYPE_RUNNER", "RESOURCE_TYPE_PROJECT"})
_COMPRESSED = 1
_END_OF_STREAM = 2
_IDS = Each(of=Text(uuid=True), most=25)
REQUEST = Shape(
    fields={
        "organization": FLAG,
        "environmentId": PLAIN,
        "resourceTypeFilters": Each(
            of=Shape(
                fields={
                    "resourceType": Enum(known=enums.RESOURCE_TYPES, defined_only=True, not_zero=True),
                    "resourceIds": _IDS,
                    "creatorIds": _IDS,
                }
            ),
            most=50,
        ),
    }
)


class Framing(Protocol):
    """How messages become bytes."""

    content_type: str

    def message(self, document: Json) -> bytes:
        """One message."""
        ...

    def end(self, error: ConnectError | None) -> bytes:
        """What comes last."""
        ...


class Lines:
    """One JSON object a line; the end is just the end."""

    content_type = "application/jsonl"

    def message(self, document: Json) -> bytes:
        """A line."""
        return breakage.encode(document) + b"\n"

    def end(self, error: ConnectError | None) -> bytes:
        """Nothing."""
        del error
        return b""


class Envelopes:
    """Connect's own: a flag byte, the length, the JSON; the last one carries the error, if any."""

    content_type = "application/connect+json"

    def message(self, document: Json) -> bytes:
        """An envelope."""
        return self._envelope(0, breakage.encode(document))

    def end(self, error: ConnectError | None) -> bytes:
        """The end of the stream."""
        last: Json = {"error": error.document()} if error else {}
        return self._envelope(_END_OF_STREAM, breakage.encode(last))

    @staticmethod
    def _envelope(flags: int, body: bytes) -> bytes:
        return struct.pack(">BI", flags, len(body)) + body


def unwrap(body: bytes, encoding: str) -> bytes:
    """The one message of a request in an envelope. Raises invalid_argument when there is not exactly one."""
    if len(body) < 5 or body[0] > _COMPRESSED or struct.unpack(">I", body[1:5])[0] != len(body) - 5:
        raise ConnectError("invalid_argument", "protocol error: incomplete envelope")
    if body[0] != _COMPRESSED:
        return body[5:]
    if encoding == "identity":
        raise ConnectError("invalid_argument", "protocol error: sent compressed message without encoding")
    return uncompressed(body[5:], encoding)


def answer(world: "World", body: Message, framing: Framing, environ: "WSGIEnvironment") -> Response:
    """The stream. Raises invalid_argument and not_found before it begins."""
    wants = _wants(world, REQUEST.read(body.whole(), Place("", body.violations)), body)
    listener = world.hub.join(wants)
    environ[STREAMS] = True
    stream = Response(_stream(world, listener, framing, environ), content_type=framing.content_type)
    stream.call_on_close(lambda: world.hub.leave(listener))
    return stream


def _stream(
    world: "World", listener: Listener, framing: Framing, environ: "WSGIEnvironment"
) -> Iterator[bytes]:
    yield b""  # so that also a server without sockets sends its headers now
    while not is_over(environ):
        world.advance()
        for event in listener.take(LOOK_EVERY_SECONDS):
            if world.faults.strikes("reset"):
                breakage.reset_connection(environ)
            yield framing.message(
                {"operation": event.operation, "resourceType": event.kind, "resourceId": event.id}
            )
        if listener.overflowed:
            yield framing.end(ConnectError("unavailable", "the listener is too slow"))
            return
    yield framing.end(None)


def _wants(world: "World", document: Json, body: Message) -> Callable[[Event], bool]:
    body.violations.refuse()
    filters = document.get("resourceTypeFilters")
    home = str(document.get("environmentId", "")).lower()
    if not home:
        tests = [_filter(one) for one in filters] if isinstance(filters, list) else []
        return lambda event: (
            event.kind in ORGANIZATION_KINDS and (not tests or any(test(event) for test in tests))
        )
    if filters:
        raise ConnectError("invalid_argument", "resource_type_filters need the organization scope")
    if world.environment_table.get(home) is None:
        raise ConnectError("not_found", "environment not found")
    return lambda event: event.environment_id == home


def _filter(document: Json) -> Callable[[Event], bool]:
    kind, ids, creators = (document.get(name) for name in ("resourceType", "resourceIds", "creatorIds"))
    chosen = frozenset(ids) if isinstance(ids, list) else frozenset()
    makers = frozenset(creators) if isinstance(creators, list) else frozenset()
    return lambda event: (
        event.kind == kind
        and (not chosen or event.id in chosen)
        and (not makers or event.operation == DELETE or event.creator_id in makers)
    )

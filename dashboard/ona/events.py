"""EventService: what happens, as it happens.

A stream has no cursor and no replay: what happens while nobody listens is lost. So read everything after each
(re)connect, and take events as a reason to read earlier, never as the truth. Nothing is documented about signs of
life: a stream may be silent for hours, or dead; the idle time decides.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Self

from dashboard.ona.decode import json_object
from dashboard.ona.errors import BadAnswer, RateLimited
from dashboard.ona.framing import Frame, envelopes, lines
from dashboard.ona.http import HEADERS, Raw
from dashboard.ona.refusals import api_error
from dashboard.ona.schema import Event
from dashboard.ona.send.base import At, Message, choice
from dashboard.ona.send.rules import at_most, uuid
from dashboard.ona.stream import IDLE_SECONDS, Call, Stream, opened
from dashboard.ona.transport import Transport

METHOD = "WatchEvents"
NOTHING = Event()
STREAM_HEADERS = HEADERS | {"Accept": "application/jsonl", "Accept-Encoding": "identity"}
FRAMINGS: Mapping[str, Callable[[Iterator[bytes]], Iterator[Frame]]] = {
    "application/connect+json": envelopes,
    "application/jsonl": lines,
    "application/x-ndjson": lines,
    "application/json": lines,
}


@dataclass(frozen=True, kw_only=True)
class Only(Message):
    """Restricts what is heard of the organization: one type ("environment"), at most 25 ids and creators each.

    With `creator_ids` events of resources without a creator are left out; deletions always come.
    """

    resource_type: Annotated[str, choice("resourceType", "ResourceType")]
    resource_ids: Annotated[tuple[str, ...] | None, At("resourceIds", at_most(25), each=uuid)] = None
    creator_ids: Annotated[tuple[str, ...] | None, At("creatorIds", at_most(25), each=uuid)] = None


@dataclass(frozen=True, kw_only=True)
class Watch(Message):
    """The request: one of the two scopes."""

    organization: Annotated[bool | None, At("organization")] = None
    environment_id: Annotated[str | None, At("environmentId", uuid)] = None
    only: Annotated[tuple[Only, ...] | None, At("resourceTypeFilters", at_most(50))] = None


class EventStream(Iterator[Event]):
    """Events as they come; `next` waits for one. Use it as a context manager, or close it.

    Ends when the API ends it; raises the error that the API ends it with, Truncated when it broke off, NoAnswer
    when nothing came for too long.
    """

    def __init__(self, stream: Stream, key: str) -> None:
        """`key` is cut out of errors. BadAnswer when what comes is no stream of JSON."""
        content = stream.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content not in FRAMINGS:
            raise BadAnswer("what came instead of events is no stream of JSON")
        self._stream = stream
        self._events = events(FRAMINGS[content](stream), key)

    def __next__(self) -> Event:
        return next(self._events)

    def close(self) -> None:
        """Hangs up."""
        self._stream.close()

    def hang_up(self) -> None:
        """The same from another thread, while this one waits in `next`: that then raises, and closes the stream."""
        self._stream.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def events(frames: Iterator[Frame], key: str) -> Iterator[Event]:
    """The events in these messages; raises the error that one of them is. Messages that say nothing are left out."""
    for frame in frames:
        answer = json_object(frame.body)
        if isinstance(answer.get("error"), dict):
            raise api_error(Raw(0, {}, json.dumps(answer["error"]).encode(), 0.0), METHOD, key, time.time())
        if frame.last:
            return
        if (event := Event.model_validate(answer)) != NOTHING:
            yield event


class Events:
    """Streams of events. Every one has a connection of its own; close it.

    Opening one may take until the first event: a server is free to hold back its headers until then.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def organization(self, *only: Only, idle: float | None = IDLE_SECONDS) -> EventStream:
        """Environments, projects, runners of the organization; never tasks, executions or services.

        `only` narrows it down to types. `idle` is how many seconds may pass without a byte, None for ever.
        """
        return self._watch(Watch(organization=True, only=only or None), idle)

    def environment(self, environment_id: str, idle: float | None = IDLE_SECONDS) -> EventStream:
        """One environment, its services, tasks and task executions. Raises Unsendable when the id is no UUID."""
        return self._watch(Watch(environment_id=environment_id), idle)

    def _watch(self, watch: Watch, idle: float | None) -> EventStream:
        wire, content = self._transport.wire, json.dumps(watch.json()).encode()
        url = self._transport.url("EventService", METHOD)
        wire.pace.wait()
        try:
            stream = opened(Call(METHOD, "POST", url, wire.key, STREAM_HEADERS, content), idle)
        except RateLimited as error:
            wire.pace.slow_down(error.retry_after)
            raise
        try:
            return EventStream(stream, wire.key.secret)
        except BadAnswer:
            stream.close()
            raise

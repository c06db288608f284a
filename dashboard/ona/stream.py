"""An answer that stays open: logs and events. Each has an HTTP client of its own and is closed explicitly.

One that is dropped may be closed by the garbage collector in the middle of a later request and block the pool
of a shared client, hence the client of its own.
"""

import socket
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from dashboard.ona import errors
from dashboard.ona.http import CONNECT_SECONDS, REDIRECTS, Bearer, Raw, no_answer, redirected
from dashboard.ona.refusals import api_error

LARGEST_CHUNK = 64 * 1024
LARGEST_ERROR = 64 * 1024
"""Bytes of an error's body that are read."""
SEND_SECONDS = 10.0
IDLE_SECONDS = 300.0


@dataclass(frozen=True)
class Call:
    """What to ask: `name` is what errors call it."""

    name: str
    method: str
    url: httpx.URL
    key: Bearer
    headers: Mapping[str, str]
    content: bytes = b""


class Stream(Iterator[bytes]):
    """The chunks of an answer as they come, at most 64 KiB each. Use it as a context manager, or close it.

    Ends when the other side ends it; raises Truncated when it broke off, NoAnswer when nothing came for too long.
    """

    def __init__(self, client: httpx.Client, response: httpx.Response) -> None:
        self.headers = response.headers
        self._client, self._response = client, response
        self._chunks = self._read()

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        """Hangs up. Not while another thread waits in `next`: that one wakes up only after the idle time."""
        self._chunks.close()
        with suppress(httpx.HTTPError):
            self._response.close()
        self._client.close()

    def hang_up(self) -> None:
        """Wakes up another thread that waits in `next`: its connection is shut. That thread then closes the stream."""
        connection = self._response.extensions["network_stream"].get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):
                socket.socket.shutdown(
                    connection, socket.SHUT_RDWR
                )  # of a TLS socket too, below its protocol

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> Generator[bytes, None, None]:
        host = self._response.request.url.host
        failure: errors.OnaError
        try:
            for chunk in self._response.iter_raw():
                yield from (chunk[at : at + LARGEST_CHUNK] for at in range(0, len(chunk), LARGEST_CHUNK))
        except httpx.RemoteProtocolError:
            failure = errors.Truncated(f"the stream of {host} broke off")
        except httpx.HTTPError as error:
            failure = no_answer(error, host)
        else:
            return
        raise failure


def opened(call: Call, idle: float | None = IDLE_SECONDS) -> Stream:
    """The stream, once its 200 is there. Raises any OnaError; follows redirects within the same origin only.

    `idle` is how many seconds may pass without a byte, None for ever.
    """
    limits = httpx.Timeout(idle, connect=CONNECT_SECONDS, write=SEND_SECONDS, pool=CONNECT_SECONDS)
    client = httpx.Client(timeout=limits, follow_redirects=False)
    try:
        response = answered(client, call)
        refuse(response, call)
    except BaseException:
        client.close()
        raise
    return Stream(client, response)


def answered(client: httpx.Client, call: Call) -> httpx.Response:
    """The first answer that is no redirect, up to its headers."""
    url = call.url
    for _ in range(REDIRECTS + 1):
        request = client.build_request(call.method, url, content=call.content, headers=call.headers)
        response = sent(client, request, call.key)
        if response.status_code not in {307, 308}:
            return response
        response.close()
        url = redirected(url, response.headers.get("Location", ""))
    raise errors.BadAnswer(f"{url.host} redirected more than {REDIRECTS} times")


def sent(client: httpx.Client, request: httpx.Request, key: Bearer) -> httpx.Response:
    try:
        return client.send(request, auth=key, stream=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = no_answer(error, request.url.host)
    # Outside of the handler: httpx's own error refers to the request, and with it to the key.
    raise failure


def refuse(response: httpx.Response, call: Call) -> None:
    """Raises what an answer other than 200 means; nothing else may be read as a stream either."""
    host = call.url.host
    if response.status_code >= 400:
        raw = Raw(response.status_code, response.headers, beginning(response), time.time())
        raise api_error(raw, call.name, key=call.key.secret, now=raw.asked_at)
    if response.status_code != 200:
        raise errors.BadAnswer(f"{host} answered with the unexpected status {response.status_code}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise errors.BadAnswer(f"{host} packed its stream although it was asked not to")


def beginning(response: httpx.Response) -> bytes:
    """As much of an error's body as comes, at most 64 KiB."""
    body = bytearray()
    with suppress(httpx.HTTPError):
        for chunk in response.iter_raw():
            body += chunk
            if len(body) >= LARGEST_ERROR:
                break
    return bytes(body[:LARGEST_ERROR])


def patiently(
    attempt: Callable[[], Stream], times: int, delay: float, sleep: Callable[[float], None]
) -> Stream:
    """Repeats while a gateway says 502, `times` more at most, `delay` seconds apart."""
    for _ in range(times):
        try:
            return attempt()
        except errors.Unavailable as error:
            if error.status != 502:
                raise
        sleep(delay)
    return attempt()

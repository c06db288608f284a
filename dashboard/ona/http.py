"""The part that knows httpx: one exchange with the server, its redirects, its limits, its failures."""

import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from dashboard.ona import errors
from dashboard.ona.pace import Pace
from dashboard.ona.schema import without_credentials

CONNECT_SECONDS = 5.0
REDIRECTS = 5
LARGEST_BODY = 64 * 2**20
"""Bytes, unpacked. A page of 100 environments has about one million."""
BODY_PATIENCE = 3
"""How many timeouts a whole body may take: a server that drips bytes never runs into that of one read."""
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Connect-Protocol-Version": "1",
    "User-Agent": "ona-dashboard",
}


class Bearer(httpx.Auth):
    """The key, kept where no repr, log line or error message shows it."""

    def __init__(self, secret: str, newer: Callable[[str], str] | None = None) -> None:
        """`newer(secret)` is asked when the API refuses the key: another one, or the same. ValueError (without quoting
        it) when the key is empty or cannot stand in a header.
        """
        self.secret = secret.strip()
        self._newer = newer
        if not self.secret or not all("!" <= character <= "~" for character in self.secret):
            raise ValueError("the API key is empty or contains characters that no key has")

    def __repr__(self) -> str:
        return "Bearer(…)"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """A refused key did nothing, so the same request is sent once more when there is another key."""
        used = self.secret
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code != 401 or self._newer is None:
            return
        if self.secret == used:  # else another thread has asked already
            self.secret = self._newer(used)
        if self.secret != used:
            request.headers["Authorization"] = f"Bearer {self.secret}"
            yield request


@dataclass(frozen=True)
class Raw:
    """An answer as it came, whatever its status; `asked_at` is the epoch second just before its request."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked_at: float


def api_address(text: str) -> httpx.URL:
    """The API's base address; ValueError when it is none, or carries a user, a query or a fragment."""
    try:
        url = httpx.URL(text.strip().rstrip("/"))
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("the API's address must look like https://app.gitpod.io/api")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("the API's address must have no user, query or fragment")
    return url


def new_client() -> httpx.Client:
    """A client with room for the parallel chains of one sweep."""
    return httpx.Client(limits=httpx.Limits(max_connections=64, max_keepalive_connections=32))


@dataclass
class Wire:
    """Posts messages with one key, at the pace it is given, and counts them. Threads may share it."""

    client: httpx.Client
    key: Bearer
    pace: Pace
    timeout: float
    clock: Callable[[], float]
    requests: int = 0
    ahead: float | None = None
    """Seconds by which the server's clock was ahead of ours at its last answer, exact to one; None: it did not say."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def exchange(self, url: httpx.URL, message: Mapping[str, Any]) -> Raw:
        """Posts `message` and returns the answer; raises NoAnswer and BadAnswer.

        Redirects (307, 308) are followed within the same origin only, so that the key goes nowhere else.
        """
        for _ in range(REDIRECTS + 1):
            raw = self.post(url, message)
            if raw.status not in {307, 308}:
                return raw
            url = redirected(url, raw.headers.get("Location", ""))
        raise errors.BadAnswer(f"{url.host} redirected more than {REDIRECTS} times")

    def post(self, url: httpx.URL, message: Mapping[str, Any]) -> Raw:
        """One request, when the pace allows it, and its whole answer."""
        limits = httpx.Timeout(self.timeout, connect=CONNECT_SECONDS)
        request = self.client.build_request("POST", url, json=message, headers=HEADERS, timeout=limits)
        self.pace.wait()
        with self.lock:
            self.requests += 1
        asked_at = self.clock()
        response = self.send(request)
        self.ahead = clock_ahead(response.headers.get("Date", ""), asked_at, self.clock())
        return Raw(response.status_code, response.headers, self.body(response), asked_at)

    def send(self, request: httpx.Request) -> httpx.Response:
        """The answer up to its headers; NoAnswer when there is none."""
        try:
            return self.client.send(request, auth=self.key, follow_redirects=False, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = no_answer(error, request.url.host)
        # Outside of the handler: httpx's own error refers to the request, and with it to the key.
        raise failure

    def body(self, response: httpx.Response) -> bytes:
        """The whole body; the connection goes back to the pool, or is closed when the body broke off."""
        host = response.request.url.host
        failure: errors.OnaError
        try:
            return self.collect(response, host)
        except httpx.RemoteProtocolError:
            failure = errors.Truncated(f"the answer of {host} broke off")
        except httpx.DecodingError:
            failure = errors.BadAnswer(f"the answer of {host} cannot be unpacked")
        except httpx.HTTPError as error:
            failure = no_answer(error, host)
        finally:
            response.close()
        raise failure

    def collect(self, response: httpx.Response, host: str) -> bytes:
        """The body, unpacked; NoAnswer when it takes too long in all, BadAnswer when it is absurdly large."""
        deadline = time.monotonic() + BODY_PATIENCE * self.timeout
        chunks, size = list[bytes](), 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_BODY:
                raise errors.BadAnswer(f"the answer of {host} is larger than {LARGEST_BODY} bytes")
            if time.monotonic() > deadline:
                raise errors.NoAnswer(f"waiting for the whole answer of {host} took too long")
        return b"".join(chunks)


def clock_ahead(date: str, asked: float, answered: float) -> float | None:
    """By how many seconds an answer's `Date` is ahead of our clock; 0.0 when it lies within the exchange."""
    try:
        told = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    earliest, latest = asked - 1.0, answered + 1.0  # a Date has whole seconds
    return told - latest if told > latest else min(0.0, told - earliest)


def redirected(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads; BadAnswer when that is another origin."""
    try:
        target = url.join(location)
    except httpx.InvalidURL:
        target = httpx.URL("")
    if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port) or target.userinfo:
        raise errors.BadAnswer(f"{url.host} redirected to another host, which must not get the key")
    return target


def no_answer(error: Exception, host: str) -> errors.NoAnswer:
    """What a failure of httpx means. Its own text helps when no connection was made; later it may quote a header."""
    what = "timed out" if isinstance(error, httpx.TimeoutException) else "failed"
    kind = type(error).__name__
    if not isinstance(error, NEVER_SENT):
        return errors.NoAnswer(f"waiting for {host} {what} ({kind})")
    why = errors.readable(f"{kind}: {without_credentials(str(error))}")
    return errors.NoAnswer(f"connecting to {host} {what} ({why})", maybe_received=False)

"""The part that knows httpx: one exchange with the server, its redirects, its limits, and what its failures mean."""

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from dashboard.ona import errors

CONNECT_SECONDS = 5.0
REDIRECTS = 5
LARGEST_BODY = 64 * 2**20
"""Bytes, unpacked. A page of 100 environments has about one million."""
BODY_PATIENCE = 3
"""How many timeouts a whole body may take: a server that drips bytes never runs into the timeout of one read."""
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

    def __init__(self, secret: str) -> None:
        """ValueError when the key is empty or cannot stand in a header (without quoting it)."""
        self.secret = secret.strip()
        if (
            not self.secret
            or not self.secret.isascii()
            or not self.secret.isprintable()
            or " " in self.secret
        ):
            raise ValueError("the API key is empty or contains characters that no key has")

    def __repr__(self) -> str:
        return "Bearer(…)"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self.secret}"
        yield request


@dataclass(frozen=True)
class Raw:
    """An answer as it came, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


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


def timeouts(seconds: float) -> httpx.Timeout:
    """Limits for connecting, each read, each write and waiting for a free connection."""
    return httpx.Timeout(seconds, connect=CONNECT_SECONDS)


def exchange(
    client: httpx.Client,
    url: httpx.URL,
    message: Mapping[str, Any],
    key: Bearer,
    timeout: httpx.Timeout,
    before: Callable[[], None],
) -> Raw:
    """Posts `message` and returns the last answer; `before` is called before every request that is sent.

    Redirects (307, 308) are followed within the same origin only, so that the key goes nowhere else. Raises NoAnswer
    and BadAnswer.
    """
    for _ in range(REDIRECTS + 1):
        before()
        request = client.build_request("POST", url, json=message, headers=HEADERS, timeout=timeout)
        raw = send(client, request, key)
        if raw.status not in {307, 308}:
            return raw
        url = redirected(url, raw.headers.get("Location", ""))
    raise errors.BadAnswer(f"redirected more than {REDIRECTS} times")


def redirected(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads; BadAnswer when that is another origin."""
    try:
        target = url.join(location)
    except httpx.InvalidURL:
        target = httpx.URL("")
    if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port) or target.userinfo:
        raise errors.BadAnswer("redirected to another host, which must not get the key")
    return target


def send(client: httpx.Client, request: httpx.Request, key: Bearer) -> Raw:
    """One request and its whole answer."""
    failure: errors.OnaError
    try:
        response = client.send(request, auth=key, follow_redirects=False, stream=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        failure = no_answer(error, request)
    else:
        return received(response, request)
    raise failure


def received(response: httpx.Response, request: httpx.Request) -> Raw:
    """The whole answer; the connection goes back to the pool, or is closed when the body broke off."""
    failure: errors.OnaError
    try:
        with_body = body_of(response, request)
    except httpx.RemoteProtocolError:
        failure = errors.Truncated(f"the answer of {host(request)} broke off")
    except httpx.DecodingError:
        failure = errors.BadAnswer(f"the answer of {host(request)} cannot be unpacked")
    except httpx.HTTPError as error:
        failure = no_answer(error, request)
    else:
        return Raw(response.status_code, response.headers, with_body)
    finally:
        response.close()
    raise failure


def body_of(response: httpx.Response, request: httpx.Request) -> bytes:
    """The body, unpacked; NoAnswer when it takes too long in all, BadAnswer when it is absurdly large."""
    read_timeout: float = request.extensions["timeout"]["read"]
    deadline = time.monotonic() + BODY_PATIENCE * read_timeout
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise errors.BadAnswer(f"the answer of {host(request)} is larger than {LARGEST_BODY} bytes")
        if time.monotonic() > deadline:
            raise errors.NoAnswer(f"the answer of {host(request)} took too long")
    return bytes(body)


def no_answer(error: Exception, request: httpx.Request) -> errors.NoAnswer:
    """What a failure of httpx means. Its own text is left out: it may quote a header."""
    what = "timed out" if isinstance(error, httpx.TimeoutException) else "failed"
    if isinstance(error, NEVER_SENT):
        return errors.NoAnswer(f"connecting to {host(request)} {what} ({type(error).__name__})", False)
    return errors.NoAnswer(f"waiting for {host(request)} {what} ({type(error).__name__})")


def host(request: httpx.Request) -> str:
    """The server's name, for messages."""
    return request.url.host

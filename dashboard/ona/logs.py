"""Reads the log of a service, a task execution or an environment.

`log_url` comes from their status and leads to a host of the runner, not of the API. What it wants is the
environment's logs token (`Environments.create_logs_token`). The text starts at its beginning, goes on while the
thing runs and ends with it. As the official client's own helper does it: gitpod-sdk 0.11, `lib/automation.py`.
"""

import ipaddress
import time
from collections.abc import Callable

import httpx

from dashboard.ona import errors
from dashboard.ona.http import Bearer, api_address
from dashboard.ona.secret import Secret
from dashboard.ona.stream import IDLE_SECONDS, Call, Stream, opened, patiently

GATEWAY_RETRIES, GATEWAY_DELAY = 3, 1.0
HEADERS = {"Accept": "text/plain, */*", "Accept-Encoding": "identity", "User-Agent": "ona-dashboard"}
MISSING = "there is no log at its address (any more)"


def read(  # noqa: PLR0913 - each is one knob with a name
    log_url: str,
    token: Secret,
    *,
    base_url: str,
    allowed: Callable[[str], bool],
    idle: float | None = IDLE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Stream:
    """The log's bytes as they come; the caller closes it. A 502 is tried again for three seconds.

    `allowed` says whether a host (lower case, no port) may get the token; plain http is for a loopback host, and
    only if the API at `base_url` is one too. `idle` is how many seconds may pass without a byte.

    Raises Unsendable (field "log_url") when the token must not go there; Unauthenticated when it has expired;
    NotFound when there is no log; NoAnswer when the runner is out of reach; also any other OnaError.
    """
    url = log_address(log_url, api_address(base_url), allowed)
    call = Call("the log", "GET", url, Bearer(token.reveal()), HEADERS)
    try:
        return patiently(lambda: opened(call, idle), GATEWAY_RETRIES, GATEWAY_DELAY, sleep)
    except errors.Unimplemented as error:
        if error.status != 404:
            raise
    raise errors.NotFound("", MISSING, 404)


def log_address(text: str, base: httpx.URL, allowed: Callable[[str], bool]) -> httpx.URL:
    """The address of a log; Unsendable when the token must not go there."""
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise errors.Unsendable("log_url", "must be an address such as https://host/logs")
    if url.userinfo:
        raise errors.Unsendable("log_url", "must have no user")
    if url.scheme == "http" and not (loopback(base) and loopback(url)):
        raise errors.Unsendable("log_url", "must be https")
    if not allowed(url.host):
        raise errors.Unsendable("log_url", f"leads to {url.host}, which may not get the token")
    return url


def loopback(url: httpx.URL) -> bool:
    """Whether it is plain http to this very machine: a simulator."""
    try:
        local = ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        local = url.host == "localhost"
    return url.scheme == "http" and local


def below(*domains: str) -> Callable[[str], bool]:
    """An `allowed` for these domains and everything below them."""
    names = [domain.lower().strip(".") for domain in domains if domain.strip(".")]
    return lambda host: any(host == name or host.endswith(f".{name}") for name in names)

"""The front of `manage.py up` with several organisations: one port, and each request goes to the web server of its
organisation, by the host it has for itself or by the path `/o/<slug>/`.

It knows names, paths and ports, and no secret; it reads no cookie and no body. Each organisation has connections of its
own, so that one that does not answer keeps no other waiting. Outside this machine nginx or Caddy does the same; see
docs/operations/organisations.md.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast
from urllib.parse import parse_qs, quote

import httpx

from dashboard.stack import front_pages as pages

VARIABLE = "DASHBOARD_FRONT"
"""JSON: `routes` and `show_names`."""
HOST = "127.0.0.1"
TIMEOUT = httpx.Timeout(60.0, connect=2.0, pool=10.0)
HOPS = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)
"""Headers that are about one connection, and go no further."""
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Route:
    """One organisation: `host` as browsers send it where it has one of its own, else ""; `port` of its web server."""

    slug: str
    name: str
    port: int
    host: str = ""


class Gone(Exception):
    """The browser went away before it had sent everything."""


class Front:
    """An ASGI application."""

    def __init__(self, routes: Sequence[Route], *, show_names: bool) -> None:
        self._routes, self._show_names = list(routes), show_names
        self._by_host = {one.host: one for one in routes if one.host}
        self._by_slug = {one.slug: one for one in routes if not one.host}
        self._transports: dict[str, httpx.AsyncHTTPTransport] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lives(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").lower()
        first, slug, rest = _parts(scope["path"])
        if (route := self._by_host.get(host)) or (
            first == "o" and (route := self._by_slug.get(slug)) and rest
        ):
            await self._pass_on(route, scope, receive, send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await _say(send, scope, 404, pages.NOT_FOUND, [pages.UNKNOWN])
        elif scope["path"] == "/healthz":
            await _send(send, 200, [(b"content-type", b"text/plain")], b"ok\n")
        elif scope["path"] == "/readyz":
            await self._ready(send)
        else:
            await self._lead(scope, slug if first == "o" else "", send)

    async def _lead(self, scope: Scope, slug: str, send: Send) -> None:
        """To an organisation: by what was typed, by a path without its slash, or by the page that asks which."""
        typed = parse_qs(scope["query_string"].decode("latin-1")).get("slug", [""])[0].strip().lower()
        if route := self._by_slug.get(slug or typed):
            await _send(send, 302, [(b"location", f"/o/{route.slug}/".encode())], b"")
            return
        unknown = bool(slug or typed) or scope["path"] not in {"/", "/o/"}
        homes = _homes(self._routes) if self._show_names else []
        title = pages.ALL if self._show_names else pages.WHICH
        await _say(
            send, scope, 404 if unknown else 200, title, [pages.UNKNOWN] if unknown else [], homes=homes
        )

    async def _ready(self, send: Send) -> None:
        """Whether every organisation can serve; which one cannot is for its own `/readyz` to say."""
        answers = await asyncio.gather(*(self._is_ready(one) for one in self._routes))
        missing = answers.count(False)
        words = f"{missing} of {len(answers)} organisations cannot serve\n" if missing else "ok\n"
        await _send(send, 503 if missing else 200, [(b"content-type", b"text/plain")], words.encode())

    async def _is_ready(self, route: Route) -> bool:
        headers: Headers = [(b"host", (route.host or HOST).encode())]
        try:
            response = await self._ask(route, "GET", b"/readyz", headers, None)
        except httpx.TransportError:
            return False
        await response.aclose()
        return response.status_code == 200

    async def _pass_on(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _further(scope["headers"])
        named = {name for name, _ in scope["headers"]}
        body = _body(receive) if named & {b"content-length", b"transfer-encoding"} else None
        path = scope.get("raw_path") or quote(scope["path"]).encode()
        if scope["query_string"]:
            path += b"?" + scope["query_string"]
        try:
            response = await self._ask(route, scope["method"], path, headers, body)
        except Gone:
            return
        except httpx.TransportError:
            await _say(send, scope, 503, pages.NOT_NOW, [pages.SILENT], more=[(b"retry-after", b"5")])
            return
        try:
            start = {"status": response.status_code, "headers": _further(response.headers.raw)}
            await send({"type": "http.response.start", **start})
            async for part in cast("httpx.AsyncByteStream", response.stream):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await response.aclose()

    async def _ask(
        self, route: Route, method: str, path: bytes, headers: Headers, body: AsyncIterator[bytes] | None
    ) -> httpx.Response:
        """Once more where the connection was closed just then, if nothing can come of that twice."""
        url = httpx.URL(scheme="http", host=HOST, port=route.port, raw_path=path)
        transport = self._transports.get(route.slug)
        if transport is None:
            transport = self._transports[route.slug] = httpx.AsyncHTTPTransport(
                limits=httpx.Limits(max_connections=64, max_keepalive_connections=16)
            )
        again = body is None and method in {"GET", "HEAD"}
        while True:
            request = httpx.Request(
                method, url, headers=headers, content=body, extensions={"timeout": TIMEOUT.as_dict()}
            )
            try:
                return await transport.handle_async_request(request)
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                if not again:
                    raise
                again = False


def _parts(path: str) -> tuple[str, str, bool]:
    """`/o/acme/…` → "o", "acme", and whether there is a slash behind that."""
    first, _, behind = path.removeprefix("/").partition("/")
    slug, slash, _ = behind.partition("/")
    return first, slug, bool(slash)


def _further(headers: Sequence[tuple[bytes, bytes]]) -> Headers:
    """Without what is about this connection only."""
    named = [value for name, value in headers if name.lower() == b"connection"]
    own = HOPS | {name.strip().lower() for value in named for name in value.split(b",")}
    return [(name, value) for name, value in headers if name.lower() not in own]


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        if part := message.get("body", b""):
            yield part
        if not message.get("more_body"):
            return


async def _lives(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _homes(routes: Sequence[Route]) -> list[tuple[str, str]]:
    return [(f"//{one.host}/" if one.host else f"/o/{one.slug}/", one.name) for one in routes]


async def _say(  # noqa: PLR0913 - to whom, and all that an answer has
    send: Send,
    scope: Scope,
    status: int,
    title: str,
    words: Sequence[str],
    *,
    more: Sequence[tuple[bytes, bytes]] = (),
    homes: Sequence[tuple[str, str]] | None = None,
) -> None:
    asked = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", pages.POLICY.encode()),
        (b"vary", b"Accept-Language"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await _send(send, status, headers, pages.page(asked, title, words, homes))


async def _send(send: Send, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def told(routes: Sequence[Route], *, show_names: bool) -> dict[str, str]:
    """The variable from which `front` makes a front with these routes."""
    return {VARIABLE: json.dumps({"routes": [asdict(one) for one in routes], "show_names": show_names})}


def front() -> Front:
    """As the environment says."""
    given = json.loads(os.environ[VARIABLE])
    return Front([Route(**one) for one in given["routes"]], show_names=given["show_names"])

"""The API as a WSGI application, in the unary form of the Connect protocol: https://connectrpc.com/docs/protocol."""

import gzip
import json
import time
import zlib
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response

from dashboard.simulator.errors import ConnectError, Violations
from dashboard.simulator.limits import RateLimit
from dashboard.simulator.methods import METHODS
from dashboard.simulator.methods.call import Method, Request
from dashboard.simulator.models import Call
from dashboard.simulator.requests import Message, malformed
from dashboard.simulator.wire import Json
from dashboard.simulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BASE_PATH = "/api/"
LARGEST_BODY = 4 * 1024 * 1024
READ_ONLY_PREFIX = "readonly"
NO_HEADERS: tuple[tuple[str, str], ...] = ()


def create_app(
    world: World, *, api_keys: Collection[str] = (), rate: float | None = None, latency_ms: float = 0
) -> "WSGIApplication":
    """The application, with its paths below /api.

    `api_keys`: the valid ones (none given: every non-empty key is valid); a key that starts with "readonly" may not
    write. `rate`: calls a second before they are refused. `latency_ms`: added to every answer.
    """
    return Api(world, frozenset(api_keys), RateLimit(rate, world.clock.source) if rate else None, latency_ms)


class Api:
    """Answers calls; one object serves many threads."""

    def __init__(
        self, world: World, api_keys: frozenset[str], limit: RateLimit | None, latency_ms: float
    ) -> None:
        self.world = world
        self.api_keys = api_keys
        self.limit = limit
        self.latency = latency_ms / 1000

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        http = HttpRequest(environ)
        http.max_content_length = LARGEST_BODY
        try:
            body = http.get_data()
            answer, status, headers = self._answer(http, body), 200, NO_HEADERS
        except RequestEntityTooLarge:
            error = ConnectError(
                "resource_exhausted", f"message is larger than configured max {LARGEST_BODY}"
            )
            # The rest of the body stays unread, so nothing else can follow on this connection.
            answer, status, headers = error.document(), error.status, (("Connection", "close"),)
        except ConnectError as error:
            answer, status, headers = error.document(), error.status, error.headers
        if self.latency:
            time.sleep(self.latency)
        return _respond(answer, status, headers)(environ, start_response)

    def _answer(self, http: HttpRequest, body: bytes) -> Json:
        name = http.path.removeprefix(BASE_PATH)
        method = METHODS.get(name) if http.path.startswith(BASE_PATH) else None
        if method is None:
            raise ConnectError("unimplemented", f"no such method: {http.path}", status=404)
        if http.method != "POST":
            raise ConnectError(
                "unimplemented", "method not allowed", status=405, headers=(("Allow", "POST"),)
            )
        if http.mimetype != "application/json":
            accepted = (("Accept-Post", "application/json"),)
            raise ConnectError("unknown", "unsupported media type", status=415, headers=accepted)
        key = self._key(http)
        fields = read_fields(body, http.headers.get("Content-Encoding", "identity"))
        with self.world.present() as at:
            request = Request(
                self.world,
                at,
                Message(fields, Violations()),
                http.args,
                self.world.caller,
                http.host_url.rstrip("/"),
            )
            return self._dispatch(name.rpartition("/")[2], method, request, key)

    def _key(self, http: HttpRequest) -> str:
        scheme, _, key = http.headers.get("Authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key or (self.api_keys and key not in self.api_keys):
            raise ConnectError("unauthenticated", "invalid or missing bearer token")
        return key

    def _dispatch(self, name: str, method: Method, request: Request, key: str) -> Json:
        if not method.writes:
            self._let_through()
            return method.handler(request)
        call = Call(request.at, name, _target(request.body, method.target or ""), request.caller)
        self.world.calls.append(call)
        try:
            self._let_through()
            if key.startswith(READ_ONLY_PREFIX):
                raise ConnectError("permission_denied", "this token is read-only")
            return method.handler(request)
        except ConnectError as error:
            call.outcome = error.code
            raise

    def _let_through(self) -> None:
        if self.limit is not None:
            self.limit.take()


def _target(body: Message, field: str) -> str:
    """The id a write call names, for the ledger; empty when the body has none that could be read."""
    try:
        return body.text(field)
    except ConnectError:
        return ""


def read_fields(body: bytes, encoding: str) -> Json:
    """The request's JSON object. Raises invalid_argument for anything else."""
    if encoding == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise ConnectError("invalid_argument", "decompress: gzip: invalid header") from None
    elif encoding != "identity":
        raise ConnectError("unimplemented", f'unknown compression "{encoding}": supported encodings are gzip')
    if not body:
        raise ConnectError(
            "invalid_argument", "unmarshal message: zero-length payload is not a valid JSON object"
        )
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise malformed("syntax error: invalid JSON") from None
    if not isinstance(fields, dict):
        raise malformed("syntax error: unexpected token, expected an object")
    return fields


def _respond(answer: Json, status: int, headers: Iterable[tuple[str, str]]) -> Response:
    body = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return Response(body.encode(), status, list(headers), content_type="application/json")

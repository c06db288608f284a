"""The API as a WSGI application, in JSON over the Connect protocol: https://connectrpc.com/docs/protocol.

Every answer carries the time of its own world as `Date`, by which callers tell whose clock is wrong.
"""

import json
import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import http_date
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response

from dashboard.simulator import admin, breakage, logs, watch
from dashboard.simulator.errors import ConnectError, Violations
from dashboard.simulator.faults import LATE_SECONDS
from dashboard.simulator.limits import RateLimit
from dashboard.simulator.methods import METHODS
from dashboard.simulator.methods.call import Method, Request
from dashboard.simulator.models import Call
from dashboard.simulator.requests import Message, malformed, uncompressed
from dashboard.simulator.wire import Json
from dashboard.simulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BASE_PATH = "/api/"
LARGEST_BODY = 4 * 1024 * 1024
READ_ONLY_PREFIX = "readonly"


def create_app(
    world: World,
    *,
    api_keys: Collection[str] = (),
    rate: float | None = None,
    latency_ms: float = 0,
    admin: bool = False,
) -> "WSGIApplication":
    """The application, with its paths below /api, and logs below /logs.

    `api_keys`: the valid ones (none given: every non-empty key is valid); a key that starts with "readonly" may not
    write. `rate`: calls a second before they are refused. `latency_ms`: added to every answer. `admin`: whether
    `world.faults` can be set at /simulator/faults.
    """
    limit = RateLimit(rate, world.clock.source) if rate else None
    return Api(world, frozenset(api_keys), limit, latency_ms, admin=admin)


class Api:
    """Answers calls; one object serves many threads."""

    def __init__(
        self,
        world: World,
        api_keys: frozenset[str],
        limit: RateLimit | None,
        latency_ms: float,
        *,
        admin: bool,
    ) -> None:
        self.world = world
        self.api_keys = api_keys
        self.limit = limit
        self.latency = latency_ms / 1000
        self.admin = admin

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        http = HttpRequest(environ)
        http.max_content_length = LARGEST_BODY
        response = self._route(http)
        response.headers["Date"] = http_date(self.world.clock.now())
        return response(environ, start_response)

    def _route(self, http: HttpRequest) -> Response:
        if http.path.startswith(logs.PATH):
            return logs.answer(self.world, http)
        try:
            body = http.get_data()
            if http.path in {admin.PATH, admin.FREEZE} and self.admin:
                return admin.answer(self.world, http)
            name, kind = http.path.removeprefix(BASE_PATH), http.mimetype
            if http.path == BASE_PATH + watch.NAME and http.method == "POST":
                if kind == watch.Envelopes.content_type:
                    return self._watch_enveloped(http, body)
                if kind == "application/json":
                    plain = uncompressed(body, http.headers.get("Content-Encoding", "identity"))
                    return self._watch(http, plain, watch.Lines())
            response = self._unary(http, name, body)
        except RequestEntityTooLarge:
            error = ConnectError(
                "resource_exhausted", f"message is larger than configured max {LARGEST_BODY}"
            )
            # The rest of the body stays unread, so nothing else can follow on this connection.
            response = _respond(error.document(), error.status, (("Connection", "close"),))
        except ConnectError as error:
            response = _respond(error.document(), error.status, error.headers)
        breakage.delay(self.world.faults)
        if self.latency:
            time.sleep(self.latency)
        return response

    # Calls with one answer

    def _unary(self, http: HttpRequest, name: str, body: bytes) -> Response:
        method = METHODS.get(name) if http.path.startswith(BASE_PATH) else None
        if method is None and name != watch.NAME:
            raise ConnectError("unimplemented", f"no such method: {http.path}", status=404)
        if http.method != "POST":
            raise ConnectError(
                "unimplemented", "method not allowed", status=405, headers=(("Allow", "POST"),)
            )
        if method is None or http.mimetype != "application/json":
            accepted = "application/json" if method else f"application/json, {watch.Envelopes.content_type}"
            headers = (("Accept-Post", accepted),)
            raise ConnectError("unknown", "unsupported media type", status=415, headers=headers)
        key = self._key(http)
        fields = read_fields(body, http.headers.get("Content-Encoding", "identity"))
        message = Message(fields, Violations())
        origin = http.host_url.rstrip("/")
        with self.world.present() as at:
            request = Request(self.world, at, message, http.args, self.world.caller, origin)
            answer = self._dispatch(name.rpartition("/")[2], method, request, key)
            token = http.args.get("token") or message.part("pagination").text("token")
            encoded = breakage.encode(breakage.alter(self.world.faults, answer, token))
        broken = breakage.broken(self.world.faults, encoded, http.environ)
        return broken or Response(encoded, content_type="application/json")

    def _key(self, http: HttpRequest) -> str:
        scheme, _, key = http.headers.get("Authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key or (self.api_keys and key not in self.api_keys):
            raise ConnectError("unauthenticated", "invalid or missing bearer token")
        return key

    def _dispatch(self, name: str, method: Method, request: Request, key: str) -> Json:
        if not method.writes:
            self._let_through(name, request)
            return method.handler(request)
        call = Call(request.at, name, _text(request.body, method.target or ""), request.caller)
        self.world.calls.append(call)
        try:
            self._let_through(name, request)
            if key.startswith(READ_ONLY_PREFIX):
                raise ConnectError("permission_denied", "this token is read-only")
            return method.handler(request)
        except ConnectError as error:
            call.outcome = error.code
            raise

    def _let_through(self, name: str, request: Request) -> None:
        if self.limit is not None:
            self.limit.take()
        breakage.refuse(self.world.faults)
        home = self._permitted(request.body)
        if name == "GetEnvironment" and home and self.world.faults.strikes("late"):
            row = self.world.environment_table.get(home)
            if row is not None and request.at - row.created < LATE_SECONDS:
                raise ConnectError("not_found", "environment not found")

    # Calls with a stream of answers

    def _watch(self, http: HttpRequest, body: bytes, framing: watch.Framing) -> Response:
        self._key(http)
        fields = read_fields(body)
        if self.limit is not None:
            self.limit.take()
        breakage.refuse(self.world.faults)
        message = Message(fields, Violations())
        self._permitted(message)
        with self.world.present():
            return watch.answer(self.world, message, framing, http.environ)

    def _permitted(self, body: Message) -> str:
        """The environment that the call is about, unless access to it is denied."""
        home = _home(self.world, body)
        if home in self.world.faults.forbidden:
            raise ConnectError("permission_denied", "permission denied")
        return home

    def _watch_enveloped(self, http: HttpRequest, body: bytes) -> Response:
        """A refusal comes in the last envelope, with HTTP status 200."""
        framing = watch.Envelopes()
        try:
            encoding = http.headers.get("Connect-Content-Encoding", "identity")
            return self._watch(http, watch.unwrap(body, encoding), framing)
        except ConnectError as error:
            return Response(framing.end(error), content_type=framing.content_type)


def _home(world: World, body: Message) -> str:
    """The environment that a call is about, by its own id or that of a service, task or execution."""
    home = _text(body, "environmentId")
    identifier = _text(body, "id")
    if home or not identifier:
        return home.lower()
    for table in (world.service_table, world.task_table, world.execution_table):
        row = table.get(identifier)
        if row is not None:
            return row.environment.id
    return ""


def _text(body: Message, field: str) -> str:
    """An id that a call names; empty when the body has none that could be read."""
    try:
        return body.text(field)
    except ConnectError:
        return ""


def read_fields(body: bytes, encoding: str = "identity") -> Json:
    """The request's JSON object. Raises invalid_argument for anything else."""
    body = uncompressed(body, encoding)
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
    return Response(breakage.encode(answer), status, list(headers), content_type="application/json")

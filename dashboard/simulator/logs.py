"""Serves logs: plain text that follows what it is about, and ends with it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from dashboard.simulator import breakage, enums, log_text, services, tokens
from dashboard.simulator.log_text import Line
from dashboard.simulator.models import Environment
from dashboard.simulator.streams import STREAMS, rest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from dashboard.simulator.world import World

PATH = "/logs/"
LOOK_EVERY_SECONDS = 0.1
Read = Callable[[float], Iterator[Line]]
Log = tuple[Read, Callable[[], bool]]


def answer(world: "World", http: Request) -> Response:
    """One log, from its beginning: 401 without a valid token, 404 when there is none or its machine is gone."""
    if http.method not in {"GET", "HEAD"}:
        return _refusal(405, "method not allowed")
    if world.faults.strikes("log-502"):
        return Response(breakage.GATEWAY_PAGE, 502, content_type="text/html")
    parts = http.path.removeprefix(PATH).split("/")
    archived = len(parts) == 4 and parts[0] == "runners" and parts[2] == "environments"
    home_id = parts[3] if archived else parts[0]
    with world.present() as at:
        if not _may_read(world, http, home_id, at):
            return _refusal(401, "invalid or expired logs token")
        home = world.environment_table.get(home_id)
        log = _find(world, home, parts, archived=archived) if home is not None else None
    if log is None:
        return _refusal(404, "not found")
    return _stream(world, log, http.environ)


def _may_read(world: "World", http: Request, home_id: str, at: float) -> bool:
    scheme, _, token = http.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and tokens.is_valid(
        world.secret, token.strip(), tokens.LOGS, home_id, at
    )


def _refusal(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")


def _find(world: "World", home: Environment, parts: list[str], *, archived: bool) -> Log | None:
    """How to read the log, and whether more may come. A machine's logs go with the machine."""
    if archived:
        found = parts[1] == home.runner.id and home.phase != enums.DELETED
        return (lambda at: log_text.machine(home, at), lambda: False) if found else None
    if not home.usable and home.phase != enums.STOPPING:
        return None
    match parts[1:]:
        case []:
            return lambda at: log_text.machine(home, at), lambda: home.usable
        case ["service", reference]:
            return _service(home, reference)
        case ["execution", identifier]:
            return _execution(world, home, identifier)
    return None


def _service(home: Environment, reference: str) -> Log | None:
    row = next((one for one in home.services if one.recipe.reference == reference), None)
    if row is None or row.phase == enums.SERVICE_UNKNOWN:
        return None
    alive = services.UP | {enums.SERVICE_STOPPING}
    session = row.running_session
    return (
        lambda at: log_text.service(row, at),
        lambda: row.phase in alive and row.running_session == session,
    )


def _execution(world: "World", home: Environment, identifier: str) -> Log | None:
    run = world.execution_table.get(identifier)
    if run is None or run.environment is not home or run.started is None:
        return None
    return lambda at: log_text.execution(run, at), lambda: run.phase not in enums.FINISHED


def _stream(world: "World", log: Log, environ: "WSGIEnvironment") -> Response:
    environ[STREAMS] = True
    lines = () if environ["REQUEST_METHOD"] == "HEAD" else _follow(world, log, environ)
    return Response(lines, content_type="text/plain; charset=utf-8")


def _follow(world: "World", log: Log, environ: "WSGIEnvironment") -> Iterator[bytes]:
    read, goes_on = log
    seen = float("-inf")
    while True:
        with world.present() as at:
            new = [line for line in read(at) if seen < line[0] <= at]
            more = goes_on()
        if new:
            seen = new[-1][0]
            yield "".join(f"{text}\n" for _, text in new).encode()
        if not more or not rest(environ, LOOK_EVERY_SECONDS):
            return

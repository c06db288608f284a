"""The simulator's app with trouble put before single methods: refusals, lost answers, malformed items, delays."""

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Response

App = Callable[[Any, Any], Iterable[bytes]]
Meddler = Callable[[App, Any, Any], Iterable[bytes]]


@dataclass
class Unruly:
    """Passes every call on to `app`, except to methods that have a meddler. `asked` has every method called."""

    app: App
    meddlers: dict[str, Meddler] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def on(self, method: str, meddler: Meddler) -> None:
        self.meddlers[method] = meddler

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        method = environ["PATH_INFO"].rpartition("/")[2]
        self.asked.append(method)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)  # read, or the next call on this connection begins with it
        meddler = self.meddlers.get(method, passed)
        return meddler(self.app, environ, start_response)


def passed(app: App, environ: Any, start_response: Any) -> Iterable[bytes]:
    return app(environ, start_response)


def dropped(app: App, environ: Any, start_response: Any) -> Iterable[bytes]:
    """The connection breaks and the API never saw the call."""
    raise ConnectionResetError


def carried_out_and_dropped(app: App, environ: Any, start_response: Any) -> Iterable[bytes]:
    """The API does what was asked, and its answer is lost."""
    list(app(environ, start_response))
    raise ConnectionResetError


def refusing(
    status: int, code: str, message: str = "no", details: tuple[Any, ...] = (), **headers: str
) -> Meddler:
    """An error as the API writes it; `Retry_After="7"` becomes a header."""
    body = json.dumps({"code": code, "message": message, "details": details})
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def meddle(_: App, environ: Any, start_response: Any) -> Iterable[bytes]:
        return Response(body, status, named, content_type="application/json")(environ, start_response)

    return meddle


def edited(change: Callable[[Any], object]) -> Meddler:
    """The API's answer after `change(document)`."""

    def meddle(app: App, environ: Any, start_response: Any) -> Iterable[bytes]:
        answer = Response.from_app(app, environ)
        document = json.loads(answer.get_data())
        change(document)
        answer.set_data(json.dumps(document))
        return answer(environ, start_response)

    return meddle


def after(calls: int, then: Meddler) -> Meddler:
    """The first `calls` calls pass, the others meet `then`."""
    seen: list[None] = []

    def meddle(app: App, environ: Any, start_response: Any) -> Iterable[bytes]:
        seen.append(None)
        return (passed if len(seen) <= calls else then)(app, environ, start_response)

    return meddle


def once(first: Meddler) -> Meddler:
    """The first call meets `first`, the others pass."""
    seen: list[None] = []

    def meddle(app: App, environ: Any, start_response: Any) -> Iterable[bytes]:
        seen.append(None)
        return (first if len(seen) == 1 else passed)(app, environ, start_response)

    return meddle


def meanwhile(happening: Callable[[], object]) -> Meddler:
    """Something happens before the answer is made."""

    def meddle(app: App, environ: Any, start_response: Any) -> Iterable[bytes]:
        happening()
        return app(environ, start_response)

    return meddle

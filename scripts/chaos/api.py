"""The simulated API on a port of its own, which can be taken away from under everybody."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from dashboard.simulator import World, create_app
from dashboard.simulator.breakage import reset_connection
from dashboard.simulator.server import Server, bind
from dashboard.stack import parts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Api:
    """Serves `world`; while it is cut, connections are refused and those that were open are reset."""

    def __init__(self, world: World) -> None:
        self.world, self._app, self._cut = world, create_app(world), False
        self.port = parts.free_port()
        self.address = f"http://127.0.0.1:{self.port}/api"
        self.join()

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self._cut:
            reset_connection(environ)
        return self._app(environ, start_response)

    def join(self) -> None:
        self._cut = False
        self._listener = bind(self.port)
        self._server = Server(self._answer, self._listener)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        self._cut = True
        self._server.stop()
        self._thread.join()
        self._listener.close()

"""Serves a WSGI application on a port of this machine, keeping connections open between requests."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from dashboard.simulator.streams import LIFE, STREAMS, Life

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
PHRASES = {status.value: status.phrase for status in HTTPStatus}
DROPPED = (ConnectionError, TimeoutError)
STREAMS_END_SECONDS = 4.0
Headers = list[tuple[str, str]]


class Handler(WSGIRequestHandler):
    """HTTP/1.1 with keep-alive. Werkzeug's own `run_wsgi` closes every connection and reads beyond the request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request: with one write, or piece by piece where the application asks for that."""
        started: list[tuple[str, Headers]] = []

        def start_response(status: str, headers: Headers, _exc_info: object = None) -> object:
            started.append((status, headers))
            return None

        environ = self.make_environ()
        life = environ[LIFE] = getattr(self.server, "life", None) or Life()
        try:
            answer = self.server.app(environ, start_response)  # type: ignore[arg-type]
            try:
                if environ.get(STREAMS):
                    with life.streaming():
                        self._stream(started[-1], answer)
                else:
                    body = b"".join(answer)
                    self._send(started[-1], body)
            finally:
                if close := getattr(answer, "close", None):
                    close()
        except DROPPED:
            self.close_connection = True

    def _begin(self, started: tuple[str, Headers]) -> None:
        """Status and headers; `Date` is the application's where it says what time it is."""
        status, given = int(started[0].split(None, 1)[0]), {name.lower() for name, _ in started[1]}
        self.send_response_only(status, PHRASES.get(status, ""))
        self.send_header("Server", self.version_string())
        if "date" not in given:
            self.send_header("Date", self.date_time_string())
        for name, value in started[1]:
            if name.lower() != "content-length":
                self.send_header(name, value)

    def _send(self, started: tuple[str, Headers], body: bytes) -> None:
        self._begin(started)
        self.send_header("Content-Length", str(len(body)))
        self._headers_buffer.append(b"\r\n" + (b"" if self.command == "HEAD" else body))
        self.flush_headers()

    def _stream(self, started: tuple[str, Headers], pieces: Iterable[bytes]) -> None:
        """As chunks, or as they are when the length was declared."""
        length = {name.lower(): value for name, value in started[1]}.get("content-length")
        chunked = length is None and self.request_version != "HTTP/1.0"
        self._begin(started)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif length is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command == "HEAD":
            return
        for piece in filter(None, pieces):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """No line per request."""


def bind(port: int, host: str = HOST) -> socket.socket:
    """A socket on the port (0: a free one) of `host`. Raises OSError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class Server:
    """Accepts connections on a socket; `address` is where the API begins."""

    def __init__(self, app: "WSGIApplication", listener: socket.socket) -> None:
        port = listener.getsockname()[1]
        listener.listen(128)
        self.address = f"http://{HOST}:{port}/api"
        self.life = Life()
        self._server: BaseWSGIServer = make_server(
            HOST, port, app, threaded=True, request_handler=Handler, fd=listener.fileno()
        )
        self._server.life = self.life  # type: ignore[attr-defined]

    def serve_forever(self) -> None:
        """Until `stop`; then streams end in their own manner."""
        try:
            self._server.serve_forever(0.02)
        finally:
            self.life.end(STREAMS_END_SECONDS)
            self._server.server_close()

    def stop(self) -> None:
        """Have `serve_forever` return; called from another thread."""
        self._server.shutdown()


@contextmanager
def serve(app: "WSGIApplication", port: int = 0) -> Iterator[str]:
    """Serve on a background thread for as long as the block lasts; yields the base address."""
    with bind(port) as listener:
        server = Server(app, listener)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.address
        finally:
            server.stop()
            thread.join()

"""Serves a WSGI application on a port of this machine, keeping connections open between requests."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
PHRASES = {status.value: status.phrase for status in HTTPStatus}
DROPPED = (ConnectionError, TimeoutError)


class Handler(WSGIRequestHandler):
    """HTTP/1.1 with keep-alive. Werkzeug's own `run_wsgi` closes every connection and reads beyond the request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request with one write, its length declared."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> object:
            started.append((status, headers))
            return None

        try:
            body = b"".join(self.server.app(self.make_environ(), start_response))  # type: ignore[arg-type]
            status, headers = started[-1]
            self._send(int(status.split(None, 1)[0]), headers, body)
        except DROPPED:
            self.close_connection = True

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status, PHRASES.get(status, ""))
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self._headers_buffer.append(b"\r\n" + (b"" if self.command == "HEAD" else body))
        self.flush_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """No line per request."""


def bind(port: int) -> socket.socket:
    """A socket on the port (0: a free one). Raises OSError when it is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


def make(app: "WSGIApplication", listener: socket.socket) -> tuple[BaseWSGIServer, str]:
    """A server that accepts connections on the socket, and its base address."""
    port = listener.getsockname()[1]
    listener.listen(128)
    server = make_server(HOST, port, app, threaded=True, request_handler=Handler, fd=listener.fileno())
    return server, f"http://{HOST}:{port}/api"


@contextmanager
def serve(app: "WSGIApplication", port: int = 0) -> Iterator[str]:
    """Serve on a background thread for as long as the block lasts; yields the base address."""
    with bind(port) as listener:
        server, address = make(app, listener)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield address
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

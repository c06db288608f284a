"""Where the dashboard begins: at the root of its host, or at the path of its organisation."""

from collections.abc import Callable, Iterable
from typing import Any

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Also without the path, for whoever asks this process and not the host."""
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def mounted(application: Application, prefix: str) -> Application:
    """The WSGI `application` at `prefix` (`/o/acme`), and nothing anywhere else; "" is the root."""
    if not prefix:
        return application

    def routed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{prefix}/"):
            inside = {"SCRIPT_NAME": prefix, "PATH_INFO": path.removeprefix(prefix)}
            return application(environ | inside, start_response)
        if path in PROBES:
            return application(environ, start_response)
        if path == prefix:
            query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
            start_response(
                "308 Permanent Redirect", [("Location", f"{prefix}/{query}"), ("Content-Length", "0")]
            )
            return []
        words = b"There is nothing here.\n"
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", str(len(words)))])
        return [words]

    return routed

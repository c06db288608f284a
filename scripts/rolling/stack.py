"""The parts as processes of this machine, as docker-compose.yml has them."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from dashboard.stack import parts
from scripts import compose, postgres

ROOT = compose.ROOT
HOST = "127.0.0.1"
PATIENCE = 600.0
ENV_FILE = {"ONA_REQUESTS_PER_SECOND": "60"}
"""What `.env` holds beside what the file asks for."""
ORDER = ("worker", "web", "watch", "beat")
"""In which they are started, and restarted: the workers while most is waiting for them."""
WORDS = {"ona-dashboard": [sys.executable, "-m", "dashboard"], "celery": [sys.executable, "-m", "celery"]}
"""Commands of the image → the same from the repository."""


def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"Not within {seconds:.0f} s: {what}.")
        time.sleep(0.1)


@dataclass
class Part:
    """One process; `ready` says whether it does its work, `restarts` when it was (from, to), monotonic seconds."""

    name: str
    command: Sequence[str]
    variables: dict[str, str]
    folder: Path
    grace: float
    ready: Callable[["Part"], object]
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    restarts: list[tuple[float, float]] = field(default_factory=list)
    ended_in: list[float] = field(default_factory=list)
    _from: int = 0

    @property
    def said(self) -> Path:
        return self.folder / f"{self.name}.log"

    def output(self) -> str:
        """What it has said since it was started last."""
        return self.said.read_bytes()[self._from :].decode(errors="replace")

    def start(self) -> None:
        self._from = self.said.stat().st_size if self.said.exists() else 0
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.variables, stdout=said, stderr=said
            )
        until(self._is_ready, f"{self.name} is ready; see {self.said}")

    def _is_ready(self) -> object:
        if self.process is None or self.process.poll() is not None:
            raise SystemExit(f"{self.name} has ended:\n{self.output()[-4000:]}")
        return self.ready(self)

    def restart(self) -> None:
        """As an orchestrator: TERM, wait as long as it grants, start the next. Raises SystemExit after a KILL."""
        begun = time.monotonic()
        self.stop()
        self.ended_in.append(time.monotonic() - begun)
        self.start()
        self.restarts.append((begun, time.monotonic()))

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(self.grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise SystemExit(f"{self.name} did not end within {self.grace:.0f} s.") from None

    def end(self) -> None:
        """When all is over, whatever it takes. Asked twice, a web node ends without waiting for its front."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            time.sleep(0.1)
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass
class Database:
    """PostgreSQL, with the user and the database that the file names."""

    server: postgres.Server
    name: str = "postgres"
    restarts: list[tuple[float, float]] = field(default_factory=list)
    ended_in: list[float] = field(default_factory=list)

    def restart(self) -> None:
        begun = time.monotonic()
        self.server.stop("fast")
        self.ended_in.append(time.monotonic() - begun)
        self.server.start()
        self.restarts.append((begun, time.monotonic()))


@dataclass
class Stack:
    """Everything that runs."""

    folder: Path
    api: str
    given: dict[str, str]
    database: Database
    valkey: Part
    several: list[Part] = field(default_factory=list)

    @property
    def web(self) -> list[Part]:
        return [part for part in self.several if part.port]

    @property
    def redis_url(self) -> str:
        return f"redis://{HOST}:{self.valkey.port}/0"

    def said(self) -> str:
        """What all of them have written so far."""
        return "".join(part.said.read_text(errors="replace") for part in self.several)

    def variables(self, name: str) -> dict[str, str]:
        """What the service gets; the hosts of compose's network are ports of this machine."""
        hosts = {
            "@postgres:5432/": f"@{HOST}:{self.database.server.port}/",
            "//valkey:6379/": f"//{HOST}:{self.valkey.port}/",
        }
        found = dict(compose.service(name, self.given).environment)
        for key, value in found.items():
            for theirs, ours in hosts.items():
                found[key] = found[key].replace(theirs, ours) if theirs in value else found[key]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | found | ENV_FILE | {"ONA_BASE_URL": self.api, "VAR_DIR": str(self.folder / "var")}

    def run(self, name: str, *command: str) -> str:
        """`docker compose run NAME COMMAND…`; gives what it printed."""
        done = subprocess.run(
            words(command), cwd=ROOT, env=self.variables(name), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout

    def add(self, name: str, number: int) -> None:
        """One more of a service."""
        service, port = compose.service(name, self.given), parts.free_port() if name == "web" else 0
        swaps = {"8000": str(port), "0.0.0.0": HOST}  # noqa: S104
        command = words([swaps.get(word, word) if port else word for word in service.command])
        part = Part(
            f"{name} {number}", command, self.variables(name), self.folder, service.grace, READY[name], port
        )
        self.several.append(part)
        part.start()


READY: dict[str, Callable[[Part], object]] = {
    "web": lambda part: status(part.port, "/readyz") == 200,
    "worker": lambda part: " ready." in part.output(),
    "beat": lambda part: "is starting" in part.output(),
    "watch": lambda part: "Listening" in part.output(),
}


def status(port: int, path: str) -> int:
    """Of an answer to a request of its own connection; 0 when there is none."""
    import http.client

    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def words(command: Sequence[str]) -> list[str]:
    return [*WORDS.get(command[0], [command[0]]), *command[1:]]


@contextmanager
def running(folder: Path, programs: Path, api: str) -> Iterator[Stack]:
    """Two of each, ready."""
    given = {"SECRET_KEY": secrets.token_hex(32), "ONA_API_KEY": "demo-key"}
    given |= {"POSTGRES_PASSWORD": secrets.token_hex(8)}
    for name in ("pg", "valkey"):
        (folder / name).mkdir()
    with ExitStack() as left:
        server = postgres.Server(programs, folder / "pg", parts.free_port())
        server.start()
        left.callback(server.stop)
        with psycopg.connect(
            f"host={folder / 'pg'} port={server.port} user=dashboard dbname=postgres", autocommit=True
        ) as made:
            made.execute("CREATE DATABASE dashboard")
        stack = Stack(folder, api, given, Database(server), _valkey(folder, given))
        left.callback(stack.valkey.end)
        stack.valkey.start()
        stack.run("migrate", *compose.service("migrate", given).command)
        stack.run("web", "ona-dashboard", "collectstatic", "--noinput", "--verbosity", "0")
        for name in ORDER:
            for number in (1, 2):
                stack.add(name, number)
                left.callback(stack.several[-1].end)
        yield stack


def _valkey(folder: Path, given: dict[str, str]) -> Part:
    service, port = compose.service("valkey", given), parts.free_port()
    binary = parts.valkey(folder / "unused", folder).argv[0]
    command = [
        binary,
        *service.command[1:],
        "--bind",
        HOST,
        "--port",
        str(port),
        "--dir",
        str(folder / "valkey"),
    ]

    def answers(_: Part) -> bool:
        import redis

        try:
            return bool(redis.Redis(HOST, port).ping())
        except redis.RedisError:
            return False

    return Part("valkey", command, dict(os.environ), folder, service.grace, answers, port)

"""Runs a command with DATABASE_URL set to a PostgreSQL of its own, which is gone afterwards.

python -m scripts.postgres pytest tests/control

Its programs are found on PATH or where Debian puts them, else installed as root with apt; exit code 77 where there are
none and none can be installed.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

NONE = 77
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=50")
"""Nothing here has to outlive a power cut."""


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`, None where there is none."""
    found = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]
    if found:
        return found[0]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


def install() -> None:
    """With apt, as root; elsewhere nothing."""
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt:
        print("Installing PostgreSQL …", file=sys.stderr)
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "postgresql"]):
            subprocess.run(
                [apt, "-qq", *words],
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                check=False,
            )


def user() -> str | None:
    """PostgreSQL refuses to run as root: then as the user that Debian makes for it, else as nobody."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@dataclass
class Server:
    """One whose data are in `folder`, reached at the unix socket there and, if there is one, on `port`."""

    programs: Path
    folder: Path
    port: int = 0
    lasting: bool = False
    """Whether what it has accepted outlives its own SIGKILL."""

    def __post_init__(self) -> None:
        self._user, self._data = user(), self.folder / "data"
        if self._user:
            shutil.chown(self.folder, self._user)
        self.folder.chmod(0o755)
        words = ["-D", str(self._data), "-U", "dashboard", "-A", "trust", "-E", "UTF8", "--no-sync"]
        self._run([str(self.programs / "initdb"), *words], stdout=subprocess.DEVNULL)

    @property
    def url(self) -> str:
        return f"postgres://dashboard@{quote(str(self.folder), safe='')}/postgres"

    def start(self) -> None:
        """Returns when it answers."""
        listen = [f"listen_addresses={'127.0.0.1' if self.port else ''}", f"port={self.port or 5432}"]
        durable = ("synchronous_commit=on",) if self.lasting else ()
        wishes = (*QUICK, *durable, *listen, f"unix_socket_directories={self.folder}")
        self._run([*self._control, "-o", " ".join(f"-c {wish}" for wish in wishes), "start"])

    def stop(self, mode: str = "immediate") -> None:
        """`fast` is what Docker's image does when its container is stopped."""
        self._run([*self._control, "-m", mode, "stop"], check=False)

    def kill(self) -> None:
        """SIGKILL, which its own processes notice."""
        for pid in self._processes():
            os.kill(pid, signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """SIGSTOP of all its processes, SIGCONT in the end."""
        stopped = self._processes()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _processes(self) -> list[int]:
        leader = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        return [leader, *map(int, Path(f"/proc/{leader}/task/{leader}/children").read_text().split())]

    @property
    def _control(self) -> list[str]:
        log = str(self.folder / "log")
        return [str(self.programs / "pg_ctl"), "-D", str(self._data), "-l", log, "-w", "-s"]

    def _run(self, command: list[str], check: bool = True, stdout: int | None = None) -> None:
        subprocess.run(command, user=self._user, cwd=self.folder, check=check, stdout=stdout)


@contextmanager
def serving(where: Path, *, lasting: bool = False) -> Iterator[Server]:
    """A PostgreSQL that only its unix socket reaches."""
    with tempfile.TemporaryDirectory(prefix="ona-pg-") as name:
        server = Server(where, Path(name), lasting=lasting)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running(where: Path) -> Iterator[str]:
    """The same; gives its DATABASE_URL."""
    with serving(where) as server:
        yield server.url


def found_or_installed() -> Path | None:
    """The folder of its programs; None where there are none and none can be installed."""
    if programs() is None:
        install()
    return programs()


def main(command: list[str]) -> int:
    where = found_or_installed()
    if where is None:
        print("=== NOT TESTED ON POSTGRESQL: there is none on this machine", file=sys.stderr)
        return NONE
    with running(where) as url:
        known = {"DATABASE_URL": url, "SECRET_KEY": secrets.token_hex(32)}
        return subprocess.run(command, env=os.environ | known, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
